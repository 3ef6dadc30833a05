/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "confine/profile.h"

/*
 * What this machine can enforce: the control groups, however they are mounted, and the mount
 * namespace in which a container is set up.
 */
enum cgroup_mode {
	CGROUP_NONE,
	CGROUP_V1,     /* controllers mounted one by one */
	CGROUP_HYBRID, /* the same, with an empty v2 tree beside them */
	CGROUP_V2,
	CGROUP_DENIED, /* there are some, but we are not root, or only of a user namespace: the
			  runtime has nothing to do with them */
};
struct machine {
	enum cgroup_mode cgroups;
	bool memory, swap, pids, cpu; /* limits that can be set */
	/* CGROUP_DENIED, but this user was given some: we make a container's ourselves
	 * (groups/delegated.h). */
	bool delegated;
	bool pids_by_user;	  /* that limit is the user namespace's: namespaces.h */
	uint64_t nofile, signals; /* our own hard limits of open files and queued signals */
	/* v2, and what we see as its root is a group with processes in it (as in a container): the
	 * kernel then lets no controller be handed to groups below. */
	bool occupied;
};

/* CGROUP_DENIED by itself. */
bool cgroups_denied(void);
int machine_detect(struct machine *ret, struct err *e);
/* E_SYSTEM with what to do when one of these limits could not be enforced. A caller that can do
 * without them asks for CGROUP_DENIED first. */
int machine_check(const struct machine *m, const struct profile_limits *l, struct err *e);

/*
 * Moves the calling process into a mount namespace of its own, from which nothing reaches the host,
 * and prepares it for crun: version 1.8.1 refuses a v2 tree with controllers beside v1, so there
 * the v2 tree is taken out of sight. For a forked child.
 */
int machine_private_mounts(const struct machine *m, struct err *e);

/* A process by number and start time (proc(5), stat field 22), so that a reused number is told
 * apart. */
struct process_id {
	pid_t pid;
	uint64_t start;
};
int process_identify(pid_t pid, struct process_id *ret, struct err *e);
bool process_alive(const struct process_id *p); /* and no zombie */
/* Takes the caller, a forked child, into its mount namespace, which is one of ours. */
int process_join_mounts(const struct process_id *p, struct err *e);
