/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "run/groups/groups.h"

/*
 * What an ordinary user's container sees of its control groups, which are not the runtime's to
 * make: changes of its OCI configuration.
 */

/* The mounts of type "cgroup" become binds of its own groups. place: a folder of the supervisor's
 * for what is around them. */
int view_show(json_t *config, const struct groups *g, bool v2, const char *place, struct err *e);
/* Its control group namespace, if it is to have one, begins at its groups, and not where the
 * runtime is: made now, and kept at that file (made) in our mount namespace. */
int view_names(json_t *config, const struct groups *g, const char *file, struct err *e);
