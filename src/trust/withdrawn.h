/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/fs.h"
#include "base/json.h"
#include "crypto/x509.h"

/*
 * Keys that are trusted no more, whatever certificates they are in: <state>/trust/withdrawn.json,
 * by the SHA-256 of the public key. Two kinds:
 *
 * - revoked: nothing that the key signed is accepted, whenever it was signed. A thief writes any
 *   time he likes into what he signs.
 * - rotated: a newer key took its place. What it signed before `since` is accepted until `until`
 *   and not from then on; what says to be signed later is refused at once.
 *
 * The list only grows: entries are never taken back, and of two for one key the stricter holds. A
 * list that cannot be read refuses everything.
 */
#define FILE_WITHDRAWN "withdrawn.json"
#define WITHDRAWN_SCHEMA "plimsoll.withdrawn-keys/v1"

enum {
	LIMIT_WITHDRAWN = 10000,	 /* keys */
	LIMIT_WITHDRAWN_FILE = 16 << 20, /* bytes */
	LIMIT_WITHDRAWN_TEXT = 300,	 /* bytes of a subject or a reason */
};

struct withdrawal {
	char key[KEY_ID_MAX];
	int64_t since;				/* revoked: when that was */
	int64_t until;				/* 0: revoked */
	char subject[LIMIT_WITHDRAWN_TEXT + 1]; /* "" when not known: for people only */
	char reason[LIMIT_WITHDRAWN_TEXT + 1];
};

struct withdrawn {
	struct withdrawal *v; /* sorted by key */
	size_t n;
};

/* dir is <state>/trust. No file: an empty list. */
int withdrawn_load(int dir, struct withdrawn *ret, struct err *e);
int withdrawn_parse(struct str text, struct withdrawn *ret, struct err *e);
/* Adds one and writes the list; the caller holds the lock. ret_changed (may be NULL): false when
 * the list said so, or something stricter, already. */
int withdrawn_add(int dir, const struct withdrawal *w, bool *ret_changed, struct err *e);
int withdrawn_merge(int dir, const struct withdrawn *more, size_t *ret_new, struct err *e);
int withdrawn_json(const struct withdrawn *w, json_t **ret, struct err *e);
void withdrawn_free(struct withdrawn *w);
static inline void withdrawn_release(struct withdrawn *w)
{
	withdrawn_free(w);
}
#define auto_withdrawn __attribute__((cleanup(withdrawn_release))) struct withdrawn

/* NULL when the key is not listed. Borrowed. */
const struct withdrawal *withdrawn_find(const struct withdrawn *w,
					const char key[static KEY_ID_MAX]);
/*
 * Whether a signature of this key may count now: signed_at is when it was made, by a timestamp
 * where there is one, else as the signer says. E_VERIFY with the reason.
 */
int withdrawn_check(const struct withdrawn *w, const struct key *k, int64_t signed_at, int64_t now,
		    struct err *e);
/* The same for each certificate of a chain: a CA whose key is revoked certifies nobody. */
int withdrawn_check_chain(const struct withdrawn *w, const struct chain *c, int64_t signed_at,
			  int64_t now, struct err *e);
/* For those that have a key and nothing else; reads the list. */
int trust_key_withdrawn(const struct state *state, const struct key *k, int64_t signed_at,
			struct err *e);
