/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/key.h"
#include "crypto/ssl.h"

enum {
	LIMIT_DER_SIGNATURE = 256, /* P-521 needs 139 */
	LIMIT_SIGNATURE = 1024,	   /* RSA-4096 needs 512 */
};

static int check_form(const struct key *k, enum key_form form, const char *hash, struct err *e)
{
	bool fits = false;

	switch (form) {
	case KEY_FORM_ED25519: fits = k->kind == KEY_ED25519; break;
	case KEY_FORM_ECDSA: fits = k->width != 0; break;
	case KEY_FORM_RSA_PSS:
	case KEY_FORM_RSA_PKCS1: fits = k->kind == KEY_RSA; break;
	}
	if (!fits)
		return FAIL(e, E_FORMAT, "the key is of another type than the signature scheme");
	if (form != KEY_FORM_ED25519 && (!hash || !has_word("SHA256 SHA384 SHA512", hash)))
		return FAIL(e, E_INTERNAL, "signature scheme: no hash");
	return 0;
}

static bool set_padding(EVP_PKEY_CTX *pc, enum key_form form, int salt)
{
	switch (form) {
	case KEY_FORM_ED25519:
	case KEY_FORM_ECDSA: return true;
	case KEY_FORM_RSA_PKCS1: return EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PADDING) == 1;
	case KEY_FORM_RSA_PSS: break;
	}
	return EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, salt) == 1;
}

/* One encoding and no other: what is read and written again must be the same bytes. */
bool key_der_signature(struct str sig)
{
	const unsigned char *p = (const unsigned char *)sig.p;
	unsigned char *again = NULL;
	auto_release(ECDSA_SIG_free) ECDSA_SIG *s = NULL;
	int n;
	bool same;

	if (sig.n == 0 || sig.n > LIMIT_DER_SIGNATURE)
		return false;
	s = d2i_ECDSA_SIG(NULL, &p, (long)sig.n);
	n = s ? i2d_ECDSA_SIG(s, &again) : -1;
	same = n > 0 && (size_t)n == sig.n && memcmp(again, sig.p, sig.n) == 0;
	OPENSSL_free(again);
	return same;
}

int key_verify_as(const struct key *k, enum key_form form, const char *hash, const void *msg,
		  size_t n, struct str sig, struct err *e)
{
	auto_release(EVP_MD_CTX_free) EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pc = NULL;
	int r = check_form(k, form, hash, e);

	if (r < 0)
		return r;
	if (!c ||
	    EVP_DigestVerifyInit_ex(c, &pc, form == KEY_FORM_ED25519 ? NULL : hash, NULL, NULL,
				    k->pkey, NULL) != 1 ||
	    !set_padding(pc, form, RSA_PSS_SALTLEN_AUTO))
		return FAIL_SSL(e, E_SYSTEM, "verify");
	if (form == KEY_FORM_ECDSA && !key_der_signature(sig))
		r = 0;
	else
		r = EVP_DigestVerify(c, (const unsigned char *)sig.p, sig.n, msg, n);
	ERR_clear_error();
	return r == 1 ? 0 : FAIL(e, E_VERIFY, "the signature does not hold");
}

/* What somebody else made is looked at before it is used. */
static int ask_remote(const struct key *k, enum key_form form, const char *hash, const void *msg,
		      size_t n, struct buf *ret, struct err *e)
{
	auto_buf sig = BUF_INIT(LIMIT_SIGNATURE);
	int r = k->remote.sign(k->remote.arg, form, hash, msg, n, &sig, e);

	if (r < 0)
		return r;
	r = key_verify_as(k, form, hash, msg, n, (struct str){ buf_str(&sig), sig.n }, e);
	if (r < 0)
		return WRAP(e, r, "what the key's holder gave is no signature of its key");
	buf_put(ret, sig.p, sig.n);
	return buf_check(ret, "signature", e);
}

int key_sign_as(const struct key *k, enum key_form form, const char *hash, const void *msg,
		size_t n, struct buf *ret, struct err *e)
{
	auto_release(EVP_MD_CTX_free) EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char sig[LIMIT_SIGNATURE];
	size_t sig_n = sizeof(sig);
	EVP_PKEY_CTX *pc = NULL;
	int r = check_form(k, form, hash, e);

	if (r < 0)
		return r;
	if (k->remote.sign)
		return ask_remote(k, form, hash, msg, n, ret, e);
	if (!k->has_priv)
		return FAIL(e, E_INTERNAL, "sign: this is a public key");
	if (!c ||
	    EVP_DigestSignInit_ex(c, &pc, form == KEY_FORM_ED25519 ? NULL : hash, NULL, NULL,
				  k->pkey, NULL) != 1 ||
	    !set_padding(pc, form, RSA_PSS_SALTLEN_DIGEST) ||
	    EVP_DigestSign(c, sig, &sig_n, msg, n) != 1)
		return FAIL_SSL(e, E_SYSTEM, "sign");
	buf_put(ret, sig, sig_n);
	return buf_check(ret, "signature", e);
}

int key_sign_digest(const struct key *k, enum key_form form, const char *hash, const void *digest,
		    size_t digest_n, struct buf *ret, struct err *e)
{
	auto_release(EVP_PKEY_CTX_free) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->pkey, NULL);
	const EVP_MD *md = EVP_get_digestbyname(hash);
	unsigned char sig[LIMIT_SIGNATURE];
	size_t sig_n = sizeof(sig);
	int r = check_form(k, form, hash, e);

	if (r < 0)
		return r;
	if (!k->has_priv || form == KEY_FORM_ED25519)
		return FAIL(e, E_INTERNAL, "sign: this key signs no hashes");
	if (!md || digest_n != (size_t)EVP_MD_get_size(md))
		return FAIL(e, E_FORMAT, "sign: a hash of %zu bytes is not of %s", digest_n, hash);
	if (!c || EVP_PKEY_sign_init(c) != 1 || !set_padding(c, form, RSA_PSS_SALTLEN_DIGEST) ||
	    EVP_PKEY_CTX_set_signature_md(c, md) != 1 ||
	    EVP_PKEY_sign(c, sig, &sig_n, digest, digest_n) != 1)
		return FAIL_SSL(e, E_SYSTEM, "sign");
	buf_put(ret, sig, sig_n);
	return buf_check(ret, "signature", e);
}

int key_from_remote(const struct key *public_half, const struct key_remote *remote,
		    struct key **ret, struct err *e)
{
	struct key *k = calloc(1, sizeof(*k));

	if (!k || EVP_PKEY_up_ref(public_half->pkey) != 1) {
		free(k);
		return FAIL_NOMEM(e);
	}
	*k = *public_half;
	k->has_priv = false;
	k->remote = *remote;
	*ret = k;
	return 0;
}
