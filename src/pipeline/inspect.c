/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/inspect.h"

json_t *report_summary(const struct report *r)
{
	json_int_t n[SEVERITIES] = { 0 };
	auto_json *j = json_object();

	for (size_t i = 0; i < r->findings_n; i++)
		n[r->findings[i].severity]++;
	for (int s = SEVERITIES - 1; s >= 0; s--)
		if (json_object_set_new(j, severity_name((enum severity)s), json_integer(n[s])) < 0)
			return NULL;
	if (json_object_set_new(j, "packages",
				json_integer((json_int_t)json_array_size(
					json_object_get(r->list, "packages")))) < 0)
		return NULL;
	return TAKE(j);
}

int step_scan(const struct road *road, struct report *ret, struct err *e)
{
	int r = scan_image(road->state, road->store, &road->image, road->progress, ret, e);

	return road_note(road, "scan", r, r < 0 ? NULL : report_summary(ret), e);
}

int step_match(const struct road *road, const json_t *list, struct report *ret, struct err *e)
{
	int r = scan_match(road->state, list, ret, e);

	return road_note(road, "scan", r, r < 0 ? NULL : report_summary(ret), e);
}

int step_gate(const struct road *road, const struct report *report, const struct gate *g,
	      struct err *e)
{
	size_t over = 0;
	int r = scan_gate(report, g, &over, e);
	json_t *detail = json_pack("{s:s, s:b, s:I}", "failOn", severity_name(g->fail_on),
				   "ignoreUnfixed", g->ignore_unfixed, "over", (json_int_t)over);

	return road_note(road, "gate", r, detail, e);
}
