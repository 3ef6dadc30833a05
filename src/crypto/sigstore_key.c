/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sigstore_key.h"

#include <openssl/rsa.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/ssl.h"

static enum key_form form_of(const struct key *k)
{
	if (k->kind == KEY_ED25519)
		return KEY_FORM_ED25519;
	return k->kind == KEY_RSA ? KEY_FORM_RSA_PKCS1 : KEY_FORM_ECDSA;
}

static const char *hash_of(const struct key *k)
{
	if (k->kind == KEY_EC_P384)
		return "SHA384";
	return k->kind == KEY_EC_P521 ? "SHA512" : "SHA256";
}

int sigstore_sign(const struct key *k, const void *msg, size_t n, struct buf *ret, struct err *e)
{
	return key_sign_as(k, form_of(k), hash_of(k), msg, n, ret, e);
}

int sigstore_sign_sha256(const struct key *k, const void *msg, size_t n, struct buf *ret,
			 struct err *e)
{
	return key_sign_as(k, form_of(k), "SHA256", msg, n, ret, e);
}

int sigstore_verify(const struct key *k, const void *msg, size_t n, struct str sig, struct err *e)
{
	const char *hash = hash_of(k);
	int r = key_verify_as(k, form_of(k), hash, msg, n, sig, e);

	if (r == E_VERIFY && strcmp(hash, "SHA256") != 0)
		r = key_verify_as(k, form_of(k), "SHA256", msg, n, sig, e);
	return r;
}

int sigstore_verify_digest(const struct key *k, const char *hash, struct str digest, struct str sig,
			   struct err *e)
{
	auto_release(EVP_PKEY_CTX_free) EVP_PKEY_CTX *c = NULL;
	const EVP_MD *md =
		has_word("SHA256 SHA384 SHA512", hash) ? EVP_get_digestbyname(hash) : NULL;
	int r;

	if (k->kind == KEY_ED25519)
		return FAIL(e, E_VERIFY,
			    "an Ed25519 signature is of the message; its digest is not enough");
	if (!md || digest.n != (size_t)EVP_MD_get_size(md))
		return FAIL(e, E_FORMAT, "'%.20s' is not the name of a hash of %zu bytes", hash,
			    digest.n);
	if (k->width && !key_der_signature(sig))
		return FAIL(e, E_VERIFY, "the signature does not hold");
	c = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (!c || EVP_PKEY_verify_init(c) != 1 || EVP_PKEY_CTX_set_signature_md(c, md) != 1 ||
	    (k->kind == KEY_RSA && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) != 1))
		return FAIL_SSL(e, E_SYSTEM, "verify");
	r = EVP_PKEY_verify(c, (const unsigned char *)sig.p, sig.n, (const unsigned char *)digest.p,
			    digest.n);
	ERR_clear_error();
	return r == 1 ? 0 : FAIL(e, E_VERIFY, "the signature does not hold");
}

int key_public_der(const struct key *k, struct buf *ret, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k->pkey, &der);

	if (n <= 0)
		return FAIL_SSL(e, E_SYSTEM, "write public key");
	buf_put(ret, der, (size_t)n);
	OPENSSL_free(der);
	return buf_check(ret, "public key", e);
}

int key_public_from_der(const void *p, size_t n, struct key **ret, struct err *e)
{
	const unsigned char *at = p;
	EVP_PKEY *pkey;

	if (n > LIMIT_KEY_PEM)
		return FAIL(e, E_FORMAT, "public key: longer than %d bytes", LIMIT_KEY_PEM);
	pkey = d2i_PUBKEY(NULL, &at, (long)n);
	if (!pkey || at != (const unsigned char *)p + n) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return FAIL(e, E_FORMAT, "public key: not one SubjectPublicKeyInfo in DER");
	}
	return key_wrap(pkey, false, "public key", ret, e);
}

int key_hint(const struct key *k, char ret[static KEY_HINT_MAX], struct err *e)
{
	unsigned char raw[SHA256_LEN];
	auto_buf der = BUF_INIT(LIMIT_KEY_PEM), text = BUF_INIT(KEY_HINT_MAX);
	int r = key_public_der(k, &der, e);

	if (r < 0)
		return r;
	sha256_once(der.p, der.n, raw);
	b64_put(&text, B64_STD, raw, sizeof(raw));
	r = buf_check(&text, "key hint", e);
	if (r == 0)
		memcpy(ret, text.p, text.n + 1);
	return r;
}
