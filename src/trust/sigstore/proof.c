/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/proof.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/sct.h"
#include "crypto/sigstore_key.h"
#include "crypto/timestamp.h"

/* What was signed. */
struct signed_bytes {
	struct buf pae; /* of an envelope */
	struct str message;
	struct str sha256;
	unsigned char digest[SHA256_LEN];
};

/* A digest that the bundle tells must be the artifact's, though it proves nothing. */
static int check_told(const struct bundle *b, const struct proof_want *w, struct err *e)
{
	const struct str told = { buf_str(&b->digest), b->digest.n };
	const char *name = strcmp(b->hash, "SHA384") == 0 ? "sha384" : "sha512";
	auto_release(hash_free) struct hash *h = NULL;
	unsigned char raw[HASH_MAX];
	struct str ours = w->sha256;
	int r;

	if (strcmp(b->hash, "SHA256") != 0) {
		if (!b->hash[0] || !w->message.p)
			return 0;
		if ((r = hash_new(name, &h, e)) < 0)
			return r;
		hash_update(h, w->message.p, w->message.n);
		ours = (struct str){ (const char *)raw, hash_final(h, raw) };
	}
	return str_eq(told, ours) ? 0 : FAIL(e, E_VERIFY, "the bundle is of another artifact");
}

static int find_signed(const struct bundle *b, const struct proof_want *w, struct signed_bytes *m,
		       struct err *e)
{
	int r;

	m->pae = BUF_INIT(LIMIT_DSSE);
	m->message = w->message;
	m->sha256 = w->sha256;
	if (b->is_dsse) {
		const struct str payload = { buf_str(&b->dsse.payload), b->dsse.payload.n };

		if ((r = dsse_pae(b->dsse.payload_type, payload, &m->pae, e)) < 0)
			return r;
		m->message = (struct str){ m->pae.p, m->pae.n };
		sha256_once(m->pae.p, m->pae.n, m->digest);
		m->sha256 = (struct str){ (const char *)m->digest, sizeof(m->digest) };
		return 0;
	}
	return check_told(b, w, e);
}

static int check_signature(const struct bundle *b, const struct signed_bytes *m,
			   const struct key *k, struct err *e)
{
	struct str sig = bundle_signature(b);

	if (m->message.p)
		return sigstore_verify(k, m->message.p, m->message.n, sig, e);
	return sigstore_verify_digest(k, "SHA256", m->sha256, sig, e);
}

/* Keys that are withdrawn, by whatever certificate or log they are met. */

static int key_counts(const struct proof_want *w, const struct key *k, int64_t when, const char *of,
		      struct err *e)
{
	int r = w->withdrawn ? withdrawn_check(w->withdrawn, k, when, w->now, e) : 0;

	return r < 0 ? WRAP(e, r, "%s", of) : 0;
}

static int chain_counts(const struct proof_want *w, const struct chain *c, int64_t when,
			const char *of, struct err *e)
{
	int r = w->withdrawn ? withdrawn_check_chain(w->withdrawn, c, when, w->now, e) : 0;

	return r < 0 ? WRAP(e, r, "%s", of) : 0;
}

/* Time. */

static int check_token_by(const struct buf *token, struct str signature, const struct authority *a,
			  const struct proof_want *w, int64_t *ret, struct err *e)
{
	const struct timestamp_trust trust = { .anchors = &a->chain.v[a->chain.n - 1],
					       .anchors_n = 1,
					       .others = a->chain.v,
					       .others_n = a->chain.n - 1 };
	auto_timestamp t = { 0 };
	int r = timestamp_verify((struct str){ buf_str(token), token->n }, signature, &trust, NULL,
				 &t, e);

	if (r < 0)
		return r;
	if (t.time < a->start || a->end < t.time)
		return FAIL(e, E_VERIFY,
			    "the time-stamp authority was not in use at the time it states");
	if ((r = chain_counts(w, &a->chain, t.time, "by a time-stamp authority", e)) < 0 ||
	    (r = chain_counts(w, &t.chain, t.time, "by a time-stamp authority", e)) < 0)
		return r;
	*ret = t.time;
	return 0;
}

/* What an authority answered, with the token in it, must hold under one that is trusted, and that
 * have been in use at its time. */
static int check_token(const struct buf *answer, struct str signature, const struct proof_want *w,
		       int64_t *ret, struct err *e)
{
	const struct trusted_root *root = w->root;
	auto_buf token = BUF_INIT(LIMIT_BUNDLE_TOKEN);
	struct err why = ERR_INIT;

	if (timestamp_response((struct str){ buf_str(answer), answer->n }, &token, &why) < 0)
		return FAIL(e, E_FORMAT, "timestamp: %.800s", why.msg);
	(void)FAIL(&why, E_VERIFY, "no time-stamp authority is trusted");
	for (size_t i = 0; i < root->tsas.n; i++) {
		const struct authority *a = &root->tsas.v[i];

		if (a->chain.n && check_token_by(&token, signature, a, w, ret, &why) == 0)
			return 0;
	}
	return FAIL(e, E_VERIFY, "timestamp %.800s", why.msg);
}

/* All times at which the signature is proven to have been there. */
struct times {
	int64_t v[LIMIT_BUNDLE_TIMESTAMPS + LIMIT_BUNDLE_ENTRIES];
	size_t n;
	const struct log_key *logs[LIMIT_BUNDLE_ENTRIES]; /* that have it */
	size_t logs_n;
};

static int prove_times(const struct bundle *b, const struct tlog_subject *s,
		       const struct proof_want *w, struct times *ret, struct err *e)
{
	int r;

	for (size_t i = 0; i < b->entries_n; i++) {
		struct tlog_proof p;

		if ((r = tlog_verify(&b->entries[i], w->root, &p, e)) < 0 ||
		    (r = key_counts(w, p.log->key, p.time, "in a transparency log", e)) < 0 ||
		    (r = tlog_check_body(&b->entries[i], s, e)) < 0)
			return r;
		ret->logs[ret->logs_n++] = p.log;
		if (p.time)
			ret->v[ret->n++] = p.time;
	}
	for (size_t i = 0; i < b->tokens_n; i++) {
		r = check_token(&b->tokens[i], bundle_signature(b), w, &ret->v[ret->n], e);
		if (r < 0)
			return r;
		ret->n++;
	}
	/* A log that tells no time itself was in use when others say that it was. */
	for (size_t i = 0; i < ret->logs_n; i++)
		for (size_t k = 0; k < ret->n; k++)
			if (ret->v[k] < ret->logs[i]->start || ret->logs[i]->end < ret->v[k])
				return FAIL(e, E_VERIFY,
					    "the transparency log was not in use at that time");
	return 0;
}

/* By certificate. */

static int check_scts(const struct cert *leaf, const struct cert *issuer,
		      const struct proof_want *w, int64_t when, struct err *e)
{
	const struct log_keys *logs = &w->root->ctlogs;
	struct sct_log list[LIMIT_ROOT_ENTRIES];
	size_t n = 0;

	if (!logs->named)
		return 0;
	for (size_t i = 0; i < logs->n; i++) {
		if (key_counts(w, logs->v[i].key, when, "", NULL) < 0)
			continue;
		list[n] = (struct sct_log){ .key = logs->v[i].key,
					    .start = logs->v[i].start,
					    .end = logs->v[i].end };
		memcpy(list[n].id, logs->v[i].id, sizeof(list[n].id));
		n++;
	}
	return sct_verify(leaf, issuer, list, n, e);
}

static int check_authority(const struct cert *leaf, const struct proof_want *w, int64_t when,
			   struct err *e)
{
	const struct trusted_root *root = w->root;
	struct err why = ERR_INIT;

	(void)FAIL(&why, E_VERIFY, "no certificate authority was in use at the time of signing");
	for (size_t i = 0; i < root->cas.n; i++) {
		const struct authority *a = &root->cas.v[i];
		const struct cert *issuer;

		if (a->chain.n == 0 || when < a->start || a->end < when)
			continue;
		if (fulcio_check(leaf, &a->chain, when, &issuer, &why) == 0 &&
		    chain_counts(w, &a->chain, when, "by a certificate authority", &why) == 0)
			return check_scts(leaf, issuer, w, when, e);
	}
	if (e)
		*e = why;
	return E_VERIFY;
}

/* What a bundle brings beside the leaf is believed in nothing, but an anchor has no business there:
 * the format forbids it, since whoever believes one believes anybody. */
static int check_others(const struct bundle *b, struct err *e)
{
	for (size_t i = 1; i < b->certs_n; i++) {
		auto_release(cert_free) struct cert *c = NULL;
		int r = cert_from_der(b->certs[i].p, b->certs[i].n, &c, e);

		if (r < 0)
			return WRAP(e, r, "bundle");
		if (cert_is_self_signed(c))
			return FAIL(e, E_FORMAT, "bundle: a root certificate among its own");
	}
	return 0;
}

static int prove_keyless(const struct bundle *b, const struct signed_bytes *m,
			 const struct proof_want *w, struct proof *p, struct err *e)
{
	auto_release(cert_free) struct cert *leaf = NULL;
	auto_release(key_free) struct key *k = NULL;
	struct tlog_subject s = { .bundle = b, .message = m->message, .sha256 = m->sha256 };
	struct times times = { .n = 0 };
	int r;

	if (!w->keyless || !w->root)
		return FAIL(e, E_VERIFY, "signed by a certificate; only keys are trusted here");
	if ((r = cert_from_der(b->certs[0].p, b->certs[0].n, &leaf, e)) < 0 ||
	    (r = cert_key(leaf, &k, e)) < 0 || (r = fulcio_identity(leaf, &p->identity, e)) < 0 ||
	    (r = check_others(b, e)) < 0 || (r = check_signature(b, m, k, e)) < 0)
		return r;
	s.key = k;
	s.cert = leaf;
	if ((r = prove_times(b, &s, w, &times, e)) < 0)
		return r;
	/* An instance without logs, as companies run it, has a root that names none. */
	if (times.logs_n == 0 && w->root->tlogs.named)
		return FAIL(e, E_VERIFY, "no transparency log has the signature");
	if (times.n == 0)
		return FAIL(e, E_VERIFY, "nothing proves when it was signed");
	for (size_t i = 0; r == 0 && i < times.n; i++)
		r = check_authority(leaf, w, times.v[i], e);
	for (size_t i = 0; r == 0 && i < times.n; i++)
		r = key_counts(w, k, times.v[i], "by a certificate", e);
	if (r < 0)
		return r;
	p->keyless = true;
	p->logged = times.logs_n > 0;
	p->time = times.v[0];
	return key_spki_id(k, p->key_id, e);
}

/* By key. */

static int prove_keyed(const struct bundle *b, const struct signed_bytes *m,
		       const struct proof_want *w, struct proof *p, struct err *e)
{
	struct tlog_subject s = { .bundle = b, .message = m->message, .sha256 = m->sha256 };
	struct times times = { .n = 0 };
	size_t i = 0;
	int r;

	/* Hints decide nothing: every key is tried. */
	while (i < w->keys_n && check_signature(b, m, w->keys[i], NULL) < 0)
		i++;
	if (i == w->keys_n)
		return FAIL(e, E_VERIFY, "none of the %zu trusted keys signed it", w->keys_n);
	s.key = w->keys[i];
	if (w->root && (r = prove_times(b, &s, w, &times, e)) < 0)
		return r;
	p->key = i;
	p->logged = times.logs_n > 0;
	p->time = times.n ? times.v[0] : 0;
	return key_spki_id(w->keys[i], p->key_id, e);
}

int bundle_prove(const struct bundle *b, const struct proof_want *w, struct proof *ret,
		 struct err *e)
{
	struct signed_bytes m = { 0 };
	struct proof p = { 0 };
	int r = find_signed(b, w, &m, e);

	if (r == 0)
		r = b->by_key ? prove_keyed(b, &m, w, &p, e) : prove_keyless(b, &m, w, &p, e);
	buf_free(&m.pae);
	if (r == 0)
		*ret = p;
	return r;
}
