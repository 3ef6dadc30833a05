/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "confine/share.h"
#include "run/container.h"
#include "run/launch/launch.h"

/*
 * A container that has network, processes or shared memory of another one: --network, --pid and
 * --ipc container:NAME. Namespaces belong to the user namespace that made them, so that it has the
 * other's user namespace and ids, too: it is shut off from the host as that one is. Its files,
 * capabilities, filter, limits and Landlock rules stay its own: a process of the one cannot be
 * traced by the other, and its memory not be read, although both have the same user.
 *
 * When the other ends, a shared network leads nowhere any more, and with shared processes all of
 * this one end (its status is 137): the kernel ends them with their namespace's first process.
 */
#define LAUNCH_PIDNS "pidns"
#define LAUNCH_IPCNS "ipcns"

struct join {
	pid_t pid; /* its first process; 0: nothing is joined */
	int pidfd;
	bool kind[SHARE_KINDS]; /* PID, IPC, NETWORK */
	bool network;		/* it has more than a loopback interface */
	uint32_t id_base;
};
#define JOIN_INIT { .pidfd = -1 }
void join_release(struct join *j);
#define auto_join __attribute__((cleanup(join_release))) struct join

/*
 * What the options ask for; ret->pid is 0 when that is nothing. self: id of the container that
 * asks; may be "". E_NOTFOUND, E_USAGE when it does not run, when it has not ids of its own, when
 * several are named, and for an ordinary user, whose containers live in user namespaces apart.
 */
int join_find(const struct state *state, const struct share *share, const char *self,
	      struct join *ret, struct err *e);

/* In the supervisor: its namespaces by files of l->folder: userns, netns (a new one that belongs to
 * that user namespace, unless it is joined), pidns, ipcns. */
int join_namespaces(const struct launch *l, const char *userns, const char *netns, struct err *e);

/* A mount of its, such as /dev/shm, as a tree for move_mount(2). */
int join_tree(const struct join *j, const char *path, int *ret_fd, struct err *e);
