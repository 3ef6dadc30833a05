/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/parts.h"
#include "scan/version/version.h"

/*
 * vercmp(8): segments of digits and of letters, in which the length of a separator counts, and what
 * follows without one is before the end if it is a word ("1.0rc" < "1.0") and after it if it is a
 * number. Where two separators meet or one stands at the end, pacman's own comparison is no order
 * ("1..a" < "1." < "1.5" < "1..a"): no such version is valid here.
 */
static bool is_separator(char c)
{
	return !is_digit(c) && !is_alpha(c);
}

/* Of two of which one has ended: what is left is older only if it is a word. */
static int compare_ends(struct str a, struct str b)
{
	if (!a.n && !b.n)
		return 0;
	if (!a.n)
		return is_alpha(*b.p) ? 1 : -1;
	return is_alpha(*a.p) ? -1 : 1;
}

static int compare_part(struct str a, struct str b)
{
	while (a.n && b.n) {
		size_t x = take_run(&a, is_separator).n, y = take_run(&b, is_separator).n;
		bool number;
		int r;

		if (!a.n || !b.n)
			break;
		if (x != y)
			return x < y ? -1 : 1;
		number = is_digit(*a.p);
		if (number != is_digit(*b.p))
			return number ? 1 : -1;
		r = number ? compare_numbers(take_run(&a, is_digit), take_run(&b, is_digit))
			   : compare_text(take_run(&a, is_alpha), take_run(&b, is_alpha));
		if (r)
			return r;
	}
	return compare_ends(a, b);
}

struct evr {
	struct str epoch, version, release;
};

/* [epoch:]pkgver-pkgrel. Packages always have a pkgrel. */
static struct evr split(struct str s)
{
	struct evr v = { .epoch = STR("0"), .release = STR("") };
	struct str rest = s, digits = take_run(&rest, is_digit);
	const char *dash;

	if (rest.n && *rest.p == ':') {
		v.epoch = digits;
		drop(&rest, 1);
		s = rest;
	}
	dash = s.n ? memrchr(s.p, '-', s.n) : NULL;
	v.version = s;
	if (dash) {
		v.version.n = (size_t)(dash - s.p);
		v.release = (struct str){ dash + 1, s.n - v.version.n - 1 };
	}
	return v;
}

/* Letters, digits and single separators between them. */
static bool is_part(struct str s)
{
	bool last = true; /* a separator, as it were, before the beginning */

	for (size_t i = 0; i < s.n; i++) {
		bool separator = is_separator(s.p[i]);

		if (separator && (last || s.p[i] == '\0' || !strchr("._+~^@!", s.p[i])))
			return false;
		last = separator;
	}
	return !last;
}

bool version_pacman_valid(struct str s)
{
	struct evr v;

	if (!s.n || s.n > LIMIT_VERSION)
		return false;
	v = split(s);
	return v.epoch.n && is_part(v.version) && is_part(v.release);
}

int version_pacman_compare(struct str a, struct str b)
{
	bool known_a = version_pacman_valid(a), known_b = version_pacman_valid(b);
	struct evr x, y;
	int r;

	if (known_a != known_b)
		return known_a - known_b;
	if (!known_a)
		return compare_text(a, b);
	x = split(a);
	y = split(b);
	r = compare_numbers(x.epoch, y.epoch);
	r = r ? r : compare_part(x.version, y.version);
	return r ? r : compare_part(x.release, y.release);
}
