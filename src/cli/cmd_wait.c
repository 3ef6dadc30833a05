/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "run/run.h"

static int run_wait_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int r = cli_state(c, &state, e), status = 0;

	(void)opts;
	for (int i = 0; r == 0 && i < argc; i++) {
		r = run_wait(state, argv[i], &status, e);
		if (r == 0)
			r = cli_print(c, e, "%d\n", status);
		if (r == 0)
			r = cli_flush(c, e);
	}
	return r;
}

const struct command cmd_wait = {
	.name = "wait",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Wait until containers end and print their exit statuses",
	.details = "One line each, in the order in which they are named.",
	.example = "plimsoll wait web",
	.min_args = 1,
	.max_args = -1,
	.run = run_wait_command,
};
