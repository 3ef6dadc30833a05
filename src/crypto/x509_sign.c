/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and requests signed by keys that OpenSSL does not see: it has functions only for a
 * key of its own. The algorithm is set, the bytes to be signed are taken, the signature is put in.
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/x509.h"
#include "crypto/x509_internal.h"

DEFINE_RELEASE_VOID(X509_REQ, X509_REQ_free)
DEFINE_RELEASE_VOID(X509_ALGOR, X509_ALGOR_free)
DEFINE_RELEASE_VOID(ASN1_BIT_STRING, ASN1_BIT_STRING_free)

struct scheme {
	enum key_form form;
	const char *hash;
	int nid;
};

static int scheme_of(const struct key *k, struct scheme *ret, struct err *e)
{
	static const struct scheme ec256 = { KEY_FORM_ECDSA, "SHA256", NID_ecdsa_with_SHA256 },
				   ec384 = { KEY_FORM_ECDSA, "SHA384", NID_ecdsa_with_SHA384 },
				   ec521 = { KEY_FORM_ECDSA, "SHA512", NID_ecdsa_with_SHA512 },
				   rsa = { KEY_FORM_RSA_PKCS1, "SHA512",
					   NID_sha512WithRSAEncryption };

	switch (k->kind) {
	case KEY_EC_P256: *ret = ec256; return 0;
	case KEY_EC_P384: *ret = ec384; return 0;
	case KEY_EC_P521: *ret = ec521; return 0;
	case KEY_RSA: *ret = rsa; return 0;
	case KEY_ED25519: break;
	}
	return FAIL(e, E_USAGE, "no code-signing certificates for Ed25519 keys");
}

/* RFC 3279 2.2.1 and RFC 5758 3.2: RSA has a NULL for parameters, ECDSA has none. */
static int make_algorithm(const struct scheme *s, X509_ALGOR **ret, struct err *e)
{
	X509_ALGOR *a = X509_ALGOR_new();

	if (!a ||
	    X509_ALGOR_set0(a, OBJ_nid2obj(s->nid),
			    s->form == KEY_FORM_ECDSA ? V_ASN1_UNDEF : V_ASN1_NULL, NULL) != 1) {
		X509_ALGOR_free(a);
		return FAIL_NOMEM(e);
	}
	*ret = a;
	return 0;
}

static int make_signature(const struct key *k, const struct scheme *s, const unsigned char *tbs,
			  int tbs_n, ASN1_BIT_STRING **ret, struct err *e)
{
	auto_release(ASN1_BIT_STRING_free) ASN1_BIT_STRING *b = ASN1_BIT_STRING_new();
	auto_buf sig = BUF_INIT(1024);
	int r;

	if (tbs_n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "certificate");
	r = key_sign_as(k, s->form, s->hash, tbs, (size_t)tbs_n, &sig, e);
	if (r < 0)
		return r;
	if (!b || ASN1_BIT_STRING_set(b, (unsigned char *)sig.p, (int)sig.n) != 1)
		return FAIL_NOMEM(e);
	/* Whole bytes: without this OpenSSL would drop zero bits at the end. */
	b->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
	b->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	*ret = TAKE(b);
	return 0;
}

/* OpenSSL shows both parts only as const, and has no setter for certificates (it has for requests).
 */
int x509_sign(X509 *x, const struct key *key, struct err *e)
{
	auto_release(X509_ALGOR_free) X509_ALGOR *alg = NULL;
	auto_release(ASN1_BIT_STRING_free) ASN1_BIT_STRING *made = NULL;
	const X509_ALGOR *outer;
	const ASN1_BIT_STRING *sig;
	unsigned char *tbs = NULL;
	struct scheme s;
	int r, tbs_n;

	X509_get0_signature(&sig, &outer, x);
	if ((r = scheme_of(key, &s, e)) < 0 || (r = make_algorithm(&s, &alg, e)) < 0)
		return r;
	if (X509_ALGOR_copy((X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(x), alg) != 1 ||
	    X509_ALGOR_copy((X509_ALGOR *)(uintptr_t)outer, alg) != 1)
		return FAIL_NOMEM(e);
	tbs_n = i2d_re_X509_tbs(x, &tbs);
	r = make_signature(key, &s, tbs, tbs_n, &made, e);
	OPENSSL_free(tbs);
	if (r < 0)
		return WRAP(e, r, "sign certificate");
	if (ASN1_STRING_copy((ASN1_STRING *)(uintptr_t)sig, made) != 1)
		return FAIL_NOMEM(e);
	return 0;
}

static int add_extensions(X509_REQ *req, struct err *e)
{
	STACK_OF(X509_EXTENSION) *list = NULL;
	X509_EXTENSION *usage =
		X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature");
	X509_EXTENSION *purpose = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "codeSigning");
	bool good = usage && purpose && X509v3_add_ext(&list, usage, -1) &&
		    X509v3_add_ext(&list, purpose, -1) && X509_REQ_add_extensions(req, list) == 1;

	X509_EXTENSION_free(usage);
	X509_EXTENSION_free(purpose);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return good ? 0 : FAIL_SSL(e, E_SYSTEM, "certificate request: extensions");
}

static int sign_request(X509_REQ *req, const struct key *key, struct err *e)
{
	auto_release(X509_ALGOR_free) X509_ALGOR *alg = NULL;
	ASN1_BIT_STRING *sig = NULL;
	unsigned char *tbs = NULL;
	struct scheme s;
	int r, tbs_n;

	if ((r = scheme_of(key, &s, e)) < 0 || (r = make_algorithm(&s, &alg, e)) < 0)
		return r;
	if (X509_REQ_set1_signature_algo(req, alg) != 1)
		return FAIL_NOMEM(e);
	tbs_n = i2d_re_X509_REQ_tbs(req, &tbs);
	r = make_signature(key, &s, tbs, tbs_n, &sig, e);
	OPENSSL_free(tbs);
	if (r < 0)
		return WRAP(e, r, "sign certificate request");
	X509_REQ_set0_signature(req, sig);
	return 0;
}

static int print_request(X509_REQ *req, struct buf *ret, struct err *e)
{
	auto_release(BIO_free) BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	if (!bio || PEM_write_bio_X509_REQ(bio, req) != 1)
		return FAIL_SSL(e, E_SYSTEM, "certificate request");
	n = BIO_get_mem_data(bio, &p);
	buf_put(ret, p, n > 0 ? (size_t)n : 0);
	return buf_check(ret, "certificate request", e);
}

int cert_request(const struct key *key, const struct dn *subject, struct buf *ret, struct err *e)
{
	auto_release(X509_REQ_free) X509_REQ *req = X509_REQ_new();
	auto_release(X509_NAME_free) X509_NAME *name = NULL;
	int r = x509_name(subject, &name, e);

	if (r < 0)
		return r;
	if (!req || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_subject_name(req, name) != 1 || X509_REQ_set_pubkey(req, key->pkey) != 1)
		return FAIL_SSL(e, E_SYSTEM, "certificate request");
	if ((r = add_extensions(req, e)) < 0 || (r = sign_request(req, key, e)) < 0)
		return r;
	return print_request(req, ret, e);
}
