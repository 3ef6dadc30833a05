/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/tuf/remote.h"
#include "pipeline/tuf/scope.h"
#include "trust/tuf/author.h"

/*
 * One change of a repository's metadata: read what is newest (expired or not), change the bodies,
 * sign, verify all of it as a client would, send, move the tag, keep. What is not sent whole is not
 * there; what somebody else sent meanwhile is not overwritten, but changed in its turn.
 */
struct tuf_edit {
	const struct road *road;
	struct tuf_signer signer;
	struct tuf_scope scope;
	struct tuf_remote remote;
	struct tuf_source source;
	struct tuf_update u;
	json_t *root, *targets, *snapshot, *timestamp; /* bodies as they will be; owned */
	json_t *root_file; /* the next root, whole; owned; NULL: it stays */
	json_t *role;	   /* the one delegated body that changes, owned; or NULL */
	char role_name[LIMIT_TUF_NAME + 1];
	bool targets_changed, renew; /* renew: all that is near its end, not the timestamp only */
	json_t *replaced;	     /* as files, what is there and not gone by; owned; or NULL */
	json_t *files;		     /* title -> descriptor, as they will be; owned */
	const char *written[8];	     /* roles whose new files are in bytes */
	struct buf bytes[8];
	size_t written_n;
};

struct tuf_edit_opts {
	const char *scope, *passphrase;
	bool again; /* publish what is kept, even if the registry has lost it */
	bool renew;
};
struct tuf_versions {
	uint64_t root, timestamp, snapshot, targets;
};

/* change (may be NULL: the timestamp alone) works on the bodies; it is called anew when somebody
 * else was quicker. ret (may be NULL) tells what is published now. */
int tuf_edit_run(const struct road *road, const struct tuf_edit_opts *o,
		 int (*change)(struct tuf_edit *x, void *arg, struct err *e), void *arg,
		 struct tuf_versions *ret, struct err *e);

/* For change(): the body of a delegated role, whose file will be signed anew; a new one when the
 * snapshot has none yet. One role in a change. Borrowed. */
int tuf_edit_role(struct tuf_edit *x, const char *role, json_t **ret, struct err *e);

/* Less than half of its time is left. */
bool tuf_edit_near_end(const struct tuf_edit *x, const json_t *body, enum tuf_top kind);
/* When what is signed now expires. */
int64_t tuf_edit_expires(const struct tuf_scope *s, enum tuf_top role);
