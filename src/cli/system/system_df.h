/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * What the state folder holds, in docker's words: an object with Images, Containers, Volumes and
 * BuildCache, each a list of rows as `system df -v` shows them, with "bytes" (and "active",
 * "shared") besides for sums; and Summary, the four rows of `system df`. Owned.
 */
int df_survey(struct cli *c, json_t **ret, struct err *e);

extern const struct command system_df_command, system_prune_command, cmd_info, cmd_events;
