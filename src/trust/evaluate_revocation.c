/* SPDX-License-Identifier: Apache-2.0 */
/* Whether certificates of a signature were revoked, by the answers that are there (revocation.h).
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "trust/internal.h"
#include "trust/revocation.h"

/* What is known of all certificates so far. */
struct tally {
	const struct evaluation *v;
	int64_t proven; /* when it was signed at the latest; 0: no other key proves it */
	size_t asked, silent, pardoned;
	bool pending; /* an answer is to be fetched first */
};

/* Who evaluates without a network to ask gets no answers. */
static void want(struct tally *t, const struct want *w, struct err *why)
{
	struct wants *list = t->v->wants;

	t->pending = list != NULL;
	if (!list)
		(void)FAIL(why, E_VERIFY, "nobody was asked");
	else if (list->n < LIMIT_WANTS)
		list->v[list->n++] = *w;
}

/*
 * Revoked, unless the issuer says from when the key is not to be trusted, and the signature was
 * proven to be made before that.
 */
static int judge_revoked(struct tally *t, const struct cert *c, const struct revocation *r,
			 struct err *e)
{
	char subject[256], at[RFC3339_MAX];

	if (t->proven && r->invalid && t->proven < r->invalid) {
		t->pardoned++;
		return 0;
	}
	trust_subject(c, subject, sizeof(subject));
	clock_rfc3339(r->since, at);
	return FAIL(e, E_VERIFY, "the certificate of %.120s was revoked at %s%s%s%s", subject, at,
		    r->reason[0] ? " (" : "", r->reason, r->reason[0] ? ")" : "");
}

/* What a server answered; NULL when it is to be asked, or did not answer, and why tells. */
static const struct answer *answer_to(struct tally *t, const struct want *w, struct err *why)
{
	const struct answer *a = answers_find(t->v->answers, w);

	if (!a)
		want(t, w, why);
	else if (a->why[0])
		(void)FAIL(why, E_VERIFY, "%s", a->why);
	return a && !a->why[0] ? a : NULL;
}

static void want_anew(struct tally *t, const struct want *w, struct err *why)
{
	struct want again = *w;

	again.anew = true;
	want(t, &again, why);
}

static struct str bytes_of(const struct answer *a)
{
	return (struct str){ buf_str(&a->bytes), a->bytes.n };
}

/* What changed since a CRL. Where the two do not go together, one in the cache is too old. */
static int with_changes(struct tally *t, const struct want *w, const struct answer *crl,
			const struct cert *c, const struct cert *issuer, struct revocation *ret,
			struct err *why)
{
	struct want changes = { .ocsp = false };
	const struct answer *a;
	int r;

	if (!ret->changes_url[0])
		return FAIL(why, E_VERIFY,
			    "its CRL has changes at no place that can be asked by plain http");
	(void)snprintf(changes.url, sizeof(changes.url), "%s", ret->changes_url);
	a = answer_to(t, &changes, why);
	if (!a)
		return E_VERIFY;
	r = crl_read_changes(bytes_of(a), bytes_of(crl), c, issuer, t->v->now, ret, why);
	if (r < 0 && a->cached)
		want_anew(t, &changes, why);
	else if (r < 0 && crl->cached)
		want_anew(t, w, why);
	return r;
}

/* One source: 1 when it decided (with the result in *ret), 0 when it did not, and why tells. */
static int by_source(struct tally *t, const struct want *w, const struct cert *c,
		     const struct cert *issuer, struct revocation *ret, struct err *why)
{
	const struct answer *a = answer_to(t, w, why);
	int r;

	if (!a)
		return 0;
	r = (w->ocsp ? ocsp_read : crl_read)(bytes_of(a), c, issuer, t->v->now, ret, why);
	/* Out of date, damaged, or of a responder that may know more by now. */
	if (a->cached && (r < 0 || ret->status == REVOCATION_UNKNOWN))
		want_anew(t, w, why);
	if (r == 0 && ret->changes)
		r = with_changes(t, w, a, c, issuer, ret, why);
	if (r == 0 && ret->status == REVOCATION_UNKNOWN)
		(void)FAIL(why, E_VERIFY, "the OCSP responder does not know the certificate");
	return r == 0 && ret->status != REVOCATION_UNKNOWN;
}

static int make_want(bool ocsp, const char *url, const struct cert *c, const struct cert *issuer,
		     struct want *ret, struct err *e)
{
	auto_buf request = BUF_INIT(LIMIT_OCSP_REQUEST);
	int r = ocsp ? ocsp_request(c, issuer, &request, e) : 0;

	*ret = (struct want){ .ocsp = ocsp };
	(void)snprintf(ret->url, sizeof(ret->url), "%s", url);
	if (request.n)
		memcpy(ret->request, request.p, request.n);
	ret->request_n = (uint16_t)request.n;
	return r;
}

static int check_cert(struct tally *t, const struct cert *c, const struct cert *issuer,
		      struct err *e)
{
	struct revocation_sources s = { 0 };
	struct revocation found;
	struct err why = ERR_INIT;
	struct want w;
	int r = revocation_sources(c, &s, e), decided = 0;

	if (r < 0)
		return r;
	if (!s.named) {
		t->silent++;
		return 0;
	}
	t->asked++;
	t->pending = false;
	for (size_t i = 0; i < s.ocsp_n + s.crl_n && !decided && !t->pending; i++) {
		bool ocsp = i < s.ocsp_n;

		r = make_want(ocsp, ocsp ? s.ocsp[i] : s.crl[i - s.ocsp_n], c, issuer, &w, e);
		if (r < 0)
			return r;
		decided = by_source(t, &w, c, issuer, &found, &why);
	}
	if (t->pending)
		return 0;
	if (decided)
		return found.status == REVOCATION_GOOD ? 0 : judge_revoked(t, c, &found, e);
	/* By the code, a caller knows this from being revoked. */
	return FAIL(e, why.msg[0] ? E_REMOTE : E_VERIFY,
		    "whether a certificate was revoked could not be found out: %s",
		    why.msg[0] ? why.msg : "it names no place that can be asked by plain http");
}

/* The root is trusted by itself; nobody above it could revoke it. With an answer to be fetched
 * first, what is found and noted here is not read. */
static int check_chain(struct tally *t, const struct chain *chain, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < chain->n; i++)
		r = check_cert(t, chain->v[i], chain->v[i + 1], e);
	return r;
}

static void tell(const struct tally *t, struct trust_result *res)
{
	if (t->asked == 0)
		evaluate_note(res, TRUST_REVOCATION, TRUST_NOT_CHECKED,
			      "no CRL or OCSP: its certificates name neither");
	else
		evaluate_note(res, TRUST_REVOCATION, TRUST_PASSED,
			      "%zu certificate%s asked about, none was revoked%s", t->asked,
			      t->asked == 1 ? "" : "s", t->pardoned ? " when it was signed" : "");
}

/* Whom nobody trusts does not choose whom this host calls; so it stays unknown whether he was
 * revoked, which is a failure where there was somebody to ask. */
static int not_asked(const struct evaluation *v, const struct envelope *j, struct trust_result *res,
		     struct err *e)
{
	struct err why = ERR_INIT;
	bool named = false;

	for (size_t i = 0; i + 1 < j->chain.n; i++)
		named |= cert_names_revocation(j->chain.v[i]);
	if (named && v->statement->action[POLICY_REVOCATION] == POLICY_ENFORCE) {
		(void)FAIL(&why, E_VERIFY,
			   "whether a certificate was revoked was not asked: its certificates "
			   "are not trusted");
		return evaluate_failed(v->statement, POLICY_REVOCATION, res, TRUST_REVOCATION, &why,
				       e);
	}
	evaluate_note(res, TRUST_REVOCATION, TRUST_NOT_CHECKED,
		      "nobody was asked: its certificates are not trusted");
	return 0;
}

/* An authority whose own certificate was revoked, or may be, proves no time. */
static int stamp_failed(const struct evaluation *v, struct trust_result *res, const struct err *why,
			struct err *e)
{
	int r;

	res->proven_time = res->proven_accuracy = 0;
	r = evaluate_failed(v->statement, POLICY_TIMESTAMP, res, TRUST_TIMESTAMP, why, e);
	return r < 0 ? r
		     : evaluate_failed(v->statement, POLICY_REVOCATION, res, TRUST_REVOCATION, why,
				       e);
}

static int check_signer(struct tally *t, const struct envelope *j, struct trust_result *res,
			struct err *e)
{
	struct err why = ERR_INIT;

	if (res->checks[TRUST_STORE].outcome != TRUST_PASSED)
		return not_asked(t->v, j, res, e);
	if (check_chain(t, &j->chain, &why) < 0)
		return evaluate_failed(t->v->statement, POLICY_REVOCATION, res, TRUST_REVOCATION,
				       &why, e);
	tell(t, res);
	return 0;
}

int evaluate_revocation(const struct evaluation *v, const struct envelope *j,
			const struct chain *tsa, struct trust_result *res, struct err *e)
{
	/* A signing authority writes its own time, so that a stolen key of it would, too. */
	struct tally t = { .v = v,
			   .proven = res->proven_time && !j->claims.authority
					     ? res->proven_time + res->proven_accuracy
					     : 0 };
	struct err why = ERR_INIT;
	size_t asked;
	int r;

	if (v->statement->action[POLICY_REVOCATION] == POLICY_SKIP) {
		evaluate_note(res, TRUST_REVOCATION, TRUST_NOT_CHECKED, "the policy skips it");
		return 0;
	}
	r = check_signer(&t, j, res, e);
	if (r < 0)
		return r;
	asked = t.asked;
	t.proven = 0; /* as does a time-stamping one */
	if (check_chain(&t, tsa, &why) < 0)
		return stamp_failed(v, res, &why, e);
	if (t.asked > asked && res->checks[TRUST_REVOCATION].outcome != TRUST_LOGGED)
		tell(&t, res);
	return 0;
}
