/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"
#include "trust/tuf/internal.h"

/* How a delegation says which targets it is for (TUF 4.5). */

/* Bytes of the UTF-8 character at s, which is not at its end. */
static size_t character(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static int order(const char *a, size_t a_n, const char *b, size_t b_n)
{
	int c = memcmp(a, b, a_n < b_n ? a_n : b_n);

	return c ? c : (a_n > b_n) - (a_n < b_n);
}

/*
 * "[a-z]", "[!a-z]": a "]" right behind the opening is one of the set. *ret_end is behind the set;
 * NULL when it is not closed before the next '/', at which every part of a pattern ends: then "["
 * is an ordinary character.
 */
static bool in_set(const char *p, const char *c, size_t c_n, const char **ret_end)
{
	bool not = p[1] == '!', found = false, first = true;

	*ret_end = NULL;
	for (p += 1 + not; *p && *p != '/' && (*p != ']' || first); first = false) {
		size_t from_n = character(p);
		const char *from = p, *to = p;
		size_t to_n = from_n;

		p += from_n;
		if (p[0] == '-' && p[1] && p[1] != ']' && p[1] != '/') {
			to = p + 1;
			to_n = character(to);
			p = to + to_n;
		}
		found |= order(c, c_n, from, from_n) >= 0 && order(c, c_n, to, to_n) <= 0;
	}
	if (*p == ']')
		*ret_end = p + 1;
	return found != not;
}

/* One character of the path against what stands at p; NULL when it does not match, else what is
 * behind it in the pattern. */
static const char *match_one(const char *p, const char *s)
{
	size_t n = character(s);
	const char *end;
	bool in;

	if (*s == '/' || *p == '/')
		return *s == *p ? p + 1 : NULL;
	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		in = in_set(p, s, n, &end);
		if (end)
			return in ? end : NULL;
	}
	return strncmp(p, s, n) == 0 ? p + n : NULL;
}

bool tuf_match(const char *pattern, const char *path)
{
	const char *p = pattern, *s = path;
	const char *star = NULL, *star_s = NULL; /* the last '*', and how far it reaches */

	while (*s) {
		const char *next = *p && *p != '*' ? match_one(p, s) : NULL;

		if (*p == '*') {
			star = ++p;
			star_s = s;
		} else if (next) {
			p = next;
			s += character(s);
		} else if (star && *star_s != '/') {
			star_s += character(star_s);
			p = star;
			s = star_s;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

void tuf_bin_of(const char *path, unsigned bits, const char *prefix, struct buf *ret)
{
	unsigned char h[SHA256_LEN];
	uint32_t n;

	sha256_once(path, strlen(path), h);
	n = (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
	buf_printf(ret, "%s-%0*x", prefix, (int)(bits + 3) / 4, n >> (32 - bits));
}

bool tuf_is_bin(const char *name, unsigned bits, const char *prefix)
{
	size_t n = strlen(prefix), digits = (bits + 3) / 4;
	uint64_t bin = 0;

	if (strncmp(name, prefix, n) != 0 || name[n] != '-' || strlen(name) != n + 1 + digits)
		return false;
	for (const char *p = name + n + 1; *p; p++) {
		const char *at = strchr("0123456789abcdef", *p);

		if (!at)
			return false;
		bin = bin << 4 | (uint64_t)(at - "0123456789abcdef");
	}
	return bin >> bits == 0;
}
