/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/launch/launch.h"

/* Of a supervisor: the namespaces that are there before the runtime. */

/* "FOLDER/NAME"; owned, NULL without memory. */
char *launch_path(const char *folder, const char *name);
/* Made anew, with pasta on it where it is to have a network. ret_netns is owned. */
int launch_network(const struct launch *l, char **ret_netns, struct pasta *ret, struct err *e);
/* l->netns by a file of the folder. */
int launch_network_of(const struct launch *l, char **ret_netns, struct err *e);
