/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/tuf_client.h"
#include "registry/fetch/fetch.h"
#include "trust/tuf/tuf.h"

/* What the files of tuf_client share. */

/* tuf_files.c: the folder of metadata. */

int tuf_files_open(const char *path, bool make, struct err *e); /* the folder's descriptor */
int tuf_files_lock(int dir, struct err *e);			/* close to release */
/* E_NOTFOUND. ret's cap is the limit. */
int tuf_files_load(int dir, const char *role, struct buf *ret, struct err *e);
int tuf_files_load_root(int dir, uint64_t version, struct buf *ret, struct err *e);
int tuf_files_keep(int dir, const char *role, struct str bytes, struct err *e);
int tuf_files_keep_root(int dir, uint64_t version, struct str bytes, struct err *e);
int tuf_files_drop(int dir, const char *role, struct err *e); /* missing is success */

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

/* Brings the target into the folder. consistent: the server's files are named HASH.NAME. */
int tuf_target_get(struct fetch *f, const struct tuf_download *d, const struct tuf_target *t,
		   bool consistent, struct err *e);
