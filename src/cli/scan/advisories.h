/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* What stands under "advisories", a file each. */
extern const struct command cmd_advisories_update, cmd_advisories_publish, cmd_advisories_fetch,
	cmd_advisories_status;
