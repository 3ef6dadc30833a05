/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * "plimsoll-guard --join FILE...": a hook of the runtime's (runtime-spec, createRuntime), for an
 * ordinary user's containers, whose control groups we make and not the runtime. The container's
 * first process, which the state on standard input names, goes into each group (FILE: its
 * cgroup.procs) before anything of the image is executed: it and what it forks are in there, and
 * nothing else is. 0, or an exit status with which the runtime fails.
 */
int joining_main(int argc, char **argv);
/* The number behind "pid" in a container's state; 0: there is none. */
long joining_pid(const char *state);
