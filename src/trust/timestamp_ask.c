/* SPDX-License-Identifier: Apache-2.0 */
/* A timestamp for a signature that was just made (signing.md 8). */
#include <string.h>

#include "base/clock.h"
#include "crypto/timestamp.h"
#include "sandbox/sandbox.h"
#include "trust/ask.h"
#include "trust/internal.h"

enum { TIMESTAMP_SECONDS = 15, CLOCK_SKEW = 300 };

struct stamping {
	struct str answer, signature;
	unsigned char nonce[TIMESTAMP_NONCE];
	const struct chain *roots, *signer;
	int64_t now;
};

/* What the verifier will ask of it is asked at once: a token that does not hold is no use later. */
static int read_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct stamping *s = arg;
	const struct timestamp_trust trust = { .anchors = s->roots->v, .anchors_n = s->roots->n };
	auto_timestamp t = { 0 };
	int r = timestamp_response(s->answer, emit, e);

	if (r == 0)
		r = evaluate_stamp((struct str){ emit->p, emit->n }, s->signature, &trust, s->nonce,
				   &t, e);
	if (r < 0)
		return r;
	if (t.time > s->now + CLOCK_SKEW || t.time < s->now - CLOCK_SKEW)
		return FAIL(e, E_VERIFY,
			    "the authority's clock and this host's differ by more than %d seconds",
			    CLOCK_SKEW);
	r = chain_valid_at(s->signer, t.time - t.accuracy, e);
	return r < 0 ? r : chain_valid_at(s->signer, t.time + t.accuracy, e);
}

static int fetch_token(const struct trust_sign_opts *o, const struct chain *signer,
		       const struct chain *roots, struct str signature, struct buf *ret,
		       struct err *e)
{
	const struct sandbox box = { .what = "timestamp", .write_dir = -1, .cpu_seconds = 30 };
	auto_release(fetch_free) struct fetch *f = NULL;
	auto_buf request = BUF_INIT(LIMIT_TIMESTAMP), answer = BUF_INIT(LIMIT_TIMESTAMP);
	struct stamping s = { .signature = signature, .roots = roots, .signer = signer };
	struct ask q = { .url = o->timestamp_url,
			 .content_type = "application/timestamp-query",
			 .max = LIMIT_TIMESTAMP,
			 .seconds = TIMESTAMP_SECONDS };
	const char *hash = NULL;
	int r = envelope_hash(signer, &hash, e);

	if (r < 0 || (r = timestamp_request(signature, hash, &request, s.nonce, e)) < 0)
		return r;
	q.body = (struct str){ request.p, request.n };
	r = ask(&f, &q, &answer, e);
	if (r < 0)
		return r;
	s.answer = (struct str){ buf_str(&answer), answer.n };
	s.now = clock_now();
	crypto_init();
	return sandbox_run(&box, read_in_child, &s, ret, e);
}

int trust_timestamp(enum envelope_form form, const struct trust_sign_opts *o, struct str envelope,
		    struct buf *ret, struct err *e)
{
	auto_envelope v = { .payload = BUF_INIT(0) };
	auto_chain roots = { .n = 0 };
	auto_buf token = BUF_INIT(LIMIT_TIMESTAMP);
	int r = chain_from_file(o->timestamp_roots, &roots, e);

	if (r < 0)
		return WRAP(e, r, "certificates of the time-stamping authority");
	if ((r = envelope_verify(form, envelope, NOTARY_PAYLOAD_TYPE, &v, e)) < 0 ||
	    (r = fetch_token(o, &v.chain, &roots,
			     (struct str){ buf_str(&v.signature), v.signature.n }, &token, e)) < 0)
		return WRAP(e, r, "timestamp");
	return envelope_add_timestamp(form, envelope, (struct str){ token.p, token.n }, ret, e);
}
