/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eqz(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_cut(struct str *rest, char sep, struct str *ret_field)
{
	const char *at;
	size_t n;

	if (!rest->p || rest->n == 0)
		return false;
	at = memchr(rest->p, sep, rest->n);
	n = at ? (size_t)(at - rest->p) : rest->n;
	*ret_field = (struct str){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	if (at)
		rest->p++, rest->n--;
	return true;
}

bool str_line(struct str *rest, struct str *ret_line)
{
	return str_cut(rest, '\n', ret_line);
}

char *str_dup(struct str s)
{
	char *p = malloc(s.n + 1);

	if (!p)
		return NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

bool starts_with(const char *s, const char *prefix)
{
	return str_starts(str_of(s), prefix);
}

bool ends_with(const char *s, const char *suffix)
{
	return str_ends(str_of(s), suffix);
}

int str_u64(struct str s, uint64_t max, uint64_t *ret, struct err *e)
{
	uint64_t v = 0;

	if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
		return FAIL(e, E_FORMAT, "'%.*s' is not a number", (int)(s.n > 40 ? 40 : s.n), s.p);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return FAIL(e, E_FORMAT, "'%.*s' is not a number",
				    (int)(s.n > 40 ? 40 : s.n), s.p);
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v) || v > max)
			return FAIL(e, E_FORMAT, "'%.*s' is over %llu", (int)(s.n > 40 ? 40 : s.n),
				    s.p, (unsigned long long)max);
	}
	*ret = v;
	return 0;
}

/* Length of the UTF-8 sequence at p, at most n bytes long; 0 when it is not one (RFC 3629). */
static size_t utf8_len(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80		    ? 1
		     : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
		     : (p[0] & 0xf0) == 0xe0	    ? 3
		     : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						    : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

bool str_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		size_t len = p[i] ? utf8_len(p + i, s.n - i) : 0;

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

void text_sanitize(char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n;) {
		size_t len = utf8_len((unsigned char *)s + i, n - i);
		/* C1 controls are U+0080..U+009F: c2 80..9f in UTF-8. */
		bool c1 = len == 2 && (unsigned char)s[i] == 0xc2 && (unsigned char)s[i + 1] < 0xa0;

		if (len == 0 || c1 ||
		    (len == 1 && ((unsigned char)s[i] < 0x20 || s[i] == 0x7f) && s[i] != '\n' &&
		     s[i] != '\t')) {
			s[i] = '?';
			if (c1)
				s[i + 1] = '?';
			len = len ? len : 1;
		}
		i += len;
	}
}

int strv_add(struct strv *l, const char *s, struct err *e)
{
	char *copy = strdup(s);
	char **v = copy ? reallocarray(l->v, l->n + 2, sizeof(*v)) : NULL;

	if (!v) {
		free(copy);
		return FAIL_NOMEM(e);
	}
	l->v = v;
	v[l->n++] = copy;
	v[l->n] = NULL;
	return 0;
}

int strv_addf(struct strv *l, struct err *e, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		return FAIL_NOMEM(e);
	r = strv_add(l, s, e);
	free(s);
	return r;
}

bool strv_has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

void strv_free(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strv){ 0 };
}

static bool find_word(const char *words, const char *word, bool any_case)
{
	struct str rest = str_trim(str_of(words)), one;
	const size_t n = strlen(word);

	while (str_cut(&rest, ' ', &one))
		if (one.n == n &&
		    (any_case ? strncasecmp(one.p, word, n) == 0 : memcmp(one.p, word, n) == 0))
			return true;
	return false;
}

bool has_word(const char *words, const char *word)
{
	return find_word(words, word, false);
}

bool has_word_any_case(const char *words, const char *word)
{
	return find_word(words, word, true);
}
