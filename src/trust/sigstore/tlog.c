/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/tlog.h"

#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/sigstore_key.h"
#include "trail/merkle.h"
#include "trail/note.h"

/* Rekor 2's entries name it by its checkpoints' key, Rekor 1's by the log's id. */
static const struct log_key *find_log(const struct tlog_entry *t, const struct trusted_root *root)
{
	for (size_t i = 0; i < root->tlogs.n; i++) {
		const struct log_key *k = &root->tlogs.v[i];

		if (memcmp(k->id, t->log_id, LOG_ID) == 0 ||
		    (k->note_id_n == LOG_ID && memcmp(k->note_id, t->log_id, LOG_ID) == 0))
			return k;
	}
	return NULL;
}

/* The promise: a signature of body, time, log and index as canonical JSON. */
static int verify_promise(const struct tlog_entry *t, const struct log_key *log, struct err *e)
{
	auto_buf body = BUF_INIT(2 * (size_t)LIMIT_BUNDLE_BODY), id = BUF_INIT(2 * LOG_ID + 1),
		 text = BUF_INIT(2 * (size_t)LIMIT_BUNDLE_BODY + 1024);
	auto_json *j = NULL;
	int r;

	b64_put(&body, B64_STD, t->body.p, t->body.n);
	hex_put(&id, t->log_id, sizeof(t->log_id));
	if ((r = buf_check(&body, "log entry", e)) < 0)
		return r;
	j = json_pack("{s:s, s:I, s:s, s:I}", "body", buf_str(&body), "integratedTime",
		      (json_int_t)t->integrated_time, "logID", buf_str(&id), "logIndex",
		      (json_int_t)t->index);
	if (!j)
		return FAIL_NOMEM(e);
	if ((r = json_canonical(j, &text, e)) < 0)
		return r;
	r = sigstore_verify(log->key, text.p, text.n, (struct str){ buf_str(&t->set), t->set.n },
			    e);
	return r < 0 ? WRAP(e, r, "the log's promise") : 0;
}

/* The origin is the log's name, and with Rekor 1 " - " and the number of the tree behind it. */
static bool names_origin(const struct note *n, struct str name)
{
	return name.n && n->text.n > name.n && memcmp(n->text.p, name.p, name.n) == 0 &&
	       (n->text.p[name.n] == '\n' || n->text.p[name.n] == ' ');
}

/* The line of the log among a note's. */
static int verify_note(const struct note *n, const struct log_key *log, struct err *e)
{
	for (size_t i = 0; i < n->n; i++) {
		auto_buf raw = BUF_INIT(LIMIT_NOTE_SIG);
		int r;

		if (memcmp(n->sigs[i].id, log->note_id, sizeof(n->sigs[i].id)) != 0 ||
		    !names_origin(n, n->sigs[i].name))
			continue;
		if ((r = b64_decode(n->sigs[i].base64, B64_STD, &raw, e)) < 0)
			return r;
		if (raw.n < sizeof(n->sigs[i].id))
			return FAIL(e, E_FORMAT, "checkpoint: a signature of %zu bytes", raw.n);
		r = sigstore_verify(log->key, n->text.p, n->text.n,
				    (struct str){ raw.p + 4, raw.n - 4 }, e);
		return r < 0 ? WRAP(e, r, "checkpoint") : 0;
	}
	return FAIL(e, E_VERIFY, "checkpoint: not signed by the log");
}

/* origin, size, root; further lines are extensions. */
static int compare_checkpoint(struct str text, const struct tlog_entry *t, struct err *e)
{
	auto_buf root = BUF_INIT(sizeof(t->root));
	struct str origin, size, hash;
	uint64_t n;

	if (!str_line(&text, &origin) || !str_line(&text, &size) || !str_line(&text, &hash) ||
	    origin.n == 0 || str_u64(size, INT64_MAX, &n, NULL) < 0 ||
	    b64_decode(hash, B64_STD, &root, NULL) < 0)
		return FAIL(e, E_FORMAT, "checkpoint: want origin, size and root");
	if (n != t->tree_size || root.n != sizeof(t->root) ||
	    memcmp(root.p, t->root, sizeof(t->root)) != 0)
		return FAIL(e, E_VERIFY, "checkpoint: of another tree than the proof's");
	return 0;
}

static int verify_checkpoint(const struct tlog_entry *t, const struct log_key *log, struct err *e)
{
	struct note n;
	int r;

	if ((r = note_parse((struct str){ buf_str(&t->checkpoint), t->checkpoint.n }, &n, e)) < 0 ||
	    (r = verify_note(&n, log, e)) < 0)
		return r;
	return compare_checkpoint(n.text, t, e);
}

static int leaf_hash(const struct buf *body, struct hash *ret, struct err *e)
{
	auto_release(sha256_free) struct sha256 *h = NULL;
	int r = sha256_new(&h, e);

	if (r < 0)
		return r;
	sha256_update(h, "", 1); /* a leaf begins with a byte 0 (RFC 6962, 2.1) */
	sha256_update(h, body->p, body->n);
	sha256_final(h, ret->b);
	return 0;
}

static int verify_proof(const struct tlog_entry *t, const struct log_key *log, struct err *e)
{
	struct merkle_proof p = { .n = t->hashes_n };
	struct hash leaf, root;
	int r = leaf_hash(&t->body, &leaf, e);

	if (r < 0)
		return r;
	if (t->tree_size == 0 || t->proof_index >= t->tree_size)
		return FAIL(e, E_VERIFY, "inclusion proof: entry %llu of a tree of %llu",
			    (unsigned long long)t->proof_index, (unsigned long long)t->tree_size);
	memcpy(root.b, t->root, sizeof(root.b));
	for (size_t i = 0; i < t->hashes_n; i++)
		memcpy(p.h[i].b, t->hashes[i], sizeof(p.h[i].b));
	r = merkle_verify_inclusion(&p, t->proof_index, t->tree_size, &leaf, &root, e);
	if (r < 0)
		return WRAP(e, r, "inclusion proof");
	/* Bundles 0.1 may have none: then the promise is what counts, and the proof must hold all
	 * the same. */
	return t->checkpoint.n ? verify_checkpoint(t, log, e) : 0;
}

/* Rekor 2 has one index, Rekor 1 a second one over all of its trees, which only its promise
 * covers. */
static bool index_proven(const struct tlog_entry *t)
{
	bool second = strcmp(t->version, "0.0.2") == 0 && strcmp(t->kind, "intoto") != 0;

	return !second || t->set.n || t->index == t->proof_index;
}

int tlog_verify(const struct tlog_entry *t, const struct trusted_root *root, struct tlog_proof *ret,
		struct err *e)
{
	const struct log_key *log = find_log(t, root);
	struct tlog_proof proof = { .log = log };
	int r;

	if (!log)
		return FAIL(e, E_VERIFY, "a transparency log that is not trusted");
	if (t->set.n == 0 && (!t->has_proof || t->checkpoint.n == 0))
		return FAIL(e, E_VERIFY, "a log entry with neither a promise nor a proof");
	if (!index_proven(t))
		return FAIL(e, E_VERIFY, "a log entry at another place than its proof tells");
	if (t->has_proof && (r = verify_proof(t, log, e)) < 0)
		return r;
	if (t->set.n) {
		if ((r = verify_promise(t, log, e)) < 0)
			return r;
		if (t->integrated_time <= 0)
			return FAIL(e, E_VERIFY, "a log's promise without a time");
		proof.time = t->integrated_time;
		if (proof.time < log->start || log->end < proof.time)
			return FAIL(e, E_VERIFY, "the log was not in use when it took the entry");
	}
	*ret = proof;
	return 0;
}
