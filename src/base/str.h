/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

/* A slice of somebody else's bytes, for parsing: not NUL-terminated, never owned. */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })

static inline struct str str_of(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

bool str_eq(struct str a, struct str b);
bool str_eqz(struct str a, const char *b);
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_trim(struct str s); /* spaces, tabs, CR, LF off both ends */
bool str_cut(struct str *rest, char sep, struct str *ret_field); /* false when rest is empty */
bool str_line(struct str *rest, struct str *ret_line);		 /* next line, without "\n" */
char *str_dup(struct str s);					 /* owned C string, or NULL */

/* True when word is one of those in words, which spaces part; any_case: of ASCII. */
bool has_word(const char *words, const char *word);
bool has_word_any_case(const char *words, const char *word);

bool starts_with(const char *s, const char *prefix);
bool ends_with(const char *s, const char *suffix);

/* A decimal number without sign, spaces or leading zeros beyond "0"; at most max. */
int str_u64(struct str s, uint64_t max, uint64_t *ret, struct err *e);

/* True for well-formed UTF-8 without NUL. */
bool str_utf8(struct str s);

/* Bytes for a terminal or a log: control characters and broken UTF-8 become '?', in place. */
void text_sanitize(char *s);

/* A growing list of owned C strings. */
struct strv {
	char **v; /* always ends with NULL once anything was added */
	size_t n;
};

int strv_add(struct strv *l, const char *s, struct err *e); /* copies */
int strv_addf(struct strv *l, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool strv_has(const struct strv *l, const char *s);
void strv_free(struct strv *l);
static inline void strv_release(struct strv *l)
{
	strv_free(l);
}
#define auto_strv __attribute__((cleanup(strv_release))) struct strv
