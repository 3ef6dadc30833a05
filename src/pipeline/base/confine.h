/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/progress.h"

/*
 * apt and mmdebstrap run as root, and with them the maintainer scripts of Debian's packages, in a
 * root filesystem that they are just making. They get namespaces of their own for mounts,
 * processes, IPC and the host's name; every mount of the host is read-only there; /tmp is the
 * folder they work in; the state folder (with its keys), /root and /home are empty. They have no
 * new privileges and no capability but those that package managers, chroot and mounts in there
 * need. All of it ends with us: when plimsoll is killed, so is every process of it, and the mounts
 * are gone with the namespace. One who is not root gets what a user can have: mmdebstrap's own user
 * namespace.
 */
struct confined {
	const char *const *argv, *const *env; /* end with NULL */
	int out;			      /* standard output, or -1 */
	const char *folder;		      /* absolute; seen as CONFINED_TMP */
	const struct state *state;	      /* hidden */
	struct progress *progress;	      /* its messages by the line; may be NULL */
};
#define CONFINED_TMP "/tmp"

/* E_SYSTEM with the last lines it wrote when it ends with other than 0, E_SIGNAL when we were
 * interrupted: nothing of it runs any more then. */
int confined_run(const struct confined *c, struct err *e);
