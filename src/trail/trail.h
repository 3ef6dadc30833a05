/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"

/*
 * The audit trail: <state>/trail/ holds an append-only log in the form of C2SP tlog-tiles, which
 * any tlog client can read as it is:
 *
 *     checkpoint            signed note: origin, size, root (tlog-checkpoint)
 *     tile/<L>/<N>[.p/<W>]  hashes          tile/entries/<N>[.p/<W>]  entries
 *     key.pem               the Ed25519 key that signs, 0600     vkey   its public half
 *     origin                the log's name, fixed at first use   lock   held while appending
 *
 * An append writes the tiles it changes under names that no checkpoint speaks of yet, syncs them,
 * and renames the new checkpoint into place last: a kill at any instant leaves the old log or the
 * new one, whole. Readers take no lock.
 *
 * An entry is one canonical JSON object of at most LIMIT_TRAIL_ENTRY bytes, so large things (SBOMs,
 * reports) are recorded by digest:
 *
 *     {"schema":"plimsoll.trail/v1","index":N,"time":"...Z","kind":"push","result":"ok",
 *      "subject":{"name":...,"digest":...},"actor":{"uid":0,"user":"root","host":...},
 *      "reason":...,"detail":{...}}
 */
enum { LIMIT_TRAIL_ENTRY = 65535, LIMIT_TRAIL_APPEND = 8, TRAIL_LOCK_MS = 60000 };

#define TRAIL_SCHEMA "plimsoll.trail/v1"

/* What is recorded. Everything is borrowed; unset members are left out of the entry. */
struct trail_event {
	const char *kind; /* build import scan gate sign push pull verify admit run stop exec ... */
	const char *result; /* "ok", "refused" or "failed" */
	const char *name;   /* the subject as the user named it */
	const char *digest; /* "sha256:..." */
	const char *reason; /* why it was refused or failed, one line */
	json_t *detail;	    /* an object, or NULL */
};

/* The one call most rooms need: opens the trail of s, made at first use, appends, closes.
 * ret_index may be NULL. */
int trail_record(const struct state *s, const struct trail_event *ev, uint64_t *ret_index,
		 struct err *e);

/* Up to LIMIT_TRAIL_APPEND events that follow one another in one append, of which either all are
 * written down or none. ret_index is the first one's. */
int trail_record_all(const struct state *s, const struct trail_event *ev, size_t n,
		     uint64_t *ret_index, struct err *e);

/* An open log. Use by one thread. */
struct trail;

/* A trail that was never written to is E_NOTFOUND. */
int trail_open(const struct state *s, struct trail **ret, struct err *e);
/* The same, made when missing: key, origin, and a checkpoint of size 0. */
int trail_open_or_make(const struct state *s, struct trail **ret, struct err *e);
void trail_close(struct trail *t); /* NULL is fine */
DEFINE_RELEASE_VOID(struct trail, trail_close)

/* The entry of an event, with everything but "index" and "time". Owned. */
int trail_entry_new(const struct trail_event *ev, json_t **ret, struct err *e);

/*
 * Appends an object, setting its "schema", "index" and "time". Waits at most TRAIL_LOCK_MS for
 * others that append. Costs O(log n). A log whose newest tiles do not match its checkpoint is
 * E_VERIFY: nothing is built on top of a log that was tampered with.
 */
int trail_append(struct trail *t, json_t *entry, uint64_t *ret_index, struct err *e);
int trail_append_all(struct trail *t, json_t *const *entries, size_t n, uint64_t *ret_index,
		     struct err *e);

/* Of the newest checkpoint, whose signature was checked; read anew by trail_refresh(). */
uint64_t trail_size(const struct trail *t);
const char *trail_origin(const struct trail *t);
const char *trail_vkey(const struct trail *t); /* "origin+hash+base64", the C2SP verifier key */
void trail_root(const struct trail *t, unsigned char ret[static 32]);
int trail_refresh(struct trail *t, struct err *e);

/* The entry at index < size, whose hash was checked against its tile. Owned. */
int trail_read(struct trail *t, uint64_t index, json_t **ret, struct err *e);

/*
 * Recomputes every leaf, every tile and the root from the entries, and checks the checkpoint's
 * signature, with vkey if given, else with the trail's own. E_VERIFY names the first thing that is
 * wrong, an entry by its index or a tile by its path.
 */
int trail_verify(struct trail *t, const char *vkey, struct err *e);

/* A C2SP tlog-proof of one entry: inclusion proof and checkpoint in one text. Appends. */
int trail_prove(struct trail *t, uint64_t index, struct buf *ret, struct err *e);
