/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cose.h"

#include <string.h>

#include "crypto/cbor.h"
#include "crypto/cose_internal.h"
#include "crypto/timestamp.h"

enum { TAG_SIGN1 = 18, TAG_TIME = 1 };

/* RFC 9053, section 2.1, and RFC 8230, section 2: what JWS calls by name. */
static const struct {
	int64_t id;
	const char *name;
} algs[] = {
	{ -7, "ES256" },  { -35, "ES384" }, { -36, "ES512" },
	{ -37, "PS256" }, { -38, "PS384" }, { -39, "PS512" },
};

static const char *alg_name(int64_t id)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (algs[i].id == id)
			return algs[i].name;
	return "another";
}

static int alg_id(const char *name, int64_t *ret, struct err *e)
{
	for (size_t i = 0; name && i < sizeof(algs) / sizeof(algs[0]); i++)
		if (strcmp(algs[i].name, name) == 0) {
			*ret = algs[i].id;
			return 0;
		}
	return FAIL(e, E_USAGE, "keys of this kind sign no envelopes");
}

/* What is signed (RFC 9052, section 4.4): the protected header and the payload as they stand. */
static int to_be_signed(struct str head, struct str payload, struct buf *ret, struct err *e)
{
	cbor_put_head(ret, CBOR_ARRAY, 4);
	cbor_put_text(ret, "Signature1");
	cbor_put_bytes(ret, head);
	cbor_put_bytes(ret, (struct str){ "", 0 });
	cbor_put_bytes(ret, payload);
	return buf_check(ret, "envelope", e);
}

/* Signing. */

static void put_time(struct buf *b, const char *name, int64_t t)
{
	cbor_put_text(b, name);
	cbor_put_head(b, CBOR_TAG, TAG_TIME);
	cbor_put_int(b, t);
}

/* In the order of the deterministic form: short names before long ones. */
static void put_protected(struct buf *b, int64_t alg, const char *content_type,
			  const struct claims *claims)
{
	unsigned expires = claims->expiry != 0, authority = claims->authority;

	cbor_put_head(b, CBOR_MAP, 5 + expires);
	cbor_put_int(b, COSE_ALG);
	cbor_put_int(b, alg);
	cbor_put_int(b, COSE_CRIT);
	cbor_put_head(b, CBOR_ARRAY, 1 + expires + authority);
	cbor_put_text(b, H_SCHEME);
	if (authority)
		cbor_put_text(b, H_AUTHENTIC_TIME);
	if (expires)
		cbor_put_text(b, H_EXPIRY);
	cbor_put_int(b, COSE_CONTENT_TYPE);
	cbor_put_text(b, content_type);
	if (expires)
		put_time(b, H_EXPIRY, claims->expiry);
	if (!authority)
		put_time(b, H_TIME, claims->signing_time);
	cbor_put_text(b, H_SCHEME);
	cbor_put_text(b, authority ? SCHEME_AUTHORITY : SCHEME_X509);
	if (authority)
		put_time(b, H_AUTHENTIC_TIME, claims->signing_time);
}

static void put_unprotected(struct buf *b, const struct chain *chain, const char *agent)
{
	cbor_put_head(b, CBOR_MAP, agent ? 2 : 1);
	cbor_put_int(b, COSE_X5CHAIN);
	cbor_put_head(b, CBOR_ARRAY, chain->n);
	for (size_t i = 0; i < chain->n; i++)
		cbor_put_bytes(b, cert_der(chain->v[i]));
	if (agent) {
		cbor_put_text(b, H_AGENT);
		cbor_put_text(b, agent);
	}
}

int cose_sign(const struct key *k, const struct chain *chain, const char *content_type,
	      struct str payload, const struct claims *claims, const char *agent, struct buf *ret,
	      struct err *e)
{
	auto_buf head = BUF_INIT(LIMIT_ENVELOPE), input = BUF_INIT(LIMIT_ENVELOPE);
	auto_buf sig = BUF_INIT(1024);
	const char *alg;
	struct str h;
	int64_t id;
	int r;

	if ((r = envelope_signer(k, chain, &alg, e)) < 0 || (r = alg_id(alg, &id, e)) < 0)
		return r;
	put_protected(&head, id, content_type, claims);
	h = (struct str){ buf_str(&head), head.n };
	if ((r = buf_check(&head, "protected header", e)) < 0 ||
	    (r = to_be_signed(h, payload, &input, e)) < 0 ||
	    (r = key_sign(k, input.p, input.n, &sig, e)) < 0)
		return r;
	cbor_put_head(ret, CBOR_TAG, TAG_SIGN1);
	cbor_put_head(ret, CBOR_ARRAY, 4);
	cbor_put_bytes(ret, h);
	put_unprotected(ret, chain, agent);
	cbor_put_bytes(ret, payload);
	cbor_put_bytes(ret, (struct str){ sig.p, sig.n });
	return buf_check(ret, "envelope", e);
}

/* Verifying. */

struct parts {
	struct str head, payload, signature;
	struct cbor unprotected;
};

static int split(struct str envelope, struct parts *ret, struct err *e)
{
	struct cbor c = { envelope };
	uint64_t n;
	int r;

	if ((r = cbor_tag(&c, TAG_SIGN1, e)) < 0 || (r = cbor_array(&c, &n, e)) < 0)
		return r;
	if (n != 4)
		return FAIL(e, E_FORMAT, "want the four items of COSE_Sign1");
	if ((r = cbor_bytes(&c, &ret->head, e)) < 0)
		return r;
	ret->unprotected = c;
	if ((r = cbor_skip(&c, e)) < 0 || (r = cbor_bytes(&c, &ret->payload, e)) < 0 ||
	    (r = cbor_bytes(&c, &ret->signature, e)) < 0)
		return r;
	return c.rest.n ? FAIL(e, E_FORMAT, "%zu bytes behind its end", c.rest.n) : 0;
}

static int check_signature(const struct parts *p, const struct chain *chain, int64_t alg,
			   struct err *e)
{
	auto_buf input = BUF_INIT(2 * LIMIT_ENVELOPE);
	int r = to_be_signed(p->head, p->payload, &input, e);

	return r < 0 ? r
		     : envelope_check_signature(chain, alg_name(alg),
						(struct str){ input.p, input.n }, p->signature, e);
}

int cose_add_timestamp(struct str envelope, struct str token, struct buf *ret, struct err *e)
{
	auto_buf name = BUF_INIT(sizeof(H_TIMESTAMP) + 8);
	struct parts p;
	struct cbor rest;
	uint64_t n;
	int r = split(envelope, &p, e);

	if (r == 0)
		r = cbor_map(&p.unprotected, &n, e);
	if (r < 0)
		return WRAP(e, r, "envelope");
	/* The members as they stand, and one more. */
	rest = p.unprotected;
	cbor_put_text(&name, H_TIMESTAMP);
	for (uint64_t i = 0; r == 0 && i < 2 * n; i++) {
		struct str one = rest.rest;

		r = cbor_skip(&rest, e);
		one.n -= rest.rest.n;
		if (r == 0 && i % 2 == 0 && str_eq(one, (struct str){ name.p, name.n }))
			r = FAIL(e, E_FORMAT, "it has a timestamp already");
	}
	if (r < 0)
		return WRAP(e, r, "envelope");
	cbor_put_head(ret, CBOR_TAG, TAG_SIGN1);
	cbor_put_head(ret, CBOR_ARRAY, 4);
	cbor_put_bytes(ret, p.head);
	cbor_put_head(ret, CBOR_MAP, n + 1);
	buf_put(ret, p.unprotected.rest.p, p.unprotected.rest.n - rest.rest.n);
	cbor_put_text(ret, H_TIMESTAMP);
	cbor_put_bytes(ret, token);
	cbor_put_bytes(ret, p.payload);
	cbor_put_bytes(ret, p.signature);
	return buf_check(ret, "envelope", e);
}

int cose_verify(struct str envelope, const char *content_type, struct envelope *ret, struct err *e)
{
	auto_envelope v = { .payload = BUF_INIT(LIMIT_ENVELOPE),
			    .signature = BUF_INIT(1024),
			    .timestamp = BUF_INIT(LIMIT_TIMESTAMP) };
	struct cose_headers h = { .content_type = content_type, .chain = &v.chain };
	struct parts p;
	int r = split(envelope, &p, e);

	if (r < 0)
		return WRAP(e, r, "envelope");
	if ((r = cose_read_protected(p.head, &h, e)) < 0 ||
	    (r = cose_read_unprotected(&p.unprotected, &h, &v, e)) < 0 ||
	    (r = check_signature(&p, &v.chain, h.alg, e)) < 0)
		return r;
	buf_put(&v.payload, p.payload.p, p.payload.n);
	buf_put(&v.signature, p.signature.p, p.signature.n);
	if ((r = buf_check(&v.payload, "payload", e)) < 0 ||
	    (r = buf_check(&v.signature, "signature", e)) < 0)
		return r;
	v.claims = h.claims;
	*ret = v;
	v = (struct envelope){ .payload = BUF_INIT(0) };
	return 0;
}
