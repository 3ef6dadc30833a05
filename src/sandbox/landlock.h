/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Landlock for a process of ours (kernel: Documentation/userspace-api/landlock.rst): every right to
 * files that is not allowed is denied; so are listening on TCP, and abstract sockets and signals to
 * processes outside. A kernel without Landlock is no error: then all of this does nothing. Calls
 * return 0, or -1 and errno, so that they serve between fork and exec.
 */
struct landlock {
	int rules;   /* -1: the kernel has none */
	uint64_t fs; /* what this kernel knows of files */
};

enum landlock_access {
	LANDLOCK_READ = 1,    /* files and folders */
	LANDLOCK_EXECUTE = 2, /* and read */
	LANDLOCK_WRITE = 4,   /* what is in files, not which there are */
	LANDLOCK_OWN = 8,     /* everything but to execute, and device controls */
};

/* connect: whether TCP connections may be made. */
int landlock_begin(struct landlock *ret, bool connect);
/* access: of enum landlock_access, or-ed. A path that is not there needs no rule: success. */
int landlock_allow(const struct landlock *l, const char *path, unsigned access);
int landlock_allow_fd(const struct landlock *l, int fd, unsigned access);
/* Needs no_new_privs. It holds for this thread and all it starts, for ever. */
int landlock_restrict(const struct landlock *l);

static inline void landlock_release(struct landlock *l)
{
	close_release(&l->rules);
}
#define auto_landlock __attribute__((cleanup(landlock_release))) struct landlock
