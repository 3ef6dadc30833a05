/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/* Sub-commands of trust that have files of their own. */
extern const struct command trust_init_command, trust_import_cert_command; /* cmd_trust_init.c */
extern const struct command trust_rotate_command;			   /* cmd_trust_rotate.c */
extern const struct command trust_import_notation_command; /* cmd_trust_notation.c */
extern const struct command trust_revoke_command;	   /* cmd_trust_revoke.c */
