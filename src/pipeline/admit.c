/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit.h"

#include <string.h>

#include "pipeline/tuf_admit.h"

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

static int inspect(struct road *road, const struct ref *ref, const struct gate *g,
		   struct admission *a, struct err *e)
{
	auto_manifest m = { 0 };
	struct desc image;
	int r = tuf_admit(road, ref, &road->image, &a->tuf, e);

	r = r < 0 ? r : trust_verify(road->state, road->store, ref, &road->image, &a->trust, e);

	/* A policy may skip a repository for other tools; here it would admit what nobody signed.
	 */
	if (r == 0 && a->trust.skipped)
		r = FAIL(e, E_VERIFY,
			 "trust policy '%s' skips this repository: nothing was verified",
			 a->trust.statement);
	if (r == 0)
		r = store_manifest(road->store, &road->image, &m, &image, e);
	if (r == 0)
		r = check_blobs(road, &image, e);
	if (r == 0)
		r = scan_image(road->state, road->store, &image, road->progress, &a->report, e);
	if (r == 0)
		r = scan_gate(&a->report, g, NULL, e);
	if (r == 0)
		road->image = image;
	return r;
}

static json_t *detail(const struct admission *a, const struct gate *g)
{
	const struct trust_result *t = &a->trust;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o?, s:O*}", "signer", t->subject,
			 "thumbprint", t->thumbprint, "signature", t->signature.s, "policy",
			 t->statement, "failOn", severity_name(g->fail_on), "ignoreUnfixed",
			 g->ignore_unfixed, "findings",
			 a->report.list ? report_summary(&a->report) : NULL, "tuf", a->tuf);
}

int admit(struct road *road, const struct ref *ref, const struct gate *g, struct admission *ret,
	  struct err *e)
{
	int r = fetch(road, ref, e);

	if (r == 0)
		r = inspect(road, ref, g, ret, e);
	return road_note(road, "admit", r, detail(ret, g), e);
}

void admission_free(struct admission *a)
{
	report_free(&a->report);
	json_decref(a->tuf);
	*a = (struct admission){ 0 };
}
