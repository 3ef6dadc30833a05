/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/upload.h"

/*
 * Where uploads are that may be gone on with after we were killed: the session's address, in the
 * store's tmp/ beside the parts of blobs, for a day. One process at a time uses an entry. None of
 * it may fail an upload: what cannot be kept is sent anew.
 */
enum { UPLOAD_KEPT_SECONDS = 24 * 3600, LIMIT_UPLOAD_KEPT = 32 * 1024 };

struct kept {
	int dir;       /* the store's folder, borrowed; -1: nothing is kept */
	int fd;	       /* the entry, locked; -1: there is none yet */
	char path[80]; /* beneath dir */
};

/* Finds out the entry of this blob and takes it, if there is one. */
void kept_open(struct kept *k, const struct outgoing *out);
/* The address that stands there. False: none that is of use. */
bool kept_load(const struct kept *k, const struct outgoing *out, struct url *ret);
void kept_save(struct kept *k, const struct outgoing *out, const struct url *at);
void kept_drop(struct kept *k); /* the session is over */
void kept_close(struct kept *k);
#define auto_kept __attribute__((cleanup(kept_close))) struct kept

/* The registry has the blob: who was killed right after its last byte left an entry. */
void kept_drop_sent(const struct outgoing *out);

/* Removes entries that are too old to be of use. */
void kept_tidy(const struct store *s);
