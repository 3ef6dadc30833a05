/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/container/run_options.h"

/*
 * Admitting an image and starting a container of it: for the first time, or again. The decision is
 * taken anew at every start, for the very image that the container was made of.
 */
struct cli_start {
	struct run_cli_opts *opts; /* settled by cli_run_new() */
	const char *image;	   /* as the user named it */
	const char *const *args;   /* of the command; ends with NULL */
	bool create_only;
};
int cli_run_new(struct cli *c, const struct cli_start *s, struct err *e);

/* Starts a container that does not run from its run.json. */
struct cli_again {
	const char *container;
	const char *cause; /* what the trail calls it: "start", "restart" */
	bool attach;	   /* in the foreground, and the exit status is its own */
	bool by_policy;	   /* --restart: not when somebody stopped it meanwhile (E_SIGNAL) */
};
int cli_run_again(struct cli *c, const struct cli_again *s, struct err *e);
/* One that was stopped for that, from outside of its user namespace. */
int cli_run_anew(struct cli *c, const char *container, struct err *e);
