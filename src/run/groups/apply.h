/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "run/groups/groups.h"

/*
 * Writes limits into groups: an OCI configuration's linux.resources (runtime-spec 1.0,
 * config-linux.md: memory, pids, cpu and its sets, blockIO), in the words of v1 or v2, as a runtime
 * with control groups would. What is 0 or not there is left alone; E_SYSTEM for a limit that has no
 * place in these groups, but for swap and shares.
 */
int groups_apply(const struct groups *g, const json_t *resources, struct err *e);
