/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "sandbox/sandbox.h"
#include "trust/internal.h"

/* What is to be signed. */
struct signing {
	enum envelope_form form;
	const struct chain *chain;
	struct str payload;
	struct claims claims;
	const struct chain *stamped; /* certificates that end the authority's chain; NULL: not */
};

/* Whether an envelope is what we would sign now: same form, same signer, same payload, as long
 * valid. */
struct comparison {
	enum envelope_form form;
	struct str envelope;
	struct str payload;
	const struct cert *leaf;
	struct claims claims;
	const struct chain
		*stamped; /* with a timestamp of one whom these certify; NULL: or without */
};

/* One that proves nothing, or by somebody else's word, is as good as none. */
static int check_stamp(const struct envelope *j, const struct chain *roots, struct err *e)
{
	const struct timestamp_trust trust = { .anchors = roots->v, .anchors_n = roots->n };
	auto_timestamp t = { 0 };

	if (j->timestamp.n == 0)
		return FAIL(e, E_VERIFY, "no timestamp");
	return evaluate_stamp((struct str){ buf_str(&j->timestamp), j->timestamp.n },
			      (struct str){ buf_str(&j->signature), j->signature.n }, &trust, NULL,
			      &t, e);
}

static int compare_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct comparison *c = arg;
	auto_envelope j = { .payload = BUF_INIT(0) };
	int64_t want = c->claims.expiry ? c->claims.expiry - c->claims.signing_time : 0, left;
	int r = envelope_verify(c->form, c->envelope, NOTARY_PAYLOAD_TYPE, &j, e);

	(void)emit;
	if (r < 0)
		return r;
	left = j.claims.expiry ? j.claims.expiry - c->claims.signing_time : 0;
	if (!cert_equal(j.chain.v[0], c->leaf) ||
	    !str_eq((struct str){ buf_str(&j.payload), j.payload.n }, c->payload))
		return FAIL(e, E_VERIFY, "another signature");
	if (c->stamped && (r = check_stamp(&j, c->stamped, e)) < 0)
		return r;
	/* One that expires is renewed once half of its time is over. */
	if ((want == 0) != (j.claims.expiry == 0) || left < want / 2 || left > want)
		return FAIL(e, E_VERIFY, "another expiry");
	return 0;
}

/* What the payload looks like in an envelope: one without these bytes is another signature, which
 * takes no process to see. */
static int payload_in(const struct signing *s, struct buf *ret, struct err *e)
{
	if (s->form == ENVELOPE_JWS)
		b64_put(ret, B64_URL, s->payload.p, s->payload.n);
	else
		buf_put(ret, s->payload.p, s->payload.n);
	return buf_check(ret, "payload", e);
}

static bool find_equal(const struct store *s, const struct desc *manifest,
		       const struct signing *signer, struct desc *ret)
{
	const struct sandbox box = { .what = "signature", .write_dir = -1, .cpu_seconds = 30 };
	auto_buf bytes = BUF_INIT(LIMIT_ENVELOPE);
	auto_json *list = NULL;
	size_t tried = 0;

	if (payload_in(signer, &bytes, NULL) < 0 ||
	    store_referrers(s, &manifest->digest, NOTARY_ARTIFACT_TYPE, &list, NULL) < 0)
		return false;
	crypto_init();
	for (size_t i = 0; i < json_array_size(list) && tried < LIMIT_SIGNATURES; i++) {
		auto_buf envelope = BUF_INIT(LIMIT_ENVELOPE);
		struct comparison c = { .payload = signer->payload,
					.leaf = signer->chain->v[0],
					.claims = signer->claims,
					.stamped = signer->stamped };
		struct desc d;

		if (desc_parse(json_array_get(list, i), "referrer", &d, NULL) < 0 ||
		    signature_read(s, &d, manifest, &c.form, &envelope, NULL) < 0 ||
		    c.form != signer->form ||
		    !memmem(buf_str(&envelope), envelope.n, bytes.p, bytes.n))
			continue;
		c.envelope = (struct str){ buf_str(&envelope), envelope.n };
		tried++;
		if (sandbox_run(&box, compare_in_child, &c, NULL, NULL) == 0) {
			*ret = d;
			return true;
		}
	}
	return false;
}

static int sign_with(const struct trust_signer *by, struct store *s, const struct desc *manifest,
		     const struct trust_sign_opts *o, struct desc *ret, bool *ret_existing,
		     struct err *e)
{
	const struct chain *chain = trust_signer_chain(by);
	auto_buf payload = BUF_INIT(LIMIT_ENVELOPE / 4), envelope = BUF_INIT(LIMIT_ENVELOPE);
	auto_buf repository = BUF_INIT(TRUST_REPOSITORY_MAX);
	const struct buf *final;
	int64_t now = clock_now();
	auto_buf stamped = BUF_INIT(LIMIT_ENVELOPE);
	auto_chain roots = { .n = 0 };
	struct signing what = { .form = o->form,
				.chain = chain,
				.stamped = o->timestamp_url ? &roots : NULL };
	int r = o->timestamp_url ? chain_from_file(o->timestamp_roots, &roots, e) : 0;

	if (r < 0)
		return WRAP(e, r, "certificates of the time-stamping authority");

	if (o->ref)
		trust_repository(o->ref, &repository);
	r = buf_check(&repository, "repository", e);
	if (r == 0)
		r = payload_make(manifest, buf_str(&repository), o->annotations, &payload, e);
	if (r < 0)
		return r;
	what.payload = (struct str){ buf_str(&payload), payload.n };
	what.claims =
		(struct claims){ .signing_time = now, .expiry = o->expiry ? now + o->expiry : 0 };
	if (find_equal(s, manifest, &what, ret)) {
		*ret_existing = true;
		return 0;
	}
	r = envelope_sign(o->form, trust_signer_key(by), chain, NOTARY_PAYLOAD_TYPE, what.payload,
			  &what.claims, "plimsoll/" PLIMSOLL_VERSION, &envelope, e);
	if (r == 0 && o->timestamp_url)
		r = trust_timestamp(o->form, o, (struct str){ envelope.p, envelope.n }, &stamped,
				    e);
	if (r < 0)
		return r;
	*ret_existing = false;
	final = o->timestamp_url ? &stamped : &envelope;
	return signature_attach(s, o->form, (struct str){ final->p, final->n }, chain, manifest,
				now, ret, e);
}

int trust_sign(const struct state *state, struct store *s, const struct desc *manifest,
	       const struct trust_sign_opts *o, struct desc *ret, bool *ret_existing, struct err *e)
{
	auto_release(trust_signer_close) struct trust_signer *by = NULL;
	bool existing;
	struct desc d;
	int r;

	if (!desc_is_manifest(manifest) && !desc_is_index(manifest))
		return FAIL(e, E_FORMAT, "sign %s: '%s' is not a manifest", manifest->digest.s,
			    manifest->media_type);
	if (o->expiry < 0 || o->expiry > (int64_t)LIMIT_CERT_DAYS * 86400)
		return FAIL(e, E_USAGE, "sign: an expiry of at most %d days", LIMIT_CERT_DAYS);
	/* What is not whole is not signed. */
	r = store_blob_verify(s, manifest, e);
	r = r < 0 ? r : trust_signer_open(state, o->key, o->passphrase, &by, e);
	r = r < 0 ? r : sign_with(by, s, manifest, o, &d, &existing, e);
	if (r < 0)
		return WRAP(e, r, "sign %s", manifest->digest.s);
	*ret = d;
	if (ret_existing)
		*ret_existing = existing;
	return 0;
}
