/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * The processes of a running container from the host's /proc: nothing of the container is asked or
 * started. Numbers with "host" are the host's, the others the container's own; an id that is not
 * mapped into it is (uint32_t)-1.
 */
struct process {
	pid_t host_pid, pid, ppid, pgid;
	uint32_t host_uid, host_gid, host_ruid, host_rgid; /* effective, and real */
	uint32_t uid, gid, ruid, rgid;
	char state;		    /* R, S, D, T, Z, ... */
	int nice, tty;		    /* tty: device number, 0: none */
	unsigned seccomp;	    /* 0: none, 1: strict, 2: filter */
	uint64_t threads, vsz, rss; /* KiB */
	uint64_t cpu_ns, system_ns, age_ns;
	uint64_t cap_inherited, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	char comm[32];
};

/* In the order of their numbers. Owned: free(). One that ends meanwhile is left out. E_NOTFOUND
 * when the first one is gone. */
int processes_of(pid_t first, struct process **ret, size_t *ret_n, struct err *e);

/* Appends its command line, arguments with a space between; "[comm]" without one. The bytes are the
 * container's choice. */
int process_command(const struct process *p, struct buf *ret, struct err *e);
