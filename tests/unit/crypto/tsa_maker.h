/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A time-stamping authority in the test's own process: OpenSSL's responder, which is another
 * program than the reader under test. */
#include <openssl/ts.h>

#include "chain_maker.h"
#include "crypto/timestamp.h"

#define TSA_SPEC                                                                                   \
	{ .name = "tsa",                                                                           \
	  .usage = "critical,digitalSignature",                                                    \
	  .ext_usage = "critical,timeStamping" }

struct tsa {
	struct chain chain; /* signer first */
	EVP_PKEY *key, *root_key;
	X509 *signer, *root;
	int64_t now; /* what its clock says */
	const EVP_MD *md,
		*ess; /* of the signature; of the certificate's id: SHA-1 is the old form */
	const char *policy;
	int accuracy; /* seconds, -1: none */
	int clock_digits;
	bool bare; /* without the root's certificate */
};

static ASN1_INTEGER *tsa_serial(TS_RESP_CTX *ctx, void *arg)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();

	(void)ctx, (void)arg;
	(void)ASN1_INTEGER_set(n, 7);
	return n;
}

static int tsa_time(TS_RESP_CTX *ctx, void *arg, long *sec, long *usec)
{
	(void)ctx;
	*sec = (long)((struct tsa *)arg)->now;
	*usec = 250000;
	return 1;
}

/* specs: the authority's certificate, then its root. */
static void tsa_open(struct tsa *t, const struct spec specs[2], int64_t now)
{
	*t = (struct tsa){ .now = now, .md = EVP_sha256(), .ess = EVP_sha256(), .accuracy = 1 };
	t->policy = "1.2.3.4";
	t->key = maker_key(specs[0].curve);
	t->root_key = maker_key(specs[1].curve);
	t->root = maker_cert(&specs[1], t->root_key, NULL, NULL);
	t->signer = maker_cert(&specs[0], t->key, t->root, t->root_key);
	maker_add(&t->chain, t->signer);
	maker_add(&t->chain, t->root);
}

static void tsa_close(struct tsa *t)
{
	chain_free(&t->chain);
	EVP_PKEY_free(t->key);
	EVP_PKEY_free(t->root_key);
	X509_free(t->signer);
	X509_free(t->root);
}
#define auto_tsa __attribute__((cleanup(tsa_close))) struct tsa

static TS_RESP_CTX *tsa_context(struct tsa *t)
{
	TS_RESP_CTX *ctx = TS_RESP_CTX_new();
	ASN1_OBJECT *policy = OBJ_txt2obj(t->policy, 1);
	STACK_OF(X509) *certs = sk_X509_new_null();

	if (!t->bare)
		(void)sk_X509_push(certs, t->root);
	if (!ctx || TS_RESP_CTX_set_signer_cert(ctx, t->signer) != 1 ||
	    TS_RESP_CTX_set_signer_key(ctx, t->key) != 1 ||
	    TS_RESP_CTX_set_signer_digest(ctx, t->md) != 1 ||
	    TS_RESP_CTX_set_ess_cert_id_digest(ctx, t->ess) != 1 ||
	    TS_RESP_CTX_set_def_policy(ctx, policy) != 1 ||
	    TS_RESP_CTX_set_certs(ctx, certs) != 1 || TS_RESP_CTX_add_md(ctx, EVP_sha1()) != 1 ||
	    TS_RESP_CTX_add_md(ctx, EVP_sha256()) != 1 ||
	    TS_RESP_CTX_add_md(ctx, EVP_sha384()) != 1 ||
	    TS_RESP_CTX_add_md(ctx, EVP_sha512()) != 1)
		abort();
	if (t->accuracy >= 0)
		(void)TS_RESP_CTX_set_accuracy(ctx, t->accuracy, 0, 0);
	(void)TS_RESP_CTX_set_clock_precision_digits(ctx, (unsigned)t->clock_digits);
	TS_RESP_CTX_set_serial_cb(ctx, tsa_serial, NULL);
	TS_RESP_CTX_set_time_cb(ctx, tsa_time, t);
	ASN1_OBJECT_free(policy);
	sk_X509_free(certs);
	return ctx;
}

/* The answer to a request, as DER. */
static void tsa_answer(struct tsa *t, struct str request, struct buf *ret)
{
	TS_RESP_CTX *ctx = tsa_context(t);
	BIO *in = BIO_new_mem_buf(request.p, (int)request.n);
	TS_RESP *resp = TS_RESP_create_response(ctx, in);
	unsigned char *der = NULL;
	int n = resp ? i2d_TS_RESP(resp, &der) : 0;

	if (n <= 0)
		abort();
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	TS_RESP_free(resp);
	(void)BIO_free(in);
	TS_RESP_CTX_free(ctx);
}

/* A token over data by the name of a hash; ret_nonce may be NULL. */
static int tsa_token(struct tsa *t, struct str data, const char *hash, struct buf *ret,
		     unsigned char *ret_nonce, struct err *e)
{
	auto_buf request = BUF_INIT(LIMIT_TIMESTAMP), answer = BUF_INIT(LIMIT_TIMESTAMP);
	unsigned char nonce[TIMESTAMP_NONCE];
	int r = timestamp_request(data, hash, &request, nonce, e);

	if (r < 0)
		return r;
	if (ret_nonce)
		memcpy(ret_nonce, nonce, sizeof(nonce));
	tsa_answer(t, (struct str){ request.p, request.n }, &answer);
	return timestamp_response((struct str){ answer.p, answer.n }, ret, e);
}
