/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit/readmit.h"

const char *readmit_word(enum readmit_outcome o)
{
	return o == READMIT_ADMITTED ? "admitted" : o == READMIT_REFUSED ? "refused" : "unchecked";
}

/* Findings that are over the line count also where its signature could not be asked about. */
static int scan_too(const struct road *road, const struct gate *g, struct admission *a,
		    struct err *why)
{
	auto_manifest m = { 0 };
	struct err own = ERR_INIT;
	struct desc image;
	int r = store_manifest(road->store, &a->judged, &m, &image, &own);

	if (r == 0)
		r = scan_image(road->state, road->store, &image, road->progress, &a->report, &own);
	if (r == 0)
		r = scan_gate(&a->report, g, &a->over, &own);
	if (a->over)
		*why = own;
	return r;
}

/* What a refusal is of. Anything that is no refusal was not found out. */
static enum readmit_outcome sort(const struct admission *a, int r)
{
	if (r == 0)
		return READMIT_ADMITTED;
	if (a->over)
		return READMIT_REFUSED;
	if (r != E_VERIFY && r != E_POLICY)
		return READMIT_UNCHECKED;
	/* The gate, without a finding over its line: advisories that are missing, or too old. */
	return a->report.list || a->decision.unasked ? READMIT_UNCHECKED : READMIT_REFUSED;
}

int readmit_judge(const struct road *road, const json_t *record, const struct gate *g,
		  enum readmit_outcome *ret, json_t *found, struct err *why, struct err *e)
{
	struct road own = *road;
	struct admission a = { 0 };
	struct ref ref;
	int r;

	own.name = json_string_or_null(record, "image");
	r = ref_parse(own.name, &ref, why);
	if (r == 0)
		r = desc_parse(json_object_get(record, "judged"), ADMISSION_FILE, &own.image, why);
	if (r == 0)
		r = admit_judged(&own, &ref, g, &a, why);
	if (r < 0 && a.decision.unasked)
		(void)scan_too(&own, g, &a, why);
	*ret = sort(&a, r);
	if (r == E_NOMEM || r == E_SIGNAL) {
		if (e)
			*e = *why;
	} else {
		r = admission_note(found, &a, e);
	}
	text_sanitize(why->msg);
	admission_free(&a);
	return r;
}
