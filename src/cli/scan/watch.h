/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "pipeline/watching.h"

/*
 * What follows a command that may have changed the advisories: watched images are matched anew.
 * Damage, and a webhook that does not answer, are said on standard error and are no failure.
 */
int cli_watch(struct cli *c, struct watching *ret, struct err *e);
/* The same, for a command that is of nothing else: the webhook is left to it. */
int cli_watch_run(struct cli *c, struct watching *ret, struct err *e);

/* cli_watch_run() by a process of its own, whenever something on this machine that decides changed,
 * and after each such while, until a signal ends it. every: "5m", at least a second. */
int cli_watch_every(struct cli *c, const char *every, struct err *e);

/* What watch_open() found damaged, on standard error. */
void cli_watch_notes(struct strv *notes);

/* What is new, a line each; nothing when there is nothing. */
int cli_print_news(struct cli *c, const struct watching *w, struct err *e);
/* {"matched","news":[…],"delivered","pending"}, for the command's own document. Owned. */
int cli_watch_json(const struct watching *w, json_t **ret, struct err *e);
/* The command's own document j with that as "watch", where images were matched or something waits.
 */
int cli_watch_print(struct cli *c, const struct watching *w, json_t *j, struct err *e);
