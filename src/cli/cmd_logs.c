/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli.h"
#include "run/run.h"
#include "run/when.h"

struct logs_opts {
	bool follow, timestamps;
	const char *tail, *since, *until;
};

struct printing {
	struct cli *c;
	bool timestamps;
};

static int emit(void *arg, bool is_stderr, int64_t when, const char *line, size_t n, struct err *e)
{
	const struct printing *p = arg;
	/* The container's two streams stay apart, as they were. */
	FILE *f = is_stderr ? stderr : p->c->out;
	char text[WHEN_MAX] = "";
	bool ok = true;

	if (p->timestamps) {
		when_print(when, text);
		ok = fputs(text, f) >= 0 && fputc(' ', f) != EOF;
	}
	ok = ok && fwrite(line, 1, n, f) == n && fputc('\n', f) != EOF;
	if (is_stderr)
		return ok ? 0 : FAIL_SYS(e, "write to standard error");
	return cli_flush(p->c, e);
}

static int parse(const struct logs_opts *o, struct log_opts *ret, struct err *e)
{
	const int64_t now = when_now();
	uint64_t tail = 0;
	int r = 0;

	*ret = (struct log_opts){ .tail = -1, .follow = o->follow };
	if (o->tail && strcmp(o->tail, "all") != 0 && strcmp(o->tail, "-1") != 0) {
		if (str_u64(str_of(o->tail), INT32_MAX, &tail, NULL) < 0)
			return FAIL(e, E_USAGE, "--tail '%s': want a number or all", o->tail);
		ret->tail = (int64_t)tail;
	}
	if (o->since)
		r = when_parse(o->since, now, &ret->since, e);
	if (r == 0 && o->until)
		r = when_parse(o->until, now, &ret->until, e);
	return r;
}

static int run_logs_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct logs_opts *o = opts;
	struct printing p = { .c = c, .timestamps = o->timestamps };
	const struct log_sink sink = { emit, &p };
	const struct state *state;
	struct log_opts lo;
	int r = parse(o, &lo, e);

	(void)argc;
	if (r == 0)
		r = cli_state(c, &state, e);
	return r == 0 ? run_logs(state, argv[0], &lo, &sink, e) : r;
}

static const struct opt logs_table[] = {
	OPT_AT(struct logs_opts, follow, "follow", 'f', OPT_FLAG, NULL,
	       "go on until the container ends"),
	OPT_AT(struct logs_opts, since, "since", 0, OPT_STRING, "TIME",
	       "from then on: 10m, 2026-11-27T10:00:00Z, seconds since 1970"),
	OPT_AT(struct logs_opts, tail, "tail", 'n', OPT_STRING, "N", "only the last N lines"),
	OPT_AT(struct logs_opts, timestamps, "timestamps", 't', OPT_FLAG, NULL,
	       "when each line was written, before it"),
	OPT_AT(struct logs_opts, until, "until", 0, OPT_STRING, "TIME", "up to then"),
	OPT_END,
};

const struct command cmd_logs = {
	.name = "logs",
	.group = "Containers",
	.args = "CONTAINER",
	.brief = "Show what a detached container printed",
	.example = "plimsoll logs --follow --tail 20 web\nplimsoll logs --since 10m -t web",
	.opts = logs_table,
	.opts_size = sizeof(struct logs_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_logs_command,
};
