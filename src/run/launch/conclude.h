/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/launch.h"

/*
 * A supervisor's last part, for which nobody waits. report is its end of the pipe over which it
 * reports.
 */

/* Before it reports: of the caller's terminal, files and folders nothing is left here, and ports
 * and folders of the host's are free. */
void conclude_leave(const struct launch *l, int report);
/* After it: once the container's folder is needed no more and the runtime has ended (0: it has),
 * cleans up. */
void conclude_rest(const struct launch *l, int report, pid_t runtime);
