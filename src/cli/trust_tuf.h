/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* Sub-commands of trust, in cmd_trust_tuf*.c. */
extern const struct command trust_tuf_client_command;
