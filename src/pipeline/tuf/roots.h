/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/tuf/scope.h"
#include "trust/tuf/author.h"

/*
 * The roots of a TUF repository of our own. A root that is being made waits in the scope's folder
 * until threshold keys signed it, those of the root before and its own; keys that are elsewhere
 * sign it there: it is exported, signed, imported. tuf_publish() then takes it.
 */
struct tuf_init_opts {
	const char *scope, *at; /* at NULL: the usual place */
	const char *passphrase;
	enum key_kind kind;	 /* of keys made here */
	const json_t *root_keys; /* array of keys that are elsewhere, as tuf_key_parse() gives */
	uint64_t root_here;	 /* keys of the root role that are made here */
	uint64_t threshold;	 /* of the root role */
	uint64_t days[TUF_TOPS]; /* 0: the usual */
};

/* How far a root is. */
struct tuf_pending {
	uint64_t version;
	struct tuf_signed before; /* by the keys of the root before; need 0: it is the first */
	struct tuf_signed own;	  /* by its own */
	bool complete;
};

/* Makes keys and the first root. E_USAGE when there is something for that scope already. */
int tuf_repo_init(const struct state *state, const struct tuf_init_opts *o, struct tuf_pending *ret,
		  struct err *e);

/* Changes the root that waits, or begins the next one, and signs it anew with the keys that are
 * here. change works on the body. */
int tuf_root_change(const struct state *state, const char *scope, const char *passphrase,
		    int (*change)(json_t *root, void *arg, struct err *e), void *arg,
		    struct tuf_pending *ret, struct err *e);
/* A new key in the place of those of the role that are on this host. */
struct tuf_rotation {
	const struct state *state;
	const char *role, *passphrase;
	enum key_kind kind;
};
int tuf_root_rotate(json_t *root, void *arg /* struct tuf_rotation */, struct err *e);

/* The root that waits, or when none does (or not next) the newest. Appends. E_NOTFOUND. */
int tuf_root_export(const struct state *state, const char *scope, bool next, struct buf *ret,
		    struct err *e);
/* Signs the one that waits; takes signatures from a file of the same root. */
int tuf_root_sign(const struct state *state, const char *scope, const char *passphrase,
		  struct tuf_pending *ret, struct err *e);
int tuf_root_import(const struct state *state, const char *scope, struct str file,
		    struct tuf_pending *ret, struct err *e);
int tuf_root_discard(const struct state *state, const char *scope, struct err *e);
/* Removes the root that waits if it is out by now. */
int tuf_root_settle(const struct state *state, const char *scope, struct err *e);
/* Signs the root in a file, by the keys of its root role that are here, and those named; for hosts
 * that know nothing of the repository. ret_n: by how many. Appends to ret. */
int tuf_root_sign_file(const struct tuf_signer *s, struct str file, const struct strv *keys,
		       struct buf *ret, uint64_t *ret_n, struct err *e);

/* The root that waits in a scope that is open, whole, and how far it is: 1; 0: none does. Owned. */
int tuf_root_waiting(const struct tuf_scope *s, json_t **ret, struct tuf_pending *ret_pending,
		     struct err *e);
/* A scope whose first root is complete: begins with it, and makes the other three files. */
int tuf_repo_begin(const struct tuf_signer *s, const struct tuf_scope *scope, struct err *e);
