/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * The end of a container's first process, without waiting for the runtime: that is its parent, and
 * tells its status only after it has removed control groups and its own notes. The kernel tells it
 * as soon as the runtime has taken note of it (PIDFD_INFO_EXIT, Linux 6.15).
 *
 * Waits until the first process has ended with status 0: true, and the runtime is still to be
 * awaited. False as soon as anything else is the case, so that the runtime's end tells what: that
 * it has ended itself, that SIGTERM is pending, another status, a kernel that does not know, or no
 * such process after a moment. watched: SIGTERM and SIGCHLD, which are blocked; SIGCHLD is taken.
 */
bool ended_well(const char *folder, pid_t runtime, const sigset_t *watched);
