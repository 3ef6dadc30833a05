/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "oci/store.h"
#include "registry/registry.h"

/* What the commands on stored images share. */

/* The state folder's image store; the caller closes it. */
int cli_store(struct cli *c, struct store **ret, struct err *e);

/* "1.2 MB" as docker prints sizes: powers of 1000, three digits. */
void size_human(uint64_t bytes, char ret[static 16]);
/* "3 hours ago". */
void age_human(int64_t seconds, char ret[static 32]);

/* Removes what neither a name nor a cached build step reaches any more; nothing is said when
 * another process works there. */
int cli_collect(struct cli *c, struct store *s, struct err *e);

/* Tells docker's events of it; that it cannot be told is no failure. */
void image_event(struct cli *c, const char *action, const struct digest *d, const char *name);

/* What inspect shows of an image, with docker's words besides: for templates. Owned. */
int image_words(const json_t *own, json_t **ret, struct err *e);
