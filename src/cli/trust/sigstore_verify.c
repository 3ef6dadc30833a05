/* SPDX-License-Identifier: Apache-2.0 */
/* 'plimsoll verify' by keys and identities that the command line names. */
#include <string.h>

#include "base/clock.h"
#include "cli/image/images.h"
#include "cli/trust/signing.h"
#include "cli/trust/sigstore.h"
#include "trust/rules_judge.h"

/* What was asked for, and what was found. */
struct asked {
	const struct sigstore_options *o;
	const struct strv *require; /* attestations, beside a signature */
	struct desc image;
	struct sigstore_findings f;
};

static bool wanted(const struct asked *a, const char *predicate_type)
{
	for (size_t i = 0; i < a->require->n; i++)
		if (rule_type_covers(a->require->v[i], predicate_type))
			return true;
	for (size_t i = 0; i < a->o->types.n; i++)
		if (rule_type_covers(a->o->types.v[i], predicate_type))
			return true;
	return false;
}

/* Whoever asks for a type of attestation alone wants no signature. */
static bool wants_signature(const struct asked *a)
{
	return a->o->types.n == 0;
}

static int none_passed(const struct asked *a, const char *what, struct err *e)
{
	const struct sigstore_findings *f = &a->f;
	auto_buf why = BUF_INIT(1000);
	char unseen[80] = "";
	int r;

	if (f->unseen)
		(void)snprintf(unseen, sizeof(unseen), "; %zu more were not looked at", f->unseen);
	for (size_t i = 0; i < f->refused.n && why.n < 600; i++)
		buf_printf(&why, "%s%.300s", i ? "; " : "", f->refused.v[i]);
	if (f->refused.n == 0)
		r = FAIL(e, E_VERIFY, "%s has no %s%s", a->image.digest.s, what, unseen);
	else
		r = FAIL(e, E_VERIFY, "no %s of %s is accepted: %s%s", what, a->image.digest.s,
			 buf_str(&why), unseen);
	if (strstr(buf_str(&why), "repository"))
		return err_hint(e, r,
				"have it signed for this repository, or accept those of any with "
				"--any-repository");
	return r;
}

/* As a rule that asks for the type and no more has it: a summary of a failure is none. */
static int says_so(const struct sigstore_found *v, struct err *e)
{
	static const struct rule any = { .scope = "--require" };
	auto_json *statement = NULL;
	int r = json_parse(buf_str(&v->statement), v->statement.n, "statement", &statement, e);

	return r < 0 ? r : rule_predicate(&any, v->predicate_type, statement, clock_now(), e);
}

/* Keeps what was asked for. Who attests that an image has faults has not signed it. */
static int keep(struct asked *a, struct err *e)
{
	struct sigstore_findings *f = &a->f;
	size_t n = f->n;
	int r = 0;

	f->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct sigstore_found *v = &f->v[i];
		const bool signature = sigstore_is_signature(v);
		const bool asked = signature ? wants_signature(a) : wanted(a, v->predicate_type);
		struct err why = ERR_INIT;

		if (asked && (signature || says_so(v, &why) == 0)) {
			f->v[f->n++] = *v;
			continue;
		}
		text_sanitize(why.msg);
		if (r == 0 && asked)
			r = strv_addf(&f->refused, e, "bundle %.19s: %s", v->carrier.s, why.msg);
		else if (r == 0 && !signature)
			r = strv_addf(&f->refused, e,
				      "bundle %.19s: an attestation (%.100s), not a signature",
				      v->carrier.s, v->predicate_type);
		buf_free(&v->statement);
	}
	return r;
}

static bool has_type(const struct asked *a, const char *type)
{
	for (size_t i = 0; i < a->f.n; i++)
		if (!sigstore_is_signature(&a->f.v[i]) &&
		    rule_type_covers(type, a->f.v[i].predicate_type))
			return true;
	return false;
}

static int has_types(const struct asked *a, const struct strv *types, struct err *e)
{
	for (size_t i = 0; i < types->n; i++) {
		char what[LIMIT_RULE_TEXT + 32];

		(void)snprintf(what, sizeof(what), "attestation of type %.*s", LIMIT_RULE_TEXT,
			       types->v[i]);
		if (!has_type(a, types->v[i]))
			return none_passed(a, what, e);
	}
	return 0;
}

static int has_all(const struct asked *a, struct err *e)
{
	bool any = false;
	int r;

	for (size_t i = 0; i < a->f.n; i++)
		any |= sigstore_is_signature(&a->f.v[i]);
	if (wants_signature(a) && !any)
		return none_passed(a, "cosign signature or bundle", e);
	r = has_types(a, a->require, e);
	return r < 0 ? r : has_types(a, &a->o->types, e);
}

static int check_types(const struct strv *types, struct err *e)
{
	for (size_t i = 0; i < types->n; i++)
		if (!rule_type_ok(types->v[i]))
			return FAIL(e, E_USAGE, "'%.60s' is no type of attestation", types->v[i]);
	return 0;
}

static int verify(struct cli *c, struct asked *a, const char *text, struct err *e)
{
	const struct sigstore_options *o = a->o;
	auto_release(store_close) struct store *s = NULL;
	auto_sigstore_trust trust = { 0 };
	auto_json *notes = NULL;
	struct sigstore_identity identity;
	struct ref ref;
	struct sigstore_query q = { .ref = &ref, .any_repository = o->any_repository };
	int r;

	if ((r = check_types(a->require, e)) < 0 || (r = check_types(&o->types, e)) < 0 ||
	    (r = cli_annotations(&o->annotations, &notes, e)) < 0 ||
	    (r = cli_store(c, &s, e)) < 0 || (r = store_lookup(s, text, &ref, &a->image, e)) < 0 ||
	    (r = cli_sigstore_trust(c, o, &identity, &trust, e)) < 0)
		return r;
	if (json_object_size(notes))
		q.annotations = notes;
	if ((r = sigstore_find(s, &a->image, &trust, &q, &a->f, e)) < 0 || (r = keep(a, e)) < 0)
		return r;
	return has_all(a, e);
}

/* With what it says: it was parsed before it was believed. */
static int add_result(json_t *to, const struct sigstore_found *f, bool statement, struct err *e)
{
	auto_json *said = NULL;
	json_t *one = NULL;
	int r = cli_sigstore_json(f, &one, e);

	if (r == 0 && statement)
		r = json_parse(buf_str(&f->statement), f->statement.n, "statement", &said, e);
	if (r == 0 && said)
		r = json_put(one, "statement", json_incref(said), e);
	if (r < 0) {
		json_decref(one);
		return r;
	}
	return json_push(to, one, e);
}

static int result_json(const struct asked *a, bool statements, json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	json_t *signatures = json_array(), *attestations = json_array();
	int r;

	if ((r = json_put(j, "signatures", signatures, e)) < 0 ||
	    (r = json_put(j, "attestations", attestations, e)) < 0 ||
	    (r = json_put_string(j, "schema", "plimsoll.verify-sigstore/v1", e)) < 0 ||
	    (r = json_put_string(j, "digest", a->image.digest.s, e)) < 0)
		return r;
	for (size_t i = 0; i < a->f.n; i++) {
		const bool signature = sigstore_is_signature(&a->f.v[i]);

		r = add_result(signature ? signatures : attestations, &a->f.v[i],
			       statements && !signature, e);
		if (r < 0)
			return r;
	}
	*ret = TAKE(j);
	return 0;
}

static const char *name_of(const struct sigstore_found *v)
{
	return v->format == SIGSTORE_SIMPLE ? "cosign signature"
	       : sigstore_is_signature(v)   ? "bundle"
					    : "attestation";
}

static int print_result(struct cli *c, const struct asked *a, struct err *e)
{
	int r = cli_print(c, e, c->quiet ? "%s\n" : "verified %s\n", a->image.digest.s);

	for (size_t i = 0; !c->quiet && r == 0 && i < a->f.n; i++) {
		const struct sigstore_found *v = &a->f.v[i];

		r = cli_print(c, e, "%-18s %s, key sha256:%.64s%s%s%s%s\n", name_of(v),
			      v->keyless ? v->identity : v->signer, v->key_id,
			      v->repository[0] ? ", of " : "", v->repository,
			      sigstore_is_signature(v) ? "" : ", ",
			      sigstore_is_signature(v) ? "" : v->predicate_type);
	}
	return r;
}

int cli_verify_sigstore(struct cli *c, const struct sigstore_options *o, const struct strv *require,
			const char *text, struct err *e)
{
	struct asked a = { .o = o, .require = require };
	auto_json *brief = NULL, *full = NULL;
	int r = verify(c, &a, text, e);

	if (r == 0)
		r = result_json(&a, false, &brief, e);
	r = cli_note(c, "verify", text, &a.image, r, json_incref(brief), e);
	if (r == 0 && c->json)
		r = result_json(&a, true, &full, e);
	if (r == 0)
		r = c->json ? cli_print_json(c, full, e) : print_result(c, &a, e);
	sigstore_findings_free(&a.f);
	return r;
}
