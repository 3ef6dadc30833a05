/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "crypto/digest.h"

/* What overlayfs stacks at most (OVL_MAX_STACK), our padding counted. */
enum { LIMIT_OVERLAY = 500 };

/*
 * Mounts unpacked layers at target, diff_ids[0] the base. upper and work (absolute, on one
 * filesystem) make it writable; both NULL: read-only, as it is with read_only. Any number of layers
 * from 0 on. Always nodev; setuid programs work unless the container says no_new_privs. Redirects
 * and metacopy are off, so that an upper folder is a layer by itself. The caller unmounts, or has
 * called mounts_private(). A layer that is not unpacked is E_NOTFOUND.
 * The working folder of the process is changed and put back meanwhile.
 */
int overlay_mount(const struct state *state, const struct digest *diff_ids, size_t n,
		  const char *upper, const char *work, const char *target, bool read_only,
		  struct err *e);
/* The same with the state's layers/ as it is mounted elsewhere, ids mapped for a container. */
int overlay_mount_layers(const char *layers, const struct digest *diff_ids, size_t n,
			 const char *upper, const char *work, const char *target, bool read_only,
			 struct err *e);

/* The attribute by which overlayfs marks a folder that hides what is beneath it: of trusted.*, or
 * of user.* where those are out of reach (an ordinary user, a user namespace). The first call reads
 * /proc: before a sandbox forbids it. */
const char *overlay_opaque(void);

/* Leaves the mount namespace for a copy of it in which mounts from outside still appear, and ours
 * are seen by nobody else and end with the last process in it. For the whole process. */
int mounts_private(struct err *e);
