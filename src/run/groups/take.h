/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"

/*
 * An ordinary user's container gets its control groups from us: makes them below what he was given,
 * with the limits that the configuration asks for, notes them in the folder, and takes out of the
 * configuration what the runtime would do about them. In their place the container is shown its
 * own groups; `place` is a folder of the supervisor's for what is around them.
 */
int groups_take(const char *folder, const char *cgroup, const char *place, json_t *config,
		struct err *e);
