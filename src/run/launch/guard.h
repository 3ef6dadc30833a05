/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/launch.h"

/*
 * plimsoll-guard (confine/guard/guard.h), started by the supervisor before the OCI runtime. The
 * runtime gives it the filter's descriptor over <folder>/guard.sock; it writes <folder>/denials,
 * which denials.h reads, and ends with the container.
 */
#define GUARD_SOCKET "guard.sock"
#define GUARD_NOTES "denials"

/* Whether this kernel can ask a process about system calls, and that can answer with files. */
bool guard_available(void);

struct guard_process {
	pid_t pid; /* 0: none */
	int life;  /* it gives up when this is closed before a container came, without a word */
};
#define GUARD_INIT { 0, -1 }

/* userns: file of the container's namespace, in which it lives; NULL: in ours. */
int guard_start(const struct launch *l, const char *userns, struct guard_process *ret,
		struct err *e);
/* The container is in the background: the guard is left alone, and waits for a runtime that is
 * slow, which sends the filter only after it has said that it started. */
void guard_leave(struct guard_process *g);
/* After the container's end, or when there is to be none: waits until it has written all. */
void guard_wait(struct guard_process *g);
