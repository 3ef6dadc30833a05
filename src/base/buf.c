/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *b)
{
	if (!b)
		return;
	free(b->p);
	*b = BUF_INIT(b->cap);
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = 0;
	if (b->p)
		b->p[0] = '\0';
}

/* Room for n more bytes and the NUL. */
static bool reserve(struct buf *b, size_t n)
{
	size_t want, grown;
	char *p;

	if (b->failed)
		return false;
	if (n > b->cap || b->n > b->cap - n) {
		b->failed = E_FORMAT;
		return false;
	}
	want = b->n + n + 1;
	if (want <= b->alloc)
		return true;
	grown = b->alloc ? b->alloc : 64;
	while (grown < want)
		grown += grown / 2 + 16;
	p = realloc(b->p, grown);
	if (!p) {
		b->failed = E_NOMEM;
		return false;
	}
	b->p = p;
	b->alloc = grown;
	return true;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = b->failed ? b->failed : E_FORMAT;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

int buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (b->failed == E_NOMEM)
		return FAIL_NOMEM(e);
	if (b->failed)
		return FAIL(e, E_FORMAT, "%s: more than %zu bytes", what, b->cap);
	return 0;
}

const char *buf_str(const struct buf *b)
{
	return b->p ? b->p : "";
}

char *buf_take(struct buf *b)
{
	char *p;

	if (b->failed)
		return NULL;
	p = b->p ? b->p : strdup("");
	b->p = NULL;
	b->n = b->alloc = 0;
	return p;
}
