/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit/admission.h"

#include <string.h>

#include "base/clock.h"

enum { LIMIT_POLICY_TEXT = 8 << 20 };

static json_t *gate_json(const struct gate *g)
{
	return json_pack("{s:s, s:b, s:I}", "failOn", severity_name(g->fail_on), "ignoreUnfixed",
			 g->ignore_unfixed, "maxAge", (json_int_t)g->max_age);
}

int admission_policy(const struct state *state, const struct rules *rules, const struct gate *g,
		     struct digest *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_POLICY_TEXT);
	auto_json *all = NULL;
	struct digest trust;
	int r = trust_digest(state, &trust, e);

	if (r < 0)
		return r;
	all = json_pack("{s:s, s:o, s:O?}", "trust", trust.s, "gate", gate_json(g), "rules",
			rules ? rules->json : NULL);
	r = all ? json_canonical(all, &text, e) : FAIL_NOMEM(e);
	if (r == 0)
		digest_of(buf_str(&text), text.n, ret);
	return r;
}

int admission_note(json_t *record, const struct admission *a, struct err *e)
{
	const struct trust_result *t = &a->decision.trust;
	int r;

	if ((r = json_put_string(record, "policy", a->policy.s, e)) < 0)
		return r;
	if (a->decision.doc &&
	    ((r = json_put_string(record, "signer", t->subject, e)) < 0 ||
	     (r = json_put_string(record, "thumbprint", t->thumbprint, e)) < 0 ||
	     (r = json_put_string(record, "signature", t->signature.s, e)) < 0 ||
	     (r = json_put_string(record, "statement", t->statement, e)) < 0 ||
	     (r = json_put(record, "rule",
			   json_incref(json_object_get(a->decision.doc, "rule")) ?: json_null(),
			   e)) < 0))
		return r;
	if (!a->report.list)
		return 0;
	if ((r = json_put(record, "findings", report_summary(&a->report), e)) < 0 ||
	    (r = json_put_u64(record, "over", a->over, e)) < 0)
		return r;
	return json_put(record, "advisories",
			json_pack("{s:I, s:I}", "changed", (json_int_t)a->report.advisories_date,
				  "asked", (json_int_t)a->report.advisories_checked),
			e);
}

int admission_record(const struct road *road, const struct admission *a,
		     const struct admission_terms *t, json_t **ret, struct err *e)
{
	const json_int_t now = (json_int_t)clock_now();
	auto_json *gate = gate_json(t->gate);
	auto_json *j = NULL;
	int r = gate ? json_put(gate, "given", json_boolean(t->gate_given), e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	j = json_pack("{s:s, s:s, s:{s:s, s:s, s:I}, s:s, s:I, s:I, s:s, s:O, s:O*}", "schema",
		      ADMISSION_SCHEMA, "image", road->name, "judged", "mediaType",
		      a->judged.media_type, "digest", a->judged.digest.s, "size",
		      (json_int_t)a->judged.size, "digest", road->image.digest.s, "time", now,
		      "checked", now, "outcome", "admitted", "gate", gate, "allowed", t->allowed);
	r = j ? admission_note(j, a, e)
	      : FAIL(e, E_FORMAT, "record of an admission: text is not UTF-8");
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

int admission_load(const struct container *c, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_ADMISSION);
	auto_json *j = NULL;
	const char *schema, *word;
	json_t *gate;
	int r = fs_read(c->fd, ADMISSION_FILE, LIMIT_ADMISSION, &text, e);

	if (r < 0 || (r = json_parse(buf_str(&text), text.n, ADMISSION_FILE, &j, e)) < 0 ||
	    (r = json_get_string(j, "schema", &schema, ADMISSION_FILE, e)) < 0 ||
	    (r = json_get_string(j, "image", &word, ADMISSION_FILE, e)) < 0 ||
	    (r = json_get_string(j, "outcome", &word, ADMISSION_FILE, e)) < 0 ||
	    (r = json_get_object(j, "gate", &gate, ADMISSION_FILE, e)) < 0)
		return r;
	if (strcmp(schema, ADMISSION_SCHEMA) != 0)
		return FAIL(e, E_FORMAT, ADMISSION_FILE ": schema '%.80s' is not " ADMISSION_SCHEMA,
			    schema);
	*ret = TAKE(j);
	return 0;
}

int admission_save(const struct container *c, const json_t *record, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_ADMISSION);
	int r = json_pretty(record, &text, e);

	/* A container that was removed meanwhile has no folder to write it to. */
	r = r < 0 ? r : fs_write_cache(c->fd, ADMISSION_FILE, buf_str(&text), text.n, 0600, e);
	return r < 0 ? WRAP(e, r, "container %.12s", c->id) : 0;
}

int admission_gate(const json_t *record, const struct gate *today, struct gate *ret, struct err *e)
{
	const json_t *g = json_object_get(record, "gate");
	struct gate given = { .ignore_unfixed = json_is_true(json_object_get(g, "ignoreUnfixed")),
			      .max_age = json_integer_value(json_object_get(g, "maxAge")) };
	const char *fail_on;
	int r = 0;

	if (json_is_true(json_object_get(g, "given"))) {
		r = json_get_string(g, "failOn", &fail_on, ADMISSION_FILE, e);
		if (r == 0)
			r = severity_parse(fail_on, &given.fail_on, e);
	} else {
		given = *today;
	}
	if (r == 0)
		*ret = given;
	return r;
}
