/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A container's user namespace, and a network namespace that belongs to it. They are made before
 * the OCI runtime and given to it by path: a network namespace that the host's root owned could not
 * be shown in the container's /sys, and the network is set up while the runtime does the rest.
 *
 * Root's containers have ids of their own: CONTAINER_IDS ids of the host from id_base on, which
 * nothing else on the host has. An ordinary user's containers are in a namespace within his own,
 * with the same ids as that.
 */
enum { CONTAINER_IDS = 65536 };

/* Blocks of ids: between what systemd gives to its own containers and what it calls foreign
 * (systemd's UIDS-GIDS); no /etc/subuid of Debian's reaches there. */
#define ID_BLOCKS_FIRST 0x70000000U
enum { ID_BLOCKS = 4094 };

struct namespaces_opts {
	uint32_t id_base;
	bool network;	 /* it will lead further than the loopback interface, but not to the host
			    (closed.h) */
	bool root_owner; /* the runtime sets limits from outside: where the host's root has no
			    SYS_RESOURCE, it takes root's own namespace for that */
	/* In a user's own namespace: so many processes and threads in all, and the few that make
	 * and watch the container; 0: no limit. Linux 5.14 counts them by namespace. */
	uint64_t processes;
};
/*
 * Makes both and binds them to files of those names (made) in the caller's mount namespace. The
 * loopback interface is up. net_file NULL: the first alone. E_SYSTEM when the kernel gives no user
 * namespaces.
 */
int namespaces_make(const char *user_file, const char *net_file, const struct namespaces_opts *o,
		    struct err *e);

/* The loopback interface of our own network namespace; 0, or -1 and errno. */
int namespaces_loopback(void);
/* The process's namespace of that name ("net") by a file (made), in our own mount namespace. */
int namespaces_bind(pid_t pid, const char *name, const char *file, struct err *e);

/* How many ids the namespace has: CONTAINER_IDS for root, the user's own number otherwise. */
uint32_t namespaces_ids(void);
