/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"
#include "run/run.h"

struct stop_opts {
	const char *time;
};

static int run_stop_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct stop_opts *o = opts;
	const struct state *state;
	uint64_t seconds = RUN_STOP_TIMEOUT;
	int r = cli_state(c, &state, e);

	if (r == 0 && o->time && str_u64(str_of(o->time), 86400, &seconds, NULL) < 0)
		r = FAIL(e, E_USAGE, "--time '%s': want a number of seconds", o->time);
	for (int i = 0; r == 0 && i < argc; i++) {
		struct subject subject;

		cli_subject(state, argv[i], &subject);
		r = run_stop(state, argv[i], (unsigned)seconds, e);
		r = cli_note_container(c, "stop", argv[i], &subject, r, NULL, e);
		if (r == 0)
			r = cli_print(c, e, "%s\n", argv[i]);
	}
	return r;
}

static const struct opt stop_table[] = {
	OPT_AT(struct stop_opts, time, "time", 't', OPT_STRING, "SECONDS",
	       "wait this long before killing it (default: --stop-timeout of run, or 10)"),
	OPT_END,
};

const struct command cmd_stop = {
	.name = "stop",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Ask containers to end, then make them",
	.details = "The signal is the image's STOPSIGNAL, or TERM. A first process that does not "
		   "handle it would never see it, so it is killed at once.",
	.example = "plimsoll stop web\nplimsoll stop --time 60 db",
	.opts = stop_table,
	.opts_size = sizeof(struct stop_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_stop_command,
};
