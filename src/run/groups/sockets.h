/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "run/groups/groups.h"

/*
 * v1 and hybrid: makes a container's memory group before the runtime does, which takes one that is
 * there, so that what waits in its sockets has a limit from the first one on: a quarter of its
 * memory. v1 charges that to a counter of its own (memory.kmem.tcp, which is of UDP, too) and only
 * where that has a limit; without it a container could hold all that the host has for TCP
 * (net.ipv4.tcp_mem). crun would set it, runc does not. Nothing where v2 charges it by itself.
 */
int groups_limit_sockets(const char *cgroup, uint64_t memory, struct err *e);
/* The same in an ordinary user's groups, once they are made. */
int groups_limit_sockets_of_user(const struct groups *g, uint64_t memory, struct err *e);
