/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "pipeline/watch.h"

/* What commands that change the advisories share: telling what is news for the watched images. */

/*
 * Matches the watched images, sends what is to be sent, and for people prints what is news. *ret,
 * owned, may be NULL: {"images":[…],"sent":N,"kept":N,"problem":…} for a document.
 */
int cli_watch(struct cli *c, json_t **ret, struct err *e);
/* The webhook of the configuration; borrowed. */
int cli_watch_hook(const struct cli *c, struct watch_hook *ret, struct err *e);
