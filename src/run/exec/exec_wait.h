/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "run/exec/exec_profile.h"
#include "run/exec/exec_terminal.h"

/*
 * Waits for a runtime that runs a further process of a container. What others send to us is given
 * to that process, whose number stands in pidfile once it is there, and so is the size of our
 * terminal; who asks for a profile is answered. What the terminal sends reaches it by itself. To be
 * begun before the runtime is started, so that nothing is missed.
 */
struct exec_wait {
	int signals; /* descriptor */
	sigset_t before;
};
int exec_wait_begin(struct exec_wait *w, struct err *e);
/* In the forked child that becomes the runtime. */
void exec_wait_child(const struct exec_wait *w);
/* Returns the status as of waitpid(2), or a negative E_*. Copies t's terminal meanwhile, when there
 * is one. Ends what was begun. */
int exec_wait_end(struct exec_wait *w, pid_t runtime, const struct container *c,
		  const char *pidfile, struct exec_terminal *t, struct exec_profile *profile,
		  struct err *e);
