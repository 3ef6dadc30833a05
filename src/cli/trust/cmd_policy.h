/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* The subcommands of `policy`. */
extern const struct command cmd_policy_check, cmd_policy_export;
