/* SPDX-License-Identifier: Apache-2.0 */
/* Shell patterns within ${x#p}, ${x%p} and ${x/p/r}: * and ?, with \ before a plain one. */
#include "dockerfile/expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static size_t char_len(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/*
 * The lengths of prefixes of s that the pattern matches, as a set: at[i] tells whether the pattern
 * read so far can end before s[i]. One pass over the pattern, so no input makes it slow.
 */
static bool *match_ends(const char *p, const char *s)
{
	size_t n = strlen(s);
	bool *at = calloc(n + 1, sizeof(*at));

	if (!at)
		return NULL;
	at[0] = true;
	for (; *p; p++) {
		if (*p == '*') {
			for (size_t i = 1; i <= n; i++)
				at[i] |= at[i - 1];
			continue;
		}

		bool any = *p == '?';

		if (*p == '\\' && p[1])
			p++;
		for (size_t i = n + 1; i-- > 0;) {
			size_t from = i ? i - 1 : 0;

			while (any && from && ((unsigned char)s[from] & 0xc0) == 0x80)
				from--;
			at[i] = i && at[from] &&
				(any ? from + char_len(s + from) == i : s[from] == *p);
		}
	}
	return at;
}

static long pick(const bool *at, size_t n, bool greedy)
{
	for (size_t k = 0; k <= n; k++) {
		size_t i = greedy ? n - k : k;

		if (at[i])
			return (long)i;
	}
	return -1;
}

long pattern_prefix(const char *pattern, const char *s, bool greedy)
{
	auto_free bool *at = match_ends(pattern, s);

	/* NULL, out of memory: as if nothing matched. */
	return at ? pick(at, strlen(s), greedy) : -1;
}

long pattern_suffix(const char *pattern, const char *s, bool greedy)
{
	size_t n = strlen(s);

	for (size_t k = 0; k <= n; k++) {
		size_t from = greedy ? k : n - k;
		auto_free bool *at = match_ends(pattern, s + from);

		if (at && at[n - from])
			return (long)(n - from);
	}
	return -1;
}

void pattern_replace(const char *pattern, const char *s, const char *with, bool all,
		     struct buf *ret)
{
	bool done = false, behind = false; /* a match ended here: no empty one follows it */

	for (;;) {
		long n = done && !all ? -1 : pattern_prefix(pattern, s, true);

		if (n > 0 || (n == 0 && !behind)) {
			buf_puts(ret, with);
			done = true;
		}
		behind = n > 0;
		if (!*s)
			return;
		if (n <= 0)
			n = (long)char_len(s);
		if (!behind)
			buf_put(ret, s, (size_t)n);
		s += n;
	}
}
