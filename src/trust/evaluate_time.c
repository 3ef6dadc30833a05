/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When was it signed, and were the certificates valid then (signing.md 1.9)? Nobody proves a
 * signer's own word: then they must be valid now. A signing authority's word, and a timestamp of an
 * authority that the policy names, prove a time, and that one counts.
 */
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"

/* What clocks may differ by: a proof from the future proves that one is wrong. */
enum { CLOCK_SKEW = 300 };

static int check_not_future(const struct evaluation *v, int64_t t, struct err *e)
{
	char at[RFC3339_MAX], now[RFC3339_MAX];

	if (t <= v->now + CLOCK_SKEW)
		return 0;
	clock_rfc3339(t, at);
	clock_rfc3339(v->now, now);
	return FAIL(e, E_VERIFY, "it was signed at %s, but here it is %s: one clock is wrong", at,
		    now);
}

static int by_authority(const struct evaluation *v, const struct envelope *j,
			struct trust_result *res, struct err *e)
{
	char at[RFC3339_MAX];
	int r = check_not_future(v, j->claims.signing_time, e);

	if (r == 0)
		r = chain_valid_at(&j->chain, j->claims.signing_time, e);
	if (r < 0)
		return r;
	res->proven_time = j->claims.signing_time;
	clock_rfc3339(res->proven_time, at);
	evaluate_note(res, TRUST_TIMESTAMP, TRUST_PASSED,
		      "the signing authority says %s; every certificate was valid then", at);
	return 0;
}

int evaluate_stamp(struct str token, struct str signature, const struct timestamp_trust *trust,
		   const unsigned char *nonce, struct timestamp *ret, struct err *e)
{
	auto_timestamp t = { 0 };
	int r = timestamp_verify(token, signature, trust, nonce, &t, e);

	if (r == 0 && (r = chain_check_stamper(&t.chain, e)) < 0)
		r = WRAP(e, r, "timestamp");
	if (r < 0)
		return r;
	*ret = t;
	t = (struct timestamp){ 0 };
	return 0;
}

/* Both ends of what the token leaves open lie within the validity of every certificate. */
static int by_timestamp(const struct evaluation *v, const struct envelope *j,
			struct trust_result *res, struct chain *ret_tsa, struct err *e)
{
	const struct timestamp_trust trust = { .anchors = v->tsa ? v->tsa->v : NULL,
					       .anchors_n = v->tsa ? v->tsa->n : 0 };
	auto_timestamp t = { 0 };
	char at[RFC3339_MAX];
	int r;

	if (j->timestamp.n == 0)
		return FAIL(e, E_VERIFY, "the policy asks for a timestamp, and it has none");
	r = evaluate_stamp((struct str){ j->timestamp.p, j->timestamp.n },
			   (struct str){ buf_str(&j->signature), j->signature.n }, &trust, NULL, &t,
			   e);
	if (r < 0) { /* a malformed one proves as little as none */
		e->code = E_VERIFY;
		return E_VERIFY;
	}
	if ((r = check_not_future(v, t.time, e)) < 0 ||
	    (r = chain_valid_at(&j->chain, t.time - t.accuracy, e)) < 0 ||
	    (r = chain_valid_at(&j->chain, t.time + t.accuracy, e)) < 0)
		return r;
	res->proven_time = t.time;
	res->proven_accuracy = t.accuracy;
	*ret_tsa = t.chain;
	t.chain.n = 0;
	clock_rfc3339(t.time, at);
	evaluate_note(res, TRUST_TIMESTAMP, TRUST_PASSED,
		      "a time-stamping authority says %s; every certificate was valid then", at);
	return 0;
}

int evaluate_time(const struct evaluation *v, const struct envelope *j, struct trust_result *res,
		  struct chain *ret_tsa, struct err *e)
{
	const struct statement *s = v->statement;
	struct err why = ERR_INIT;
	bool wants = policy_names_store(s, STORE_TSA);
	int r;

	if (j->claims.authority) {
		r = by_authority(v, j, res, &why);
		return r < 0 ? evaluate_failed(s, POLICY_TIMESTAMP, res, TRUST_TIMESTAMP, &why, e)
			     : 0;
	}
	r = chain_valid_at(&j->chain, v->now, &why);
	if (wants && (r < 0 || !s->timestamp_after_expiry)) {
		why = ERR_INIT;
		r = by_timestamp(v, j, res, ret_tsa, &why);
		return r < 0 ? evaluate_failed(s, POLICY_TIMESTAMP, res, TRUST_TIMESTAMP, &why, e)
			     : 0;
	}
	if (r < 0)
		return evaluate_failed(s, POLICY_TIMESTAMP, res, TRUST_TIMESTAMP, &why, e);
	evaluate_note(res, TRUST_TIMESTAMP, TRUST_PASSED,
		      wants ? "every certificate is valid now: no timestamp is needed"
			    : "every certificate is valid now; the policy asks for no timestamp");
	return 0;
}
