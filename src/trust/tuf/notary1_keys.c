/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/sigstore_key.h"
#include "trust/tuf/internal.h"

/*
 * Keys and signatures of Notary v1. A keyid is the SHA-256 of the key's canonical form. Public keys
 * are base64: of a SubjectPublicKeyInfo, of 32 raw bytes (ed25519), or of a certificate's PEM, with
 * those of its issuers behind it. The method of a signature follows from the key; all hash with
 * SHA-256.
 */

enum { LIMIT_SIGNATURE = 1024, LIMIT_PUBLIC = 64 * 1024 };

static const struct key_type {
	const char *name, *method;
	enum key_form form;
	bool certificate;
} key_types[] = {
	{ "ecdsa", "ecdsa", KEY_FORM_ECDSA, false },
	{ "ecdsa-x509", "ecdsa", KEY_FORM_ECDSA, true },
	{ "ed25519", "eddsa", KEY_FORM_ED25519, false },
	{ "rsa", "rsapss", KEY_FORM_RSA_PSS, false },
	{ "rsa-x509", "rsapss", KEY_FORM_RSA_PSS, true },
};

static const struct key_type *find_type(const char *name)
{
	for (size_t i = 0; i < sizeof(key_types) / sizeof(key_types[0]); i++)
		if (strcmp(key_types[i].name, name) == 0)
			return &key_types[i];
	return NULL;
}

static int check_keyid(json_t *key, const char *keyid, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TUF_ROOT);
	struct digest d;
	int r = tuf_canonical(key, &text, e);

	if (r < 0)
		return r;
	digest_of(buf_str(&text), text.n, &d);
	return strcmp(digest_hex(&d), keyid) == 0
		       ? 0
		       : FAIL(e, E_FORMAT, "the key's id is %s", digest_hex(&d));
}

int notary1_keys_form(json_t *keys, struct err *e)
{
	const char *keyid, *s;
	json_t *key, *value;

	if (json_object_size(keys) > LIMIT_TUF_KEYS)
		return FAIL(e, E_FORMAT, "more than %d keys", LIMIT_TUF_KEYS);
	json_object_foreach(keys, keyid, key)
	{
		int r;

		if ((r = notary1_only(key, "keytype keyval", "key", e)) < 0 ||
		    (r = json_get_string(key, "keytype", &s, "key", e)) < 0 ||
		    (r = json_get_object(key, "keyval", &value, "key", e)) < 0 ||
		    (r = notary1_only(value, "private public", "key", e)) < 0 ||
		    (r = json_get_string(value, "public", &s, "key", e)) < 0)
			return WRAP(e, r, "keyid %.64s", keyid);
		if (!json_is_null(json_object_get(value, "private")))
			r = FAIL(e, E_FORMAT, "'private' is not null");
		else
			r = check_keyid(key, keyid, e);
		if (r < 0)
			return WRAP(e, r, "keyid %.64s", keyid);
	}
	return 0;
}

/* Certificates. */

/* "HOST/NAME", or a beginning that ends with a '/' and then '*'. */
static bool is_named(const struct cert *c, const char *gun)
{
	const char *cn = dn_get(cert_subject(c), "CN");
	size_t n = cn ? strlen(cn) : 0;

	if (n > 2 && strcmp(cn + n - 2, "/*") == 0)
		return strncmp(cn, gun, n - 1) == 0 && gun[n - 1];
	return n && strcmp(cn, gun) == 0;
}

static bool is_pinned(const struct strv *pins, const char *keyid, const struct cert *c)
{
	char thumbprint[THUMBPRINT_MAX];

	cert_thumbprint(c, thumbprint);
	return !pins || strv_has(pins, keyid) || strv_has(pins, thumbprint);
}

/* A certificate of the root role. */
static int check_root_cert(const struct tuf_role *role, const char *keyid, const struct chain *c,
			   struct err *e)
{
	const struct tuf_notary1 *n = role->root;
	const struct chain leaf = { .v = { c->v[0] }, .n = 1 };
	const char *cn = dn_get(cert_subject(c->v[0]), "CN");
	int64_t at = role->at ? role->at : cert_not_before(c->v[0]);
	int r;

	if (!is_named(c->v[0], n->gun))
		return FAIL(e, E_VERIFY, "its certificate is of '%.100s', not of '%.200s'",
			    cn ? cn : "", n->gun);
	if ((r = cert_check_strength(c->v[0], e)) < 0)
		return r;
	if (cert_is_ca(c->v[0]))
		return FAIL(e, E_VERIFY, "its certificate is a CA's");
	if (!is_pinned(n->pins, keyid, c->v[0]))
		return FAIL(e, E_VERIFY, "key %.64s is none of those that are trusted", keyid);
	if (role->at && (r = chain_valid_at(&leaf, at, e)) < 0)
		return r;
	return n->cas ? chain_issued_under(c, n->cas, at, e) : 0;
}

static int load_key(const struct tuf_role *role, const char *keyid, const struct key_type *type,
		    struct str public, struct key **ret, struct err *e)
{
	auto_chain chain = { .n = 0 };
	int r;

	if (type->form == KEY_FORM_ED25519) {
		if (public.n != 32)
			return FAIL(e, E_FORMAT, "a key of Ed25519 has 32 bytes");
		return key_public_from_raw((const unsigned char *)public.p, ret, e);
	}
	if (!type->certificate)
		return key_public_from_der(public.p, public.n, ret, e);
	r = chain_from_file(public, &chain, e);
	r = r < 0 || !role->root ? r : check_root_cert(role, keyid, &chain, e);
	return r < 0 ? r : cert_key(chain.v[0], ret, e);
}

static int check_signature(const struct key *k, const struct key_type *type, struct str sig,
			   struct str message, struct err *e)
{
	auto_buf der = BUF_INIT(LIMIT_SIGNATURE);
	int r = type->form == KEY_FORM_ECDSA ? key_ecdsa_der(k, sig, &der, e) : 0;

	if (r < 0)
		return r;
	if (type->form == KEY_FORM_ECDSA) {
		if (der.n == sig.n && memcmp(der.p, sig.p, sig.n) == 0)
			return FAIL(e, E_VERIFY, "the signature is not r||s of the key's width");
		sig = (struct str){ buf_str(&der), der.n };
	}
	return key_verify_as(k, type->form, "SHA256", message.p, message.n, sig, e);
}

int notary1_verify(const struct tuf_role *role, const char *keyid, const json_t *key,
		   const json_t *signature, struct str message, struct key **ret, struct err *e)
{
	const char *name = json_string_or_null(key, "keytype");
	const char *method = json_string_or_null(signature, "method");
	const char *text = json_string_or_null(json_object_get(key, "keyval"), "public");
	const struct key_type *type = find_type(name);
	auto_buf public = BUF_INIT(LIMIT_PUBLIC), sig = BUF_INIT(LIMIT_SIGNATURE);
	auto_release(key_free) struct key *k = NULL;
	int r;

	if (!type)
		return FAIL(e, E_FORMAT, "no keys of type '%.40s' here", name);
	if (role->root && !type->certificate)
		return FAIL(e, E_VERIFY, "a key of the root is no certificate");
	if (strcmp(method, type->method) != 0)
		return FAIL(e, E_VERIFY, "a key of type %s does not sign by '%.40s'", name, method);
	if ((r = b64_decode(str_of(json_string_or_null(signature, "sig")), B64_STD, &sig, e)) < 0 ||
	    (r = b64_decode(str_of(text), B64_STD, &public, e)) < 0 ||
	    (r = load_key(role, keyid, type, (struct str){ buf_str(&public), public.n }, &k, e)) <
		    0 ||
	    (r = check_signature(k, type, (struct str){ buf_str(&sig), sig.n }, message, e)) < 0)
		return r;
	*ret = TAKE(k);
	return 0;
}
