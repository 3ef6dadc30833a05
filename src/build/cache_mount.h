/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "crypto/digest.h"
#include "dockerfile/run_mount.h"

/*
 * Folders that RUN --mount=type=cache keeps between builds, beneath <state>/cache/mounts/:
 *
 *     <hex>/      the content
 *     <hex>.json  {"created": unix time, "id": "/root/.cache"}; its mtime is that of the last use
 *     <hex>.lock  flock(2): shared by who uses it, exclusive with sharing=locked and private
 *
 * <hex> is the SHA-256 of all that tells caches apart. They may be removed at any time by whoever
 * gets the exclusive lock (cache_mount_lock); nothing in them ever reaches a layer or a key.
 */
struct cache_mount_want {
	const char *id;
	const struct digest *from; /* what it begins as; NULL: empty */
	const char *source;	   /* the path of that within from */
	const struct run_mount *m; /* sharing, owner and mode */
};

struct cache_mount {
	char *path; /* absolute; owned */
	int lock;
};
#define CACHE_MOUNT_NONE ((struct cache_mount){ .lock = -1 })

/* Fills the folder when it is made. NULL: it begins empty. */
typedef int (*cache_mount_fill)(void *arg, int dir, struct err *e);

/* Makes or finds it, and holds its lock until cache_mount_close(). Waits for others as its sharing
 * says; E_SIGNAL when interrupted meanwhile. */
int cache_mount_open(const struct state *state, const struct cache_mount_want *want,
		     cache_mount_fill fill, void *arg, struct cache_mount *ret, struct err *e);
void cache_mount_close(struct cache_mount *c);

/* Takes the exclusive lock of <hex> in the opened folder <state>/cache/mounts, without waiting:
 * the descriptor, or E_SYSTEM with e->sys EWOULDBLOCK when it is in use. Who holds it may remove
 * <hex>, <hex>.json, and at last <hex>.lock. */
int cache_mount_lock(int mounts, const char *hex, struct err *e);
