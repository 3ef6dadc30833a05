/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Where a container is put together: a small tmpfs in the supervisor's own mount namespace. Root's
 * containers have other ids than the host's root and cannot pass through the folders of the state,
 * which are closed to everybody else; here they can. What is shown to them from elsewhere is bound
 * here first, so that a path is walked once, by us, and the runtime finds a mount.
 */
#define BERTH_ROOT "/run/plimsoll"

struct berth {
	char *path; /* owned */
	int fd;	    /* of it */
	int userns; /* the container's, for mounts whose ids are to be its own; -1: ids stay */
	size_t n;   /* mounts made so far */
};
#define BERTH_INIT { .fd = -1, .userns = -1 }

/* folder: the container's, used where the host's root is not needed (an ordinary user).
 * userns_file: NULL: ids stay as they are. Ends with the mount namespace; the caller frees. */
int berth_open(const char *folder, const char *userns_file, struct berth *ret, struct err *e);
void berth_free(struct berth *s);
/* Nothing is shown there any more. */
void berth_close(const char *folder);

/*
 * Binds what fd (O_PATH, of a folder or a file) is, with all that is mounted below, to a new name
 * in the berth. own_ids: id 0 of the disk is id 0 of the container and so on, both ways. ret_path
 * is owned. E_SYSTEM with a hint when the filesystem cannot do that.
 */
int berth_show(struct berth *s, int fd, bool own_ids, char **ret_path, struct err *e);
