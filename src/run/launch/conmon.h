/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/gate.h"
#include "run/launch/launch.h"

/*
 * conmon watches a detached container: it holds its output, writes it to ctr.log ("k8s-file" form),
 * its status to exit when it ends, and then runs a command that cleans up.
 */
struct conmon_opts {
	const char *folder, *id, *name;
	const struct runtime *runtime;
	bool cgroups;	  /* see runtime_argv() */
	uint64_t log_max; /* bytes; 0: LOG_MAX_DEFAULT */
	uint64_t timeout; /* seconds after which it is killed; 0: none */
	bool tty, interactive;
	const char *const *exit_command; /* may be NULL; the id is added */
};
int conmon_argv(const struct conmon_opts *o, struct strv *argv, struct err *e);

/* Starts l->conmon, waits until the container is made, starts it, and calls l->started. */
int launch_conmon(const struct launch *l, struct gate *g, struct err *e);
