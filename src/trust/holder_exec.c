/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holder of a key that a program signs with: "exec:/path?id=KEY&name=value...". The protocol is
 * that of notation's plugins, contract 1.0, commands describe-key and generate-signature
 * (docs/keys.md): what exists for it serves here.
 */
#include <string.h>

#include "base/encode.h"
#include "trust/holder_internal.h"
#include "trust/internal.h"

#define CONTRACT "1.0"
/* Signed when a key becomes known, to see that it can be, and by which certificates. */
#define PROBE "plimsoll asks whether this key signs"

static int read_query(struct holder *h, struct str query, struct err *e)
{
	struct str field, name;
	int r = 0;

	while (r == 0 && str_cut(&query, '&', &field)) {
		auto_free char *key = NULL;
		auto_free char *value = NULL;

		(void)str_cut(&field, '=', &name);
		key = str_dup(name);
		value = str_dup(field);
		if (!key || !value)
			return FAIL_NOMEM(e);
		if (!*key || !str_utf8(name) || !str_utf8(field))
			return FAIL(e, E_USAGE, "want name=value after the '?'");
		if (strcmp(key, "id") == 0 && !h->id) {
			h->id = TAKE(value);
			continue;
		}
		if (!h->config && !(h->config = json_object()))
			return FAIL_NOMEM(e);
		if (json_object_get(h->config, key) || strcmp(key, "id") == 0)
			return FAIL(e, E_USAGE, "%.40s is given twice", key);
		r = json_put_string(h->config, key, value, e);
	}
	return r;
}

static int parse(struct holder *h, struct err *e)
{
	struct str rest = str_of(h->where + strlen(KEY_EXEC)), path;
	int r;

	(void)str_cut(&rest, '?', &path);
	h->program = str_dup(path);
	if (!h->program)
		return FAIL_NOMEM(e);
	r = read_query(h, rest, e);
	if (r == 0 && !h->id)
		r = FAIL(e, E_USAGE, "?id=KEY is missing: which of the program's keys it is");
	return r < 0 ? r : program_check(h->program, e);
}

static int base_request(const struct holder *h, json_t **ret, struct err *e)
{
	auto_json *q = json_object();
	int r;

	if ((r = json_put_string(q, "contractVersion", CONTRACT, e)) < 0 ||
	    (r = json_put_string(q, "keyId", h->id, e)) < 0)
		return r;
	if (h->config && (r = json_put(q, "pluginConfig", json_incref(h->config), e)) < 0)
		return r;
	*ret = TAKE(q);
	return 0;
}

static const struct {
	const char *spec, *type, *hash, *hash_name;
} specs[] = {
	{ "EC-256", "P-256", "SHA256", "SHA-256" },
	{ "EC-384", "P-384", "SHA384", "SHA-384" },
	{ "EC-521", "P-521", "SHA512", "SHA-512" },
	{ "RSA-2048", "RSA-2048", "SHA256", "SHA-256" },
	{ "RSA-3072", "RSA-3072", "SHA384", "SHA-384" },
	{ "RSA-4096", "RSA-4096", "SHA512", "SHA-512" },
};
enum { SPECS = sizeof(specs) / sizeof(specs[0]) };

static int check_id(const struct holder *h, const json_t *answer, struct err *e)
{
	const char *id;
	int r = json_get_string(answer, "keyId", &id, "its answer", e);

	if (r < 0)
		return r;
	return strcmp(id, h->id) == 0 ? 0 : FAIL(e, E_VERIFY, "it answers for another key");
}

static int describe(const struct holder *h, size_t *ret_spec, struct err *e)
{
	auto_json *q = NULL;
	auto_json *answer = NULL;
	const char *spec;
	int r;

	if ((r = base_request(h, &q, e)) < 0 ||
	    (r = program_ask(h->program, "describe-key", q, &answer, e)) < 0 ||
	    (r = check_id(h, answer, e)) < 0 ||
	    (r = json_get_string(answer, "keySpec", &spec, "its answer", e)) < 0)
		return r;
	for (size_t i = 0; i < SPECS; i++)
		if (strcmp(spec, specs[i].spec) == 0) {
			*ret_spec = i;
			return 0;
		}
	return FAIL(e, E_FORMAT, "the key is of type '%.40s', which is not accepted", spec);
}

static int read_chain(const json_t *answer, struct chain *ret, struct err *e)
{
	json_t *list;
	const json_t *v;
	size_t i;
	int r = json_get_array(answer, "certificateChain", &list, "its answer", e);

	if (r < 0)
		return r;
	if (json_array_size(list) > LIMIT_CHAIN)
		return FAIL(e, E_FORMAT, "more than %d certificates", LIMIT_CHAIN);
	json_array_foreach(list, i, v)
	{
		auto_buf der = BUF_INIT(LIMIT_CERT + 1);

		if (!json_is_string(v))
			return FAIL(e, E_FORMAT, "a certificate that is no text");
		if ((r = b64_decode(str_of(json_string_value(v)), B64_STD, &der, e)) < 0 ||
		    (r = chain_add(ret, buf_str(&der), der.n, e)) < 0)
			return r;
	}
	return ret->n ? 0 : FAIL(e, E_FORMAT, "no certificate");
}

/* ret_chain is what came with the signature, leaf first. */
static int generate(const struct holder *h, size_t spec, struct str msg, struct chain *ret_chain,
		    struct buf *ret, struct err *e)
{
	auto_buf payload = BUF_INIT(2 * (size_t)LIMIT_HOLDER_MESSAGE);
	auto_json *q = NULL;
	auto_json *answer = NULL;
	const char *sig;
	int r = base_request(h, &q, e);

	b64_put(&payload, B64_STD, msg.p, msg.n);
	if (r < 0 || (r = buf_check(&payload, "request", e)) < 0 ||
	    (r = json_put_string(q, "keySpec", specs[spec].spec, e)) < 0 ||
	    (r = json_put_string(q, "hashAlgorithm", specs[spec].hash_name, e)) < 0 ||
	    (r = json_put_string(q, "payload", payload.p, e)) < 0 ||
	    (r = program_ask(h->program, "generate-signature", q, &answer, e)) < 0 ||
	    (r = check_id(h, answer, e)) < 0 ||
	    (r = json_get_string(answer, "signature", &sig, "its answer", e)) < 0 ||
	    (r = b64_decode(str_of(sig), B64_STD, ret, e)) < 0)
		return r;
	return read_chain(answer, ret_chain, e);
}

static int spec_of(const struct key *k, size_t *ret, struct err *e)
{
	for (size_t i = 0; i < SPECS; i++)
		if (strcmp(key_type_name(k), specs[i].type) == 0) {
			*ret = i;
			return 0;
		}
	return FAIL(e, E_FORMAT, "no program signs with %s keys", key_type_name(k));
}

static int exec_sign(struct holder *h, enum key_form form, const char *hash, const void *msg,
		     size_t n, struct buf *ret, struct err *e)
{
	auto_buf sig = BUF_INIT(LIMIT_HOLDER_SIGNATURE);
	auto_chain chain = { .n = 0 };
	size_t spec;
	int r = spec_of(h->key, &spec, e);

	if (r < 0)
		return r;
	if (n > LIMIT_HOLDER_MESSAGE)
		return FAIL(e, E_FORMAT, "to be signed: at most %d bytes", LIMIT_HOLDER_MESSAGE);
	/* The protocol has one signature for each type of key. */
	if (form == KEY_FORM_RSA_PKCS1 || strcmp(hash, specs[spec].hash) != 0)
		return FAIL(e, E_USAGE,
			    "a key's program signs %s with %s and RSA by PSS only, which this form "
			    "of signature is not",
			    specs[spec].type, specs[spec].hash_name);
	r = generate(h, spec, (struct str){ msg, n }, &chain, &sig, e);
	return r < 0 ? r : key_ecdsa_der(h->key, (struct str){ buf_str(&sig), sig.n }, ret, e);
}

static void exec_close(struct holder *h)
{
	(void)h;
}

static const struct holder_ops exec_ops = { exec_sign, exec_close };

/* The key is the one of the certificate that comes with a signature which holds under it. */
static int probe(struct holder *h, struct err *e)
{
	auto_buf sig = BUF_INIT(LIMIT_HOLDER_SIGNATURE), der = BUF_INIT(LIMIT_HOLDER_SIGNATURE),
		 pem = BUF_INIT(LIMIT_KEY_PEM);
	auto_release(key_free) struct key *leaf = NULL;
	size_t spec = 0, is;
	int r;

	if ((r = describe(h, &spec, e)) < 0 ||
	    (r = generate(h, spec, STR(PROBE), &h->chain, &sig, e)) < 0 ||
	    (r = cert_key(h->chain.v[0], &leaf, e)) < 0 || (r = spec_of(leaf, &is, e)) < 0)
		return r;
	if (is != spec)
		return FAIL(e, E_VERIFY, "it calls the key %s, its certificate is of %s",
			    specs[spec].spec, specs[is].spec);
	if ((r = key_ecdsa_der(leaf, (struct str){ buf_str(&sig), sig.n }, &der, e)) < 0 ||
	    (r = key_verify_as(
		     leaf, starts_with(specs[is].spec, "EC") ? KEY_FORM_ECDSA : KEY_FORM_RSA_PSS,
		     specs[is].hash, PROBE, strlen(PROBE), (struct str){ buf_str(&der), der.n },
		     e)) < 0)
		return WRAP(e, r, "what it gave is no signature of its certificate's key");
	r = key_public_to_pem(leaf, &pem, e);
	return r < 0 ? r : holder_take_public(h, (struct str){ buf_str(&pem), pem.n }, e);
}

int holder_start_exec(struct holder *h, struct err *e)
{
	int r;

	h->ops = &exec_ops;
	r = parse(h, e);
	if (r < 0)
		return r;
	r = h->known.n ? holder_take_public(h, h->known, e) : probe(h, e);
	return r < 0 ? WRAP(e, r, "key program") : 0;
}
