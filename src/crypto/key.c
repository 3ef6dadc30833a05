/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/ssl.h"

int ssl_fail(struct err *e, const char *file, int line, enum err_code code, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = last ? ERR_reason_error_string(last) : NULL;

	ERR_clear_error();
	return err_set(e, file, line, code, 0, "%s: %s", what, reason ? reason : "OpenSSL refused");
}

void crypto_init(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_CONFIG,
				  NULL);
}

void key_free(struct key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

enum key_kind key_kind(const struct key *k)
{
	return k->kind;
}

/* Named curves only: a key with explicit parameters may carry a curve of the attacker's making. */
static int classify_ec(struct key *k, const char *what, struct err *e)
{
	static const struct {
		const char *name;
		enum key_kind kind;
		size_t width;
	} curves[] = {
		{ "prime256v1", KEY_EC_P256, 32 },
		{ "secp384r1", KEY_EC_P384, 48 },
		{ "secp521r1", KEY_EC_P521, 66 },
	};
	char name[64] = "";
	size_t n;
	int is_explicit = 0;

	if (EVP_PKEY_get_int_param(k->pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				   &is_explicit) == 1 &&
	    is_explicit)
		return FAIL(e, E_FORMAT, "%s: a key with explicit curve parameters is not accepted",
			    what);
	if (EVP_PKEY_get_group_name(k->pkey, name, sizeof(name), &n) != 1)
		return FAIL_SSL(e, E_FORMAT, what);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(name, curves[i].name) == 0) {
			k->kind = curves[i].kind;
			k->width = curves[i].width;
			return 0;
		}
	return FAIL(e, E_FORMAT, "%s: curve %s is not accepted; P-256, P-384 or P-521 is", what,
		    name);
}

/* Notary Project maps these three sizes to PS256, PS384 and PS512, and no other. */
static int classify_rsa(struct key *k, const char *what, struct err *e)
{
	BIGNUM *exp = NULL;
	bool good;

	if (k->bits != 2048 && k->bits != 3072 && k->bits != 4096)
		return FAIL(e, E_FORMAT,
			    "%s: an RSA key of %d bits is not accepted; 2048, 3072 or 4096 is",
			    what, k->bits);
	if (EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_E, &exp) != 1)
		return FAIL_SSL(e, E_FORMAT, what);
	good = BN_is_odd(exp) && BN_num_bits(exp) >= 17;
	BN_free(exp);
	if (!good)
		return FAIL(e, E_FORMAT, "%s: RSA exponent is weaker than 65537", what);
	k->kind = KEY_RSA;
	return 0;
}

int key_wrap(EVP_PKEY *pkey, bool has_priv, const char *what, struct key **ret, struct err *e)
{
	auto_release(key_free) struct key *k = calloc(1, sizeof(*k));
	int r = 0;

	if (!k) {
		EVP_PKEY_free(pkey);
		return FAIL_NOMEM(e);
	}
	k->pkey = pkey;
	k->has_priv = has_priv;
	k->bits = EVP_PKEY_get_bits(pkey);
	if (EVP_PKEY_is_a(pkey, "EC"))
		r = classify_ec(k, what, e);
	else if (EVP_PKEY_is_a(pkey, "RSA"))
		r = classify_rsa(k, what, e);
	else if (EVP_PKEY_is_a(pkey, "ED25519"))
		k->kind = KEY_ED25519;
	else
		r = FAIL(e, E_FORMAT, "%s: keys of this type are not accepted", what);
	if (r < 0)
		return r;
	*ret = TAKE(k);
	return 0;
}

const char *key_jws_alg(const struct key *k)
{
	switch (k->kind) {
	case KEY_EC_P256: return "ES256";
	case KEY_EC_P384: return "ES384";
	case KEY_EC_P521: return "ES512";
	case KEY_RSA: return k->bits == 2048 ? "PS256" : k->bits == 3072 ? "PS384" : "PS512";
	case KEY_ED25519: break; /* Notary Project leaves it out */
	}
	return NULL;
}

bool key_same_public(const struct key *a, const struct key *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

const char *key_hash(const struct key *k)
{
	switch (k->kind) {
	case KEY_EC_P256: return "SHA256";
	case KEY_EC_P384: return "SHA384";
	case KEY_EC_P521: return "SHA512";
	case KEY_RSA: return k->bits == 2048 ? "SHA256" : k->bits == 3072 ? "SHA384" : "SHA512";
	case KEY_ED25519: break;
	}
	return NULL;
}

/* PSS with MGF1 of the same hash and a salt as long as the hash, fixed on both sides. */
static int set_padding(const struct key *k, EVP_PKEY_CTX *pc)
{
	return k->kind != KEY_RSA ||
	       (EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* DER SEQUENCE { r, s } to r||s of fixed width (RFC 7518, section 3.4). */
static int raw_from_der(const struct key *k, const unsigned char *der, size_t n, struct buf *ret,
			struct err *e)
{
	unsigned char raw[2 * 66];
	auto_release(ECDSA_SIG_free) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	int w = (int)k->width;

	if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, w) != w ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + w, w) != w)
		return FAIL_SSL(e, E_INTERNAL, "encode signature");
	buf_put(ret, raw, 2 * k->width);
	return buf_check(ret, "signature", e);
}

static int der_from_raw(const struct key *k, struct str raw, unsigned char **ret, size_t *ret_n,
			struct err *e)
{
	auto_release(ECDSA_SIG_free) ECDSA_SIG *sig = ECDSA_SIG_new();
	const unsigned char *p = (const unsigned char *)raw.p;
	BIGNUM *r = BN_bin2bn(p, (int)k->width, NULL);
	BIGNUM *s = BN_bin2bn(p + k->width, (int)k->width, NULL);
	unsigned char *der = NULL;
	int n;

	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return FAIL_NOMEM(e);
	}
	n = i2d_ECDSA_SIG(sig, &der);
	if (n <= 0)
		return FAIL_SSL(e, E_INTERNAL, "decode signature");
	*ret = der;
	*ret_n = (size_t)n;
	return 0;
}

int key_ecdsa_der(const struct key *k, struct str raw, struct buf *ret, struct err *e)
{
	unsigned char *der = NULL;
	size_t n = 0;
	int r = 0;

	if (k->width && raw.n == 2 * k->width)
		r = der_from_raw(k, raw, &der, &n, e);
	if (r < 0)
		return r;
	buf_put(ret, der ? (const char *)der : raw.p, der ? n : raw.n);
	OPENSSL_free(der);
	return buf_check(ret, "signature", e);
}

static int sign_remote(const struct key *k, const void *msg, size_t n, struct buf *ret,
		       struct err *e)
{
	auto_buf sig = BUF_INIT(1024);
	enum key_form form = k->kind == KEY_RSA	      ? KEY_FORM_RSA_PSS
			     : k->kind == KEY_ED25519 ? KEY_FORM_ED25519
						      : KEY_FORM_ECDSA;
	int r = key_sign_as(k, form, key_hash(k), msg, n, &sig, e);

	if (r < 0)
		return r;
	if (k->width)
		return raw_from_der(k, (const unsigned char *)sig.p, sig.n, ret, e);
	buf_put(ret, sig.p, sig.n);
	return buf_check(ret, "signature", e);
}

int key_sign(const struct key *k, const void *msg, size_t n, struct buf *ret, struct err *e)
{
	auto_release(EVP_MD_CTX_free) EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char sig[1024];
	size_t sig_n = sizeof(sig);
	EVP_PKEY_CTX *pc = NULL;

	if (k->remote.sign)
		return sign_remote(k, msg, n, ret, e);
	if (!k->has_priv)
		return FAIL(e, E_INTERNAL, "sign: this is a public key");
	if (!c || EVP_DigestSignInit_ex(c, &pc, key_hash(k), NULL, NULL, k->pkey, NULL) != 1 ||
	    !set_padding(k, pc) || EVP_DigestSign(c, sig, &sig_n, msg, n) != 1)
		return FAIL_SSL(e, E_SYSTEM, "sign");
	if (k->width)
		return raw_from_der(k, sig, sig_n, ret, e);
	buf_put(ret, sig, sig_n);
	return buf_check(ret, "signature", e);
}

static size_t signature_size(const struct key *k)
{
	if (k->width)
		return 2 * k->width;
	return k->kind == KEY_ED25519 ? 64 : (size_t)k->bits / 8;
}

int key_verify(const struct key *k, const void *msg, size_t n, struct str sig, struct err *e)
{
	auto_release(EVP_MD_CTX_free) EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pc = NULL;
	unsigned char *der = NULL;
	const unsigned char *p = (const unsigned char *)sig.p;
	size_t p_n = sig.n;
	int r;

	if (sig.n != signature_size(k))
		return FAIL(e, E_VERIFY, "signature: want %zu bytes for this key, got %zu",
			    signature_size(k), sig.n);
	if (!c || EVP_DigestVerifyInit_ex(c, &pc, key_hash(k), NULL, NULL, k->pkey, NULL) != 1 ||
	    !set_padding(k, pc))
		return FAIL_SSL(e, E_SYSTEM, "verify");
	if (k->width) {
		r = der_from_raw(k, sig, &der, &p_n, e);
		if (r < 0)
			return r;
		p = der;
	}
	r = EVP_DigestVerify(c, p, p_n, msg, n);
	OPENSSL_free(der);
	ERR_clear_error();
	return r == 1 ? 0 : FAIL(e, E_VERIFY, "the signature does not hold");
}
