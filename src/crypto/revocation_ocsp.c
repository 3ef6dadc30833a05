/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "crypto/revocation_internal.h"

DEFINE_RELEASE_VOID(OCSP_REQUEST, OCSP_REQUEST_free)
DEFINE_RELEASE_VOID(OCSP_RESPONSE, OCSP_RESPONSE_free)
DEFINE_RELEASE_VOID(OCSP_BASICRESP, OCSP_BASICRESP_free)
DEFINE_RELEASE_VOID(OCSP_CERTID, OCSP_CERTID_free)
DEFINE_RELEASE_VOID(X509_STORE, X509_STORE_free)
DEFINE_RELEASE_VOID(ASN1_GENERALIZEDTIME, ASN1_GENERALIZEDTIME_free)

/* By SHA-1: it identifies, and is what every responder knows (RFC 5019, 2.1.1). */
static OCSP_CERTID *id_of(const struct cert *c, const struct cert *issuer)
{
	return OCSP_cert_to_id(EVP_sha1(), c->x, issuer->x);
}

int ocsp_request(const struct cert *c, const struct cert *issuer, struct buf *ret, struct err *e)
{
	auto_release(OCSP_REQUEST_free) OCSP_REQUEST *q = OCSP_REQUEST_new();
	auto_release(OCSP_CERTID_free) OCSP_CERTID *id = id_of(c, issuer);
	unsigned char *der = NULL;
	int n;

	if (!q || !id || !OCSP_request_add0_id(q, id))
		return FAIL_SSL(e, E_SYSTEM, "OCSP request");
	id = NULL; /* now the request's */
	n = i2d_OCSP_REQUEST(q, &der);
	if (n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "OCSP request");
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	return buf_check(ret, "OCSP request", e);
}

/* Whom the issuer certified may be revoked, too, unless it is said that nobody need ask (RFC 6960,
 * 4.2.2.2.1); his CRL is not asked for here. */
static int check_responder(OCSP_BASICRESP *basic, STACK_OF(X509) * own, const struct cert *issuer,
			   struct err *e)
{
	X509 *by = NULL;

	if (OCSP_resp_get0_signer(basic, &by, own) != 1 || !by)
		return FAIL_SSL(e, E_VERIFY, "its signature is nobody's");
	if (X509_cmp(by, issuer->x) != 0 &&
	    X509_get_ext_by_NID(by, NID_id_pkix_OCSP_noCheck, -1) < 0 &&
	    X509_get_ext_by_NID(by, NID_crl_distribution_points, -1) >= 0)
		return FAIL(e, E_VERIFY,
			    "its responder's certificate may have been revoked: it names a CRL, "
			    "and does not say that nobody need ask (id-pkix-ocsp-nocheck)");
	return 0;
}

/* Signed by the issuer, or by whom it certified for just that. */
static int check_signer(OCSP_BASICRESP *basic, const struct cert *issuer, int64_t now,
			struct err *e)
{
	auto_release(X509_STORE_free) X509_STORE *store = X509_STORE_new();
	auto_x509_stack *own = sk_X509_new_null();
	X509_VERIFY_PARAM *p = store ? X509_STORE_get0_param(store) : NULL;

	/* The issuer need not repeat its own certificate in the answer (RFC 6960, 4.2.1). */
	if (!p || !own || X509_STORE_add_cert(store, issuer->x) != 1 ||
	    sk_X509_push(own, issuer->x) <= 0)
		return FAIL_NOMEM(e);
	if (!revocation_strong(OCSP_resp_get0_tbs_sigalg(basic)))
		return FAIL(e, E_VERIFY, "it is signed with a hash other than SHA-2");
	X509_VERIFY_PARAM_set_time(p, (time_t)now);
	X509_VERIFY_PARAM_set_auth_level(p, 2);
	if (OCSP_basic_verify(basic, own, store, OCSP_PARTIAL_CHAIN | OCSP_NOEXPLICIT) != 1)
		return FAIL_SSL(e, E_VERIFY, "its signature is not the issuer's");
	return check_responder(basic, own, issuer, e);
}

static int read_single(OCSP_SINGLERESP *single, int64_t now, struct revocation *ret, struct err *e)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
	int reason = -1, r,
	    status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
	auto_release(ASN1_GENERALIZEDTIME_free) ASN1_GENERALIZEDTIME *invalid =
		OCSP_SINGLERESP_get1_ext_d2i(single, NID_invalidity_date, NULL, NULL);
	int64_t at = 0;

	if (OCSP_SINGLERESP_get_ext_by_critical(single, 1, -1) >= 0)
		return FAIL(e, E_VERIFY, "it has a critical extension that is not understood");
	if ((r = revocation_time(from, &at, e)) < 0 ||
	    (r = until ? revocation_time(until, &ret->next_update, e) : 0) < 0 ||
	    (r = revocation_current(at, ret->next_update, now, e)) < 0)
		return r;
	if (!ret->next_update)
		ret->next_update = at + REVOCATION_UNDATED;
	ret->reason = "";
	ret->status = status == V_OCSP_CERTSTATUS_GOOD	    ? REVOCATION_GOOD
		      : status == V_OCSP_CERTSTATUS_REVOKED ? REVOCATION_REVOKED
							    : REVOCATION_UNKNOWN;
	if (ret->status != REVOCATION_REVOKED)
		return 0;
	ret->reason = revocation_reason(reason);
	r = revocation_time(revoked, &ret->since, e);
	return r < 0 || !invalid ? r : revocation_time(invalid, &ret->invalid, e);
}

static int read_basic(OCSP_BASICRESP *basic, const struct cert *c, const struct cert *issuer,
		      int64_t now, struct revocation *ret, struct err *e)
{
	auto_release(OCSP_CERTID_free) OCSP_CERTID *id = id_of(c, issuer);
	int r = id ? check_signer(basic, issuer, now, e) : FAIL_NOMEM(e), at;

	if (r < 0)
		return r;
	if (OCSP_BASICRESP_get_ext_by_critical(basic, 1, -1) >= 0)
		return FAIL(e, E_VERIFY, "it has a critical extension that is not understood");
	at = OCSP_resp_find(basic, id, -1);
	if (at < 0)
		return FAIL(e, E_VERIFY, "it is of another certificate");
	if (OCSP_resp_find(basic, id, at) >= 0)
		return FAIL(e, E_VERIFY, "it speaks of the certificate twice");
	return read_single(OCSP_resp_get0(basic, at), now, ret, e);
}

int ocsp_read(struct str answer, const struct cert *c, const struct cert *issuer, int64_t now,
	      struct revocation *ret, struct err *e)
{
	const unsigned char *p = (const unsigned char *)answer.p;
	auto_release(OCSP_RESPONSE_free) OCSP_RESPONSE *resp = NULL;
	auto_release(OCSP_BASICRESP_free) OCSP_BASICRESP *basic = NULL;
	struct revocation res = { 0 };
	int r;

	if (answer.n == 0 || answer.n > LIMIT_OCSP)
		return FAIL(e, E_FORMAT, "OCSP: want 1 to %d bytes, got %zu", LIMIT_OCSP, answer.n);
	resp = d2i_OCSP_RESPONSE(NULL, &p, (long)answer.n);
	if (!resp || p != (const unsigned char *)answer.p + answer.n)
		return FAIL_SSL(e, E_FORMAT, "OCSP answer");
	if (OCSP_response_status(resp) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return FAIL(e, E_VERIFY, "OCSP: the responder says '%s'",
			    OCSP_response_status_str(OCSP_response_status(resp)));
	basic = OCSP_response_get1_basic(resp);
	if (!basic)
		return FAIL_SSL(e, E_FORMAT, "OCSP answer");
	r = read_basic(basic, c, issuer, now, &res, e);
	ERR_clear_error();
	if (r < 0)
		return WRAP(e, r, "OCSP answer");
	*ret = res;
	return 0;
}
