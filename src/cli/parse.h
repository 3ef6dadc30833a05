/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * The command line against the command table:
 *
 *     plimsoll [GLOBAL OPTIONS] COMMAND [SUBCOMMAND] [OPTIONS] [ARG...]
 *
 * A command's own options go before the global ones of the same name. Options are accepted in every
 * order until "--", or until the first argument of a command with stop_at_arg. No abbreviations.
 */
enum { CLI_DEPTH = 4 /* command, sub-command, ... */, LIMIT_CLI_ARGS = 65536 };

struct globals {
	const char *state, *format, *color, *config;
	bool quiet, debug, help, version;
};
extern const struct opt cli_globals[]; /* ends with OPT_END */

struct parsed {
	const struct command *path[CLI_DEPTH];
	int depth; /* how many of path are known; 0: no command was named */
	struct globals globals;
	void *opts; /* of the last command; owned */
	int argc;
	char **argv; /* owned array, borrowed strings; ends with NULL */
};

/*
 * Fills ret as far as it came, also when it fails (E_USAGE), so that the message can name the
 * command: the caller frees in every case. After --help mistakes in options are passed over, since
 * who asks for help may have made one; an unknown command is not.
 */
int cli_parse(const struct command *const *table, int argc, char **argv, struct parsed *ret,
	      struct err *e);
void cli_parsed_free(struct parsed *p);

/* "trail show": the names of the commands in path, joined. Appends. */
void cli_path(const struct parsed *p, struct buf *ret);

/* The candidate nearest to word, or NULL when none is near enough to be meant. */
const char *cli_nearest(const char *word, const char *const *candidates, size_t n);
