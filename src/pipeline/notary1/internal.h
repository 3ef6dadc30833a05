/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/x509.h"
#include "pipeline/notary1/notary1.h"
#include "pipeline/tuf/internal.h"
#include "registry/notary1.h"

/* What the files of notary1 share. */

enum { LIMIT_NOTARY_ROLES = 16, LIMIT_ROOT_KEYS = 64 };
#define NOTARY1_SERVER_CA "server-ca"
#define NOTARY1_ROOT_CA "root-ca"

/* One look at a repository. */
struct notary1 {
	const struct state *state;
	const struct tuf_scope *scope;
	char gun[LIMIT_REF];
	struct strv pins, roles; /* of the scope */
	struct chain cas;	 /* of its root-ca; n 0: none */
	struct tuf_notary1 rules;
	struct registry *server;
	struct buf timestamp; /* the server's, asked for before anything is locked */
	struct tuf_source source;
	struct tuf_update u;
	struct tuf_scope folder; /* of this repository; dir of it only */
	bool offline;
	char why[200];	   /* it is */
	const char *first; /* how the root came to be trusted in this look; NULL: it was */
};
#define NOTARY1_INIT                                                                               \
	((struct notary1){ .u = { .dir = -1, .lock = -1 },                                         \
			   .folder = { .dir = -1 },                                                \
			   .timestamp = BUF_INIT(LIMIT_TUF_TIMESTAMP + 1) })
void notary1_release(struct notary1 *n);
#define auto_notary1 __attribute__((cleanup(notary1_release))) struct notary1

/* Takes what is kept to what the server has. must: E_REMOTE when it cannot be asked, else what was
 * seen last counts. scope is borrowed for n's life. */
int notary1_look(struct notary1 *n, const struct state *state, const struct tuf_scope *scope,
		 const char *gun, bool must, struct err *e);
/* The folder of a repository, made. */
int notary1_folder(const struct tuf_scope *scope, const char *gun, struct err *e);
/* Begins with a root there, and notes by what it is trusted. As tuf_files_begin(). */
int notary1_begin(int dir, const char *by, uint64_t version, struct str root, struct err *e);

/* What a role says of a tag: 1, or 0 when it does not list it, is not there or may not. */
int notary1_ask(struct notary1 *n, const char *role, const char *tag, struct tuf_target *ret,
		struct err *e);
/* A role's file, by way of those that delegate to it (path NULL: whatever the target is): 1 when it
 * is trusted now, 0 when there is none. */
int notary1_role(struct notary1 *n, const char *role, const char *path, struct err *e);
/* The first role of the scope's that lists the tag; *ret_role is borrowed. */
int notary1_find(struct notary1 *n, const char *tag, struct tuf_target *ret, const char **ret_role,
		 struct err *e);
json_t *notary1_detail(const struct notary1 *n, const char *target, const char *role);
uint64_t notary1_version(const struct notary1 *n, const char *role);
