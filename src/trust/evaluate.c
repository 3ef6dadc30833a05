/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"

static void note(struct trust_result *res, enum trust_check c, enum trust_outcome outcome,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void note(struct trust_result *res, enum trust_check c, enum trust_outcome outcome,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	res->checks[c].outcome = outcome;
	(void)vsnprintf(res->checks[c].text, sizeof(res->checks[c].text), fmt, ap);
	va_end(ap);
}

/*
 * What failed ends the evaluation where the policy enforces it, and is noted where it only logs.
 * why holds the failure.
 */
static int failed(const struct statement *s, enum policy_type type, struct trust_result *res,
		  enum trust_check c, const struct err *why, struct err *e)
{
	if (s->action[type] != POLICY_ENFORCE && type != POLICY_INTEGRITY) {
		note(res, c, TRUST_LOGGED, "%.230s", why->msg);
		return 0;
	}
	if (e)
		*e = *why;
	return why->code;
}

static int check_trusted(const struct evaluation *v, const struct envelope *j,
			 struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;

	for (size_t i = j->chain.n; i-- > 0;)
		for (size_t k = 0; k < v->trusted->n; k++)
			if (cert_equal(j->chain.v[i], v->trusted->v[k])) {
				cert_thumbprint(j->chain.v[i], res->trusted);
				note(res, TRUST_STORE, TRUST_PASSED, "%s in %s",
				     i == 0 ? "the signer's own certificate" : "its root or CA",
				     v->trusted->where[k]);
				return 0;
			}
	(void)FAIL(&why, E_VERIFY, "no certificate of its chain is in the trust store");
	return failed(v->statement, POLICY_AUTHENTICITY, res, TRUST_STORE, &why, e);
}

static int check_identity(const struct evaluation *v, const struct envelope *j,
			  struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;

	if (v->statement->any_identity) {
		note(res, TRUST_IDENTITY, TRUST_PASSED,
		     "the policy admits any signer of the store");
		return 0;
	}
	if (policy_identity(v->statement, cert_subject(j->chain.v[0]))) {
		note(res, TRUST_IDENTITY, TRUST_PASSED, "one that the policy names");
		return 0;
	}
	(void)FAIL(&why, E_VERIFY, "the policy does not name its signer, %s", res->subject);
	return failed(v->statement, POLICY_AUTHENTICITY, res, TRUST_IDENTITY, &why, e);
}

static int check_expiry(const struct evaluation *v, const struct envelope *j,
			struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;
	char at[RFC3339_MAX];

	if (!j->claims.expiry) {
		note(res, TRUST_EXPIRY, TRUST_PASSED, "the signature has none");
		return 0;
	}
	clock_rfc3339(j->claims.expiry, at);
	if (v->now < j->claims.expiry) {
		note(res, TRUST_EXPIRY, TRUST_PASSED, "valid until %s", at);
		return 0;
	}
	(void)FAIL(&why, E_VERIFY, "the signature expired at %s", at);
	return failed(v->statement, POLICY_EXPIRY, res, TRUST_EXPIRY, &why, e);
}

/*
 * Without a timestamp authority every certificate must be valid now. With one, a timestamp would
 * be asked for; they are not supported, and so fail as a missing one would.
 */
static int check_time(const struct evaluation *v, const struct envelope *j,
		      struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;
	const struct statement *s = v->statement;
	int r = chain_valid_at(&j->chain, v->now, &why);

	if (s->has_tsa && (r < 0 || !s->timestamp_after_expiry)) {
		(void)FAIL(&why, E_VERIFY,
			   "the policy asks for a timestamp, and plimsoll cannot check those yet");
		return failed(s, POLICY_TIMESTAMP, res, TRUST_TIMESTAMP, &why, e);
	}
	if (r < 0)
		return failed(s, POLICY_TIMESTAMP, res, TRUST_TIMESTAMP, &why, e);
	note(res, TRUST_TIMESTAMP, TRUST_PASSED,
	     "every certificate is valid now; the policy asks for no timestamp");
	return 0;
}

static int check_revocation(const struct evaluation *v, const struct envelope *j,
			    struct trust_result *res, struct err *e)
{
	struct err why = ERR_INIT;
	bool named = false;

	for (size_t i = 0; i < j->chain.n; i++)
		named |= cert_names_revocation(j->chain.v[i]);
	if (v->statement->action[POLICY_REVOCATION] == POLICY_SKIP) {
		note(res, TRUST_REVOCATION, TRUST_NOT_CHECKED, "the policy skips it");
		return 0;
	}
	if (!named) {
		note(res, TRUST_REVOCATION, TRUST_NOT_CHECKED,
		     "no CRL or OCSP: its certificates name neither");
		return 0;
	}
	(void)FAIL(&why, E_VERIFY,
		   "a certificate names a CRL or OCSP responder, which plimsoll does not ask yet");
	return failed(v->statement, POLICY_REVOCATION, res, TRUST_REVOCATION, &why, e);
}

static void describe(const struct envelope *j, struct trust_result *res)
{
	auto_buf dn = BUF_INIT(4 * LIMIT_DN_TEXT);

	dn_text(cert_subject(j->chain.v[0]), &dn);
	(void)snprintf(res->subject, sizeof(res->subject), "%s", buf_str(&dn));
	text_sanitize(res->subject);
	cert_thumbprint(j->chain.v[0], res->thumbprint);
	res->signing_time = j->claims.signing_time;
	res->expiry = j->claims.expiry;
}

int evaluate(const struct evaluation *v, struct trust_result *ret, struct err *e)
{
	struct trust_result res = { 0 };
	auto_envelope j = { .payload = BUF_INIT(0) };
	int r;

	if ((r = envelope_verify(v->form, v->envelope, NOTARY_PAYLOAD_TYPE, &j, e)) < 0 ||
	    (r = payload_check((struct str){ buf_str(&j.payload), j.payload.n }, v->manifest, e)) <
		    0)
		return r;
	describe(&j, &res);
	note(&res, TRUST_INTEGRITY, TRUST_PASSED,
	     "the signature covers this digest, type and size");
	note(&res, TRUST_CHAIN, TRUST_PASSED, "%zu certificate%s, complete and in order", j.chain.n,
	     j.chain.n == 1 ? "" : "s");
	if ((r = check_trusted(v, &j, &res, e)) < 0 || (r = check_identity(v, &j, &res, e)) < 0 ||
	    (r = withdrawn_check_chain(&v->withdrawn, &j.chain, j.claims.signing_time, v->now, e)) <
		    0 ||
	    (r = check_expiry(v, &j, &res, e)) < 0 || (r = check_time(v, &j, &res, e)) < 0 ||
	    (r = check_revocation(v, &j, &res, e)) < 0)
		return r;
	*ret = res;
	return 0;
}
