/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "cli/filters.h"

/* What the files of `volume` share: cmd_volume.c, volume_list.c. */

/* volume_describe() of each, with docker's words (Name, Driver, Mountpoint, ...) besides. Owned. */
int volume_describe_all(struct cli *c, char **names, size_t n, json_t **ret, struct err *e);
/* Filters name, driver, dangling, label and label! against one of those. */
bool volume_matches(const struct filters *f, const json_t *v);

extern const struct command volume_ls_command, volume_inspect_command;
