/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/parts.h"
#include "scan/version/version.h"

/*
 * Releases of the kernel as kernel.org names them: "6.1", "6.1.55", "2.6.32.70", "6.6-rc3". A
 * number that is not there is 0, and release candidates come before their release. What is none,
 * such as a distribution's "5.10.0-19-amd64", comes first, by its text.
 */
enum { NUMBERS = 4 };
struct version {
	struct str number[NUMBERS]; /* without leading zeros */
	struct str rc;		    /* none when empty */
};

/* A number without its leading zeros; false when there is none. */
static bool take_number(struct str *s, struct str *ret)
{
	size_t n = 0, zeros = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	while (zeros + 1 < n && s->p[zeros] == '0')
		zeros++;
	*ret = (struct str){ s->p + zeros, n - zeros };
	*s = (struct str){ s->p + n, s->n - n };
	return n;
}

static bool parse(struct str s, struct version *ret)
{
	*ret = (struct version){ .number = { STR("0"), STR("0"), STR("0"), STR("0") } };
	if (s.n > LIMIT_VERSION)
		return false;
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!take_number(&s, &ret->number[i]))
			return false;
		if (!s.n || *s.p != '.')
			break;
		if (i + 1 < NUMBERS)
			s = (struct str){ s.p + 1, s.n - 1 };
	}
	if (str_starts(s, "-rc")) {
		s = (struct str){ s.p + 3, s.n - 3 };
		return take_number(&s, &ret->rc) && !s.n;
	}
	return !s.n;
}

int version_linux_compare(struct str a, struct str b)
{
	struct version x, y;
	bool x_valid = parse(a, &x), y_valid = parse(b, &y);

	if (!x_valid || !y_valid)
		return x_valid != y_valid ? (int)x_valid - (int)y_valid : compare_text(a, b);
	for (size_t i = 0; i < NUMBERS; i++) {
		int r = compare_numbers(x.number[i], y.number[i]);

		if (r)
			return r;
	}
	if (!x.rc.n || !y.rc.n)
		return (x.rc.n == 0) - (y.rc.n == 0);
	return compare_numbers(x.rc, y.rc);
}

bool version_linux_valid(struct str v)
{
	struct version x;

	return parse(v, &x);
}
