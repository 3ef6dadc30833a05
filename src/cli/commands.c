/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

extern const struct command cmd_version;

/* In the order of the top-level help, group by group: keep groups together. */
const struct command *const commands[] = {
	&cmd_version,
	NULL,
};
