/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "cli/filters.h"

/* What the files of `volume` share: cmd_volume.c, volume_list.c. */

/* The volumes that pass filters (name, driver, dangling, label, label!): volume_describe() of each,
 * with docker's words (Name, Driver, Mountpoint, ...) besides. Owned. */
int volumes_find(struct cli *c, const struct filters *filters, json_t **ret, struct err *e);

/* volume_describe() of those that are named, in docker's words. Owned. E_NOTFOUND. */
int volume_describe_all(struct cli *c, char **names, size_t n, json_t **ret, struct err *e);

extern const struct command volume_ls_command, volume_list_command, volume_inspect_command;
