/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/dsse.h"
#include "crypto/x509.h"

/*
 * Sigstore bundles 0.1, 0.2 and 0.3 (signing.md 2.4), read strictly and written as 0.3. A parsed
 * bundle is what its maker says: nothing in it is verified. Hostile ones are parsed in a sandbox.
 */
#define SIGSTORE_BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

enum {
	LIMIT_BUNDLE = 32 * 1024 * 1024, /* bytes of JSON */
	LIMIT_BUNDLE_ENTRIES = 8,	 /* of transparency logs */
	LIMIT_BUNDLE_TIMESTAMPS = 8,
	LIMIT_BUNDLE_TOKEN = 64 * 1024, /* bytes of an RFC 3161 answer */
	LIMIT_BUNDLE_BODY =
		24 * 1024 * 1024, /* of a log entry: an intoto 0.0.2 holds the payload */
	LIMIT_BUNDLE_CHECKPOINT = 16 * 1024,
	LIMIT_BUNDLE_HINT = 255,
	LIMIT_PROOF_HASHES = 64,
	LIMIT_SIGNATURE_BYTES = LIMIT_DSSE_SIGNATURE,
};

/* An entry of a transparency log. */
struct tlog_entry {
	uint64_t index; /* over all shards */
	unsigned char log_id[32];
	char kind[32], version[16]; /* "hashedrekord", "0.0.1" */
	int64_t integrated_time;    /* 0: none */
	struct buf set;		    /* signedEntryTimestamp; empty: none */
	bool has_proof;
	uint64_t proof_index, tree_size;
	unsigned char root[32];
	unsigned char hashes[LIMIT_PROOF_HASHES][32];
	size_t hashes_n;
	struct buf checkpoint; /* a signed note; empty: none */
	struct buf body;       /* canonicalizedBody */
};

struct bundle {
	int minor; /* of the version: 1, 2 or 3 */
	/* Either a public key's hint or certificates. */
	bool by_key;
	char hint[LIMIT_BUNDLE_HINT + 1];
	struct buf certs[LIMIT_CHAIN]; /* DER, leaf first */
	size_t certs_n;
	struct tlog_entry *entries; /* owned */
	size_t entries_n;
	struct buf tokens[LIMIT_BUNDLE_TIMESTAMPS]; /* TimeStampResp of RFC 3161 */
	size_t tokens_n;
	/* Either an envelope with exactly one signature, or a message's digest and signature. */
	bool is_dsse;
	struct dsse dsse;
	struct str envelope; /* its own bytes, borrowed, where it came by itself; else .p NULL */
	char hash[8];	     /* "SHA256", "" when no digest is given */
	struct buf digest;
	struct buf signature;
};

int bundle_parse(struct str bytes, struct bundle *ret, struct err *e);
void bundle_free(struct bundle *b);
static inline void bundle_release(struct bundle *b)
{
	bundle_free(b);
}
#define auto_bundle __attribute__((cleanup(bundle_release))) struct bundle

/* The signature itself, what timestamps and log entries are about. Borrowed. */
struct str bundle_signature(const struct bundle *b);

/* A bundle 0.3 of an envelope that the key with this hint signed. Takes nothing over; appends. */
int bundle_make(const json_t *envelope, const char *hint, struct buf *ret, struct err *e);
