/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an authority for a token (RFC 3161 2.4). */
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/ssl.h"
#include "crypto/timestamp.h"

DEFINE_RELEASE_VOID(TS_REQ, TS_REQ_free)
DEFINE_RELEASE_VOID(TS_RESP, TS_RESP_free)
DEFINE_RELEASE_VOID(TS_MSG_IMPRINT, TS_MSG_IMPRINT_free)
DEFINE_RELEASE_VOID(X509_ALGOR, X509_ALGOR_free)
DEFINE_RELEASE_VOID(ASN1_INTEGER, ASN1_INTEGER_free)
DEFINE_RELEASE_VOID(BIGNUM, BN_free)

static int hash_nid(const char *hash)
{
	return strcmp(hash, "sha256") == 0   ? NID_sha256
	       : strcmp(hash, "sha384") == 0 ? NID_sha384
	       : strcmp(hash, "sha512") == 0 ? NID_sha512
					     : NID_undef;
}

static int set_imprint(TS_REQ *q, struct str data, const char *hash, struct err *e)
{
	auto_release(TS_MSG_IMPRINT_free) TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	auto_release(X509_ALGOR_free) X509_ALGOR *algo = X509_ALGOR_new();
	auto_release(hash_free) struct hash *h = NULL;
	unsigned char sum[HASH_MAX];
	int r = hash_new(hash, &h, e);
	size_t n;

	if (r < 0)
		return r;
	if (!imprint || !algo)
		return FAIL_NOMEM(e);
	hash_update(h, data.p, data.n);
	n = hash_final(h, sum);
	if (n == 0 || X509_ALGOR_set0(algo, OBJ_nid2obj(hash_nid(hash)), V_ASN1_NULL, NULL) != 1 ||
	    TS_MSG_IMPRINT_set_algo(imprint, algo) != 1 ||
	    TS_MSG_IMPRINT_set_msg(imprint, sum, (int)n) != 1 ||
	    TS_REQ_set_msg_imprint(q, imprint) != 1)
		return FAIL_SSL(e, E_SYSTEM, "timestamp request: imprint");
	return 0;
}

static int set_nonce(TS_REQ *q, unsigned char raw[static TIMESTAMP_NONCE], struct err *e)
{
	auto_release(BN_free) BIGNUM *n = NULL;
	auto_release(ASN1_INTEGER_free) ASN1_INTEGER *nonce = NULL;

	if (RAND_bytes(raw, TIMESTAMP_NONCE) != 1)
		return FAIL_SSL(e, E_SYSTEM, "timestamp request: nonce");
	raw[0] = (unsigned char)((raw[0] & 0x7f) | 0x40); /* positive, and never short */
	n = BN_bin2bn(raw, TIMESTAMP_NONCE, NULL);
	nonce = n ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	if (!nonce || TS_REQ_set_nonce(q, nonce) != 1)
		return FAIL_SSL(e, E_SYSTEM, "timestamp request: nonce");
	return 0;
}

int timestamp_request(struct str data, const char *hash, struct buf *ret,
		      unsigned char ret_nonce[static TIMESTAMP_NONCE], struct err *e)
{
	auto_release(TS_REQ_free) TS_REQ *q = TS_REQ_new();
	unsigned char nonce[TIMESTAMP_NONCE], *der = NULL;
	int r, n;

	if (!q)
		return FAIL_NOMEM(e);
	if (TS_REQ_set_version(q, 1) != 1 || TS_REQ_set_cert_req(q, 1) != 1)
		return FAIL_SSL(e, E_SYSTEM, "timestamp request");
	if ((r = set_imprint(q, data, hash, e)) < 0 || (r = set_nonce(q, nonce, e)) < 0)
		return r;
	n = i2d_TS_REQ(q, &der);
	if (n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "timestamp request");
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	r = buf_check(ret, "timestamp request", e);
	if (r == 0)
		memcpy(ret_nonce, nonce, sizeof(nonce));
	return r;
}

/* PKIStatus 0 and 1 are grants. The authority's words are shown as far as they are text. */
static int check_status(TS_RESP *resp, struct err *e)
{
	const TS_STATUS_INFO *info = TS_RESP_get_status_info(resp);
	const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(info);
	int64_t status = -1;
	char words[200] = "";

	if (ASN1_INTEGER_get_int64(&status, TS_STATUS_INFO_get0_status(info)) == 1 &&
	    (status == 0 || status == 1))
		return 0;
	if (texts && sk_ASN1_UTF8STRING_num(texts) > 0) {
		const ASN1_UTF8STRING *s = sk_ASN1_UTF8STRING_value(texts, 0);

		(void)snprintf(words, sizeof(words), ": %.*s",
			       ASN1_STRING_length(s) < 180 ? ASN1_STRING_length(s) : 180,
			       (const char *)ASN1_STRING_get0_data(s));
		text_sanitize(words);
	}
	return FAIL(e, E_REMOTE, "the time-stamping authority refused (status %lld)%s",
		    (long long)status, words);
}

int timestamp_response(struct str answer, struct buf *ret, struct err *e)
{
	const unsigned char *p = (const unsigned char *)answer.p;
	auto_release(TS_RESP_free) TS_RESP *resp = NULL;
	unsigned char *der = NULL;
	int r, n;

	if (answer.n == 0 || answer.n > LIMIT_TIMESTAMP)
		return FAIL(e, E_FORMAT, "timestamp answer: want 1 to %d bytes, got %zu",
			    LIMIT_TIMESTAMP, answer.n);
	resp = d2i_TS_RESP(NULL, &p, (long)answer.n);
	if (!resp)
		return FAIL_SSL(e, E_FORMAT, "timestamp answer");
	if (p != (const unsigned char *)answer.p + answer.n)
		return FAIL(e, E_FORMAT, "timestamp answer: bytes behind its end");
	r = check_status(resp, e);
	if (r < 0)
		return r;
	if (!TS_RESP_get_token(resp))
		return FAIL(e, E_FORMAT, "timestamp answer: no token in it");
	n = i2d_PKCS7(TS_RESP_get_token(resp), &der);
	if (n <= 0)
		return FAIL_SSL(e, E_FORMAT, "timestamp answer");
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	return buf_check(ret, "timestamp answer", e);
}
