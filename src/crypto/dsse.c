/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dsse.h"

#include <stdlib.h>

#include "base/encode.h"
#include "crypto/sigstore_key.h"

int dsse_pae(const char *payload_type, struct str payload, struct buf *ret, struct err *e)
{
	buf_printf(ret, "DSSEv1 %zu %s %zu ", strlen(payload_type), payload_type, payload.n);
	buf_put(ret, payload.p, payload.n);
	return buf_check(ret, "DSSE", e);
}

/* Making. */

int dsse_make(const char *payload_type, struct str payload, struct str signature, const char *keyid,
	      json_t **ret, struct err *e)
{
	auto_json *env = json_object();
	auto_buf text = BUF_INIT(LIMIT_DSSE), sig = BUF_INIT(2 * LIMIT_DSSE_SIGNATURE);
	json_t *list = json_array(), *one = json_object();
	int r;

	b64_put(&text, B64_STD, payload.p, payload.n);
	b64_put(&sig, B64_STD, signature.p, signature.n);
	if ((r = json_put(env, "signatures", list, e)) < 0 || (r = json_push(list, one, e)) < 0 ||
	    (r = buf_check(&text, "DSSE payload", e)) < 0 ||
	    (r = buf_check(&sig, "DSSE signature", e)) < 0 ||
	    (r = json_put_string(env, "payloadType", payload_type, e)) < 0 ||
	    (r = json_put_string(env, "payload", buf_str(&text), e)) < 0 ||
	    (r = json_put_string(one, "sig", buf_str(&sig), e)) < 0 ||
	    (r = json_put_string(one, "keyid", keyid, e)) < 0)
		return r;
	*ret = TAKE(env);
	return 0;
}

int dsse_sign(const struct key *k, const char *payload_type, struct str payload, const char *keyid,
	      json_t **ret, struct err *e)
{
	auto_buf pae = BUF_INIT(LIMIT_DSSE), sig = BUF_INIT(LIMIT_DSSE_SIGNATURE);
	int r;

	if ((r = dsse_pae(payload_type, payload, &pae, e)) < 0 ||
	    (r = sigstore_sign(k, pae.p, pae.n, &sig, e)) < 0)
		return r;
	return dsse_make(payload_type, payload, (struct str){ sig.p, sig.n }, keyid, ret, e);
}

/* Reading. */

void dsse_free(struct dsse *d)
{
	buf_free(&d->payload);
	free(d->v);
	*d = (struct dsse){ 0 };
}

static int parse_signature(const json_t *j, struct dsse_signature *ret, struct err *e)
{
	auto_buf sig = BUF_INIT(LIMIT_DSSE_SIGNATURE);
	const json_t *keyid = json_object_get(j, "keyid");
	const char *text;
	int r = json_get_string(j, "sig", &text, "DSSE signature", e);

	if (r == 0)
		r = b64_decode_any(str_of(text), &sig, e);
	if (r < 0)
		return WRAP(e, r, "DSSE signature");
	if (sig.n == 0)
		return FAIL(e, E_FORMAT, "DSSE signature: empty");
	if (keyid && !json_is_string(keyid) && !json_is_null(keyid))
		return FAIL(e, E_FORMAT, "DSSE signature: 'keyid' is not a string");
	if (json_string_length(keyid) > LIMIT_DSSE_KEYID)
		return FAIL(e, E_FORMAT, "DSSE signature: 'keyid' is longer than %d bytes",
			    LIMIT_DSSE_KEYID);
	memcpy(ret->bytes, sig.p, sig.n);
	ret->n = sig.n;
	(void)snprintf(ret->keyid, sizeof(ret->keyid), "%s",
		       json_string_value(keyid) ? json_string_value(keyid) : "");
	return 0;
}

static int parse_signatures(const json_t *list, struct dsse *d, struct err *e)
{
	size_t n = json_array_size(list);
	int r = 0;

	if (n == 0 || n > LIMIT_DSSE_SIGNATURES)
		return FAIL(e, E_FORMAT, "DSSE: want 1 to %d signatures, got %zu",
			    LIMIT_DSSE_SIGNATURES, n);
	d->v = calloc(n, sizeof(*d->v));
	if (!d->v)
		return FAIL_NOMEM(e);
	for (; r == 0 && d->n < n; d->n++)
		r = parse_signature(json_array_get(list, d->n), &d->v[d->n], e);
	return r;
}

int dsse_parse(const json_t *envelope, struct dsse *ret, struct err *e)
{
	auto_dsse d = { .payload = BUF_INIT(LIMIT_DSSE_PAYLOAD) };
	const char *type, *payload;
	json_t *list;
	int r;

	if ((r = json_get_string(envelope, "payloadType", &type, "DSSE", e)) < 0 ||
	    (r = json_get_string(envelope, "payload", &payload, "DSSE", e)) < 0 ||
	    (r = json_get_array(envelope, "signatures", &list, "DSSE", e)) < 0)
		return r;
	if (!*type || strlen(type) > LIMIT_DSSE_TYPE)
		return FAIL(e, E_FORMAT, "DSSE: 'payloadType' has 1 to %d bytes", LIMIT_DSSE_TYPE);
	if ((r = b64_decode_any(str_of(payload), &d.payload, e)) < 0)
		return WRAP(e, r, "DSSE payload");
	if ((r = parse_signatures(list, &d, e)) < 0)
		return r;
	(void)snprintf(d.payload_type, sizeof(d.payload_type), "%s", type);
	*ret = d;
	d = (struct dsse){ 0 };
	return 0;
}

static bool signed_by(const struct dsse *d, const struct buf *pae, const struct key *k)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct str sig = { (const char *)d->v[i].bytes, d->v[i].n };

		if (sigstore_verify(k, pae->p, pae->n, sig, NULL) == 0)
			return true;
	}
	return false;
}

static bool given_before(const struct key *const *keys, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (key_same_public(keys[k], keys[i]))
			return true;
	return false;
}

int dsse_verify(const struct dsse *d, const struct key *const *keys, size_t n, size_t threshold,
		bool *ret_held, struct err *e)
{
	auto_buf pae = BUF_INIT(LIMIT_DSSE);
	size_t count = 0;
	int r;

	if (threshold == 0)
		return FAIL(e, E_INTERNAL, "DSSE: a threshold of 0");
	r = dsse_pae(d->payload_type, (struct str){ buf_str(&d->payload), d->payload.n }, &pae, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		bool held = signed_by(d, &pae, keys[i]);

		if (ret_held)
			ret_held[i] = held;
		if (held && !given_before(keys, i))
			count++;
	}
	if (count < threshold)
		return FAIL(e, E_VERIFY, "DSSE: %zu of the %zu keys given signed it, %zu are asked",
			    count, n, threshold);
	return (int)count;
}
