/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/container/run_start.h"
#include "run/options/allow.h"

struct road;

#define RUN_SCHEMA "plimsoll.run/v1" /* of run.json */

/* One start, of whichever kind. */
struct attempt {
	struct run_cli_opts *opts;
	const char *image, *resolved; /* resolved: the digest that was admitted first, or NULL */
	const char *const *args;
	const char *again; /* the container's id, or NULL */
	const char *cause; /* "run" */
	bool create_only, by_policy;
};

/* Asks the policy, admits the image and starts it. The container's status, or an error. */
int run_attempt(struct cli *c, const struct attempt *a, struct err *e);

/* What a container was asked for: its run.json. Owned. */
int run_asked(const struct container *found, json_t **ret, struct err *e);

/* run_pull.c: what --pull says. E_USAGE for another word. */
int run_pull_check(const char *word, struct err *e);
/* Fetches the image although it is here (always), or E_NOTFOUND when it is not (never). */
int run_pull(const struct attempt *a, struct road *road, struct err *e);

/* run_around.c: the files that --cidfile and --pidfile would make are not there yet. */
int run_check_files(const struct run_cli_opts *o, struct err *e);
/* run_notify.c: --sdnotify; E_USAGE for a mode that is not there. Tells $NOTIFY_SOCKET that it
 * runs. */
int run_notify_check(const struct attempt *a, struct err *e);
int run_notify(const struct state *state, const struct run_cli_opts *o, const char *manager,
	       const char *id, struct err *e);
/* What --replace removes, right before the start of what takes its place. */
int run_before(const struct state *state, struct cli *c, const struct attempt *a, struct err *e);
/* The files, once it is there; and of one that ended what --rmi removes. */
int run_after(const struct road *road, struct cli *c, const struct attempt *a, const char *id,
	      struct err *e);

/* The policy's section `run:`, about this image. Owned: run_policy_free(), free(). */
int cli_run_policy(const struct cli *c, const char *image, struct run_policy **ret, struct err *e);
