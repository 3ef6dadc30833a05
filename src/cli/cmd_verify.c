/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/images.h"
#include "cli/road.h"
#include "cli/signing.h"
#include "cli/sigstore.h"
#include "pipeline/tuf_admit.h"
#include "trust/trust.h"

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

static int put_time(json_t *o, const char *key, int64_t t, struct err *e)
{
	char text[RFC3339_MAX];

	clock_rfc3339(t, text);
	return t ? json_put_string(o, key, text, e) : 0;
}

static int result_json(const struct desc *d, const struct trust_result *t, json_t **ret,
		       struct err *e)
{
	auto_json *j = json_object();
	json_t *checks = NULL;
	int r;

	if ((r = json_put_string(j, "schema", "plimsoll.verify/v1", e)) < 0 ||
	    (r = json_put_string(j, "digest", d->digest.s, e)) < 0 ||
	    (r = json_put(j, "verified", json_boolean(!t->skipped), e)) < 0 ||
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

static int print_result(struct cli *c, const struct desc *d, const struct trust_result *t,
			const json_t *tuf, struct err *e)
{
	char at[RFC3339_MAX];
	int r;

	clock_rfc3339(t->signing_time, at);
	if (c->quiet)
		return cli_print(c, e, "%s\n", d->digest.s);
	if (t->skipped)
		return cli_print(c, e,
				 "NOT VERIFIED %s\nThe trust policy '%s' skips this repository.\n",
				 d->digest.s, t->statement);
	r = cli_print(c, e, "verified %s\n", d->digest.s);
	if (r == 0)
		r = print_checks(c, t, e);
	r = r < 0 ? r : print_tuf(c, tuf, e);
	if (r < 0)
		return r;
	return cli_print(c, e,
			 "%-18s %s\n%-18s sha256:%s\n%-18s %s (as the signer says)\n"
			 "%-18s %s\n%-18s '%s', level %s\n",
			 "signed by", t->subject, "certificate", t->thumbprint, "signed at", at,
			 "signature", t->signature.s, "trust policy", t->statement, t->level);
}

static int verify(struct cli *c, const char *text, struct desc *ret_image, struct trust_result *ret,
		  json_t **ret_tuf, struct err *e)
{
	auto_road road = { 0 };
	struct ref ref;
	int r;

	if ((r = cli_road(c, text, &road, e)) < 0 ||
	    (r = store_lookup(road.store, text, &ref, ret_image, e)) < 0)
		return r;
	r = tuf_admit(&road, &ref, ret_image, ret_tuf, e);
	return r < 0 ? r : trust_verify(road.state, road.store, &ref, ret_image, ret, e);
}

struct verify_opts {
	struct sigstore_options sigstore;
};

static const struct opt verify_options[] = {
	SIGSTORE_SIGNER_OPTIONS(struct verify_opts),
	SIGSTORE_IMAGE_OPTIONS(struct verify_opts),
	OPT_END,
};

static int run_verify(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct verify_opts *o = opts;
	struct desc image = { 0 };
	struct trust_result t = { 0 };
	auto_json *j = NULL, *tuf = NULL;
	int r;

	(void)argc;
	if (cli_sigstore_given(&o->sigstore))
		return cli_verify_sigstore(c, &o->sigstore, argv[0], e);
	r = verify(c, argv[0], &image, &t, &tuf, e);
	if (r == 0)
		r = result_json(&image, &t, &j, e);
	if (r == 0 && tuf)
		r = json_put(j, "tuf", json_incref(tuf), e);
	r = cli_note(c, "verify", argv[0], &image, r, j ? json_incref(j) : json_incref(tuf), e);
	if (r < 0)
		return r;
	return c->json ? cli_print_json(c, j, e) : print_result(c, &image, &t, tuf, e);
}

const struct command cmd_verify = {
	.name = "verify",
	.group = "Trust",
	.args = "IMAGE",
	.brief = "Verify a stored image's signature by the trust policy",
	.details = "Prints each thing that was checked, and by which certificate. The policy is "
		   "trust/trustpolicy.json in the state folder; without one nothing is accepted. "
		   "With --key or --certificate-identity that policy is not asked: cosign's "
		   "signatures and sigstore bundles by those signers are looked for instead. "
		   "Exit status 4: no signature is accepted.",
	.example = "plimsoll verify web:1\n"
		   "plimsoll verify --format json 127.0.0.1:5000/web:1\n"
		   "plimsoll verify --key cosign.pub 127.0.0.1:5000/web:1",
	.opts = verify_options,
	.opts_size = sizeof(struct verify_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify,
};
