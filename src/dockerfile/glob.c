/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/glob.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * The pattern is read once, left to right, while a set of flags tells at which places of the name
 * the part read so far may end. No backtracking: time is the product of both lengths, whatever the
 * pattern.
 */
struct set {
	bool *at; /* n + 1 */
	size_t n;
	const char *name;
};

static size_t utf8_next(const char *s, uint32_t *ret)
{
	unsigned char c = (unsigned char)s[0];
	size_t len = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	uint32_t v = len == 1 ? c : c & (0xffU >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80) { /* broken: a byte for itself */
			*ret = c;
			return 1;
		}
		v = v << 6 | ((unsigned char)s[i] & 0x3f);
	}
	*ret = v;
	return len;
}

static int bad(const char *pattern, struct err *e)
{
	return FAIL(e, E_FORMAT, "'%.200s' is not a well-formed pattern", pattern);
}

/* One character of a class, perhaps escaped. */
static int class_char(const char **p, uint32_t *ret, const char *pattern, struct err *e)
{
	if (**p == '-' || **p == ']' || **p == '\0')
		return bad(pattern, e);
	if (**p == '\\' && *++*p == '\0')
		return bad(pattern, e);
	*p += utf8_next(*p, ret);
	return 0;
}

/* Behind "[": does c belong? 1 or 0; *p is left behind the "]". */
static int class_has(const char **p, uint32_t c, const char *pattern, struct err *e)
{
	bool negated = **p == '^', found = false;

	*p += negated;
	for (bool first = true; first || **p != ']'; first = false) {
		uint32_t lo, hi;
		int r = class_char(p, &lo, pattern, e);

		if (r < 0)
			return r;
		hi = lo;
		if (**p == '-') {
			++*p;
			r = class_char(p, &hi, pattern, e);
			if (r == 0 && hi < lo) /* it would match nothing */
				r = bad(pattern, e);
			if (r < 0)
				return r;
		}
		found |= lo <= c && c <= hi;
	}
	++*p;
	return found != negated;
}

/* *: further through everything but "/". */
static void step_star(struct set *s)
{
	for (size_t i = 1; i <= s->n; i++)
		s->at[i] |= s->at[i - 1] && s->name[i - 1] != '/';
}

/* Behind "**" or "**" and "/": what follows begins here or behind any later "/". At the pattern's
 * end it takes all that is left. */
static void step_deep(struct set *s, bool last)
{
	bool open = false;

	for (size_t i = 0; i <= s->n; i++) {
		bool was = s->at[i];

		s->at[i] = was || (open && (last || s->name[i - 1] == '/'));
		open |= was;
	}
}

/* One character that a ? or a class takes, or a literal byte. */
static int step_char(struct set *s, const char **p, const char *pattern, struct err *e)
{
	const char *from = *p, *end = from + 1;
	bool wild = *from == '?', class = *from == '[', escaped = *from == '\\';
	auto_free bool *next = calloc(s->n + 1, sizeof(*next));
	uint32_t c = 'a';
	int r = 1;

	if (!next)
		return FAIL_NOMEM(e);
	if (escaped && !from[1])
		return bad(pattern, e);
	if (escaped)
		from++, end++;
	if (class) { /* also when nothing is left to match: the pattern must be well-formed */
		r = class_has(&end, c, pattern, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < s->n; i++) {
		size_t len = 1;

		if (!s->at[i])
			continue;
		if (!wild && !class) {
			r = s->name[i] == *from;
		} else {
			const char *q = from + 1;

			len = utf8_next(s->name + i, &c);
			r = s->name[i] != '/' && (wild || class_has(&q, c, pattern, e) == 1);
		}
		if (r)
			next[i + len] = true;
	}
	memcpy(s->at, next, (s->n + 1) * sizeof(*next));
	*p = end;
	return 0;
}

/* docker: "**" and then nothing special matches whatever ends so, also amid a component. */
static int match_suffix(const char *pattern, const char *name)
{
	const char *tail = pattern + 2;
	size_t t = strlen(tail), n = strlen(name);

	if (n >= t && strcmp(name + n - t, tail) == 0)
		return 1;
	return tail[0] == '/' && strcmp(name, tail + 1) == 0;
}

bool glob_special(const char *pattern)
{
	return strpbrk(pattern, "*?[\\") != NULL;
}

int glob_match(const char *pattern, const char *name, bool deep, struct err *e)
{
	struct set s = { .n = strlen(name), .name = name };
	auto_free bool *at = calloc(s.n + 1, sizeof(*at));
	int r = 0;

	if (!at)
		return FAIL_NOMEM(e);
	if (strlen(pattern) > LIMIT_GLOB || s.n > LIMIT_GLOB)
		return FAIL(e, E_FORMAT, "a pattern or file name of more than %d bytes",
			    LIMIT_GLOB);
	if (deep && strncmp(pattern, "**", 2) == 0 && !glob_special(pattern + 2))
		return match_suffix(pattern, name);
	s.at = at;
	at[0] = true;
	for (const char *p = pattern; r == 0 && *p;) {
		if (deep && p[0] == '*' && p[1] == '*') {
			p += p[2] == '/' ? 3 : 2;
			step_deep(&s, *p == '\0');
		} else if (*p == '*') {
			p++;
			step_star(&s);
		} else {
			r = step_char(&s, &p, pattern, e);
		}
	}
	return r < 0 ? r : at[s.n];
}

bool glob_covers(const char *pattern, const char *path)
{
	auto_free char *copy = strdup(path);

	for (char *slash = copy; slash; slash = strrchr(copy, '/')) {
		if (slash != copy)
			*slash = '\0';
		if (glob_match(pattern, copy, true, NULL) == 1)
			return true;
	}
	return false;
}

bool glob_leads(const char *pattern, const char *path)
{
	for (;;) {
		size_t n = strcspn(pattern, "/"), k = strcspn(path, "/");
		auto_free char *part = strndup(pattern, n), *name = strndup(path, k);

		if (!*path || !part || !name || strstr(part, "**"))
			return true;
		if (!*pattern || glob_match(part, name, false, NULL) != 1)
			return false;
		pattern += n + (pattern[n] == '/');
		path += k + (path[k] == '/');
	}
}
