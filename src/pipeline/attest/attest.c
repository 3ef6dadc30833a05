/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/attest/attest.h"

#include <string.h>

#include "base/clock.h"
#include "scan/output/output.h"
#include "scan/subject.h"
#include "trust/sigstore/sigstore.h"

/* Attesting one image. */
struct attesting {
	const struct road *road;
	const struct attestation_set *s;
	struct sigstore_trust trust;
	json_t *inputs; /* of the decision: what was attested before it */
	json_t *made;	/* for the trail */
	size_t added;
};

static json_t *at_path(json_t *o, const char *const *path)
{
	for (; o && *path; path++)
		o = json_object_get(o, *path);
	return o;
}

/*
 * Where a statement of the type has the time that changes with every run, as a path of members;
 * the last is the one that is looked at. NULL: it has none.
 */
static const char *const *time_path(const char *type)
{
	static const char *const scanned[] = { "predicate", "metadata", NULL };
	static const char *const decided[] = { "predicate", NULL };

	if (strcmp(type, PREDICATE_VULNS) == 0)
		return scanned;
	return strcmp(type, PREDICATE_SUMMARY) == 0 ? decided : NULL;
}

static const char *const time_members[] = { "scanStartedOn", "scanFinishedOn", "timeVerified" };
enum { TIME_MEMBERS = sizeof(time_members) / sizeof(time_members[0]) };

/* The same but for its times, which are of the last ATTEST_AGAIN seconds: then statement gets them.
 */
static bool take_times(json_t *statement, const struct sigstore_found *f, const char *const *path,
		       int64_t now)
{
	auto_json *old = NULL, *copy = json_deep_copy(statement);
	json_t *from, *to = at_path(copy, path);

	if (json_parse(buf_str(&f->statement), f->statement.n, "statement", &old, NULL) < 0)
		return false;
	from = at_path(old, path);
	for (int i = 0; i < TIME_MEMBERS; i++) {
		json_t *value = json_object_get(from, time_members[i]);
		int64_t t;

		if (!value != !json_object_get(to, time_members[i]))
			return false;
		if (!value)
			continue;
		if (!json_is_string(value) ||
		    clock_parse_rfc3339(str_of(json_string_value(value)), &t, NULL) < 0 ||
		    t > now || now - t > ATTEST_AGAIN ||
		    json_object_set(to, time_members[i], value) < 0)
			return false;
	}
	return json_equal(copy, old) && json_object_update(statement, copy) == 0;
}

/* A statement of now that only repeats a recent one takes its words. */
static int settle_times(const struct attesting *a, const char *type, json_t *statement,
			struct err *e)
{
	auto_sigstore_findings found = { 0 };
	const char *const *path = time_path(type);
	const struct sigstore_query q = { .ref = a->s->to, .predicate_type = type };
	const int64_t now = clock_now();
	int r;

	if (!path)
		return 0;
	r = sigstore_find(a->road->store, &a->road->image, &a->trust, &q, &found, e);
	for (size_t i = 0; r == 0 && i < found.n; i++)
		if (take_times(statement, &found.v[i], path, now))
			break;
	return r;
}

static int note_made(struct attesting *a, const char *type, const struct desc *carrier,
		     struct err *e)
{
	auto_buf uri = BUF_INIT(2 * LIMIT_REF);
	int r = json_push(a->made,
			  json_pack("{s:s, s:s}", "type", type, "digest", carrier->digest.s), e);

	buf_puts(&uri, "oci://");
	ref_repository(a->s->to, &uri);
	buf_printf(&uri, "@%s", carrier->digest.s);
	if (r == 0)
		r = buf_check(&uri, "attestation", e);
	return r < 0 ? r
		     : json_push(a->inputs,
				 json_pack("{s:s, s:s, s:{s:s}}", "name", type, "uri",
					   buf_str(&uri), "digest", "sha256",
					   digest_hex(&carrier->digest)),
				 e);
}

static int attach(struct attesting *a, const char *type, json_t *predicate, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DSSE_PAYLOAD);
	auto_json *statement = NULL;
	const struct sigstore_key key = { .name = a->s->key, .passphrase = a->s->passphrase };
	struct desc carrier;
	bool existing = false;
	int r = statement_make(type, predicate, a->s->to, &a->road->image, &statement, e);

	if (r == 0)
		r = settle_times(a, type, statement, e);
	if (r == 0)
		r = json_canonical(statement, &text, e);
	if (r == 0)
		r = sigstore_attest(a->road->state, a->road->store, &a->road->image, &key,
				    (struct str){ text.p, text.n }, &carrier, &existing, e);
	if (r < 0)
		return WRAP(e, r, "%s", type);
	a->added += !existing;
	return note_made(a, type, &carrier, e);
}

static int attach_provenance(struct attesting *a, struct err *e)
{
	auto_json *j = NULL;
	int r = provenance_predicate(a->s->opts, a->s->built, &a->s->run, &j, e);

	return r < 0 ? r : attach(a, PREDICATE_PROVENANCE, j, e);
}

static int attach_sbom(struct attesting *a, struct err *e)
{
	auto_json *j = NULL;
	struct subject subject;
	int r = subject_of_image(a->road->store, a->s->to, &a->road->image,
				 a->s->opts->source_date_epoch, &subject, e);

	if (r == 0)
		r = output_spdx(&subject, a->s->report->list, &j, e);
	return r < 0 ? r : attach(a, PREDICATE_SPDX, j, e);
}

static int attach_vulns(struct attesting *a, struct err *e)
{
	auto_json *j = NULL;
	int r = vulns_predicate(a->s->report, a->s->scan_started, a->s->scanned, &j, e);

	return r < 0 ? r : attach(a, PREDICATE_VULNS, j, e);
}

static int attach_summary(struct attesting *a, struct err *e)
{
	auto_json *j = NULL;
	const struct attest_summary s = { .verifier = a->s->run.builder,
					  .ref = a->s->to,
					  .image = &a->road->image,
					  .gate = a->s->gate,
					  .time = a->s->scanned,
					  .inputs = a->inputs,
					  .passed = true };
	int r = summary_predicate(&s, &j, e);

	return r < 0 ? r : attach(a, PREDICATE_SUMMARY, j, e);
}

static int attest(struct attesting *a, struct err *e)
{
	int r = sigstore_trust_load(a->road->state, a->s->to, &a->trust, e);

	if (r < 0 || (r = attach_provenance(a, e)) < 0 || (r = attach_sbom(a, e)) < 0 ||
	    (r = attach_vulns(a, e)) < 0)
		return r;
	return attach_summary(a, e);
}

int step_attest(const struct road *road, const struct attestation_set *s, size_t *ret_n,
		struct err *e)
{
	auto_json *inputs = json_array(), *made = json_array();
	struct attesting a = { .road = road, .s = s, .inputs = inputs, .made = made };
	char note[32];
	int r;

	progress_begin(road->progress, "attest", 0);
	r = inputs && made ? attest(&a, e) : FAIL_NOMEM(e);
	(void)snprintf(note, sizeof(note), "%zu new", a.added);
	progress_end(road->progress, r < 0 ? "failed" : note);
	sigstore_trust_free(&a.trust);
	if (ret_n)
		*ret_n = a.added;
	return road_note(road, "attest", r,
			 json_pack("{s:O*, s:I}", "attestations", made, "new", (json_int_t)a.added),
			 e);
}
