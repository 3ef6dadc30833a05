/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/build/road.h"
#include "cli/image/images.h"
#include "cli/trust/decision_output.h"
#include "cli/trust/signing.h"
#include "cli/trust/sigstore.h"

struct verify_opts {
	struct strv require;
	const char *output;
	struct sigstore_options sigstore;
};

static const struct opt verify_options[] = {
	OPT_AT(struct verify_opts, require, "require", 0, OPT_LIST, "TYPE[,TYPE...]",
	       "ask for attestations, too: provenance, sbom, vuln, vsa, a type's URI"),
	SIGSTORE_SIGNER_OPTIONS(struct verify_opts),
	SIGSTORE_IMAGE_OPTIONS(struct verify_opts),
	OPT_AT(struct verify_opts, sigstore.annotations, "user-metadata", 'm', OPT_LIST,
	       "KEY=VALUE", "the same, as notation calls it"),
	OPT_AT(struct verify_opts, output, "output", 'o', OPT_STRING, "FORMAT",
	       "json or text: --format by the name that others have for it"),
	OPT_END,
};

static const char *outcome_name(enum trust_outcome o)
{
	switch (o) {
	case TRUST_PASSED: return "passed";
	case TRUST_LOGGED: return "FAILED";
	case TRUST_NOT_CHECKED: break;
	}
	return "not checked";
}

static int checks_json(const struct trust_result *t, json_t **ret, struct err *e)
{
	auto_json *list = json_array();

	for (int i = 0; i < TRUST_CHECKS; i++) {
		const struct trust_note *n = &t->checks[i];
		json_t *o = json_object();
		int r;

		if ((r = json_push(list, o, e)) < 0 ||
		    (r = json_put_string(o, "check", trust_check_name((enum trust_check)i), e)) <
			    0 ||
		    (r = json_put_string(
			     o, "outcome",
			     n->outcome == TRUST_LOGGED ? "failed" : outcome_name(n->outcome), e)) <
			    0 ||
		    (r = json_put_string(o, "note", n->text, e)) < 0)
			return r;
	}
	*ret = TAKE(list);
	return 0;
}

/* More was asked for than trustpolicy.json and TUF do. */
static bool asked_more(const struct decision *d)
{
	return json_is_string(json_object_get(d->doc, "rule")) ||
	       json_array_size(json_object_get(d->doc, "attestations"));
}

static int put_time(json_t *o, const char *key, int64_t t, struct err *e)
{
	char text[RFC3339_MAX];

	clock_rfc3339(t, text);
	return t ? json_put_string(o, key, text, e) : 0;
}

static int result_json(const struct desc *d, const struct decision *decision, json_t **ret,
		       struct err *e)
{
	const struct trust_result *t = &decision->trust;
	auto_json *j = json_object();
	json_t *checks = NULL;
	int r;

	if ((r = json_put_string(j, "schema", "plimsoll.verify/v1", e)) < 0 ||
	    (r = json_put_string(j, "digest", d->digest.s, e)) < 0 ||
	    (r = json_put(j, "verified", json_boolean(!t->skipped || decision->by_rule), e)) < 0 ||
	    (r = json_put_string(j, "policy", t->statement, e)) < 0 ||
	    (r = json_put_string(j, "level", t->level, e)) < 0)
		return r;
	if (!t->skipped) {
		if ((r = json_put_string(j, "signature", t->signature.s, e)) < 0 ||
		    (r = json_put_string(j, "subject", t->subject, e)) < 0 ||
		    (r = json_put_string(j, "thumbprint", t->thumbprint, e)) < 0 ||
		    (r = put_time(j, "signingTime", t->signing_time, e)) < 0 ||
		    (r = put_time(j, "provenTime", t->proven_time, e)) < 0 ||
		    (r = put_time(j, "expiry", t->expiry, e)) < 0 ||
		    (r = json_put_string(j, "repository", t->repository[0] ? t->repository : NULL,
					 e)) < 0 ||
		    (r = json_put_string(j, "key", t->key, e)) < 0 ||
		    (r = checks_json(t, &checks, e)) < 0 ||
		    (r = json_put(j, "checks", checks, e)) < 0)
			return r;
	}
	if (json_object_get(decision->doc, "tuf") &&
	    (r = json_put(j, "tuf", json_incref(json_object_get(decision->doc, "tuf")), e)) < 0)
		return r;
	*ret = TAKE(j);
	return 0;
}

static int print_checks(struct cli *c, const struct trust_result *t, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TRUST_CHECKS; i++)
		r = cli_print(c, e, "%-18s %s: %s\n", trust_check_name((enum trust_check)i),
			      outcome_name(t->checks[i].outcome), t->checks[i].text);
	return r;
}

/* Where a TUF root is trusted: by which metadata it is the newest. */
static int print_tuf(struct cli *c, const json_t *tuf, struct err *e)
{
	const char *role = json_string_or_null(tuf, "role");

	if (!tuf)
		return 0;
	return cli_print(c, e,
			 "%-18s of %s, by role '%s': root %lld, timestamp %lld, snapshot %lld, "
			 "targets %lld\n",
			 "newest", json_string_or_null(tuf, "scope"), role ? role : "",
			 json_integer_value(json_object_get(tuf, "root")),
			 json_integer_value(json_object_get(tuf, "timestamp")),
			 json_integer_value(json_object_get(tuf, "snapshot")),
			 json_integer_value(json_object_get(tuf, "targets")));
}

static int print_result(struct cli *c, const struct desc *d, const struct decision *decision,
			struct err *e)
{
	const struct trust_result *t = &decision->trust;
	char at[RFC3339_MAX];
	int r;

	clock_rfc3339(t->signing_time, at);
	if (t->skipped && !decision->by_rule)
		return c->quiet ? 0
				: cli_print(c, e,
					    "NOT VERIFIED %s\nThe trust policy '%s' skips this "
					    "repository.\n",
					    d->digest.s, t->statement);
	if (c->quiet)
		return cli_print(c, e, "%s\n", d->digest.s);
	r = cli_print(c, e, "verified %s\n", d->digest.s);
	if (r == 0 && asked_more(decision))
		r = decision_print(c, decision, e);
	r = r < 0 ? r : print_tuf(c, json_object_get(decision->doc, "tuf"), e);
	if (r < 0 || t->skipped)
		return r;
	r = print_checks(c, t, e);
	if (r < 0)
		return r;
	return cli_print(c, e,
			 "%-18s %s\n%-18s sha256:%s\n%-18s sha256:%s\n"
			 "%-18s %s (as the signer says)\n%-18s %s\n%-18s '%s', level %s\n",
			 "signed by", t->subject, "certificate", t->thumbprint, "key", t->key,
			 "signed at", at, "signature", t->signature.s, "trust policy", t->statement,
			 t->level);
}

/* "provenance,sbom" in each. */
static int split(const struct strv *given, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->n; i++) {
		struct str rest = str_of(given->v[i]), one;

		if (!rest.n)
			return FAIL(e, E_USAGE, "--require is empty, and would ask for nothing");
		while (r == 0 && str_cut(&rest, ',', &one)) {
			auto_free char *type = str_dup(str_trim(one));

			r = type ? strv_add(ret, type, e) : FAIL_NOMEM(e);
		}
	}
	return r;
}

static int verify(struct cli *c, const struct strv *require, const struct strv *annotations,
		  const char *text, struct desc *ret_image, struct decision *ret, struct err *e)
{
	auto_json *notes = NULL;
	auto_road road = { 0 };
	struct ref ref;
	int r;

	if ((r = cli_annotations(annotations, &notes, e)) < 0 ||
	    (r = cli_road(c, text, &road, e)) < 0 ||
	    (r = store_lookup(road.store, text, &ref, ret_image, e)) < 0)
		return r;
	return decide(&road, &ref, ret_image,
		      &(struct decide_opts){ .require = require, .annotations = notes }, ret, e);
}

static int set_output(struct cli *c, const char *output, struct err *e)
{
	if (output && strcmp(output, "json") != 0 && strcmp(output, "text") != 0)
		return FAIL(e, E_USAGE, "--output '%.40s': want json or text", output);
	if (output)
		c->json = strcmp(output, "json") == 0;
	return 0;
}

/* What says nothing where the trust policy names the signers. */
static int check_unnamed(const struct sigstore_options *o, struct err *e)
{
	if (o->any_repository || o->trusted_root || o->ignore_tlog)
		return FAIL(e, E_USAGE,
			    "--any-repository, --trusted-root and --insecure-ignore-tlog go with "
			    "--key or --certificate-identity");
	if (o->offline)
		return FAIL(e, E_USAGE,
			    "--offline goes with --key or --certificate-identity: the trust policy "
			    "may have revocation and TUF metadata asked for");
	return 0;
}

static int run_verify(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct verify_opts *o = opts;
	auto_strv require = { 0 };
	struct desc image = { 0 };
	auto_decision d = { .doc = NULL };
	auto_json *j = NULL;
	int r;

	(void)argc;
	if ((r = set_output(c, o->output, e)) < 0 || (r = split(&o->require, &require, e)) < 0)
		return r;
	if (cli_sigstore_given(&o->sigstore))
		return cli_verify_sigstore(c, &o->sigstore, &require, argv[0], e);
	if ((r = check_unnamed(&o->sigstore, e)) < 0)
		return r;
	for (size_t i = 0; i < o->sigstore.types.n; i++)
		if ((r = strv_add(&require, o->sigstore.types.v[i], e)) < 0)
			return r;
	r = verify(c, &require, &o->sigstore.annotations, argv[0], &image, &d, e);
	if (r == 0)
		r = result_json(&image, &d, &j, e);
	r = cli_note(c, "verify", argv[0], &image, r, j ? json_incref(j) : decision_brief(&d), e);
	if (r == 0 && asked_more(&d))
		r = json_put(j, "decision", json_incref(d.doc), e);
	if (r < 0)
		return r;
	return c->json ? cli_print_json(c, j, e) : print_result(c, &image, &d, e);
}

/* cosign's verify-attestation: that, and no signature. */
static int run_verify_attestation(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct verify_opts *o = opts;
	int r = o->sigstore.types.n ? 0 : strv_add(&o->sigstore.types, "custom", e);

	return r < 0 ? r : run_verify(c, opts, argc, argv, e);
}

const struct command cmd_verify_attestation = {
	.name = "verify-attestation",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "Verify an attestation of a stored image: 'plimsoll verify --type'",
	.hidden = true,
	.opts = verify_options,
	.opts_size = sizeof(struct verify_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify_attestation,
};

const struct command cmd_verify = {
	.name = "verify",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "Verify a stored image's signature by the trust policy",
	.details =
		"Prints each thing that was checked, and by which certificate. The policy is "
		"trust/trustpolicy.json in the state folder; without one nothing is accepted. "
		"A rule of plimsoll.yaml for the repository asks for more (plimsoll policy), and "
		"so do --require and --type: for attestations by signers that are trusted here. "
		"With --key or --certificate-identity that policy is not asked: cosign's "
		"signatures and sigstore bundles by those signers are looked for instead (with "
		"--require attestations of theirs, too; with --type those alone), and a "
		"TUF root that is trusted for the repository is not asked what is newest. "
		"Exit status 4: no signature is accepted, or an attestation is missing. 3: what "
		"is attested is not what the rule asks for.",
	.example = "plimsoll verify web:1\n"
		   "plimsoll verify --require provenance,sbom registry.example/team/web:1\n"
		   "plimsoll verify --format json 127.0.0.1:5000/web:1\n"
		   "plimsoll verify --key cosign.pub 127.0.0.1:5000/web:1",
	.opts = verify_options,
	.opts_size = sizeof(struct verify_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify,
};
