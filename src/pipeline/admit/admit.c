/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit/admit.h"

#include <string.h>

#include "base/clock.h"
#include "pipeline/admit/admission.h"
#include "pipeline/attest/attest.h"

/* The image and, when it is not here yet, its signatures. */
static int fetch(struct road *road, const struct ref *ref, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc d;
	int r = store_resolve(road->store, ref, &d, e);

	if (r == E_NOTFOUND && ref->host[0]) {
		*e = ERR_INIT;
		return step_pull(road, ref, false, NULL, e);
	}
	if (r == 0)
		road->image = d;
	return r;
}

/* Every byte that will run: the manifest's digest was signed, and it names all others. */
static int check_blobs(const struct road *road, const struct desc *manifest, struct err *e)
{
	auto_manifest m = { 0 };
	int r = store_manifest(road->store, manifest, &m, NULL, e);

	if (r == 0)
		r = store_blob_verify(road->store, &m.config, e);
	for (size_t i = 0; r == 0 && i < m.layers_n; i++)
		if (!store_has(road->store, &m.layers[i].digest, m.layers[i].size))
			r = FAIL(e, E_NOTFOUND, "layer %s is not in the store",
				 m.layers[i].digest.s);
	return r;
}

int admit_judged(struct road *road, const struct ref *ref, const struct gate *g,
		 struct admission *a, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc image;
	int r = admission_policy(road->state, road->rules, g, &a->policy, e);

	a->judged = road->image;
	if (r == 0)
		r = decide_verified(road, ref, &road->image, &(struct decide_opts){ 0 },
				    &a->decision, e);

	if (r == 0)
		r = store_manifest(road->store, &road->image, &m, &image, e);
	if (r == 0)
		r = check_blobs(road, &image, e);
	if (r == 0)
		r = scan_image(road->state, road->store, &image, road->progress, &a->report, e);
	if (r == 0)
		r = scan_gate(&a->report, g, &a->over, e);
	if (r == 0)
		road->image = image;
	return r;
}

/* The accepted attestations, as the summary's inputs. NULL: no memory, or none. */
static json_t *inputs(const json_t *doc)
{
	auto_json *list = json_array();
	const json_t *a;
	size_t i;

	json_array_foreach(json_object_get(doc, "attestations"), i, a)
	{
		const char *digest = json_string_or_null(a, "digest");

		if (strcmp(json_string_value(json_object_get(a, "outcome")), "accepted") == 0 &&
		    json_array_append_new(list, json_pack("{s:O, s:{s:s}}", "name",
							  json_object_get(a, "type"), "digest",
							  "sha256", strchr(digest, ':') + 1)) < 0)
			return NULL;
	}
	return json_array_size(list) ? TAKE(list) : NULL;
}

/* The decision in the words of a verification summary. NULL: there was nothing to decide about. */
static json_t *summary(const struct road *road, const struct ref *ref, const struct admission *a,
		       const struct gate *g, int outcome)
{
	auto_json *list = inputs(a->decision.doc);
	const struct attest_summary s = { .verifier = ADMISSION_ID,
					  .ref = ref,
					  .image = &road->image,
					  .gate = g,
					  .time = clock_now(),
					  .inputs = list,
					  .passed = outcome == 0 };
	json_t *j = NULL;

	if (!road->image.digest.s[0] || !a->decision.doc)
		return NULL;
	return summary_predicate(&s, &j, NULL) == 0 ? j : NULL;
}

static json_t *detail(const struct road *road, const struct ref *ref, const struct admission *a,
		      const struct gate *g, int outcome)
{
	const struct trust_result *t = &a->decision.trust;
	const json_t *doc = a->decision.doc;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:s, s:b, s:o?, s:o*}",
			 "policyDigest", a->policy.s, "signer", t->subject, "thumbprint",
			 t->thumbprint, "signature", t->signature.s, "policy", t->statement, "rule",
			 json_object_get(doc, "rule"), "checks", json_object_get(doc, "checks"),
			 "tuf", json_object_get(doc, "tuf"), "failOn", severity_name(g->fail_on),
			 "ignoreUnfixed", g->ignore_unfixed, "findings",
			 a->report.list ? report_summary(&a->report) : NULL, "summary",
			 summary(road, ref, a, g, outcome));
}

int admit_and(struct road *road, const struct ref *ref, const struct gate *g,
	      const struct road_step *next, struct admission *ret, struct err *e)
{
	struct road_step steps[2] = { { .kind = "admit" } };
	int r = fetch(road, ref, e);

	if (r == 0)
		r = admit_judged(road, ref, g, ret, e);
	steps[0].detail = detail(road, ref, ret, g, r);
	if (next && r == 0)
		steps[1] = *next;
	else if (next)
		json_decref(next->detail);
	return road_note_all(road, steps, steps[1].kind ? 2 : 1, r, e);
}

int admit(struct road *road, const struct ref *ref, const struct gate *g, struct admission *ret,
	  struct err *e)
{
	return admit_and(road, ref, g, NULL, ret, e);
}

void admission_free(struct admission *a)
{
	report_free(&a->report);
	decision_free(&a->decision);
	*a = (struct admission){ 0 };
}
