/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/launch.h"

/*
 * Runs to the end, passing signals on. What the terminal sends reaches the runtime by itself; what
 * others send to us is given to the container's first process. One that this process does not
 * handle would be dropped by the kernel (pid_namespaces(7)), so INT, TERM, HUP and QUIT then end
 * the container; so does a second INT or TERM.
 */
struct foreground_watch {
	int fd; /* is readable when something happened meanwhile */
	void (*happened)(void *arg);
	void *arg;
};
/* watch: NULL for none. ret: after launch_wait(). */
int foreground_run(const struct launch *l, const struct foreground_watch *watch,
		   struct supervisor *ret, int *ret_status, struct err *e);

/* The container's first process, checked against its cgroup; 0 when there is none. */
pid_t first_process(const char *folder, const char *cgroup);
/* True when the process has a handler for sig. */
bool process_catches(pid_t pid, int sig);

/* Gives the size of our terminal to the one that is standard input of this process. */
void terminal_pass_size(pid_t pid);
