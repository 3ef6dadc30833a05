/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/*
 * The root of a container that does not run: its layers, what it wrote to a root of its own, its
 * named volumes and what it binds, put together in a mount namespace of the calling process, which
 * enters one for good. Ends with the process; nothing is mounted on the host. What is read-only in
 * the container is so here. While the lock is held the container does not start.
 */
struct rest {
	int root; /* O_PATH */
	int lock;
};
#define REST_INIT { .root = -1, .lock = -1 }
void rest_free(struct rest *r);

/* E_USAGE while it runs. */
int rest_open(const struct state *state, const struct container *c, struct rest *ret,
	      struct err *e);
/*
 * What it wrote to a root of its own, and its image's layers merged, in a mount namespace as above;
 * it may run. ret_upper stays -1 for a read-only root, and for one that never was started. mounts:
 * where the container mounts something.
 */
int rest_below(const struct state *state, const struct container *c, int *ret_upper, int *ret_below,
	       struct strv *mounts, struct err *e);
/* What a start takes, too: a descriptor. */
int rest_lock(const struct container *c, struct err *e);
