/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>

#include "run/launch/gate.h"
#include "run/launch/launch.h"
#include "run/launch/relay.h"

/* A runtime in the foreground. */
struct front {
	pid_t pid; /* 0: not started */
	struct streams streams;
	int shim; /* the pipe on which its shim waits; -1: it does not */
	int fifo; /* its configuration's; -1: that is a file */
};
#define FRONT_INIT { .streams = STREAMS_INIT, .shim = -1, .fifo = -1 }

/* Starts it before there is a configuration, which it awaits (early.h). */
int front_begin_early(const struct launch *l, bool gated, struct front *b, struct err *e);

/* From the start, unless it was made early, through the gate to the end of the container, whose
 * status comes back. watched: SIGTERM, which asks for the end, and SIGCHLD; both are blocked. A pid
 * that is left is a runtime that still cleans up and is to be awaited (ended.h). */
int front_run(const struct launch *l, struct gate *g, struct front *b, const sigset_t *watched,
	      int *ret_status, struct err *e);

/* Nothing came of it. One that waits for its configuration has made nothing yet. */
void front_abandon(struct front *b);
