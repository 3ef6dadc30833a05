/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "crypto/key.h"
#include "trust/tuf/internal.h"

/* Keys of a delegator, and whether enough of them signed (TUF 4.2, 5.3.4). */

enum { LIMIT_SIGNATURE = 1024 /* bytes */ };

/* Key types as they are spelled out there, and what a signature of each scheme is made with. */
static const struct scheme {
	const char *types, *name, *hash;
	enum key_form form;
	int kind; /* of key, -1: any that fits the form */
} schemes[] = {
	{ "ed25519", "ed25519", NULL, KEY_FORM_ED25519, -1 },
	{ "ecdsa ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "SHA256", KEY_FORM_ECDSA,
	  KEY_EC_P256 },
	{ "ecdsa ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "SHA384", KEY_FORM_ECDSA,
	  KEY_EC_P384 },
	{ "ecdsa ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", "SHA512", KEY_FORM_ECDSA,
	  KEY_EC_P521 },
	{ "rsa", "rsassa-pss-sha256", "SHA256", KEY_FORM_RSA_PSS, -1 },
	{ "rsa", "rsassa-pss-sha384", "SHA384", KEY_FORM_RSA_PSS, -1 },
	{ "rsa", "rsassa-pss-sha512", "SHA512", KEY_FORM_RSA_PSS, -1 },
	{ "rsa", "rsa-pkcs1v15-sha256", "SHA256", KEY_FORM_RSA_PKCS1, -1 },
	{ "rsa", "rsa-pkcs1v15-sha384", "SHA384", KEY_FORM_RSA_PKCS1, -1 },
	{ "rsa", "rsa-pkcs1v15-sha512", "SHA512", KEY_FORM_RSA_PKCS1, -1 },
};

int tuf_keys_form(json_t *keys, struct err *e)
{
	const char *keyid, *s;
	json_t *key, *value;

	if (json_object_size(keys) > LIMIT_TUF_KEYS)
		return FAIL(e, E_FORMAT, "more than %d keys", LIMIT_TUF_KEYS);
	json_object_foreach(keys, keyid, key)
	{
		int r;

		if (!*keyid || strlen(keyid) > LIMIT_TUF_KEYID)
			return FAIL(e, E_FORMAT, "a keyid has 1 to %d bytes", LIMIT_TUF_KEYID);
		if ((r = json_get_string(key, "keytype", &s, "key", e)) < 0 ||
		    (r = json_get_string(key, "scheme", &s, "key", e)) < 0 ||
		    (r = json_get_object(key, "keyval", &value, "key", e)) < 0)
			return WRAP(e, r, "keyid %.64s", keyid);
	}
	return 0;
}

static int keyids_form(const json_t *keyids, struct err *e)
{
	auto_json *seen = json_object();
	size_t i;
	const json_t *v;

	if (json_array_size(keyids) > LIMIT_TUF_KEYS)
		return FAIL(e, E_FORMAT, "more than %d keyids", LIMIT_TUF_KEYS);
	json_array_foreach(keyids, i, v)
	{
		const char *keyid = json_string_value(v);
		int r;

		if (!keyid)
			return FAIL(e, E_FORMAT, "a keyid is not a string");
		if (json_object_get(seen, keyid))
			return FAIL(e, E_FORMAT, "keyid '%.64s' is there twice", keyid);
		r = json_put(seen, keyid, json_true(), e);
		if (r < 0)
			return r;
	}
	return 0;
}

int tuf_role_form(const json_t *role, const char *what, struct err *e)
{
	json_t *keyids;
	uint64_t threshold;
	int r;

	if ((r = json_get_array(role, "keyids", &keyids, what, e)) < 0 ||
	    (r = json_get_u64(role, "threshold", &threshold, what, e)) < 0)
		return r;
	r = threshold == 0 ? FAIL(e, E_FORMAT, "threshold 0") : keyids_form(keyids, e);
	return r < 0 ? WRAP(e, r, "role '%.80s'", what) : 0;
}

static const struct scheme *find_scheme(const char *type, const char *name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strcmp(name, schemes[i].name) == 0)
			return has_word(schemes[i].types, type) ? &schemes[i] : NULL;
	return NULL;
}

static int load_key(const json_t *key, const struct scheme *s, struct key **ret, struct err *e)
{
	const char *public = json_string_or_null(json_object_get(key, "keyval"), "public");
	auto_release(key_free) struct key *k = NULL;
	unsigned char raw[32];
	int r;

	if (!public)
		return FAIL(e, E_FORMAT, "'keyval' has no string 'public'");
	if (s->form == KEY_FORM_ED25519) {
		r = hex_decode(str_of(public), raw, sizeof(raw), e);
		r = r < 0 ? r : key_public_from_raw(raw, &k, e);
	} else {
		r = key_public_from_pem(str_of(public), &k, e);
	}
	if (r < 0)
		return r;
	if (s->kind >= 0 && (int)key_kind(k) != s->kind)
		return FAIL(e, E_FORMAT, "the key is not on the curve of %s", s->name);
	*ret = TAKE(k);
	return 0;
}

int tuf_verify_signature(const struct tuf_role *role, const char *keyid, const json_t *key,
			 const json_t *signature, struct str message, struct key **ret,
			 struct err *e)
{
	const char *sig = json_string_or_null(signature, "sig");
	const char *type = json_string_or_null(key, "keytype");
	const char *name = json_string_or_null(key, "scheme");
	const struct scheme *s = find_scheme(type, name);
	auto_release(key_free) struct key *k = NULL;
	unsigned char raw[LIMIT_SIGNATURE];
	size_t n = strlen(sig) / 2;
	int r;

	(void)role, (void)keyid;
	if (!s)
		return FAIL(e, E_FORMAT, "no scheme '%.40s' for keys of type '%.40s' here", name,
			    type);
	if (n == 0 || n > sizeof(raw) || strlen(sig) % 2)
		return FAIL(e, E_VERIFY, "the signature is not hexadecimal");
	r = hex_decode(str_of(sig), raw, n, e);
	r = r < 0 ? r : load_key(key, s, &k, e);
	if (r < 0)
		return r;
	r = key_verify_as(k, s->form, s->hash, message.p, message.n,
			  (struct str){ (const char *)raw, n }, e);
	if (r == 0)
		*ret = TAKE(k);
	return r;
}

static const json_t *find_signature(const struct tuf_doc *d, const char *keyid)
{
	size_t i;
	const json_t *v;

	json_array_foreach(d->signatures, i, v)
	{
		if (strcmp(json_string_or_null(v, "keyid"), keyid) == 0)
			return v;
	}
	return NULL;
}

/* The keys that were counted: the same key under two keyids counts once. */
struct counted {
	struct key *v[LIMIT_TUF_KEYS];
	size_t n;
};

static void counted_free(struct counted *c)
{
	for (size_t i = 0; c && i < c->n; i++)
		key_free(c->v[i]);
	free(c);
}
DEFINE_RELEASE_VOID(struct counted, counted_free)

static void count_key(struct counted *c, struct key *k)
{
	for (size_t i = 0; i < c->n; i++)
		if (key_same_public(c->v[i], k)) {
			key_free(k);
			return;
		}
	c->v[c->n++] = k;
}

int tuf_key_check(const json_t *key, struct err *e)
{
	const char *type = json_string_or_null(key, "keytype");
	const char *name = json_string_or_null(key, "scheme");
	const struct scheme *s = find_scheme(type, name);
	auto_release(key_free) struct key *k = NULL;

	return s ? load_key(key, s, &k, e)
		 : FAIL(e, E_FORMAT, "no scheme '%.40s' for keys of type '%.40s' here", name, type);
}

int tuf_count(const struct tuf_doc *d, const struct tuf_role *role, uint64_t *ret, struct err *why,
	      struct err *e)
{
	auto_release(counted_free) struct counted *c = calloc(1, sizeof(*c));
	auto_buf canonical = BUF_INIT(2 * LIMIT_TUF_TARGETS);
	const struct buf *message = d->message.n ? &d->message : &canonical;
	size_t i;
	const json_t *v;
	int r;

	if (!c)
		return FAIL_NOMEM(e);
	r = message == &canonical ? tuf_canonical(d->body, &canonical, e) : 0;
	if (r < 0)
		return r;
	json_array_foreach(role->keyids, i, v)
	{
		const char *keyid = json_string_value(v);
		const json_t *key = json_object_get(role->keys, keyid);
		const json_t *sig = find_signature(d, keyid);
		struct key *k;

		if (c->n >= role->threshold)
			break;
		if (key && sig &&
		    d->dialect->verify(role, keyid, key, sig,
				       (struct str){ buf_str(message), message->n }, &k, why) == 0)
			count_key(c, k);
	}
	*ret = c->n;
	return 0;
}

int tuf_verify(const struct tuf_doc *d, const struct tuf_role *role, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t n;
	int r = tuf_count(d, role, &n, &why, e);

	if (r < 0 || n >= role->threshold)
		return r;
	return FAIL(e, E_VERIFY, "%s: signed by %llu of its keys, %llu are needed%s%.300s",
		    tuf_kind_name(d->kind), (unsigned long long)n,
		    (unsigned long long)role->threshold, why.code ? "; " : "", why.msg);
}
