/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"
#include "run/run.h"

struct kill_opts {
	const char *signal;
};

static int run_kill_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct kill_opts *o = opts;
	const struct state *state;
	int sig = 9, r = o->signal ? signal_parse(o->signal, &sig, e) : 0;

	if (r == 0)
		r = cli_state(c, &state, e);
	for (int i = 0; r == 0 && i < argc; i++) {
		struct subject subject;

		cli_subject(state, argv[i], &subject);
		r = run_kill(state, argv[i], sig, e);
		r = cli_note_container(c, "kill", argv[i], &subject, r,
				       json_pack("{s:i}", "signal", sig), e);
		if (r == 0)
			r = cli_print(c, e, "%s\n", argv[i]);
	}
	return r;
}

static const struct opt kill_table[] = {
	OPT_AT(struct kill_opts, signal, "signal", 's', OPT_STRING, "SIGNAL",
	       "send this one (default KILL)"),
	OPT_END,
};

const struct command cmd_kill = {
	.name = "kill",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Send a signal to containers",
	.example = "plimsoll kill web\nplimsoll kill --signal HUP web",
	.opts = kill_table,
	.opts_size = sizeof(struct kill_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_kill_command,
};
