/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * What a running container uses, and its freezer: from the control groups of its first process as
 * /proc/PID/cgroup names them, whichever way they are mounted (v1, hybrid, v2), and from its
 * network namespace. What the machine does not count is 0 and has no bit in `known`.
 */
enum usage_known {
	USAGE_CPU = 1,
	USAGE_MEMORY = 2,
	USAGE_PIDS = 4,
	USAGE_BLOCK = 8,
	USAGE_NET = 16
};
struct usage {
	unsigned known;
	uint64_t cpu_ns;
	uint64_t memory, memory_limit; /* without the cache that can be dropped at once; 0: none */
	uint64_t pids, pids_limit;
	uint64_t block_read, block_written; /* bytes */
	uint64_t net_received, net_sent;    /* bytes, without the loopback interface */
};
/* E_NOTFOUND when the process is gone. */
int usage_read(pid_t pid, struct usage *ret, struct err *e);

/* Stops or lets go on every process of the group at once. E_SYSTEM when there is no freezer. */
int usage_freeze(pid_t pid, bool on, struct err *e);
bool usage_frozen(pid_t pid);

/* Writes a file of its control group; controller "" is v2's. E_NOTFOUND when there is none. */
int usage_write(pid_t pid, const char *controller, const char *file, const char *text,
		struct err *e);

/* Whether a process is in the same process namespace as the first one of a container. */
bool usage_beside(pid_t pid, pid_t first);

/* usage_read() on trees that stand for /proc and /sys/fs/cgroup, for tests. */
int usage_read_at(const char *proc, const char *cgroups, pid_t pid, struct usage *ret,
		  struct err *e);
