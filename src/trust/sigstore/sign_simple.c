/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "sandbox/sandbox.h"
#include "trust/sigstore/internal.h"

struct comparison {
	struct str payload, signature;
	const struct key *key;
};

static int compare_in_child(void *arg, struct buf *emit, struct err *e)
{
	const struct comparison *c = arg;

	(void)emit;
	return sigstore_verify(c->key, c->payload.p, c->payload.n, c->signature, e);
}

/* The same payload, signed by the same key. ECDSA never gives the same signature twice. */
static bool is_equal(const struct store *s, const struct manifest *m, size_t i, struct str payload,
		     const struct key *key)
{
	const struct sandbox box = { .what = "signature", .write_dir = -1, .cpu_seconds = 30 };
	auto_buf have = BUF_INIT(LIMIT_SIMPLE), sig = BUF_INIT(LIMIT_SIGNATURE_BYTES);
	struct comparison c = { .payload = payload, .key = key };
	const json_t *notes;
	const char *text;

	if (cosign_layer(s, m, i, COSIGN_SIGNATURES, &have, &notes, NULL) < 0 ||
	    !str_eq((struct str){ buf_str(&have), have.n }, payload))
		return false;
	text = json_string_or_null(notes, SIMPLE_SIGNATURE);
	if (!text || b64_decode(str_of(text), B64_STD, &sig, NULL) < 0)
		return false;
	c.signature = (struct str){ buf_str(&sig), sig.n };
	return sandbox_run(&box, compare_in_child, &c, NULL, NULL) == 0;
}

static bool find_equal(const struct store *s, const struct ref *ref, const struct digest *manifest,
		       struct str payload, const struct key *key, struct desc *ret)
{
	auto_manifest m = { 0 };
	struct desc d;

	if (cosign_load(s, ref, manifest, COSIGN_SIGNATURES, &m, NULL, &d, NULL) < 0)
		return false;
	for (size_t i = 0; i < m.layers_n && i < LIMIT_COSIGN_LAYERS; i++)
		if (is_equal(s, &m, i, payload, key)) {
			*ret = d;
			return true;
		}
	return false;
}

int simple_sign(const struct state *state, struct store *s, const struct ref *ref,
		const char *repository, const struct desc *manifest,
		const struct sigstore_sign_opts *o, struct desc *ret, bool *ret_existing,
		struct err *e)
{
	auto_close int dir = trust_dir(state, true, e);
	auto_close int lock = dir < 0 ? dir : trust_lock(dir, e);
	auto_buf payload = BUF_INIT(LIMIT_SIMPLE), sig = BUF_INIT(LIMIT_SIGNATURE_BYTES),
		 text = BUF_INIT(2 * LIMIT_SIGNATURE_BYTES);
	auto_release(key_free) struct key *pub = NULL;
	int r;

	if (lock < 0)
		return lock;
	if ((r = simple_make(repository, &manifest->digest, o->annotations, &payload, e)) < 0 ||
	    (r = sigstore_sign_bytes(state, &o->key, true, (struct str){ payload.p, payload.n },
				     &pub, &sig, e)) < 0)
		return r;
	*ret_existing = find_equal(s, ref, &manifest->digest, (struct str){ payload.p, payload.n },
				   pub, ret);
	if (*ret_existing)
		return 0;
	b64_put(&text, B64_STD, sig.p, sig.n);
	if ((r = buf_check(&text, "signature", e)) < 0)
		return r;
	return cosign_add(s, ref, &manifest->digest, (struct str){ payload.p, payload.n }, text.p,
			  ret, e);
}
