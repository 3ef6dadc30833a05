/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"
#include "run/run.h"

/*
 * What a further process of a running container is: the first one's "process" of its configuration,
 * with another command, user or terminal. Nothing that confines is decided anew.
 */

/* E_USAGE: --user that looks like a number and is no id, or has more than one colon. */
int exec_check_user(const char *user, struct err *e);

/* Writes it to a file of the container's folder, for the runtime. pid: the container's first
 * process, in whose root names of users are looked up. ret_profile: the container has an AppArmor
 * profile, which the runtime must not set (exec_profile.h). ask: it has to be put into control
 * groups, and is false then when nothing is there that could ask for it. */
int exec_write_process(const struct container *c, pid_t pid, const struct exec_opts *o,
		       const char *file, bool *ask, bool *ret_profile, int *ret_status,
		       struct err *e);

/* The user that the file names, as the host numbers it; -1 when it cannot be read. */
uid_t exec_owner(const struct container *c, const char *file);

/*
 * Of process as it will be: whether a working folder that was asked for is there, and, in the
 * background, its program. *ret_status as docker has it: 126, 127 for a program that is not there.
 */
int exec_check(const json_t *process, pid_t pid, const struct exec_opts *o, int *ret_status,
	       struct err *e);
