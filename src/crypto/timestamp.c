/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/timestamp.h"

#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/x509_internal.h"

/* Of OpenSSL's levels the one that asks for 112 bits: RSA of 2048 bits, no SHA-1. */
enum { AUTH_LEVEL = 2 };
/* ETSI EN 319 421's best practices policy: one second, where the token states no accuracy. */
#define BASELINE_POLICY "0.4.0.2023.1.1"

DEFINE_RELEASE_VOID(PKCS7, PKCS7_free)
DEFINE_RELEASE_VOID(TS_TST_INFO, TS_TST_INFO_free)
DEFINE_RELEASE_VOID(X509_STORE, X509_STORE_free)
DEFINE_RELEASE_VOID(X509_STORE_CTX, X509_STORE_CTX_free)
DEFINE_RELEASE_VOID(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)

static void certs_free(STACK_OF(X509) * s)
{
	sk_X509_free(s); /* the certificates are borrowed */
}
DEFINE_RELEASE_VOID(STACK_OF(X509), certs_free)

void timestamp_free(struct timestamp *t)
{
	chain_free(&t->chain);
}

/* What a token says. */

static const char *hash_name(const X509_ALGOR *a)
{
	const ASN1_OBJECT *o = NULL;

	X509_ALGOR_get0(&o, NULL, NULL, a);
	switch (OBJ_obj2nid(o)) {
	case NID_sha256: return "sha256";
	case NID_sha384: return "sha384";
	case NID_sha512: return "sha512";
	default: return NULL;
	}
}

static int check_imprint(TS_TST_INFO *info, struct str data, struct err *e)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	const char *name = hash_name(TS_MSG_IMPRINT_get_algo(imprint));
	const ASN1_OCTET_STRING *msg = TS_MSG_IMPRINT_get_msg(imprint);
	auto_release(hash_free) struct hash *h = NULL;
	unsigned char sum[HASH_MAX];
	size_t n;
	int r;

	if (!name)
		return FAIL(e, E_VERIFY,
			    "its imprint is by a hash other than SHA-256, SHA-384 or "
			    "SHA-512");
	r = hash_new(name, &h, e);
	if (r < 0)
		return r;
	hash_update(h, data.p, data.n);
	n = hash_final(h, sum);
	if (n == 0 || (size_t)ASN1_STRING_length(msg) != n ||
	    memcmp(ASN1_STRING_get0_data(msg), sum, n) != 0)
		return FAIL(e, E_VERIFY, "it is of other bytes");
	return 0;
}

static int check_nonce(const TS_TST_INFO *info, const unsigned char *nonce, struct err *e)
{
	const ASN1_INTEGER *have = TS_TST_INFO_get_nonce(info);
	unsigned char raw[TIMESTAMP_NONCE];
	BIGNUM *n;
	bool same;

	if (!nonce)
		return 0;
	n = have ? ASN1_INTEGER_to_BN(have, NULL) : NULL;
	same = n && !BN_is_negative(n) && BN_bn2binpad(n, raw, sizeof(raw)) == sizeof(raw) &&
	       memcmp(raw, nonce, sizeof(raw)) == 0;
	BN_free(n);
	ERR_clear_error();
	return same ? 0 : FAIL(e, E_VERIFY, "it does not have the nonce of the request");
}

/* A part of the accuracy, in whole seconds rounded up. Absent is none. */
static int part(const ASN1_INTEGER *n, int64_t per_second, int64_t max, int64_t *sum, struct err *e)
{
	int64_t v = 0;

	if (n && (ASN1_INTEGER_get_int64(&v, n) != 1 || v < 0 || v > max)) {
		ERR_clear_error();
		return FAIL(e, E_VERIFY, "its accuracy is out of bounds");
	}
	*sum += (v + per_second - 1) / per_second;
	return 0;
}

static int read_accuracy(TS_TST_INFO *info, int64_t *ret, struct err *e)
{
	const TS_ACCURACY *a = TS_TST_INFO_get_accuracy(info);
	char policy[80] = "";
	int r;

	*ret = 0;
	if (!a) {
		(void)OBJ_obj2txt(policy, sizeof(policy), TS_TST_INFO_get_policy_id(info), 1);
		*ret = strcmp(policy, BASELINE_POLICY) == 0;
		return 0;
	}
	r = part(TS_ACCURACY_get_seconds(a), 1, LIMIT_TIMESTAMP_ACCURACY, ret, e);
	if (r == 0)
		r = part(TS_ACCURACY_get_millis(a), 1000, 999, ret, e);
	return r < 0 ? r : part(TS_ACCURACY_get_micros(a), 1000000, 999, ret, e);
}

static int read_info(PKCS7 *token, TS_TST_INFO **ret_info, struct timestamp *ret, struct err *e)
{
	auto_release(TS_TST_INFO_free) TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
	const ASN1_GENERALIZEDTIME *t;
	struct tm tm;
	int r;

	if (!info)
		return FAIL_SSL(e, E_FORMAT, "not a time-stamp token");
	if (TS_TST_INFO_get_version(info) != 1)
		return FAIL(e, E_FORMAT, "not version 1 of a time-stamp token");
	if (TS_TST_INFO_get_ext_by_critical(info, 1, -1) >= 0)
		return FAIL(e, E_VERIFY, "it has a critical extension, which is not understood");
	t = TS_TST_INFO_get_time(info);
	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return FAIL_SSL(e, E_FORMAT, "its time");
	r = read_accuracy(info, &ret->accuracy, e);
	if (r < 0)
		return r;
	ret->time = (int64_t)timegm(&tm);
	if (memchr(ASN1_STRING_get0_data(t), '.', (size_t)ASN1_STRING_length(t)))
		ret->accuracy++; /* what rounding down took away */
	*ret_info = TAKE(info);
	return 0;
}

/* Who says it. */

/* The signed attributes say what they are of (RFC 5652 5.3), and by no weak hash. */
static int check_signer_info(PKCS7 *token, struct err *e)
{
	STACK_OF(PKCS7_SIGNER_INFO) *list = PKCS7_get_signer_info(token);
	PKCS7_SIGNER_INFO *si;
	const ASN1_TYPE *type;
	X509_ALGOR *md = NULL;

	if (sk_PKCS7_SIGNER_INFO_num(list) != 1)
		return FAIL(e, E_VERIFY, "it has not exactly one signer");
	si = sk_PKCS7_SIGNER_INFO_value(list, 0);
	PKCS7_SIGNER_INFO_get0_algs(si, NULL, &md, NULL);
	if (!md || !hash_name(md))
		return FAIL(e, E_VERIFY,
			    "it is signed with a hash other than SHA-256, SHA-384 or "
			    "SHA-512");
	type = PKCS7_get_signed_attribute(si, NID_pkcs9_contentType);
	if (!type || type->type != V_ASN1_OBJECT ||
	    OBJ_obj2nid(type->value.object) != NID_id_smime_ct_TSTInfo)
		return FAIL(e, E_VERIFY, "its signed attributes are not of a time-stamp token");
	return 0;
}

/* OpenSSL looks whether the one purpose that it knows is there; others may not be beside it. */
static int check_purpose(X509 *signer, struct err *e)
{
	int crit = 0;
	auto_release(EXTENDED_KEY_USAGE_free) EXTENDED_KEY_USAGE *eku =
		X509_get_ext_d2i(signer, NID_ext_key_usage, &crit, NULL);

	if (!eku || crit != 1 || sk_ASN1_OBJECT_num(eku) != 1 ||
	    OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 0)) != NID_time_stamp)
		return FAIL(e, E_VERIFY,
			    "its signer's certificate is not for time-stamping alone "
			    "(extended key usage, critical)");
	return 0;
}

static int make_store(const struct timestamp_trust *trust, int64_t when, X509_STORE **ret,
		      struct err *e)
{
	auto_release(X509_STORE_free) X509_STORE *s = X509_STORE_new();
	X509_VERIFY_PARAM *p = s ? X509_STORE_get0_param(s) : NULL;

	if (!p)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < trust->anchors_n; i++)
		if (X509_STORE_add_cert(s, trust->anchors[i]->x) != 1)
			return FAIL_SSL(e, E_SYSTEM, "trusted certificate");
	X509_VERIFY_PARAM_set_time(p, (time_t)when);
	X509_VERIFY_PARAM_set_auth_level(p, AUTH_LEVEL);
	if (X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return FAIL_SSL(e, E_SYSTEM, "verification parameters");
	*ret = TAKE(s);
	return 0;
}

static int make_others(const struct timestamp_trust *trust, STACK_OF(X509) * *ret, struct err *e)
{
	auto_release(certs_free) STACK_OF(X509) *s = sk_X509_new_null();

	for (size_t i = 0; s && i < trust->others_n; i++)
		if (sk_X509_push(s, trust->others[i]->x) <= 0)
			return FAIL_NOMEM(e);
	if (!s)
		return FAIL_NOMEM(e);
	*ret = TAKE(s);
	return 0;
}

static int copy_chain(STACK_OF(X509) * from, struct chain *ret, struct err *e)
{
	for (int i = 0; i < sk_X509_num(from); i++) {
		unsigned char *der = NULL;
		int r, n = i2d_X509(sk_X509_value(from, i), &der);

		if (n <= 0)
			return FAIL_SSL(e, E_SYSTEM, "certificate");
		r = chain_add(ret, der, (size_t)n, e);
		OPENSSL_free(der);
		if (r < 0)
			return r;
	}
	return 0;
}

/* By the store's rules, at the store's time, for time-stamping. */
static int build_chain(X509_STORE *store, X509 *signer, STACK_OF(X509) * others, struct chain *ret,
		       struct err *e)
{
	auto_release(X509_STORE_CTX_free) X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!ctx || X509_STORE_CTX_init(ctx, store, signer, others) != 1 ||
	    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_TIMESTAMP_SIGN) != 1)
		return FAIL_SSL(e, E_SYSTEM, "verify a certificate");
	if (X509_verify_cert(ctx) != 1) {
		ERR_clear_error();
		return FAIL(e, E_VERIFY, "its authority's certificate is not accepted: %s",
			    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	}
	return copy_chain(X509_STORE_CTX_get0_chain(ctx), ret, e);
}

static int check_signer(PKCS7 *token, const struct timestamp_trust *trust, struct timestamp *ret,
			struct err *e)
{
	auto_release(X509_STORE_free) X509_STORE *store = NULL;
	auto_release(certs_free) STACK_OF(X509) *others = NULL;
	auto_release(certs_free) STACK_OF(X509) *signers = NULL;
	auto_release(certs_free) STACK_OF(X509) *all = NULL;
	X509 *signer;
	int r;

	if ((r = check_signer_info(token, e)) < 0 ||
	    (r = make_store(trust, ret->time, &store, e)) < 0 ||
	    (r = make_others(trust, &others, e)) < 0)
		return r;
	signers = PKCS7_get0_signers(token, others, 0);
	if (!signers || sk_X509_num(signers) != 1)
		return FAIL_SSL(e, E_VERIFY, "its signer's certificate is not there");
	signer = sk_X509_value(signers, 0);
	all = sk_X509_dup(others);
	if (!all)
		return FAIL_NOMEM(e);
	for (int i = 0; i < sk_X509_num(token->d.sign->cert); i++)
		if (sk_X509_push(all, sk_X509_value(token->d.sign->cert, i)) <= 0)
			return FAIL_NOMEM(e);
	if ((r = check_purpose(signer, e)) < 0 ||
	    (r = build_chain(store, signer, all, &ret->chain, e)) < 0)
		return r;
	if (TS_RESP_verify_signature(token, others, store, NULL) != 1)
		return FAIL_SSL(e, E_VERIFY, "its signature does not hold");
	return 0;
}

static int verify(struct str bytes, struct str data, const struct timestamp_trust *trust,
		  const unsigned char *nonce, struct timestamp *ret, struct err *e)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	auto_release(TS_TST_INFO_free) TS_TST_INFO *info = NULL;
	auto_release(PKCS7_free) PKCS7 *token = d2i_PKCS7(NULL, &p, (long)bytes.n);
	int r;

	if (!token || !PKCS7_type_is_signed(token))
		return FAIL_SSL(e, E_FORMAT, "not a signed message");
	if (p != (const unsigned char *)bytes.p + bytes.n)
		return FAIL(e, E_FORMAT, "bytes behind its end");
	if ((r = read_info(token, &info, ret, e)) < 0 || (r = check_imprint(info, data, e)) < 0 ||
	    (r = check_nonce(info, nonce, e)) < 0)
		return r;
	return check_signer(token, trust, ret, e);
}

int timestamp_verify(struct str token, struct str data, const struct timestamp_trust *trust,
		     const unsigned char *nonce, struct timestamp *ret, struct err *e)
{
	auto_timestamp t = { 0 };
	int r;

	if (token.n == 0 || token.n > LIMIT_TIMESTAMP)
		return FAIL(e, E_FORMAT, "timestamp: want 1 to %d bytes, got %zu", LIMIT_TIMESTAMP,
			    token.n);
	if (trust->anchors_n > LIMIT_TIMESTAMP_CERTS || trust->others_n > LIMIT_TIMESTAMP_CERTS)
		return FAIL(e, E_FORMAT, "timestamp: more than %d certificates to believe",
			    LIMIT_TIMESTAMP_CERTS);
	r = verify(token, data, trust, nonce, &t, e);
	ERR_clear_error();
	if (r < 0)
		return WRAP(e, r, "timestamp");
	*ret = t;
	t = (struct timestamp){ 0 };
	return 0;
}
