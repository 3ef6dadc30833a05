/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/descriptor.h"
#include "pipeline/tuf/client.h"
#include "registry/fetch/fetch.h"
#include "trust/tuf/tuf.h"

/* What the files of tuf_client share. */

/* tuf_files.c: the folder of metadata. */

int tuf_files_open(const char *path, bool make, struct err *e); /* the folder's descriptor */
/* Close to release. What a killed process left half-done is removed. */
int tuf_files_lock(int dir, struct err *e);
/* E_NOTFOUND. ret's cap is the limit. */
int tuf_files_load(int dir, const char *role, struct buf *ret, struct err *e);
int tuf_files_load_root(int dir, uint64_t version, struct buf *ret, struct err *e);
int tuf_files_keep(int dir, const char *role, struct str bytes, struct err *e);
/* A root counts once it has its name: whoever is killed before leaves the older one. */
int tuf_files_write_root(int dir, uint64_t version, struct str bytes, struct err *e);
int tuf_files_name_root(int dir, uint64_t version, struct err *e);
int tuf_files_keep_root(int dir, uint64_t version, struct str bytes, struct err *e); /* both */
int tuf_files_drop(int dir, const char *role, struct err *e); /* missing is success */

/* "VERSION.ROLE.json", or "ROLE.json" for version 0, the role's name percent-encoded. Appends. */
void tuf_file_name(const char *role, uint64_t version, struct buf *ret);
/* A root that is signed by its own keys. */
int tuf_root_check(struct str root, uint64_t *ret_version, struct err *e);
/* Begins with these bytes, which were checked. E_USAGE when the folder began with another root.
 * Takes the lock, and under it writes record (or NULL), which tells how the root came to be
 * trusted, to the file "begun": there is none of a root that is not there, nor of somebody else's.
 */
int tuf_files_begin(int dir, uint64_t version, struct str root, const struct str *record,
		    struct err *e);

/* tuf_update.c: the workflow of the specification's section 5. */

/* Gives one file of a repository: version 0 for the newest; at most max bytes to ret, which is
 * emptied first. E_NOTFOUND: it has none; E_FORMAT: larger; E_REMOTE. */
struct tuf_source {
	int (*get)(void *arg, const char *role, uint64_t version, uint64_t max, struct buf *ret,
		   struct err *e);
	void *arg;
	/* Notary v1: a file that another one lists, by its SHA-256 (64 hexadecimal digits). */
	int (*get_by_hash)(void *arg, const char *role, const char *sha256, uint64_t max,
			   struct buf *ret, struct err *e);
};

struct tuf_update {
	const struct tuf_notary1 *notary; /* NULL: a repository of TUF 1.0 */
	const struct tuf_source *source;  /* NULL: nobody can be asked */
	const char *where;		  /* the folder, for messages */
	int dir;			  /* what is kept; owned */
	bool kept_only; /* root and timestamp that are kept are the newest; they may not be expired
			 */
	int lock;
	struct tuf_set *set;
	struct strv visited; /* roles that were asked for the target */
};
#define TUF_UPDATE_INIT ((struct tuf_update){ .dir = -1, .lock = -1 })
/* Takes the folder's lock; everything expires by now. */
int tuf_update_begin(struct tuf_update *u, int64_t now, struct err *e);
/* Takes the top-level metadata to what the source has. */
int tuf_update_run(struct tuf_update *u, struct err *e);
/* One role that delegator's file, which is trusted already, delegates to. */
int tuf_update_targets(struct tuf_update *u, const char *role, const char *delegator,
		       struct err *e);
/* 1 when it is listed by who may; the roles that were asked are in u->visited, the last one of them
 * is who lists it. */
int tuf_update_search(struct tuf_update *u, const char *path, struct tuf_target *ret,
		      struct err *e);
void tuf_update_release(struct tuf_update *u);
#define auto_tuf_update __attribute__((cleanup(tuf_update_release))) struct tuf_update

/* What is kept may be passed over: there is none, or it is broken or no longer signed. Anything
 * else (no memory, a disk that fails) would drop what a rollback is told by. */
bool tuf_is_no_loss(int r);

/* tuf_admit.c: what is said of an image, whoever lists its tag. */

bool tuf_is_listed_as(const struct tuf_target *t, const struct desc *d);
/* what: "NAME:TAG"; version: of targets; name: the image as the user named it. Never 0. */
int tuf_fail_older(const char *what, const struct desc *d, const struct tuf_target *t,
		   const char *role, uint64_t version, const char *name, struct err *e);
int tuf_fail_unlisted(const char *what, uint64_t version, struct err *e);
/* The outcome of a look at metadata; why is not NULL when it was what was seen last. What is
 * malformed or not given is no less a refusal than what does not hold. */
int tuf_admitted(int r, const char *root_of, const char *why_offline, struct err *e);

/* tuf_fetch.c: one file of the repository. */

enum { TUF_TRIES = 3, TUF_SECONDS = 120, TUF_TARGET_SECONDS = 3600 };
/* Appends at most max bytes to ret, which is emptied first. Not there (403, 404, 410): E_NOTFOUND;
 * larger: E_FORMAT; else E_REMOTE. */
int tuf_fetch(struct fetch *f, const char *url, uint64_t max, struct buf *ret, struct err *e);
/* The same into a file, from its start, checked against length and hashes: E_VERIFY. */
int tuf_fetch_target(struct fetch *f, const char *url, const struct tuf_target *t, int fd,
		     struct err *e);
/* base "/" path, whatever base ends with. Appends. */
void tuf_url(const char *base, const char *path, struct buf *ret);

/* tuf_target.c */

/* Brings one target into the folder. consistent: the server's files are named HASH.NAME. */
int tuf_target_get(struct fetch *f, const struct tuf_download *d, const char *target,
		   const struct tuf_target *t, bool consistent, struct err *e);
