/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/str.h"

/* What the orders are made of: characters in ASCII only, whatever the locale, and numbers of any
 * length. */
static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Takes n characters off the front. */
static inline void drop(struct str *s, size_t n)
{
	*s = (struct str){ s->p + n, s->n - n };
}

/* Takes the longest run of such characters off the front. */
static inline struct str take_run(struct str *s, bool (*belongs)(char c))
{
	struct str run = { s->p, 0 };

	while (run.n < s->n && belongs(run.p[run.n]))
		run.n++;
	drop(s, run.n);
	return run;
}

/* By their bytes, a beginning before what goes on. */
static inline int compare_text(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* Digits, of whatever number, by their value. */
static inline int compare_numbers(struct str a, struct str b)
{
	while (a.n && *a.p == '0')
		drop(&a, 1);
	while (b.n && *b.p == '0')
		drop(&b, 1);
	return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : compare_text(a, b);
}
