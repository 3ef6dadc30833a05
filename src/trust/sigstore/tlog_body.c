/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/sigstore_key.h"
#include "trust/sigstore/pbjson.h"
#include "trust/sigstore/tlog.h"

static const char what[] = "log entry";

static int differs(struct err *e, const char *part)
{
	return FAIL(e, E_VERIFY, "%s: it is of another %s", what, part);
}

/* Parts. */

static int check_signature(const json_t *o, const char *key, const struct tlog_subject *s,
			   struct err *e)
{
	auto_buf sig = BUF_INIT(LIMIT_SIGNATURE_BYTES);
	struct str ours = bundle_signature(s->bundle);
	int r = pb_bytes(o, key, &sig, what, e);

	if (r < 0)
		return r;
	return str_eq((struct str){ buf_str(&sig), sig.n }, ours) ? 0 : differs(e, "signature");
}

/* intoto entries hold the signature's base64 in base64 once more; the canonical form does not. */
static int check_signature_twice(const json_t *o, const struct tlog_subject *s, struct err *e)
{
	auto_buf once = BUF_INIT(2 * LIMIT_SIGNATURE_BYTES),
		 twice = BUF_INIT(LIMIT_SIGNATURE_BYTES);
	struct str ours = bundle_signature(s->bundle);
	int r = pb_bytes(o, "sig", &once, what, e);

	if (r < 0)
		return r;
	if (str_eq((struct str){ buf_str(&once), once.n }, ours))
		return 0;
	if (b64_decode((struct str){ buf_str(&once), once.n }, B64_STD, &twice, NULL) < 0 ||
	    !str_eq((struct str){ buf_str(&twice), twice.n }, ours))
		return differs(e, "signature");
	return 0;
}

static int check_der(struct str der, bool is_cert, const struct tlog_subject *s, struct err *e)
{
	auto_release(key_free) struct key *k = NULL;
	int r;

	if (is_cert != (s->cert != NULL))
		return differs(e, "kind of signer");
	if (is_cert)
		return str_eq(der, cert_der(s->cert)) ? 0 : differs(e, "certificate");
	if ((r = key_public_from_der(der.p, der.n, &k, e)) < 0)
		return WRAP(e, r, "%s", what);
	return key_same_public(k, s->key) ? 0 : differs(e, "key");
}

/* A certificate or a public key, PEM in base64. */
static int check_pem(const json_t *o, const char *member, const struct tlog_subject *s,
		     struct err *e)
{
	auto_buf pem = BUF_INIT(LIMIT_PEM_CERTS);
	auto_release(key_free) struct key *k = NULL;
	auto_chain c = { .n = 0 };
	struct str text;
	int r = pb_bytes(o, member, &pem, what, e);

	if (r < 0)
		return r;
	text = (struct str){ buf_str(&pem), pem.n };
	if (!s->cert) {
		if ((r = key_public_from_pem(text, &k, e)) < 0)
			return WRAP(e, r, "%s", what);
		return key_same_public(k, s->key) ? 0 : differs(e, "key");
	}
	if ((r = chain_from_file(text, &c, e)) < 0)
		return WRAP(e, r, "%s", what);
	return c.n == 1 && cert_equal(c.v[0], s->cert) ? 0 : differs(e, "certificate");
}

/* {"publicKey":{"rawBytes"}} or {"x509Certificate":{"rawBytes"}}, and the key's details. */
static int check_verifier(const json_t *o, const struct tlog_subject *s, struct err *e)
{
	auto_buf der = BUF_INIT(LIMIT_CERT);
	const json_t *key = pb_get(o, "publicKey"), *cert = pb_get(o, "x509Certificate");
	int r;

	if (!key == !cert)
		return FAIL(e, E_FORMAT, "%s: want one of publicKey, x509Certificate", what);
	r = pb_bytes(key ? key : cert, "rawBytes", &der, what, e);
	return r < 0 ? r : check_der((struct str){ der.p, der.n }, cert != NULL, s, e);
}

/* What was signed, by the hash that the entry has of it: of larger curves not SHA-256. Of another
 * one nothing can be told where only the digest of the artifact is known. */
static int check_signed(const char *name, struct str sum, const struct tlog_subject *s,
			struct err *e)
{
	auto_release(hash_free) struct hash *h = NULL;
	unsigned char raw[HASH_MAX];
	size_t n;

	if (strcmp(name, "sha256") == 0)
		return str_eq(sum, s->sha256) ? 0 : differs(e, "digest");
	if (!s->message.p)
		return FAIL(e, E_VERIFY, "%s: it is of a %s, and the artifact is not at hand", what,
			    name);
	if (hash_new(name, &h, NULL) < 0)
		return FAIL(e, E_FORMAT, "%s: hash '%.20s' is not supported", what, name);
	hash_update(h, s->message.p, s->message.n);
	n = hash_final(h, raw);
	return str_eq(sum, (struct str){ (const char *)raw, n }) ? 0 : differs(e, "digest");
}

/* {"algorithm":"sha256","value":hex} of what was signed. */
static int check_signed_hex(const json_t *o, const struct tlog_subject *s, struct err *e)
{
	unsigned char raw[HASH_MAX];
	const char *algorithm, *value;
	size_t n;
	int r;

	if ((r = json_get_string(o, "algorithm", &algorithm, what, e)) < 0 ||
	    (r = json_get_string(o, "value", &value, what, e)) < 0)
		return r;
	n = strlen(value) / 2;
	if (n > sizeof(raw))
		return FAIL(e, E_FORMAT, "%s: a hash of %zu bytes", what, n);
	if ((r = hex_decode(str_of(value), raw, n, e)) < 0)
		return WRAP(e, r, "%s", what);
	return check_signed(algorithm, (struct str){ (const char *)raw, n }, s, e);
}

/* {"algorithm":"SHA2_256","digest":base64} of what was signed. */
static int check_signed_digest(const json_t *o, const struct tlog_subject *s, struct err *e)
{
	static const char *const names[][2] = { { "SHA2_256", "sha256" },
						{ "SHA2_384", "sha384" },
						{ "SHA2_512", "sha512" } };
	auto_buf raw = BUF_INIT(HASH_MAX);
	const char *algorithm;
	int r;

	if ((r = json_get_string(o, "algorithm", &algorithm, what, e)) < 0 ||
	    (r = pb_bytes(o, "digest", &raw, what, e)) < 0)
		return r;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], algorithm) == 0)
			return check_signed(names[i][1], (struct str){ buf_str(&raw), raw.n }, s,
					    e);
	return FAIL(e, E_FORMAT, "%s: hash '%.20s' is not supported", what, algorithm);
}

/* {"algorithm":"sha256","value":hex} of 32 bytes. */
static int check_hex(const json_t *o, const unsigned char want[static SHA256_LEN], const char *part,
		     struct err *e)
{
	unsigned char raw[SHA256_LEN];
	const char *algorithm, *value;
	int r;

	if ((r = json_get_string(o, "algorithm", &algorithm, what, e)) < 0 ||
	    (r = json_get_string(o, "value", &value, what, e)) < 0)
		return r;
	if (strcmp(algorithm, "sha256") != 0)
		return FAIL(e, E_FORMAT, "%s: hash '%.20s' is not supported", what, algorithm);
	if ((r = hex_decode(str_of(value), raw, sizeof(raw), e)) < 0)
		return WRAP(e, r, "%s", what);
	return memcmp(raw, want, sizeof(raw)) == 0 ? 0 : differs(e, part);
}

/* {"algorithm":"SHA2_256","digest":base64} */
static int check_digest(const json_t *o, const unsigned char want[static SHA256_LEN],
			const char *part, struct err *e)
{
	unsigned char raw[SHA256_LEN];
	const char *algorithm;
	int r;

	if ((r = json_get_string(o, "algorithm", &algorithm, what, e)) < 0 ||
	    (r = pb_bytes_exact(o, "digest", raw, sizeof(raw), what, e)) < 0)
		return r;
	if (strcmp(algorithm, "SHA2_256") != 0)
		return FAIL(e, E_FORMAT, "%s: hash '%.20s' is not supported", what, algorithm);
	return memcmp(raw, want, sizeof(raw)) == 0 ? 0 : differs(e, part);
}

static int only_signature(const json_t *o, json_t **ret, struct err *e)
{
	json_t *list;
	int r = json_get_array(o, "signatures", &list, what, e);

	if (r < 0)
		return r;
	if (json_array_size(list) != 1)
		return FAIL(e, E_VERIFY, "%s: want exactly one signature, got %zu", what,
			    json_array_size(list));
	*ret = json_array_get(list, 0);
	return 0;
}

/* Only an envelope has a payload. */
static int payload_digest(const struct tlog_subject *s, unsigned char ret[static SHA256_LEN],
			  struct err *e)
{
	const struct buf *payload = &s->bundle->dsse.payload;

	if (!s->bundle->is_dsse)
		return FAIL(e, E_VERIFY, "%s: it is of an envelope, the bundle has none", what);
	sha256_once(buf_str(payload), payload->n, ret);
	return 0;
}

/* Kinds. */

static int check_hashedrekord_1(const json_t *spec, const struct tlog_subject *s, struct err *e)
{
	json_t *sig, *key, *data, *hash;
	int r;

	if ((r = json_get_object(spec, "signature", &sig, what, e)) < 0 ||
	    (r = json_get_object(sig, "publicKey", &key, what, e)) < 0 ||
	    (r = json_get_object(spec, "data", &data, what, e)) < 0 ||
	    (r = json_get_object(data, "hash", &hash, what, e)) < 0 ||
	    (r = check_signed_hex(hash, s, e)) < 0 ||
	    (r = check_signature(sig, "content", s, e)) < 0)
		return r;
	return check_pem(key, "content", s, e);
}

static int check_hashedrekord_2(const json_t *spec, const struct tlog_subject *s, struct err *e)
{
	json_t *v, *data, *sig, *verifier;
	int r;

	if ((r = json_get_object(spec, "hashedRekordV002", &v, what, e)) < 0 ||
	    (r = json_get_object(v, "data", &data, what, e)) < 0 ||
	    (r = json_get_object(v, "signature", &sig, what, e)) < 0 ||
	    (r = json_get_object(sig, "verifier", &verifier, what, e)) < 0 ||
	    (r = check_signed_digest(data, s, e)) < 0 ||
	    (r = check_signature(sig, "content", s, e)) < 0)
		return r;
	return check_verifier(verifier, s, e);
}

static int check_dsse_1(const json_t *spec, const struct tlog_subject *s, struct err *e)
{
	unsigned char payload[SHA256_LEN];
	json_t *hash, *sig;
	int r;

	if ((r = payload_digest(s, payload, e)) < 0 ||
	    (r = json_get_object(spec, "payloadHash", &hash, what, e)) < 0 ||
	    (r = only_signature(spec, &sig, e)) < 0 ||
	    (r = check_hex(hash, payload, "payload", e)) < 0 ||
	    (r = check_signature(sig, "signature", s, e)) < 0)
		return r;
	return check_pem(sig, "verifier", s, e);
}

static int check_dsse_2(const json_t *spec, const struct tlog_subject *s, struct err *e)
{
	unsigned char payload[SHA256_LEN];
	json_t *v, *hash, *sig, *verifier;
	int r;

	if ((r = payload_digest(s, payload, e)) < 0 ||
	    (r = json_get_object(spec, "dsseV002", &v, what, e)) < 0 ||
	    (r = json_get_object(v, "payloadHash", &hash, what, e)) < 0 ||
	    (r = only_signature(v, &sig, e)) < 0 ||
	    (r = json_get_object(sig, "verifier", &verifier, what, e)) < 0 ||
	    (r = check_digest(hash, payload, "payload", e)) < 0 ||
	    (r = check_signature(sig, "content", s, e)) < 0)
		return r;
	return check_verifier(verifier, s, e);
}

static int check_intoto_2(const json_t *spec, const struct tlog_subject *s, struct err *e)
{
	unsigned char payload[SHA256_LEN];
	const char *type;
	json_t *content, *envelope, *hash, *sig;
	int r;

	if ((r = payload_digest(s, payload, e)) < 0 ||
	    (r = json_get_object(spec, "content", &content, what, e)) < 0 ||
	    (r = json_get_object(content, "envelope", &envelope, what, e)) < 0 ||
	    (r = json_get_object(content, "payloadHash", &hash, what, e)) < 0 ||
	    (r = json_get_string(envelope, "payloadType", &type, what, e)) < 0 ||
	    (r = only_signature(envelope, &sig, e)) < 0 ||
	    (r = check_hex(hash, payload, "payload", e)) < 0)
		return r;
	if (strcmp(type, s->bundle->dsse.payload_type) != 0)
		return differs(e, "type of payload");
	if ((r = check_signature_twice(sig, s, e)) < 0)
		return r;
	return check_pem(sig, "publicKey", s, e);
}

/* Which has the signature only as a part of the envelope that it has the hash of. */
static int check_intoto_1(const json_t *spec, const struct tlog_subject *s, struct err *e)
{
	const struct str envelope = s->bundle->envelope;
	unsigned char whole[SHA256_LEN];
	json_t *content, *hash;
	int r;

	if (!envelope.p)
		return FAIL(e, E_FORMAT,
			    "%s: kind 'intoto' 0.0.1 is of an envelope by itself, and a bundle has "
			    "none",
			    what);
	sha256_once(envelope.p, envelope.n, whole);
	if ((r = json_get_object(spec, "content", &content, what, e)) < 0 ||
	    (r = json_get_object(content, "hash", &hash, what, e)) < 0 ||
	    (r = check_hex(hash, whole, "envelope", e)) < 0)
		return r;
	return check_pem(spec, "publicKey", s, e);
}

static const struct {
	const char *kind, *version;
	int (*check)(const json_t *spec, const struct tlog_subject *s, struct err *e);
} kinds[] = {
	{ "hashedrekord", "0.0.1", check_hashedrekord_1 },
	{ "hashedrekord", "0.0.2", check_hashedrekord_2 },
	{ "dsse", "0.0.1", check_dsse_1 },
	{ "dsse", "0.0.2", check_dsse_2 },
	{ "intoto", "0.0.1", check_intoto_1 },
	{ "intoto", "0.0.2", check_intoto_2 },
};

int tlog_check_body(const struct tlog_entry *t, const struct tlog_subject *s, struct err *e)
{
	auto_json *j = NULL;
	const char *kind, *version;
	json_t *spec;
	int r;

	if ((r = json_parse(buf_str(&t->body), t->body.n, what, &j, e)) < 0 ||
	    (r = json_get_string(j, "kind", &kind, what, e)) < 0 ||
	    (r = json_get_string(j, "apiVersion", &version, what, e)) < 0 ||
	    (r = json_get_object(j, "spec", &spec, what, e)) < 0)
		return r;
	if (strcmp(kind, t->kind) != 0 || strcmp(version, t->version) != 0)
		return FAIL(e, E_VERIFY, "%s: its body is of another kind than the bundle tells",
			    what);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0 && strcmp(kinds[i].version, version) == 0)
			return kinds[i].check(spec, s, e);
	return FAIL(e, E_FORMAT, "%s: kind '%.30s' %.10s is not supported", what, kind, version);
}
