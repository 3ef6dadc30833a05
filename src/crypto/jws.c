/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jws.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/jws_internal.h"
#include "crypto/timestamp.h"

/* Signing. */

static int make_protected(const char *alg, const char *content_type, const struct claims *claims,
			  struct buf *ret, struct err *e)
{
	auto_json *h = json_object();
	json_t *crit = json_array();
	char t[RFC3339_MAX];
	int r;

	clock_rfc3339(claims->signing_time, t);
	if ((r = json_put(h, "crit", crit, e)) < 0 ||
	    (r = json_push(crit, json_string(H_SCHEME), e)) < 0 ||
	    (r = claims->authority ? json_push(crit, json_string(H_AUTHENTIC_TIME), e) : 0) < 0 ||
	    (r = json_put_string(h, "alg", alg, e)) < 0 ||
	    (r = json_put_string(h, "cty", content_type, e)) < 0 ||
	    (r = json_put_string(h, H_SCHEME, claims->authority ? SCHEME_AUTHORITY : SCHEME_X509,
				 e)) < 0 ||
	    (r = json_put_string(h, envelope_time_name(claims->authority), t, e)) < 0)
		return r;
	if (claims->expiry) {
		clock_rfc3339(claims->expiry, t);
		if ((r = json_push(crit, json_string(H_EXPIRY), e)) < 0 ||
		    (r = json_put_string(h, H_EXPIRY, t, e)) < 0)
			return r;
	}
	return json_canonical(h, ret, e);
}

static int make_unprotected(const struct chain *chain, const char *agent, json_t **ret,
			    struct err *e)
{
	auto_json *h = json_object();
	json_t *x5c = json_array();
	int r = json_put(h, "x5c", x5c, e);

	for (size_t i = 0; r == 0 && i < chain->n; i++) {
		auto_buf b64 = BUF_INIT(2 * LIMIT_CERT);
		struct str der = cert_der(chain->v[i]);

		b64_put(&b64, B64_STD, der.p, der.n);
		r = buf_check(&b64, "certificate", e);
		if (r == 0)
			r = json_push(x5c, json_string(b64.p), e);
	}
	if (r == 0)
		r = json_put_string(h, H_AGENT, agent, e);
	if (r == 0)
		*ret = TAKE(h);
	return r;
}

static int assemble(struct str input, size_t protected_n, struct str signature, json_t *header,
		    struct buf *ret, struct err *e)
{
	auto_json *env = json_object();
	auto_buf sig = BUF_INIT(LIMIT_ENVELOPE);
	int r;

	b64_put(&sig, B64_URL, signature.p, signature.n);
	if ((r = buf_check(&sig, "signature", e)) < 0 ||
	    (r = json_put(env, "protected", json_stringn(input.p, protected_n), e)) < 0 ||
	    (r = json_put(env, "payload",
			  json_stringn(input.p + protected_n + 1, input.n - protected_n - 1), e)) <
		    0 ||
	    (r = json_put(env, "header", json_incref(header), e)) < 0 ||
	    (r = json_put_string(env, "signature", sig.p, e)) < 0)
		return r;
	return json_canonical(env, ret, e);
}

int jws_sign(const struct key *k, const struct chain *chain, const char *content_type,
	     struct str payload, const struct claims *claims, const char *agent, struct buf *ret,
	     struct err *e)
{
	auto_buf head = BUF_INIT(LIMIT_ENVELOPE), input = BUF_INIT(LIMIT_ENVELOPE),
		 sig = BUF_INIT(1024);
	auto_json *unprotected = NULL;
	const char *alg = NULL;
	size_t protected_n;
	int r;

	if ((r = envelope_signer(k, chain, &alg, e)) < 0 ||
	    (r = make_protected(alg, content_type, claims, &head, e)) < 0 ||
	    (r = make_unprotected(chain, agent, &unprotected, e)) < 0)
		return r;
	b64_put(&input, B64_URL, head.p, head.n);
	protected_n = input.n;
	buf_putc(&input, '.');
	b64_put(&input, B64_URL, payload.p, payload.n);
	if ((r = buf_check(&input, "envelope", e)) < 0 ||
	    (r = key_sign(k, input.p, input.n, &sig, e)) < 0)
		return r;
	return assemble((struct str){ input.p, input.n }, protected_n, (struct str){ sig.p, sig.n },
			unprotected, ret, e);
}

/* Verifying. */

struct parts {
	const char *protected_b64, *payload_b64, *signature_b64;
	json_t *unprotected;
};

static int split(const json_t *env, struct parts *ret, struct err *e)
{
	static const char what[] = "envelope";
	int r;

	if (!json_is_object(env) || json_object_size(env) != 4)
		return FAIL(e, E_FORMAT,
			    "envelope: want exactly payload, protected, header and signature");
	if ((r = json_get_string(env, "protected", &ret->protected_b64, what, e)) < 0 ||
	    (r = json_get_string(env, "payload", &ret->payload_b64, what, e)) < 0 ||
	    (r = json_get_string(env, "signature", &ret->signature_b64, what, e)) < 0)
		return r;
	return json_get_object(env, "header", &ret->unprotected, what, e);
}

static int decode(const char *b64, const char *what, struct buf *ret, struct err *e)
{
	int r = b64_decode(str_of(b64), B64_URL, ret, e);

	return r < 0 ? WRAP(e, r, "envelope: %s", what) : 0;
}

/* Over the strings as received. */
static int check_signature(const struct parts *p, const char *alg, struct envelope *v,
			   struct err *e)
{
	auto_buf input = BUF_INIT(LIMIT_ENVELOPE);
	int r = decode(p->signature_b64, "signature", &v->signature, e);

	if (r < 0)
		return r;
	buf_puts(&input, p->protected_b64);
	buf_putc(&input, '.');
	buf_puts(&input, p->payload_b64);
	r = buf_check(&input, "envelope", e);
	return r < 0 ? r
		     : envelope_check_signature(
			       &v->chain, alg, (struct str){ input.p, input.n },
			       (struct str){ buf_str(&v->signature), v->signature.n }, e);
}

int jws_add_timestamp(struct str envelope, struct str token, struct buf *ret, struct err *e)
{
	auto_json *env = NULL;
	auto_buf b64 = BUF_INIT(2 * LIMIT_TIMESTAMP);
	struct parts p;
	int r;

	if ((r = json_parse(envelope.p, envelope.n, "envelope", &env, e)) < 0 ||
	    (r = split(env, &p, e)) < 0)
		return r;
	if (json_object_get(p.unprotected, H_TIMESTAMP))
		return FAIL(e, E_FORMAT, "envelope: it has a timestamp already");
	b64_put(&b64, B64_STD, token.p, token.n);
	if ((r = buf_check(&b64, "timestamp", e)) < 0 ||
	    (r = json_put_string(p.unprotected, H_TIMESTAMP, buf_str(&b64), e)) < 0)
		return r;
	return json_canonical(env, ret, e);
}

int jws_verify(struct str envelope, const char *content_type, struct envelope *ret, struct err *e)
{
	auto_envelope j = { .payload = BUF_INIT(LIMIT_ENVELOPE),
			    .signature = BUF_INIT(1024),
			    .timestamp = BUF_INIT(LIMIT_TIMESTAMP) };
	auto_json *env = NULL;
	auto_json *head = NULL;
	auto_buf text = BUF_INIT(LIMIT_ENVELOPE);
	struct parts p;
	const char *alg = NULL;
	int r;

	if ((r = json_parse(envelope.p, envelope.n, "envelope", &env, e)) < 0 ||
	    (r = split(env, &p, e)) < 0 ||
	    (r = decode(p.protected_b64, "protected", &text, e)) < 0 ||
	    (r = json_parse(buf_str(&text), text.n, "protected header", &head, e)) < 0 ||
	    (r = jws_read_protected(head, content_type, &alg, &j.claims, e)) < 0 ||
	    (r = jws_read_unprotected(p.unprotected, head, &j, e)) < 0 ||
	    (r = check_signature(&p, alg, &j, e)) < 0 ||
	    (r = decode(p.payload_b64, "payload", &j.payload, e)) < 0)
		return r;
	*ret = j;
	j = (struct envelope){ .payload = BUF_INIT(0) };
	return 0;
}
