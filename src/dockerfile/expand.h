/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Variables, and their substitution in the words of an instruction (Dockerfile reference,
 * "Environment replacement"): $x ${x} ${x:-w} ${x-w} ${x:+w} ${x+w} ${x:?w} ${x?w} ${x#p} ${x##p}
 * ${x%p} ${x%%p} ${x/p/r} ${x//p/r}; quotes are taken off, the escape character takes the meaning
 * from what follows it. In patterns * and ? are special.
 */
enum {
	LIMIT_EXPANDED = 256 * 1024, /* bytes of one word after substitution */
	LIMIT_EXPAND_DEPTH = 32,     /* ${a:-${b:-...}} */
	LIMIT_PATTERN = 256,	     /* bytes of p above */
	LIMIT_PATTERN_VALUE = 4096,  /* bytes of x where p is matched */
};

/* An ordered list of NAME=VALUE; setting a name again keeps its place. */
struct vars {
	struct strv v;
};
const char *vars_get(const struct vars *s, const char *name); /* NULL: not set */
int vars_set(struct vars *s, const char *name, const char *value, struct err *e);
int vars_copy(struct vars *to, const struct vars *from, struct err *e); /* adds, overriding */
void vars_free(struct vars *s);
static inline void vars_release(struct vars *s)
{
	vars_free(s);
}
#define auto_vars __attribute__((cleanup(vars_release))) struct vars

struct expand {
	char escape;
	bool keep_quotes;	    /* here-documents: quotes are plain characters */
	const struct vars *sets[3]; /* asked in order; NULL ones are skipped */
	struct strv *used;	    /* names that were asked for are added here; may be NULL */
	struct strv *missing; /* those of them that are not set and have no fallback; may be NULL */
};

/* Substitutes one word. Appends to ret. Errors are E_FORMAT and do not say where. */
int expand_word(struct str word, const struct expand *x, struct buf *ret, struct err *e);
/* As above into a fresh C string. */
int expand_string(const char *word, const struct expand *x, char **ret, struct err *e);
/* Substitutes, then splits at white space that stood outside quotes or came from a variable. No
 * word is empty. */
int expand_split(struct str words, const struct expand *x, struct strv *ret, struct err *e);

/* The number of bytes at the start (or end) of s that pattern matches: the fewest, or the most when
 * greedy; -1 when none does. */
long pattern_prefix(const char *pattern, const char *s, bool greedy);
long pattern_suffix(const char *pattern, const char *s, bool greedy);
/* s with the first (or every) longest match of pattern replaced, empty ones too. Appends. */
void pattern_replace(const char *pattern, const char *s, const char *with, bool all,
		     struct buf *ret);
