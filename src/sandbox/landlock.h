/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Landlock (kernel: Documentation/userspace-api/landlock.rst) for a process that restricts itself:
 * what is handled is denied but where it is allowed. A kernel without Landlock is no error: then
 * all of this does nothing. Calls return 0, or -1 and errno, so that they serve between fork and
 * exec, and in a program without our libraries.
 */
struct landlock {
	int rules;   /* -1: the kernel has none */
	uint64_t fs; /* what is handled of files, and of TCP */
	uint64_t net;
};

enum landlock_access {
	LANDLOCK_READ = 1,    /* files and folders */
	LANDLOCK_EXECUTE = 2, /* and read */
	LANDLOCK_WRITE = 4,   /* what is in files, not which there are */
	LANDLOCK_OWN = 8,     /* everything but to execute, and device controls */
	LANDLOCK_FILES = 16,  /* the same, but not to make devices */
	LANDLOCK_DEVICE = 32, /* write to and control of devices */
};

/* What is to be handled. */
struct landlock_scope {
	bool read;	       /* also reading; the rest of files always is */
	bool bind, connect;    /* of TCP */
	bool signals, sockets; /* to processes, and to abstract sockets of processes, outside */
};
int landlock_begin_scope(struct landlock *ret, const struct landlock_scope *s);
/* Everything. connect: whether TCP connections may be made. */
int landlock_begin(struct landlock *ret, bool connect);
/* access: of enum landlock_access, or-ed. A path that is not there needs no rule: success. */
int landlock_allow(const struct landlock *l, const char *path, unsigned access);
int landlock_allow_fd(const struct landlock *l, int fd, unsigned access);
int landlock_allow_port(const struct landlock *l, uint16_t port, bool bind);
/* Needs no_new_privs. It holds for this thread and all it starts, for ever. */
int landlock_restrict(const struct landlock *l);
/* The kernel's ABI; 0: it has no Landlock, or it is not switched on. */
unsigned landlock_abi(void);

static inline void landlock_release(struct landlock *l)
{
	close_release(&l->rules);
}
#define auto_landlock __attribute__((cleanup(landlock_release))) struct landlock
