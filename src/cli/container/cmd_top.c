/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/proc.h"
#include "cli/container/containers.h"
#include "cli/container/top_columns.h"
#include "run/life/usage.h"

/*
 * The host's ps lists all, and what is not the container's is left out: no program of the container
 * is started, and nothing in there needs one.
 */
enum { LIMIT_PS = 64 * 1024 * 1024 };

/* "aux", "-ef", "-o pid,cmd" are ps's own; "pid args" are columns, as podman has them. */
static int ps_argv(int argc, char **argv, struct strv *ret, struct err *e)
{
	auto_buf columns = BUF_INIT(4096);
	int r = strv_add(ret, "ps", e);

	if (argc == 0)
		return r == 0 ? strv_add(ret, "-ef", e) : r;
	if (argv[0][0] == '-' || (argc == 1 && strspn(argv[0], "aufwx") == strlen(argv[0]))) {
		/* "-o pid,args" alone would be about our terminal. */
		if (argv[0][0] == '-')
			r = strv_add(ret, "-e", e);
		for (int i = 0; r == 0 && i < argc; i++)
			r = strv_add(ret, argv[i], e);
		return r;
	}
	for (int i = 0; i < argc; i++)
		buf_printf(&columns, "%s%s", i ? "," : "", argv[i]);
	if (r == 0)
		r = strv_add(ret, "-eo", e);
	return r == 0 ? strv_add(ret, buf_str(&columns), e) : r;
}

/* Which word of the heading is PID; -1: none. */
static int pid_column(struct str heading)
{
	struct str word;
	int n = 0;

	while (str_cut(&heading, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (str_eqz(word, "PID"))
			return n;
		n++;
	}
	return -1;
}

static bool pid_of_line(struct str line, int column, uint64_t *ret)
{
	struct str word;
	int n = 0;

	while (str_cut(&line, ' ', &word)) {
		if (word.n == 0 || n++ < column)
			continue;
		return str_u64(word, INT32_MAX, ret, NULL) == 0;
	}
	return false;
}

static int print_line(struct cli *c, struct str line, struct err *e)
{
	auto_free char *text = str_dup(line);

	if (!text)
		return FAIL_NOMEM(e);
	text_sanitize(text); /* arguments are the container's choice */
	return cli_print(c, e, "%s\n", text);
}

static int print_members(struct cli *c, pid_t first, const struct buf *said, struct err *e)
{
	struct str rest = { buf_str(said), said->n }, line;
	int column, r;

	if (!str_line(&rest, &line))
		return FAIL(e, E_SYSTEM, "ps printed nothing");
	column = pid_column(line);
	if (column < 0)
		return FAIL(e, E_USAGE,
			    "without a column PID nothing tells which are its processes");
	r = print_line(c, line, e);
	while (r == 0 && str_line(&rest, &line)) {
		uint64_t pid;

		if (pid_of_line(line, column, &pid) && usage_beside((pid_t)pid, first))
			r = print_line(c, line, e);
	}
	return r;
}

struct top_opts {
	bool latest, list;
};

static int print_by_ps(struct cli *c, pid_t first, int argc, char **argv, struct err *e)
{
	auto_strv words = { 0 };
	auto_buf said = BUF_INIT(LIMIT_PS);
	int r = ps_argv(argc, argv, &words, e);

	if (r == 0)
		r = proc_run((const char *const *)words.v, -1, &said, e);
	return r == 0 ? print_members(c, first, &said, e) : r;
}

static int run_top(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct top_opts *o = opts;
	const int named = o->latest ? 0 : 1;
	auto_free char *name = NULL;
	auto_container found = CONTAINER_INIT;
	struct container_status status;
	const struct state *state;
	int r;

	if (o->list)
		return top_columns_list(c, e);
	/* A word that is no column may be a name: then it is one too many. */
	r = cli_one_container(c, o->latest, o->latest ? 0 : argc > 0, argv, &name, e);
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = container_find(state, name, &found, e);
	if (r == 0)
		r = container_status(&found, &status, e);
	if (r == 0 && status.phase != PHASE_RUNNING)
		r = FAIL(e, E_USAGE, "container '%s' is not running", found.name);
	if (r < 0)
		return r;
	return top_columns_known(argc - named, argv + named)
		       ? top_columns_print(c, status.pid, argc - named, argv + named, e)
		       : print_by_ps(c, status.pid, argc - named, argv + named, e);
}

static const struct opt top_table[] = {
	OPT_AT(struct top_opts, latest, "latest", 'l', OPT_FLAG, NULL, "of the newest container"),
	OPT_AT(struct top_opts, list, "list-descriptors", 0, OPT_FLAG, NULL,
	       "print the names of all columns"),
	OPT_END,
};

const struct command cmd_top = {
	.name = "top",
	.group = "Containers",
	.args = "CONTAINER [PS-OPTION... | COLUMN...]",
	.brief = "Show the processes of a container",
	.details = "By the host's ps, with its options (default -ef): process and user ids are the "
		   "host's. By podman's columns the container's own are shown, as it sees them; "
		   "hpid, huser and hgroup are the host's. Other names are those of ps.",
	.example = "plimsoll top web\nplimsoll top web -o pid,cmd\nplimsoll top --latest pid "
		   "user args capeff seccomp",
	.opts = top_table,
	.opts_size = sizeof(struct top_opts),
	.min_args = 0,
	.max_args = -1,
	.stop_at_arg = true,
	.run = run_top,
};
