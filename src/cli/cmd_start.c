/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"
#include "cli/run_start.h"

struct start_opts {
	bool attach;
};

/* 1: it runs. */
static int is_running(const struct state *state, const char *name, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, name, &found, e);
	return r < 0 ? r : !found.clean;
}

static int run_start_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct start_opts *o = opts;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0 && o->attach && argc > 1)
		return FAIL(e, E_USAGE, "--attach is for one container at a time");
	for (int i = 0; r == 0 && i < argc; i++) {
		r = is_running(state, argv[i], e);
		if (r == 0)
			r = cli_run_again(c,
					  &(struct cli_again){ .container = argv[i],
							       .cause = "start",
							       .attach = o->attach },
					  e);
		else if (r > 0)
			r = 0; /* as docker: what runs is started */
		if (r == 0 && !o->attach)
			r = cli_print(c, e, "%s\n", argv[i]);
	}
	return r;
}

static const struct opt start_table[] = {
	OPT_AT(struct start_opts, attach, "attach", 'a', OPT_FLAG, NULL,
	       "in the foreground; the exit status is the container's"),
	OPT_END,
};

const struct command cmd_start = {
	.name = "start",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Start containers that ended or were created",
	.details = "With what 'plimsoll run' or 'plimsoll create' was told. The image is admitted "
		   "anew: its signature, today's findings and the policy decide, and a refusal is "
		   "an entry of the trail.",
	.example = "plimsoll start web\nplimsoll start --attach job",
	.opts = start_table,
	.opts_size = sizeof(struct start_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_start_command,
};

struct restart_opts {
	const char *time;
};

static int run_restart_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct restart_opts *o = opts;
	const struct state *state;
	uint64_t seconds = RUN_STOP_TIMEOUT;
	int r = cli_state(c, &state, e);

	if (r == 0 && o->time && str_u64(str_of(o->time), 86400, &seconds, NULL) < 0)
		r = FAIL(e, E_USAGE, "--time '%s': want a number of seconds", o->time);
	for (int i = 0; r == 0 && i < argc; i++) {
		struct subject subject;

		cli_subject(state, argv[i], &subject);
		r = run_stop(state, argv[i], 0, (unsigned)seconds, e);
		r = cli_note_container(c, "stop", argv[i], &subject, r, NULL, e);
		if (r == 0)
			r = cli_run_again(
				c, &(struct cli_again){ .container = argv[i], .cause = "restart" },
				e);
		if (r == 0)
			r = cli_print(c, e, "%s\n", argv[i]);
	}
	return r;
}

static const struct opt restart_table[] = {
	OPT_AT(struct restart_opts, time, "time", 't', OPT_STRING, "SECONDS",
	       "wait this long before killing it (default: --stop-timeout of run, or 10)"),
	OPT_END,
};

const struct command cmd_restart = {
	.name = "restart",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Stop containers and start them again",
	.details = "The image is admitted anew before it starts: see 'plimsoll start --help'.",
	.example = "plimsoll restart web",
	.opts = restart_table,
	.opts_size = sizeof(struct restart_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_restart_command,
};
