/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"
#include "run/run.h"

struct rm_opts {
	bool force;
};

static int run_rm_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct rm_opts *o = opts;
	const struct state *state;
	int r = cli_state(c, &state, e);

	for (int i = 0; r == 0 && i < argc; i++) {
		struct subject subject;

		cli_subject(state, argv[i], &subject);
		r = run_remove(state, argv[i], o->force, e);
		r = cli_note_container(c, "rm", argv[i], &subject, r, NULL, e);
		if (r == 0)
			r = cli_print(c, e, "%s\n", argv[i]);
	}
	return r;
}

static const struct opt rm_table[] = {
	OPT_AT(struct rm_opts, force, "force", 'f', OPT_FLAG, NULL, "also while it runs"),
	OPT_END,
};

const struct command cmd_rm = {
	.name = "rm",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Remove containers, with their records, logs and volumes",
	.example = "plimsoll rm web\nplimsoll rm --force web",
	.opts = rm_table,
	.opts_size = sizeof(struct rm_opts),
	.min_args = 1,
	.max_args = -1,
	.run = run_rm_command,
};
