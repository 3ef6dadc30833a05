/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "run/run.h"

struct logs_opts {
	bool follow;
	const char *tail;
};

static int emit(void *arg, bool is_stderr, const char *line, size_t n, struct err *e)
{
	struct cli *c = arg;
	int r;

	/* The container's two streams stay apart, as they were. */
	if (is_stderr)
		return fwrite(line, 1, n, stderr) == n && fputc('\n', stderr) != EOF
			       ? 0
			       : FAIL_SYS(e, "write to standard error");
	r = cli_print(c, e, "%.*s\n", (int)n, line);
	return r < 0 ? r : cli_flush(c, e);
}

static int run_logs_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct logs_opts *o = opts;
	const struct log_sink sink = { emit, c };
	const struct state *state;
	uint64_t tail = 0;
	bool all = !o->tail || strcmp(o->tail, "all") == 0;
	int r = all ? 0 : str_u64(str_of(o->tail), INT32_MAX, &tail, e);

	(void)argc;
	if (r < 0)
		return FAIL(e, E_USAGE, "--tail '%s': want a number or all", o->tail);
	r = cli_state(c, &state, e);
	if (r == 0)
		r = run_logs(state, argv[0], all ? -1 : (int64_t)tail, o->follow, &sink, e);
	return r;
}

static const struct opt logs_table[] = {
	OPT_AT(struct logs_opts, follow, "follow", 'f', OPT_FLAG, NULL,
	       "go on until the container ends"),
	OPT_AT(struct logs_opts, tail, "tail", 'n', OPT_STRING, "N", "only the last N lines"),
	OPT_END,
};

const struct command cmd_logs = {
	.name = "logs",
	.group = "Containers",
	.args = "CONTAINER",
	.brief = "Show what a detached container printed",
	.example = "plimsoll logs --follow --tail 20 web",
	.opts = logs_table,
	.opts_size = sizeof(struct logs_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_logs_command,
};
