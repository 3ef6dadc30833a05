/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/scan.h"

#include "base/clock.h"
#include "scan/advisory/checks.h"
#include "scan/finding.h"

/* How old the advisories are: by when their sources were asked, where that was noted. */
static int read_checks(const struct state *state, struct report *report, struct err *e)
{
	auto_json *checks = NULL;
	const char *source = "";
	int64_t oldest;
	int r = advisory_checks_load(state, &checks, e);

	if (r < 0)
		return r;
	oldest = advisory_checks_oldest(checks, &source);
	report->advisories_checked = oldest < 0 ? report->advisories_date : oldest;
	(void)snprintf(report->advisories_oldest, sizeof(report->advisories_oldest), "%s", source);
	return 0;
}

static int match_list(const struct state *state, struct report *report, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	struct err missing = ERR_INIT;
	int r = advisory_db_open(&db, state, &missing);

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0) {
		if (e)
			*e = missing;
		return r;
	}
	report->has_advisories = true;
	r = advisory_db_date(db, &report->advisories_date, e);
	r = r < 0 ? r : read_checks(state, report, e);
	return r < 0 ? r : findings_collect(db, report, e);
}

int scan_match(const struct state *state, const json_t *list, struct report *ret, struct err *e)
{
	auto_report report = { .list = json_incref((json_t *)(uintptr_t)list) };
	const char *schema;
	int r = json_get_string(list, "schema", &schema, "package list", e);

	if (r == 0 && strcmp(schema, SCAN_LIST_SCHEMA) != 0)
		r = FAIL(e, E_FORMAT, "package list: schema '%.80s'", schema);
	r = r < 0 ? r : match_list(state, &report, e);
	r = r < 0 ? r : finding_eol(&report, clock_now(), e);
	if (r < 0)
		return r;
	findings_sort(&report);
	*ret = report;
	report = (struct report){ 0 };
	return 0;
}

int scan_image(const struct state *state, const struct store *store, const struct desc *image,
	       struct progress *p, struct report *ret, struct err *e)
{
	auto_json *list = NULL;
	int r = scan_packages(state, store, image, p, &list, e);

	return r < 0 ? r : scan_match(state, list, ret, e);
}
