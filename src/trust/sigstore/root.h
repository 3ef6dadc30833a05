/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/x509.h"

/*
 * trusted_root.json (signing.md 2.4): the keys of transparency logs, and the certificate and
 * time-stamp authorities, each with the time in which it was in use. Taken from a file, never
 * fetched.
 */
enum {
	LIMIT_TRUSTED_ROOT = 1024 * 1024, /* bytes */
	LIMIT_ROOT_ENTRIES = 64,	  /* of each kind */
	LIMIT_TRUSTED_ROOTS = 16,	  /* in one file */
	LOG_ID = 32,
	LOG_NOTE_ID = 4,
};

struct log_key {
	unsigned char id[LOG_ID];
	unsigned char note_id[LOG_ID]; /* of its key in checkpoints, at least LOG_NOTE_ID of it */
	size_t note_id_n;
	struct key *key;
	int64_t start, end; /* inclusive; end INT64_MAX: still in use */
};
struct authority {
	struct chain chain; /* of a CA: who issues leaves first, the anchor last; of a TSA: its own
			       certificate first */
	int64_t start, end;
};
struct log_keys {
	struct log_key *v;
	size_t n;
	bool named; /* there are some, if only such as are left out */
};
struct authorities {
	struct authority *v;
	size_t n;
};
struct trusted_root {
	struct log_keys tlogs, ctlogs;
	struct authorities cas, tsas;
};

/* All of it is understood, or E_FORMAT: but for keys of an algorithm that is not supported, which
 * are left out. */
int trusted_root_parse(struct str bytes, struct trusted_root *ret, struct err *e);
/*
 * The same of a file that may hold several, one on each line, as 'gh attestation trusted-root'
 * writes them: takes the first of rest off it. 1; 0 at the end; E_FORMAT. Each is for itself:
 * nothing is proven by a part of one and a part of another.
 */
int trusted_root_next(struct str *rest, struct trusted_root *ret, struct err *e);
/* There is at least one, and all are understood, or E_FORMAT. */
int trusted_roots_check(struct str bytes, struct err *e);
void trusted_root_free(struct trusted_root *r);
static inline void trusted_root_release(struct trusted_root *r)
{
	trusted_root_free(r);
}
#define auto_trusted_root __attribute__((cleanup(trusted_root_release))) struct trusted_root
