/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

extern const struct command trust_revoke_command; /* cmd_trust_revoke.c */
