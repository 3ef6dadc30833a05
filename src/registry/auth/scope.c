/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/scope.h"

#include <string.h>

#include "base/str.h"

/* A word in two: what it is about, and its actions after the last ":". */
struct about {
	struct str what, actions;
};

static struct about split(struct str word)
{
	const char *colon = memrchr(word.p, ':', word.n);
	size_t n = colon ? (size_t)(colon - word.p) : word.n;

	return (struct about){ { word.p, n },
			       { word.p + n + (colon ? 1 : 0), word.n - n - (colon ? 1 : 0) } };
}

/* The word of list about the same as one. */
static bool find(const char *list, struct str what, struct about *ret)
{
	struct str rest = str_of(list), word;

	while (str_cut(&rest, ' ', &word)) {
		*ret = split(word);
		if (word.n && str_eq(ret->what, what))
			return true;
	}
	return false;
}

static bool has_action(struct str actions, struct str one)
{
	struct str action;

	while (str_cut(&actions, ',', &action))
		if (str_eq(action, one))
			return true;
	return false;
}

static void put(struct buf *ret, struct str s)
{
	buf_put(ret, s.p, s.n);
}

void scope_merge(const char *a, const char *b, struct buf *ret)
{
	struct str rest = str_of(a), word, action;
	struct about x, y;

	while (str_cut(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (ret->n)
			buf_putc(ret, ' ');
		put(ret, word);
		x = split(word);
		if (x.actions.n == 0 || !find(b, x.what, &y))
			continue;
		while (str_cut(&y.actions, ',', &action)) {
			if (action.n == 0 || has_action(x.actions, action))
				continue;
			buf_putc(ret, ',');
			put(ret, action);
		}
	}
	rest = str_of(b);
	while (str_cut(&rest, ' ', &word)) {
		if (word.n == 0 || find(a, split(word).what, &y))
			continue;
		if (ret->n)
			buf_putc(ret, ' ');
		put(ret, word);
	}
}
