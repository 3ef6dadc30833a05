/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scan.h"

#include "base/clock.h"

enum { NAMED = 3 }; /* findings that the message names */

static bool over(const struct finding *f, const struct gate *g)
{
	return f->severity >= g->fail_on && (!g->ignore_unfixed || *f->fixed);
}

/* What could not be checked was not passed. */
static int check_complete(const struct report *r, struct err *e)
{
	auto_strv unchecked = { 0 };
	int error = report_unchecked(r, &unchecked, e);

	if (error < 0 || !unchecked.n)
		return error;
	error = FAIL(e, E_POLICY, "%s", unchecked.v[0]);
	if (!r->has_advisories || r->uncovered.n)
		return err_hint(e, error, "plimsoll advisories update");
	return error;
}

static void put_age(struct buf *b, int64_t seconds)
{
	if (seconds < 2 * 3600)
		buf_printf(b, "%lld minutes", (long long)seconds / 60);
	else if (seconds < 2 * 86400)
		buf_printf(b, "%lld hours", (long long)seconds / 3600);
	else
		buf_printf(b, "%lld days", (long long)seconds / 86400);
}

int scan_fresh(const struct report *r, int64_t max_age, struct err *e)
{
	int64_t age = clock_now() - r->advisories_checked;
	const char *source = r->advisories_oldest;
	auto_buf is = BUF_INIT(64), may = BUF_INIT(64);
	int error;

	if (!max_age || age <= max_age)
		return 0;
	put_age(&is, age);
	put_age(&may, max_age);
	if (!r->has_advisories)
		error = FAIL(e, E_POLICY, "there are no advisories");
	else if (!r->advisories_checked)
		error = FAIL(e, E_POLICY, "advisories: source '%s' never answered", source);
	else
		error = FAIL(e, E_POLICY, "advisories%s%s%s are %s old, and may be %s at most",
			     *source ? " of '" : "", source, *source ? "'" : "", buf_str(&is),
			     buf_str(&may));
	return err_hint(e, error, "plimsoll advisories update");
}

static void describe(const struct finding *f, struct buf *b)
{
	buf_printf(b, "%s %s in %s %s", severity_name(f->severity), f->advisory,
		   json_string_or_null(f->package, "name"),
		   json_string_or_null(f->package, "version"));
	if (*f->fixed)
		buf_printf(b, " (fixed in %s)", f->fixed);
}

static int refuse(const struct report *r, const struct gate *g, size_t n, bool fixable,
		  struct err *e)
{
	auto_buf worst = BUF_INIT(1024);
	size_t named = 0;
	int error;

	for (size_t i = 0; i < r->findings_n && named < NAMED; i++)
		if (over(&r->findings[i], g)) {
			if (named++)
				buf_puts(&worst, ", ");
			describe(&r->findings[i], &worst);
		}
	if (g->fail_on == SEVERITY_UNKNOWN)
		error = FAIL(e, E_POLICY, "%zu finding%s: %s%s", n, n == 1 ? "" : "s",
			     buf_str(&worst), n > named ? ", ..." : "");
	else
		error = FAIL(e, E_POLICY, "%zu finding%s of %s%s: %s%s", n, n == 1 ? "" : "s",
			     severity_name(g->fail_on),
			     g->fail_on == SEVERITY_CRITICAL ? "" : " or worse", buf_str(&worst),
			     n > named ? ", ..." : "");
	if (fixable)
		return err_hint(e, error,
				"upgrade in the Dockerfile (RUN apt-get update && apt-get upgrade "
				"-y, apk upgrade, dnf upgrade -y) or build on a newer base");
	return err_hint(e, error,
			"no fix is known for any of these: --ignore-unfixed lets them by");
}

int scan_gate(const struct report *r, const struct gate *g, size_t *ret_n, struct err *e)
{
	size_t n = 0;
	bool fixable = false;
	int error;

	for (size_t i = 0; i < r->findings_n; i++)
		if (over(&r->findings[i], g)) {
			n++;
			fixable |= *r->findings[i].fixed != '\0';
		}
	if (ret_n)
		*ret_n = n;
	error = check_complete(r, e);
	error = error < 0 ? error : scan_fresh(r, g->max_age, e);
	if (error < 0)
		return error;
	return n ? refuse(r, g, n, fixable, e) : 0;
}
