/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

/*
 * A growing byte buffer with a mandatory cap, always NUL-terminated (the NUL is not counted).
 * A buffer that hit its cap or ran out of memory turns sticky-failed: further puts do nothing, and
 * buf_check() reports it once, so that builders need not test every put.
 */
struct buf {
	char *p;
	size_t n, alloc, cap;
	int failed; /* 0, E_FORMAT (over the cap) or E_NOMEM */
};

#define BUF_INIT(cap_) ((struct buf){ .cap = (cap_) })

void buf_free(struct buf *b);
void buf_reset(struct buf *b); /* length 0, memory and cap kept */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* 0, or the sticky failure as an error naming what was being built. */
int buf_check(const struct buf *b, const char *what, struct err *e);

/* The content as a C string, never NULL. Owned by b. */
const char *buf_str(const struct buf *b);

/* Hands the content to the caller, who frees it; b is empty afterwards. NULL if b failed. */
char *buf_take(struct buf *b);

static inline void buf_release(struct buf *b)
{
	buf_free(b);
}
#define auto_buf __attribute__((cleanup(buf_release))) struct buf
