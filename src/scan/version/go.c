/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/parts.h"
#include "scan/version/version.h"

/*
 * Semantic versions (semver.org 2.0.0) as Go reads them (golang.org/x/mod/semver): the "v" before
 * may be missing, as it is in advisories; "v1" and "v1.2" are v1.0.0 and v1.2.0; what follows "+"
 * is not compared: "+incompatible" is only a remark. Pseudo-versions are pre-releases whose date
 * orders them.
 */
struct version {
	struct str number[3]; /* without leading zeros */
	struct str pre;	      /* "rc.1"; none when empty */
};

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n;
}

/* Letters, digits and hyphens between points; numbers among them without leading zeros when they
 * are to be compared. */
static bool are_identifiers(struct str s, bool compared)
{
	struct str part;

	if (!s.n || s.p[s.n - 1] == '.')
		return false;
	while (str_cut(&s, '.', &part)) {
		if (!part.n || (compared && part.n > 1 && *part.p == '0' && is_number(part)))
			return false;
		for (size_t i = 0; i < part.n; i++) {
			char lower = (char)(part.p[i] | 0x20);

			if (!is_digit(part.p[i]) && part.p[i] != '-' &&
			    !(lower >= 'a' && lower <= 'z'))
				return false;
		}
	}
	return true;
}

static bool take_number(struct str *s, struct str *ret)
{
	size_t n = 0;

	while (n < s->n && is_digit(s->p[n]))
		n++;
	if (!n || (n > 1 && *s->p == '0'))
		return false;
	*ret = (struct str){ s->p, n };
	*s = (struct str){ s->p + n, s->n - n };
	return true;
}

static bool parse(struct str s, struct version *ret)
{
	const char *plus;

	*ret = (struct version){ .number = { STR("0"), STR("0"), STR("0") } };
	if (s.n > LIMIT_VERSION)
		return false;
	if (s.n && *s.p == 'v')
		s = (struct str){ s.p + 1, s.n - 1 };
	for (size_t i = 0; i < 3; i++) {
		if (i && (!s.n || *s.p != '.'))
			return !s.n;
		if (i)
			s = (struct str){ s.p + 1, s.n - 1 };
		if (!take_number(&s, &ret->number[i]))
			return false;
	}
	plus = s.n ? memchr(s.p, '+', s.n) : NULL;
	if (plus) {
		size_t before = (size_t)(plus - s.p);

		if (!are_identifiers((struct str){ plus + 1, s.n - before - 1 }, false))
			return false;
		s.n = before;
	}
	if (!s.n)
		return true;
	ret->pre = (struct str){ s.p + 1, s.n - 1 };
	return *s.p == '-' && are_identifiers(ret->pre, true);
}

/* Without one is later than with; numbers come before words; more come after fewer. */
static int compare_pre(struct str a, struct str b)
{
	struct str x, y;

	if (!a.n || !b.n)
		return (a.n == 0) - (b.n == 0);
	while (a.n && b.n) {
		bool x_number, y_number;
		int r;

		(void)str_cut(&a, '.', &x);
		(void)str_cut(&b, '.', &y);
		x_number = is_number(x);
		y_number = is_number(y);
		if (x_number != y_number)
			return y_number - x_number;
		r = x_number ? compare_numbers(x, y) : compare_text(x, y);
		if (r)
			return r;
	}
	return (a.n != 0) - (b.n != 0);
}

int version_go_compare(struct str a, struct str b)
{
	struct version x, y;
	bool a_valid = parse(a, &x), b_valid = parse(b, &y);
	int r = 0;

	if (!a_valid || !b_valid)
		return a_valid || b_valid ? a_valid - b_valid : compare_text(a, b);
	for (size_t i = 0; i < 3 && r == 0; i++)
		r = compare_numbers(x.number[i], y.number[i]);
	return r ? r : compare_pre(x.pre, y.pre);
}

bool version_go_valid(struct str v)
{
	struct version parsed;

	return parse(v, &parsed);
}
