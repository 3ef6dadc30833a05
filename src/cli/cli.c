/* SPDX-License-Identifier: Apache-2.0 */
/* From main()'s arguments to a command's run function, and from its error to an exit status. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/userns.h"
#include "cli/config.h"
#include "cli/parse.h"
#include "cli/progress_tty.h"
#include "run/groups/scope.h"
#include "trust/rules.h"

/* The default state folder, as plimsoll(1) documents it. Owned. */
static int default_state(char **ret, struct err *e)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n;

	/* Root of a namespace that somebody else made has a machine of his own. */
	if (geteuid() == 0 && !userns_entered())
		n = asprintf(&path, "/var/lib/plimsoll");
	else if (data && data[0] == '/')
		n = asprintf(&path, "%s/plimsoll", data);
	else if (home && home[0] == '/')
		n = asprintf(&path, "%s/.local/share/plimsoll", home);
	else
		return err_hint(e, FAIL(e, E_USAGE, "no state folder: HOME is not set"),
				"give --state DIR");
	if (n < 0)
		return FAIL_NOMEM(e);
	*ret = path;
	return 0;
}

int cli_state(struct cli *c, const struct state **ret, struct err *e)
{
	auto_free char *path = NULL;
	int r = 0;

	if (!c->state_open) {
		if (!c->state_path)
			r = default_state(&path, e);
		if (r < 0)
			return r;
		r = state_open(&c->state, c->state_path ? c->state_path : path, e);
		if (r < 0)
			return err_hint(e, r, "give another folder with --state DIR");
		c->state_open = true;
	}
	*ret = &c->state;
	return 0;
}

/* Whether to colour what goes to fd. */
static bool want_color(const struct globals *g, int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (g->color && strcmp(g->color, "auto") != 0)
		return strcmp(g->color, "always") == 0;
	return isatty(fd) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

static void print_error(const struct parsed *p, struct err *e)
{
	const struct globals *g = &p->globals;
	bool color = want_color(g, STDERR_FILENO);
	auto_buf path = BUF_INIT(256);

	cli_path(p, &path);
	text_sanitize(e->msg);
	text_sanitize(e->hint);
	(void)fprintf(stderr, "%splimsoll:%s %s%s%s", color ? "\033[1;31m" : "",
		      color ? "\033[0m" : "", buf_str(&path), path.n ? ": " : "", e->msg);
	if (g->debug && e->file)
		(void)fprintf(stderr, " (%s:%d)", e->file, e->line);
	(void)fputc('\n', stderr);
	if (e->hint[0])
		(void)fprintf(stderr, "  %smend:%s %s\n", color ? "\033[1;32m" : "",
			      color ? "\033[0m" : "", e->hint);
}

static bool one_of(const char *s, const char *a, const char *b, const char *c)
{
	return strcmp(s, a) == 0 || strcmp(s, b) == 0 || (c && strcmp(s, c) == 0);
}

/* The checked global options, the configuration and the progress display. */
static int setup(struct cli *c, const struct globals *g, struct err *e)
{
	const char *state = getenv("PLIMSOLL_STATE");
	int r;

	if (g->format && !one_of(g->format, "table", "json", NULL))
		return FAIL(e, E_USAGE, "--format is table or json, not '%s'", g->format);
	if (g->color && !one_of(g->color, "auto", "always", "never"))
		return FAIL(e, E_USAGE, "--color is auto, always or never, not '%s'", g->color);
	if (g->state && !*g->state)
		return FAIL(e, E_USAGE, "--state needs a folder");
	c->json = g->format && strcmp(g->format, "json") == 0;
	c->quiet = g->quiet;
	c->debug = g->debug;
	c->color = want_color(g, STDOUT_FILENO);
	c->state_path = g->state ? g->state : state && *state ? state : NULL;
	c->config_path = g->config;
	r = cli_config_load(g->config, &c->config, &c->config_text, e);
	if (r == 0)
		r = cli_config_rules(c->config, &c->rules, e);
	if (r < 0)
		return r;
	return c->quiet ? 0 : progress_tty_new(want_color(g, STDERR_FILENO), &c->progress, e);
}

static void teardown(struct cli *c)
{
	progress_tty_free(c->progress);
	if (c->state_open)
		state_close(&c->state);
	json_decref(c->config);
	json_decref(c->config_text);
	if (c->rules)
		rules_free(c->rules);
	free(c->rules);
}

static int run(struct cli *c, const struct parsed *p, struct err *e)
{
	const struct command *command = p->path[p->depth - 1];
	int r = setup(c, &p->globals, e), flushed;

	if (r < 0)
		return r;
	if (command->any_owner && geteuid() != 0) {
		const struct state *state;

		/* Opened as who we are: in there, other users have no names. */
		r = cli_state(c, &state, e);
		r = r < 0 ? r : userns_enter(e);
	}
	if (r < 0)
		return r;
	proc_catch_signals();
	r = command->run(c, p->opts, p->argc, p->argv, e);
	if (r < 0 && e->msg[0] == '\0')
		(void)FAIL(e, E_INTERNAL, "failed without a message (%d)", r);
	flushed = cli_flush(c, r < 0 ? NULL : e);
	return r < 0 ? r : flushed < 0 ? flushed : r;
}

static int print_help(const struct parsed *p)
{
	auto_buf path = BUF_INIT(256);

	cli_path(p, &path);
	if (p->depth)
		cli_help(stdout, buf_str(&path), p->path[p->depth - 1]);
	else
		cli_help_all(stdout);
	return fflush(stdout) != 0 ? err_exit_status(E_SYSTEM) : 0;
}

static int print_short_usage(const struct parsed *p)
{
	auto_buf path = BUF_INIT(256);

	cli_path(p, &path);
	(void)fprintf(stderr,
		      "Usage: plimsoll %s%sCOMMAND [OPTION...] [ARG...]\n"
		      "Try 'plimsoll %s%s--help' for the commands.\n",
		      p->depth ? "" : "[OPTION...] ", p->depth ? buf_str(&path) : "",
		      buf_str(&path), p->depth ? " " : "");
	return err_exit_status(E_USAGE);
}

/* "help trail show" is "trail show --help"; "help" alone is "--help". */
static bool is_help_command(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "help") == 0;
}

int cli_main(int argc, char **argv)
{
	struct cli c = { .state = { .fd = -1 }, .out = stdout };
	struct err e = ERR_INIT;
	struct parsed p;
	bool help = is_help_command(argc, argv);
	int r, status;

	r = cli_parse(commands, help ? argc - 1 : argc, help ? argv + 1 : argv, &p, &e);
	if (r == 0 && p.globals.version) {
		status = puts("plimsoll " PLIMSOLL_VERSION) < 0 ? err_exit_status(E_SYSTEM) : 0;
	} else if ((r == 0 && p.globals.help) || (help && p.depth) || (help && r == 0)) {
		status = print_help(&p);
	} else if (r == 0 && (p.depth == 0 || p.path[p.depth - 1]->subs)) {
		status = print_short_usage(&p);
	} else {
		if (r == 0 && p.path[p.depth - 1]->limited && geteuid() != 0)
			scope_enter(argv);
		r = r < 0 ? r : run(&c, &p, &e);
		/* A run, exec or wait hands on the exit status of its container. */
		status = r > 0 ? r & 0xff : err_exit_status(r);
		if (r < 0 && c.exit_status)
			status = c.exit_status;
		teardown(&c);
		if (r < 0 && !c.out_closed)
			print_error(&p, &e);
	}
	cli_parsed_free(&p);
	return status;
}
