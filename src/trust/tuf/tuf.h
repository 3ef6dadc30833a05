/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "crypto/x509.h"

/*
 * The Update Framework 1.0 (specification 1.0.34), the client's half that decides: which metadata
 * is trusted, in what order, and what of it may follow what. Nothing here fetches or writes; the
 * workflow that does is pipeline/tuf/client.h.
 *
 * Signatures are over the canonical JSON (OLPC) of "signed": keys sorted by their bytes, no spaces,
 * only '"' and '\' escaped, integers only. Members that are not known are kept and covered by the
 * signature. Refused: a key twice at any level, fractions, bad UTF-8, a keyid twice in a role or
 * among signatures, a delegated role with the name of a top-level one.
 */
enum {
	LIMIT_TUF_ROOT = 512000, /* bytes of a file; what the reference client takes, too */
	LIMIT_TUF_TIMESTAMP = 16384,
	LIMIT_TUF_SNAPSHOT = 2000000,
	LIMIT_TUF_TARGETS = 5000000,
	LIMIT_TUF_ROOTS = 256,	     /* new versions of the root in one update */
	LIMIT_TUF_VISITS = 32,	     /* roles that are asked for one target */
	LIMIT_TUF_KEYS = 1024,	     /* of one delegator, or of one role */
	LIMIT_TUF_SIGNATURES = 1024, /* of one file */
	LIMIT_TUF_ROLES = 16384,     /* delegated by one file */
	LIMIT_TUF_PATTERNS = 4096,   /* of one role */
	LIMIT_TUF_HASHES = 16,	     /* of one file */
	LIMIT_TUF_NAME = 80,	     /* bytes of a role's name, or of a keyid's hexadecimal half */
	LIMIT_TUF_KEYID = 256,
	LIMIT_TUF_PATH = 4096, /* bytes of a target's name, or of a pattern */
};

/* Where bytes come from: what we kept, or what the repository says now. */
enum tuf_from { TUF_KEPT, TUF_FETCHED };

struct tuf_set; /* the metadata that is trusted so far */

/* now is the time of the whole update, by which everything expires (5.1). */
int tuf_set_new(int64_t now, struct tuf_set **ret, struct err *e);
void tuf_set_free(struct tuf_set *s); /* NULL is fine */
DEFINE_RELEASE_VOID(struct tuf_set, tuf_set_free)

/*
 * The same for a Notary v1 repository (Docker Content Trust, notary1.c): other documents, in which
 * timestamp and snapshot list files by length and hashes, without versions. Keys of its root are
 * certificates, of which only those count that are for the repository, strong, valid, and as told
 * here. All borrowed for the set's life.
 */
struct tuf_notary1 {
	const char *gun;	 /* HOST/NAME; the certificates' common name, or "HOST/" "*" */
	const struct strv *pins; /* keyids or SHA-256 thumbprints; NULL: any */
	const struct chain *cas; /* who has to have issued them; NULL: anybody */
};
int tuf_set_new_notary1(int64_t now, const struct tuf_notary1 *n, struct tuf_set **ret,
			struct err *e);

/*
 * Each of these reads a file and, when it holds, trusts it; otherwise the set is as it was. Bytes
 * are parsed in a sandboxed child first: only what trusted keys signed is parsed in this process.
 * E_FORMAT when malformed, E_VERIFY when it does not hold.
 */

/* The root that everything begins with: threshold of its own keys. Its expiry does not matter. */
int tuf_first_root(struct tuf_set *s, struct str bytes, struct err *e);
/* The next version: threshold of the old and of its own keys, version exactly one more (5.3). */
int tuf_next_root(struct tuf_set *s, struct str bytes, struct err *e);
/* No more roots come: E_VERIFY when the last one is expired (5.3.10). */
int tuf_root_final(struct tuf_set *s, struct err *e);
/* A key of the timestamp or snapshot role is gone since tuf_first_root(): what was kept of both
 * roles must not count any more (5.3.11). */
bool tuf_recovers(const struct tuf_set *s);

/* 5.4. TUF_KEPT is only what TUF_FETCHED is compared with, so it may be expired. 1: of the same
 * version as the one there, which stays. */
int tuf_timestamp(struct tuf_set *s, struct str bytes, enum tuf_from from, struct err *e);
int tuf_timestamp_final(const struct tuf_set *s, struct err *e); /* it is there and not expired */

/* 5.5. TUF_KEPT: 1 when it is only something to compare with: not the version or the bytes that
 * the timestamp names, or expired. */
int tuf_snapshot(struct tuf_set *s, struct str bytes, enum tuf_from from, struct err *e);

/* 5.6. role is "targets" (delegator "root"), or one that delegator delegates to. */
int tuf_targets(struct tuf_set *s, const char *role, const char *delegator, struct str bytes,
		struct err *e);

/* Notary v1: what was kept of a role, which what comes has to be newer than; it may be expired.
 * Nothing for TUF 1.0, whose snapshot names versions. */
int tuf_targets_before(struct tuf_set *s, const char *role, const char *delegator, struct str bytes,
		       struct err *e);

/* What the trusted metadata says. */

uint64_t tuf_root_version(const struct tuf_set *s);
bool tuf_consistent(const struct tuf_set *s); /* consistent_snapshot */
/* Version and size of what comes next, by the timestamp for role "snapshot", by the snapshot for
 * all others. *ret_max is the given length, or the role's limit. E_VERIFY: it is not listed. */
int tuf_listed(const struct tuf_set *s, const char *role, uint64_t *ret_version, uint64_t *ret_max,
	       struct err *e);

/* The SHA-256 of it, in hexadecimal, borrowed; NULL when it is not given (never in Notary v1). */
const char *tuf_listed_hash(const struct tuf_set *s, const char *role);

/* What was signed of a role that is trusted: "root", "timestamp", "snapshot", "targets" or a
 * delegated one. Borrowed; NULL: it is not there. */
const json_t *tuf_signed_of(const struct tuf_set *s, const char *role);

/* A target, borrowed from the set. */
struct tuf_target {
	uint64_t length;
	json_t *hashes; /* algorithm -> hex, at least one */
};
/* True when that role, whose file is trusted already, lists the target. */
bool tuf_find(const struct tuf_set *s, const char *role, const char *path, struct tuf_target *ret);

/*
 * The roles that this one delegates the target to, in the order in which they are to be asked,
 * appended to ret; *ret_last when the last of them is terminating: nobody else is asked.
 */
int tuf_delegates(const struct tuf_set *s, const char *role, const char *path, struct strv *ret,
		  bool *ret_last, struct err *e);

/* Hashes of bytes as they come, all that a target lists. */
struct tuf_check;
int tuf_check_new(json_t *hashes, struct tuf_check **ret, struct err *e);
void tuf_check_update(struct tuf_check *c, const void *p, size_t n);
int tuf_check_final(struct tuf_check *c, struct err *e); /* E_VERIFY */
void tuf_check_free(struct tuf_check *c);
DEFINE_RELEASE_VOID(struct tuf_check, tuf_check_free)
/* Of a file that another one lists, as meta says: "length" and "hashes", where they are given. */
int tuf_check_bytes(struct str bytes, const json_t *meta, struct err *e);

/* Percent-encodes all but letters, digits, '-', '.', '_', '~', and but '/' when keep_slash: for one
 * segment of a URL and for names of files. Appends. */
void tuf_quote(struct str s, bool keep_slash, struct buf *ret);
