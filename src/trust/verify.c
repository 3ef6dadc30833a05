/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "sandbox/sandbox.h"
#include "trust/internal.h"

const char *trust_check_name(enum trust_check c)
{
	static const char *const names[TRUST_CHECKS] = {
		[TRUST_INTEGRITY] = "integrity",   [TRUST_CHAIN] = "certificate chain",
		[TRUST_STORE] = "trust store",	   [TRUST_IDENTITY] = "identity",
		[TRUST_TIMESTAMP] = "timestamp",   [TRUST_EXPIRY] = "expiry",
		[TRUST_REVOCATION] = "revocation",
	};

	return names[c];
}

/* Runs in the child. The result has no pointers, and crosses the pipe as it is. */
static int evaluate_in_child(void *arg, struct buf *emit, struct err *e)
{
	struct trust_result res;
	int r = evaluate(arg, &res, e);

	if (r == 0)
		buf_put(emit, &res, sizeof(res));
	return r;
}

/* Strings from the child end, whatever became of it. */
static void terminate(struct trust_result *r)
{
	r->subject[sizeof(r->subject) - 1] = '\0';
	r->thumbprint[sizeof(r->thumbprint) - 1] = '\0';
	r->trusted[sizeof(r->trusted) - 1] = '\0';
	text_sanitize(r->subject);
	for (int i = 0; i < TRUST_CHECKS; i++) {
		r->checks[i].text[sizeof(r->checks[i].text) - 1] = '\0';
		text_sanitize(r->checks[i].text);
	}
}

static int evaluate_sandboxed(const struct evaluation *v, struct trust_result *ret, struct err *e)
{
	const struct sandbox box = { .what = "signature", .write_dir = -1, .cpu_seconds = 30 };
	auto_buf out = BUF_INIT(sizeof(*ret));
	struct evaluation copy = *v;
	int r;

	crypto_init();
	r = sandbox_run(&box, evaluate_in_child, &copy, &out, e);
	if (r < 0)
		return r;
	if (out.n != sizeof(*ret))
		return FAIL(e, E_INTERNAL, "signature: the child gave %zu bytes", out.n);
	memcpy(ret, out.p, sizeof(*ret));
	terminate(ret);
	return 0;
}

static int load_stores(int dir, const struct statement *s, struct trusted *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->ca_n; i++)
		r = trusted_load(dir, s->ca[i], ret, e);
	return r;
}

/* One line a signature: why it was not accepted. */
static void add_reason(struct buf *reasons, const struct desc *d, const struct err *why)
{
	if (reasons->n < 800)
		buf_printf(reasons, "%ssignature %.19s: %.300s", reasons->n ? "; " : "",
			   d->digest.s, why->msg);
}

static int none_passed(const struct desc *manifest, const struct ref *ref, size_t tried,
		       size_t there, const struct buf *reasons, struct err *e)
{
	auto_buf name = BUF_INIT(2 * LIMIT_REF);
	int r;

	ref_full(ref, &name);
	if (!ref->name[0])
		buf_reset(&name);
	if (there == 0) {
		bool named = name.n && !ref->digest.s[0];

		/* The host that verifies seldom has a key that its policy trusts. */
		r = FAIL(e, E_VERIFY, "nobody signed %s", manifest->digest.s);
		return err_hint(e, r,
				"whoever built it signs it and pushes it again: plimsoll sign %s, "
				"plimsoll push",
				named ? name.p : "IMAGE");
	}
	r = FAIL(e, E_VERIFY, "no signature of %s is accepted: %s%s", manifest->digest.s,
		 buf_str(reasons), there > tried ? "; more signatures than are tried" : "");
	return err_hint(e, r,
			"plimsoll trust add CERT.pem, when you trust that signer and have the "
			"certificate from them");
}

static int try_all(const struct store *s, const struct ref *ref, struct evaluation *v,
		   struct trust_result *ret, struct err *e)
{
	auto_json *list = NULL;
	auto_buf reasons = BUF_INIT(2048);
	size_t n, i;
	int r = store_referrers(s, &v->manifest->digest, NOTARY_ARTIFACT_TYPE, &list, e);

	if (r < 0)
		return r;
	n = json_array_size(list);
	for (i = 0; i < n && i < LIMIT_SIGNATURES; i++) {
		auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE);
		struct err why = ERR_INIT;
		struct desc d;

		if (desc_parse(json_array_get(list, i), "referrer", &d, e) < 0)
			continue;
		r = signature_read(s, &d, v->manifest, &v->form, &envelope, &why);
		v->envelope = (struct str){ buf_str(&envelope), envelope.n };
		if (r == 0)
			r = evaluate_sandboxed(v, ret, &why);
		if (r == 0) {
			ret->signature = d.digest;
			return 0;
		}
		/* To be ended says nothing of the signature: it is not refused. */
		if (proc_interrupted(e) < 0)
			return E_SIGNAL;
		add_reason(&reasons, &d, &why);
	}
	return none_passed(v->manifest, ref, i, n, &reasons, e);
}

static int no_policy(struct err *e)
{
	int r = FAIL(e, E_VERIFY, "there is no trust policy, so no signature is accepted");

	return err_hint(e, r, "plimsoll trust init, or plimsoll trust add CERT.pem");
}

static int verify_by(int dir, const struct statement *st, const struct store *s,
		     const struct ref *ref, const struct desc *manifest, struct trust_result *ret,
		     struct err *e)
{
	auto_trusted trusted = { 0 };
	auto_withdrawn withdrawn = { 0 };
	struct trust_result res = { 0 };
	struct evaluation v = {
		.manifest = manifest, .statement = st, .trusted = &trusted, .now = clock_now()
	};
	int r = 0;

	if (!st->skip) {
		/* The bytes that are signed are those that we hold. */
		if ((r = store_blob_verify(s, manifest, e)) < 0 ||
		    (r = load_stores(dir, st, &trusted, e)) < 0 ||
		    (r = withdrawn_load(dir, &withdrawn, e)) < 0)
			return r;
		v.withdrawn = withdrawn;
		if ((r = try_all(s, ref, &v, &res, e)) < 0)
			return r;
	}
	res.skipped = st->skip;
	(void)snprintf(res.statement, sizeof(res.statement), "%s", st->name);
	text_sanitize(res.statement);
	(void)snprintf(res.level, sizeof(res.level), "%s", st->level);
	*ret = res;
	return 0;
}

int trust_verify(const struct state *state, const struct store *s, const struct ref *ref,
		 const struct desc *manifest, struct trust_result *ret, struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);
	auto_policy policy = { 0 };
	auto_buf repository = BUF_INIT(2 * LIMIT_REF);
	const struct statement *st;
	int r;

	if (dir == E_NOTFOUND)
		return no_policy(e);
	if (dir < 0)
		return dir;
	r = trust_policy_load(dir, &policy, e);
	if (r == E_NOTFOUND)
		return no_policy(e);
	if (r < 0)
		return r;
	st = policy_select(&policy, ref);
	if (!st) {
		ref_repository(ref, &repository);
		r = FAIL(e, E_VERIFY, "the trust policy has no statement for %s and none for '*'",
			 repository.n ? repository.p : manifest->digest.s);
		return err_hint(e, r, "add one to %s/" DIR_TRUST "/" FILE_POLICY, state->path);
	}
	return verify_by(dir, st, s, ref, manifest, ret, e);
}
