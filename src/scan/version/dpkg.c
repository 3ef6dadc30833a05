/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/version/parts.h"
#include "scan/version/version.h"

static struct str take_number(struct str *s)
{
	return take_run(s, is_digit);
}

/* The weight of the next character outside of numbers: "~" before the end of the part, the end
 * before letters, letters before everything else. */
static int weight(struct str s)
{
	if (!s.n || is_digit(*s.p))
		return 0;
	if (*s.p == '~')
		return -1;
	return is_alpha(*s.p) ? *s.p : (unsigned char)*s.p + 256;
}

static bool at_text(struct str s)
{
	return s.n && !is_digit(*s.p);
}

/* deb-version(7), "Sorting algorithm": text and numbers in turns. */
static int compare_parts(struct str a, struct str b)
{
	while (a.n || b.n) {
		int r;

		while (at_text(a) || at_text(b)) {
			r = weight(a) - weight(b);
			if (r)
				return r;
			/* Equal weights: neither is at its end here. */
			a = (struct str){ a.p + 1, a.n - 1 };
			b = (struct str){ b.p + 1, b.n - 1 };
		}
		r = compare_numbers(take_number(&a), take_number(&b));
		if (r)
			return r;
	}
	return 0;
}

struct parts {
	struct str epoch, upstream, revision;
	bool has_epoch, has_revision;
};

/* What stands before the first ":" is an epoch if it is a number; the revision follows the last
 * "-". Missing parts are empty, which sorts as "0". */
static struct parts split(struct str v)
{
	struct parts p = { .epoch = STR("") };
	const char *at;
	size_t digits = 0;

	v = str_trim(v);
	while (digits < v.n && is_digit(v.p[digits]))
		digits++;
	if (digits && digits < v.n && v.p[digits] == ':') {
		p.has_epoch = true;
		p.epoch = (struct str){ v.p, digits };
		v = (struct str){ v.p + digits + 1, v.n - digits - 1 };
	}
	at = v.n ? memrchr(v.p, '-', v.n) : NULL;
	p.upstream = v;
	p.revision = STR("");
	if (at) {
		p.has_revision = true;
		p.upstream.n = (size_t)(at - v.p);
		p.revision = (struct str){ at + 1, v.n - p.upstream.n - 1 };
	}
	return p;
}

int version_dpkg_compare(struct str a, struct str b)
{
	struct parts x = split(a), y = split(b);
	int r = compare_numbers(take_number(&x.epoch), take_number(&y.epoch));

	if (!r)
		r = compare_parts(x.upstream, y.upstream);
	return r ? r : compare_parts(x.revision, y.revision);
}

static bool only(struct str s, const char *marks)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && !is_alpha(s.p[i]) &&
		    (s.p[i] == '\0' || !strchr(marks, s.p[i])))
			return false;
	return true;
}

bool version_dpkg_valid(struct str v)
{
	struct parts p = split(v);

	if (v.n > LIMIT_VERSION || !p.upstream.n || !is_digit(*p.upstream.p))
		return false;
	if (p.has_revision && !p.revision.n)
		return false;
	/* dpkg reads the epoch into an int. */
	if (compare_numbers(take_number(&p.epoch), STR("2147483647")) > 0)
		return false;
	return only(p.upstream, p.has_epoch ? ".+-~:" : ".+-~") && only(p.revision, ".+~");
}
