/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "trust/trust.h"

/* Sub-commands of trust that have files of their own. */
extern const struct command trust_init_command, trust_import_cert_command; /* cmd_trust_init.c */
extern const struct command trust_rotate_command;			   /* cmd_trust_rotate.c */
extern const struct command trust_import_notation_command; /* cmd_trust_notation.c */
extern const struct command trust_revoke_command;	   /* cmd_trust_revoke.c */
extern const struct command trust_add_command;		   /* cmd_trust_add.c */
extern const struct command trust_list_command;		   /* cmd_trust_list.c */

/* Which trust stores: as notation's --type and --store. */
/* clang-format off */
#define TRUST_WHERE(type_) \
	OPT_AT(type_, where.type, "type", 0, OPT_STRING, "TYPE", \
	       "of the trust store: ca, signingAuthority or tsa"), \
	OPT_AT(type_, where.store, "store", 0, OPT_STRING, "STORE", "name of the trust store")
/* clang-format on */

/* Records a change of what is trusted, with the policy as it is now, and returns the outcome;
 * detail (may be NULL) is stolen. What cannot be written down did not pass. */
int cli_trust_note(struct cli *c, const char *kind, const char *name, int outcome, json_t *detail,
		   struct err *e);
