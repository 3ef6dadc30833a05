/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/build/road.h"
#include "pipeline/tuf/publish.h"
#include "pipeline/tuf/roots.h"

/* Sub-commands of trust, in cmd_trust_tuf*.c. */
extern const struct command trust_tuf_command, trust_tuf_client_command;

extern const struct command trust_notary_command; /* cmd_trust_notary.c */

/* Those of trust tuf. */
extern const struct command tuf_init_command, tuf_publish_command, tuf_timestamp_command,
	tuf_refresh_command, tuf_trust_command, tuf_forget_command, tuf_status_command;
extern const struct command tuf_key_command, tuf_root_command, tuf_rotate_command,
	tuf_export_command, tuf_sign_command, tuf_import_command;
extern const struct command tuf_add_command, tuf_remove_command, tuf_delegate_command,
	tuf_undelegate_command;

/* clang-format off */
#define TUF_PASSPHRASE(type) \
	OPT_AT(type, passphrase_file, "passphrase-file", 0, OPT_STRING, "FILE", \
	       "passphrase of the keys, from FILE or from descriptor N for fd:N")
/* clang-format on */

/* What they share: what is published now; how far a root is. */
int tuf_cli_versions(struct cli *c, const char *scope, const struct tuf_versions *v, struct err *e);
/* Records a change of a root in the trail, with what it is now (p may be NULL), and returns the
 * outcome. what may be NULL. */
int tuf_cli_note(struct cli *c, const char *kind, const char *scope, int outcome,
		 const struct tuf_pending *p, const char *what, struct err *e);
/* For --format json alone: the scope that was trusted or forgotten. */
int tuf_cli_scope(struct cli *c, const char *schema, const char *scope, struct err *e);
int tuf_cli_pending(struct cli *c, const char *scope, const struct tuf_pending *p, struct err *e);
int tuf_cli_key_file(const char *path, json_t *list, struct err *e); /* appends */
int tuf_cli_kind(const char *s, enum key_kind *ret, struct err *e);
int tuf_cli_days(const struct strv *list, uint64_t ret[static TUF_TOPS], struct err *e);
