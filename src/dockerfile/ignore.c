/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/ignore.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dockerfile/glob.h"

void path_clean(char *s)
{
	bool root = s[0] == '/';
	size_t out = root, floor = root; /* what ".." cannot take off ends at floor */
	const char *p = s;

	while (*p) {
		size_t n = strcspn(p, "/");
		bool dots = n == 2 && p[0] == '.' && p[1] == '.';

		if (n == 0 || (n == 1 && p[0] == '.')) {
			p += n ? n : 1;
			continue;
		}
		if (dots && out > floor) {
			while (out > floor && s[out - 1] != '/')
				out--;
			if (out > floor) /* the "/" before it */
				out--;
		} else if (!dots || !root) {
			if (out > root)
				s[out++] = '/';
			memmove(s + out, p, n);
			out += n;
			if (dots)
				floor = out;
		}
		p += n;
	}
	if (out == 0)
		s[out++] = '.';
	s[out] = '\0';
}

static int add_pattern(struct ignore *g, struct str line, struct err *e)
{
	bool take_back = line.p[0] == '!';
	struct str s = take_back ? str_trim((struct str){ line.p + 1, line.n - 1 }) : line;
	auto_free char *glob = calloc(1, s.n + 2);
	struct ignore_pattern *v;
	int r;

	if (!glob)
		return FAIL_NOMEM(e);
	if (s.n == 0)
		return FAIL(e, E_FORMAT, "a pattern is missing behind '!'");
	if (g->n == LIMIT_IGNORE_PATTERNS)
		return FAIL(e, E_FORMAT, "more than %d patterns", LIMIT_IGNORE_PATTERNS);
	memcpy(glob, s.p, s.n);
	path_clean(glob);
	if (glob[0] == '/' && glob[1])
		memmove(glob, glob + 1, strlen(glob));
	r = glob_match(glob, ".", true, e);
	if (r < 0)
		return r;
	v = reallocarray(g->v, g->n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	g->v = v;
	v[g->n++] = (struct ignore_pattern){ TAKE(glob), take_back };
	g->takes_back |= take_back;
	return 0;
}

int ignore_add(struct ignore *g, const char *pattern, struct err *e)
{
	return add_pattern(g, str_of(pattern), e);
}

int ignore_parse(struct str text, const char *name, struct ignore *ret, struct err *e)
{
	auto_ignore g = { 0 };
	struct str line;

	if (text.n > LIMIT_IGNORE)
		return FAIL(e, E_FORMAT, "%s: more than %d bytes", name, LIMIT_IGNORE);
	if (!str_utf8(text) && text.n)
		return FAIL(e, E_FORMAT, "%s: not UTF-8 text", name);
	if (str_starts(text, "\xef\xbb\xbf"))
		text.p += 3, text.n -= 3;
	for (int number = 1; str_line(&text, &line); number++) {
		int r;

		if (str_starts(line, "#") || str_trim(line).n == 0)
			continue;
		r = add_pattern(&g, str_trim(line), e);
		if (r < 0)
			return WRAP(e, r, "%s:%d", name, number);
	}
	*ret = g;
	memset(&g, 0, sizeof(g));
	return 0;
}

static bool matches_or_parent(const char *glob, const char *path)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return true; /* out of memory: rather leave a file out than let it in */
	for (;;) {
		char *slash;

		if (glob_match(glob, copy, true, NULL) == 1)
			return true;
		slash = strrchr(copy, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}

bool ignore_match(const struct ignore *g, const char *path)
{
	bool ignored = false;

	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].take_back == ignored && matches_or_parent(g->v[i].glob, path))
			ignored = !ignored;
	return ignored;
}

bool ignore_leads(const struct ignore *g, const char *path)
{
	size_t i = g->n;

	while (i > 0 && (g->v[i - 1].take_back || !glob_covers(g->v[i - 1].glob, path)))
		i--;
	for (; i < g->n; i++)
		if (g->v[i].take_back && glob_leads(g->v[i].glob, path))
			return true;
	return false;
}

void ignore_free(struct ignore *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].glob);
	free(g->v);
	memset(g, 0, sizeof(*g));
}
