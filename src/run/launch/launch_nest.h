/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>

#include "run/launch/gate.h"
#include "run/launch/launch.h"

/*
 * A detached container without a control group. Its monitor is the supervisor itself, which stays:
 * it is the parent of the nest (nest.h) in which conmon runs, and what conmon would do at the end
 * it does, since in there nobody sees what is outside. With the supervisor the nest ends.
 */

/* launch_conmon() in a nest: returns once the container runs. *ret is a child of ours. SIGTERM ends
 * it: E_SIGNAL. Our own number is then in the folder's SUPERVISOR_PID, as conmon's is elsewhere. */
#define SUPERVISOR_PID "supervisor.pid"
int launch_nest(const struct launch *l, struct gate *g, const sigset_t *watched, pid_t *ret,
		struct err *e);

/* Waits until it is over, and becomes l->exit_command. Lets go of all descriptors. */
_Noreturn void launch_nest_attend(const struct launch *l, pid_t nest, const sigset_t *watched);
