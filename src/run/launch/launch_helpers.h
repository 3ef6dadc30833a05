/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/gate.h"
#include "run/launch/launch.h"
#include "run/launch/relay.h"

/* Puts pasta, the guard and what copies the output (may be NULL) into groups of their own
 * (groups/helpers.h), once they run, and before anything of the image's does. */
int launch_helpers(const struct launch *l, const struct gate *g, const struct streams *s,
		   struct err *e);
/* conmon, unless a unit of systemd's watches it in its own group of v2. */
int launch_helpers_conmon(const struct launch *l, pid_t conmon, struct err *e);
