/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/parts.h"
#include "scan/version/version.h"

/* Bytes beyond ASCII are separators in every locale. */
static bool is_separator(char c)
{
	return !is_digit(c) && !is_alpha(c) && c != '~' && c != '^';
}

static bool at(struct str s, char c)
{
	return s.n && *s.p == c;
}

/* A run of digits or of letters in each, both of which begin with one. A number is newer than a
 * word. */
static int compare_segments(struct str *a, struct str *b)
{
	bool number = is_digit(*a->p);

	if (number != is_digit(*b->p))
		return number ? 1 : -1;
	if (number)
		return compare_numbers(take_run(a, is_digit), take_run(b, is_digit));
	return compare_text(take_run(a, is_alpha), take_run(b, is_alpha));
}

/*
 * rpm-version(7): segments of digits and of letters in turns, separated by anything; "~" sorts
 * before the end and everything else, "^" after the end and before everything else.
 */
static int compare_part(struct str a, struct str b)
{
	while (a.n || b.n) {
		int r;

		(void)take_run(&a, is_separator);
		(void)take_run(&b, is_separator);
		if (at(a, '~') || at(b, '~')) {
			if (!at(a, '~') || !at(b, '~'))
				return at(a, '~') ? -1 : 1;
		} else if (at(a, '^') || at(b, '^')) {
			if (!a.n || !b.n)
				return a.n ? 1 : -1;
			if (!at(a, '^') || !at(b, '^'))
				return at(a, '^') ? -1 : 1;
		} else {
			if (!a.n || !b.n)
				break;
			r = compare_segments(&a, &b);
			if (r)
				return r;
			continue;
		}
		drop(&a, 1);
		drop(&b, 1);
	}
	return (a.n > 0) - (b.n > 0);
}

struct evr {
	struct str epoch, version, release;
	bool has_release;
};

/* [epoch:]version[-release]; digits before the first ":" are the epoch, the release follows the
 * last "-". */
static struct evr split(struct str s)
{
	struct evr v = { .epoch = STR("0"), .release = STR("") };
	struct str rest = s, digits = take_run(&rest, is_digit);
	const char *dash;

	if (at(rest, ':')) {
		v.epoch = digits;
		drop(&rest, 1);
		s = rest;
	}
	dash = s.n ? memrchr(s.p, '-', s.n) : NULL;
	v.version = s;
	if (dash) {
		v.version.n = (size_t)(dash - s.p);
		v.release = (struct str){ dash + 1, s.n - v.version.n - 1 };
		v.has_release = true;
	}
	return v;
}

int version_rpm_compare(struct str a, struct str b)
{
	struct evr x = split(a), y = split(b);
	int r = compare_numbers(x.epoch, y.epoch);

	r = r ? r : compare_part(x.version, y.version);
	/* None at all is before any. */
	r = r ? r : x.has_release - y.has_release;
	return r ? r : compare_part(x.release, y.release);
}

/* What rpmbuild takes for a Version and a Release. */
static bool is_part(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_separator(s.p[i]) && (s.p[i] == '\0' || !strchr("._+%{}", s.p[i])))
			return false;
	return s.n > 0;
}

bool version_rpm_valid(struct str s)
{
	struct evr v;

	if (!s.n || s.n > LIMIT_VERSION)
		return false;
	v = split(s);
	/* The epoch is a 32-bit number in headers. */
	return v.epoch.n && compare_numbers(v.epoch, STR("4294967295")) <= 0 &&
	       is_part(v.version) && (!v.has_release || is_part(v.release));
}
