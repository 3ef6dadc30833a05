/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/tuf/internal.h"

/* What set.c and set_targets.c share. */

/* The set of trusted metadata, and the rules by which it grows (TUF 5.3 to 5.6). */
struct tuf_set {
	const struct tuf_dialect *dialect;
	struct tuf_notary1 notary; /* gun NULL: of TUF 1.0 */
	int64_t now;
	struct tuf_doc *first; /* the root that the update began with */
	struct tuf_doc *root, *timestamp, *snapshot;
	struct {
		char *role;
		struct tuf_doc *doc;
	} *targets;
	size_t targets_n;
	bool snapshot_final; /* not only something to compare with */
	json_t *before;	     /* Notary v1: role -> version that was kept */
};

const struct tuf_doc *set_targets_of(const struct tuf_set *s, const char *role);
void set_replace(struct tuf_doc **at, struct tuf_doc *d);
int set_check_expiry(const struct tuf_set *s, const struct tuf_doc *d, const char *role,
		     struct err *e);
int set_fail_rollback(const char *role, uint64_t version, uint64_t had, struct err *e);
/* What a timestamp or snapshot says of a role's file; NULL: nothing. */
const json_t *set_meta_of(const struct tuf_doc *d, const char *role);
uint64_t set_version_of(const json_t *meta);

/* One step: bytes that somebody says are the next file of a role. */
struct step {
	struct tuf_set *s;
	struct str bytes;
	enum tuf_from from;
	const char *role, *delegator;
	int (*run)(struct step *st, struct err *e);
};
/* First in a child that can do nothing else. What it finds good was signed by trusted keys, and
 * only that is parsed here. */
int set_run_step(struct step *st, struct err *e);
