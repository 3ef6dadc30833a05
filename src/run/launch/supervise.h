/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>

#include "run/launch/launch.h"

/* What a supervisor tells the process that made it, once. */
struct report {
	int r, status;
	pid_t nest;	/* the supervisor stays, for this child */
	bool concludes; /* the supervisor stays, and cleans up */
	pid_t runtime;	/* it waits for this one first; 0: it has ended */
	struct err e;
};

/* What a supervisor does: from the private mount namespace to the end of the container, or until it
 * runs by itself. go: the socket for the word of launch_decide(), or -1. */
void supervise(const struct launch *l, int go, const sigset_t *watched, struct report *out);
