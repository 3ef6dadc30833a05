/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/mode.h"

#include <string.h>
#include <sys/stat.h>

enum {
	WHO_USER = S_ISUID | S_IRWXU,
	WHO_GROUP = S_ISGID | S_IRWXG,
	WHO_OTHER = S_ISVTX | S_IRWXO,
	WHO_ALL = WHO_USER | WHO_GROUP | WHO_OTHER,
	ALL_R = S_IRUSR | S_IRGRP | S_IROTH,
	ALL_W = S_IWUSR | S_IWGRP | S_IWOTH,
	ALL_X = S_IXUSR | S_IXGRP | S_IXOTH,
};

static int bad(const char *s, struct err *e)
{
	return FAIL(e, E_FORMAT,
		    "'%.60s' is no mode: it is octal, such as 755, or symbolic, "
		    "such as u=rwX,go=rX",
		    s);
}

static int parse_octal(const char *s, struct mode_change *ret, struct err *e)
{
	mode_t v = 0;

	for (const char *p = s; *p; p++) {
		if (*p < '0' || *p > '7')
			return bad(s, e);
		v = v << 3 | (mode_t)(*p - '0');
		if (v > 07777)
			return bad(s, e);
	}
	*ret = (struct mode_change){ .v = { { .who = WHO_ALL, .op = '=', .perm = v } }, .n = 1 };
	return 0;
}

static mode_t parse_who(const char **p)
{
	mode_t who = 0;

	for (;; ++*p) {
		switch (**p) {
		case 'u': who |= WHO_USER; break;
		case 'g': who |= WHO_GROUP; break;
		case 'o': who |= WHO_OTHER; break;
		case 'a': who |= WHO_ALL; break;
		default: return who ? who : (mode_t)WHO_ALL;
		}
	}
}

/* What stands behind the sign: one of ugo, or any of rwxXst, or nothing. */
static void parse_perm(const char **p, struct mode_action *a)
{
	if (**p == 'u' || **p == 'g' || **p == 'o') {
		a->copy = *(*p)++;
		return;
	}
	for (;; ++*p) {
		switch (**p) {
		case 'r': a->perm |= ALL_R; break;
		case 'w': a->perm |= ALL_W; break;
		case 'x': a->perm |= ALL_X; break;
		case 'X': a->x_if_any = true; break;
		case 's': a->perm |= S_ISUID | S_ISGID; break;
		case 't': a->perm |= S_ISVTX; break;
		default: return;
		}
	}
}

int mode_parse(const char *s, struct mode_change *ret, struct err *e)
{
	struct mode_change c = { 0 };
	const char *p = s;

	if (*s >= '0' && *s <= '9')
		return parse_octal(s, ret, e);
	do {
		mode_t who = parse_who(&p);

		if (!*p || !strchr("=+-", *p))
			return bad(s, e);
		while (*p && strchr("=+-", *p)) {
			struct mode_action a = { .who = who, .op = *p++ };

			parse_perm(&p, &a);
			if (c.n == LIMIT_MODE_ACTIONS)
				return FAIL(e, E_FORMAT, "a mode of more than %d parts",
					    LIMIT_MODE_ACTIONS);
			c.v[c.n++] = a;
		}
	} while (*p == ',' && p++);
	if (*p)
		return bad(s, e);
	*ret = c;
	return 0;
}

/* The three bits of one of ugo, for all three. */
static mode_t copied(mode_t mode, char from)
{
	mode_t bits = from == 'u' ? mode >> 6 : from == 'g' ? mode >> 3 : mode;

	bits &= 07;
	return bits << 6 | bits << 3 | bits;
}

mode_t mode_apply(const struct mode_change *c, mode_t st_mode)
{
	bool x = S_ISDIR(st_mode) || (st_mode & ALL_X);
	mode_t mode = st_mode & 07777;

	for (size_t i = 0; i < c->n; i++) {
		const struct mode_action *a = &c->v[i];
		mode_t perm = a->copy ? copied(mode, a->copy) : a->perm;

		if (a->x_if_any && x)
			perm |= ALL_X;
		perm &= a->who;
		if (a->op == '=')
			mode &= ~a->who;
		mode = a->op == '-' ? mode & ~perm : mode | perm;
	}
	return mode;
}
