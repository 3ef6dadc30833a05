/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "oci/ref.h"
#include "trust/tuf/tuf.h"

/*
 * What this host knows of TUF repositories that speak for tags of a registry. Each has a scope: a
 * repository "HOST/NAME", or all below "HOST/PREFIX/" (or "HOST/"). Its metadata lies in the
 * registry, as an artifact under one tag, and what is trusted of it in
 * <state>/trust/tuf/scopes/SCOPE (percent-encoded): scope, seen, next-root (a root that still lacks
 * signatures), and the files of tuf_client.h. Those are all named ROLE.json, and a delegator
 * chooses what a role is called: ours must not end like that.
 */
enum tuf_top { TUF_TOP_ROOT, TUF_TOP_TARGETS, TUF_TOP_SNAPSHOT, TUF_TOP_TIMESTAMP, TUF_TOPS };
extern const char *const tuf_top_names[TUF_TOPS];
extern const uint64_t tuf_top_days[TUF_TOPS]; /* for which each is signed, unless told otherwise */

struct tuf_scope {
	char scope[LIMIT_REF];
	struct ref at;		 /* where its metadata is */
	bool any_digest;	 /* references by digest need not be listed */
	uint64_t days[TUF_TOPS]; /* for which this host signs */
	json_t *notary;		 /* of a Notary v1 server (notary1.h); owned; NULL: of TUF 1.0 */
	int dir;		 /* its folder; -1: closed */
};
#define TUF_SCOPE_INIT ((struct tuf_scope){ .dir = -1 })

/* A scope from its text, with the usual place (HOST/NAME:tuf, HOST/PREFIX/tuf:tuf) unless at is
 * given. Nothing is opened. E_USAGE. */
int tuf_scope_parse(const char *scope, const char *at, struct tuf_scope *ret, struct err *e);
/* The folder of a new one, opened; it counts once it is saved. */
int tuf_scope_make(const struct state *state, struct tuf_scope *s, struct err *e);
/* Writes what it is. */
int tuf_scope_save(const struct state *state, struct tuf_scope *s, struct err *e);
/* One of TUF 1.0. E_NOTFOUND with a hint; E_USAGE: it is one of Notary v1. */
int tuf_scope_open(const struct state *state, const char *scope, struct tuf_scope *ret,
		   struct err *e);
/* The same, locked against every other process: close ret_lock to release it. */
int tuf_scope_lock(const struct state *state, const char *scope, struct tuf_scope *ret,
		   int *ret_lock, struct err *e);
int tuf_scope_open_any(const struct state *state, const char *scope, struct tuf_scope *ret,
		       struct err *e); /* of either kind */
/* The narrowest one, of either kind, that speaks for a repository "HOST/NAME": 1, or 0 when there
 * is none. */
int tuf_scope_find(const struct state *state, const char *repository, struct tuf_scope *ret,
		   struct err *e);
int tuf_scope_list(const struct state *state, struct strv *ret, struct err *e); /* sorted */
int tuf_scope_forget(const struct state *state, const char *scope, struct err *e);
void tuf_scope_close(struct tuf_scope *s);
#define auto_scope __attribute__((cleanup(tuf_scope_close))) struct tuf_scope

/* When the registry was last asked, and what it had: "" when never. */
struct tuf_seen {
	struct digest manifest;
	int64_t at;
};
/* tuf_seen.c */
int tuf_seen_load(const struct tuf_scope *s, struct tuf_seen *ret, struct err *e);
int tuf_seen_save(const struct tuf_scope *s, const struct tuf_seen *seen, struct err *e);

/* A clock that went back since then makes everything unexpired: E_VERIFY. */
int tuf_seen_check(const struct tuf_seen *seen, int64_t now, struct err *e);
/* Saves that manifest was seen now, unless that says nothing new. */
int tuf_seen_note(const struct tuf_scope *s, const struct tuf_seen *seen,
		  const struct digest *manifest, int64_t now, struct err *e);

/* The path of a tag's target: NAME:TAG. */
void tuf_path_of(const struct ref *ref, struct buf *ret);
