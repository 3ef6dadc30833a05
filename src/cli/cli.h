/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/str.h"
#include "base/table.h"

/*
 * One table describes a command. The parser, --help, the shell completions and the OPTIONS section
 * of the man page are all printed from it, so they cannot drift apart.
 *
 * A command lives in src/cli/cmd_<name>.c as `const struct command cmd_<name>` and is listed in
 * src/cli/commands.c. Its options land in a zeroed struct of its own.
 */
enum opt_kind {
	OPT_FLAG,   /* bool */
	OPT_STRING, /* const char *, the last one wins */
	OPT_LIST,   /* struct strv, may be given many times */
	OPT_U64,    /* uint64_t, decimal */
	OPT_COUNT,  /* int */
};

struct opt {
	const char *name; /* long name, without dashes */
	char letter;	  /* short name, or 0 */
	enum opt_kind kind;
	size_t offset;	   /* into the command's options struct */
	const char *arg;   /* placeholder for help: "DIR"; NULL for flags */
	const char *help;  /* one line, no final stop */
	bool inverted;	   /* OPT_FLAG: the field says no, for what is so by default */
	bool always;	   /* OPT_FLAG: what is so anyway; "=false" is refused, not ignored */
	const char *alias; /* another name of the option of that name; then nothing else is set, and
			      it is nowhere shown */
};

#define OPT_AT(type, field, name_, letter_, kind_, arg_, help_)                                    \
	{ .name = (name_),                                                                         \
	  .letter = (letter_),                                                                     \
	  .kind = (kind_),                                                                         \
	  .offset = offsetof(type, field),                                                         \
	  .arg = (arg_),                                                                           \
	  .help = (help_) }
/* A flag that others have for what is always so here. */
#define OPT_ALWAYS(type, field, name_, letter_, help_)                                             \
	{ .name = (name_),                                                                         \
	  .letter = (letter_),                                                                     \
	  .kind = OPT_FLAG,                                                                        \
	  .offset = offsetof(type, field),                                                         \
	  .help = (help_),                                                                         \
	  .always = true }
/* The same option as others spell it; after those that are shown. */
#define OPT_ALIAS(name_, of) { .name = (name_), .alias = (of) }
#define OPT_END { .name = NULL }

struct rules;
struct refused_opt;

/* What every command is given: the global options and what they opened. */
struct cli {
	struct state state; /* opened on first use: cli_state() */
	const char *state_path;
	const char *config_path; /* --config; NULL: not given */
	bool json, quiet, debug, color;
	json_t *config;		   /* merged plimsoll.yaml, an object; never NULL */
	struct progress *progress; /* NULL when quiet */
	FILE *out;		   /* standard output: data, and nothing else */
	int exit_status;	   /* what to exit with after an error instead of its own status;
				      0: its own (run and exec: 125 to 127) */
	bool state_open;	   /* state holds an open folder */
	bool out_closed;	   /* the reader of our output went away: end without a word */
	json_t *config_text;	   /* dotted key -> string, of every scalar in config */
	struct rules *rules;	   /* of config's section "trust"; NULL: it has none */
};

struct command {
	const char *name;
	const char *group;	/* heading in the top-level help; NULL for a sub-command */
	const char *args;	/* "IMAGE [COMMAND [ARG...]]" */
	const char *brief;	/* one line */
	const char *details;	/* more for --help and the man page, or NULL */
	bool hidden;		/* called by programs only: not in help, completion or man pages */
	const char *example;	/* one or more lines for --help and the man page, or NULL */
	const struct opt *opts; /* ends with OPT_END, or NULL */
	const struct refused_opt *refused; /* refused.h; or NULL */
	size_t opts_size;
	int min_args, max_args;		   /* max -1: any */
	bool any_owner;			   /* makes files of any owner: an ordinary user's is
					      taken into a user namespace (userns.h) */
	bool limited;			   /* starts what control groups limit: an ordinary user's
					      may have to be in others (run/groups/scope.h) */
	bool stop_at_arg;		   /* options end at the first argument (run, exec) */
	const struct command *const *subs; /* sub-commands, ends with NULL; then run is NULL */
	/* 0, a negative E_*, or for run/exec/wait a positive exit status of a container. */
	int (*run)(struct cli *c, void *opts, int argc, char **argv, struct err *e);
};

extern const struct command *const commands[]; /* commands.c; ends with NULL */

/* The state folder, opened when first asked for. Borrowed. */
int cli_state(struct cli *c, const struct state **ret, struct err *e);

/*
 * A scalar from the configuration as a string, "gate.fail-on"; NULL when not set. Borrowed. The
 * environment goes before the files: PLIMSOLL_GATE_FAIL_ON. Lists and objects are read from
 * c->config.
 */
const char *cli_config(const struct cli *c, const char *dotted);

/* Data on standard output: a full disk or a closed pipe is an error, not silence. */
int cli_print(struct cli *c, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool cli_to_terminal(const struct cli *c); /* standard output; what others chose is cleaned then */
int cli_print_json(struct cli *c, const json_t *j, struct err *e); /* pretty, with final newline */
int cli_print_json_line(struct cli *c, const json_t *j, struct err *e); /* canonical, for streams */
int cli_print_table(struct cli *c, const struct table *t, struct err *e);
int cli_flush(struct cli *c, struct err *e);

int cli_main(int argc, char **argv);

/* What is printed from the tables; all to f. path is "trail show", c the command it names. */
void cli_help(FILE *f, const char *path, const struct command *c);
void cli_help_all(FILE *f);
