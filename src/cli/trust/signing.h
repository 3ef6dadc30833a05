/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "crypto/key.h"
#include "oci/store.h"

/* What the commands that sign and verify share. */

/* The passphrase named by --passphrase-file (NULL: not given), else by PLIMSOLL_PASSPHRASE_FILE;
 * *ret points into secret, or is NULL when neither names one. It is never an option's value. */
int cli_passphrase(const char *file, struct buf *secret, const char **ret, struct err *e);

/* The same for key files of cosign's, whose passphrase may stand in COSIGN_PASSWORD, too. */
int cli_cosign_passphrase(const char *file, struct buf *secret, const char **ret, struct err *e);

/* Options of commands that sign, of struct type's members key and passphrase_file. */
/* clang-format off */
#define SIGNING_OPTIONS(type) \
	OPT_AT(type, key, "key", 'k', OPT_STRING, "NAME", "key to sign with (default)"), \
	OPT_AT(type, passphrase_file, "passphrase-file", 0, OPT_STRING, "FILE", \
	       "read the key's passphrase from FILE, or from descriptor N for fd:N")
/* clang-format on */

/* What cosign's users type, of struct type's members yes and tlog_upload: nothing else is done. */
/* clang-format off */
#define COSIGN_HABITS(type) \
	OPT_ALWAYS(type, yes, "yes", 'y', "ask nothing; so it is always"), \
	OPT_AT(type, tlog_upload, "tlog-upload", 0, OPT_FLAG, NULL, \
	       "=false: tell no transparency log; so it is always, true is refused")
/* clang-format on */
int cli_no_tlog(bool tlog_upload, struct err *e);

/* Seconds of "90", "30s", "15m", "720h" or "90d". */
int cli_duration(const char *text, int64_t *ret, struct err *e);

/* Records a step on an image in the trail and returns its outcome; detail (may be NULL) is stolen.
 * What cannot be written down did not pass. */
int cli_note(struct cli *c, const char *kind, const char *name, const struct desc *image,
	     int outcome, json_t *detail, struct err *e);

/* "KEY=VALUE" in each, as an object of strings. Owned. E_USAGE. */
int cli_annotations(const struct strv *list, json_t **ret, struct err *e);
/* "--key cosign.key" means a file, as it does for cosign: then path is "./cosign.key" and *ret is
 * that. Anything else is a key's name, or NULL. */
void cli_key_name(const char *key, struct buf *path, const char **ret);
