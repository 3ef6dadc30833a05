/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"

void evaluate_note(struct trust_result *res, enum trust_check c, enum trust_outcome outcome,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	res->checks[c].outcome = outcome;
	(void)vsnprintf(res->checks[c].text, sizeof(res->checks[c].text), fmt, ap);
	va_end(ap);
}

int evaluate_failed(const struct statement *s, enum policy_type type, struct trust_result *res,
		    enum trust_check c, const struct err *why, struct err *e)
{
	if (s->action[type] != POLICY_ENFORCE && type != POLICY_INTEGRITY) {
		evaluate_note(res, c, TRUST_LOGGED, "%s", why->msg);
		return 0;
	}
	if (e)
		*e = *why;
	return why->code;
}

/* A CA may not vouch for signing authorities, nor they for others. */
static int check_trusted(const struct evaluation *v, const struct envelope *j,
			 struct trust_result *res, struct err *e)
{
	const struct trusted *t = j->claims.authority ? v->authority : v->trusted;
	struct err why = ERR_INIT;

	for (size_t i = j->chain.n; i-- > 0;)
		for (size_t k = 0; t && k < t->n; k++)
			if (cert_equal(j->chain.v[i], t->v[k])) {
				cert_thumbprint(j->chain.v[i], res->trusted);
				evaluate_note(res, TRUST_STORE, TRUST_PASSED, "%s in %s",
					      i == 0 ? "the signer's own certificate"
						     : "its root or CA",
					      t->where[k]);
				return 0;
			}
	(void)FAIL(&why, E_VERIFY, "no certificate of its chain is in the trust store%s",
		   j->claims.authority ? " of signing authorities" : "");
	return evaluate_failed(v->statement, POLICY_AUTHENTICITY, res, TRUST_STORE, &why, e);
}

/* A signature that names its repository holds there alone. */
static int check_name(const struct evaluation *v, struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;

	if (!res->repository[0] && v->named) {
		(void)FAIL(&why, E_VERIFY,
			   "it names no repository, and this host asks for that "
			   "(trust/" FILE_NAMED ")");
		return evaluate_failed(v->statement, POLICY_AUTHENTICITY, res, TRUST_NAME, &why, e);
	}
	if (!res->repository[0]) {
		evaluate_note(res, TRUST_NAME, TRUST_NOT_CHECKED,
			      "the signature names no repository: it holds in any");
		return 0;
	}
	if (!v->repository || !v->repository[0]) {
		evaluate_note(res, TRUST_NAME, TRUST_NOT_CHECKED,
			      "signed for %s; it was asked for by its digest alone",
			      res->repository);
		return 0;
	}
	if (strcmp(res->repository, v->repository) == 0) {
		evaluate_note(res, TRUST_NAME, TRUST_PASSED, "signed for %s", res->repository);
		return 0;
	}
	(void)FAIL(&why, E_VERIFY, SIGNED_FOR "%s, not for %s", res->repository, v->repository);
	return evaluate_failed(v->statement, POLICY_AUTHENTICITY, res, TRUST_NAME, &why, e);
}

static int check_identity(const struct evaluation *v, const struct envelope *j,
			  struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;

	if (v->statement->any_identity) {
		evaluate_note(res, TRUST_IDENTITY, TRUST_PASSED,
			      "the policy admits any signer of the store");
		return 0;
	}
	if (policy_identity(v->statement, cert_subject(j->chain.v[0]))) {
		evaluate_note(res, TRUST_IDENTITY, TRUST_PASSED, "one that the policy names");
		return 0;
	}
	(void)FAIL(&why, E_VERIFY, "the policy does not name its signer, %s", res->subject);
	return evaluate_failed(v->statement, POLICY_AUTHENTICITY, res, TRUST_IDENTITY, &why, e);
}

static int check_expiry(const struct evaluation *v, const struct envelope *j,
			struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;
	char at[RFC3339_MAX];

	if (!j->claims.expiry) {
		evaluate_note(res, TRUST_EXPIRY, TRUST_PASSED, "the signature has none");
		return 0;
	}
	clock_rfc3339(j->claims.expiry, at);
	if (v->now < j->claims.expiry) {
		evaluate_note(res, TRUST_EXPIRY, TRUST_PASSED, "valid until %s", at);
		return 0;
	}
	(void)FAIL(&why, E_VERIFY, "the signature expired at %s", at);
	return evaluate_failed(v->statement, POLICY_EXPIRY, res, TRUST_EXPIRY, &why, e);
}

static int describe(const struct envelope *j, struct trust_result *res, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	int r = cert_key(j->chain.v[0], &k, e);

	trust_subject(j->chain.v[0], res->subject, sizeof(res->subject));
	/* Rules know signers by it: cut within a name, it would be another's. */
	if (strlen(res->subject) == sizeof(res->subject) - 1)
		return FAIL(e, E_VERIFY, "its signer's subject is longer than %zu bytes",
			    sizeof(res->subject) - 2);
	text_sanitize(res->repository);
	cert_thumbprint(j->chain.v[0], res->thumbprint);
	res->signing_time = j->claims.signing_time;
	res->expiry = j->claims.expiry;
	return r < 0 ? r : key_spki_id(k, res->key, e);
}

int evaluate(const struct evaluation *v, struct trust_result *ret, struct err *e)
{
	struct trust_result res = { 0 };
	auto_envelope j = { .payload = BUF_INIT(0) };
	auto_chain tsa = { .n = 0 };
	int r;

	if ((r = envelope_verify(v->form, v->envelope, NOTARY_PAYLOAD_TYPE, &j, e)) < 0 ||
	    (r = payload_check((struct str){ buf_str(&j.payload), j.payload.n }, v->manifest,
			       v->annotations, res.repository, e)) < 0 ||
	    (r = describe(&j, &res, e)) < 0)
		return r;
	evaluate_note(&res, TRUST_INTEGRITY, TRUST_PASSED,
		      "the signature covers this digest, type and size");
	evaluate_note(&res, TRUST_CHAIN, TRUST_PASSED, "%zu certificate%s, complete and in order",
		      j.chain.n, j.chain.n == 1 ? "" : "s");
	if ((r = check_trusted(v, &j, &res, e)) < 0 || (r = check_identity(v, &j, &res, e)) < 0 ||
	    (r = withdrawn_check_chain(&v->withdrawn, &j.chain, j.claims.signing_time, v->now, e)) <
		    0 ||
	    (r = check_name(v, &res, e)) < 0 || (r = check_expiry(v, &j, &res, e)) < 0 ||
	    (r = evaluate_time(v, &j, &res, &tsa, e)) < 0 ||
	    /* Again by the time that is proven; nor may a key that was taken back prove one. */
	    (r = withdrawn_check_chain(&v->withdrawn, &j.chain, res.proven_time, v->now, e)) < 0 ||
	    (r = withdrawn_check_chain(&v->withdrawn, &tsa, res.proven_time, v->now, e)) < 0 ||
	    (r = evaluate_revocation(v, &j, &tsa, &res, e)) < 0)
		return r;
	*ret = res;
	return 0;
}
