/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/containers.h"
#include "run/attach.h"

struct attach_cli_opts {
	bool no_stdin, no_sig_proxy, latest;
	const char *keys;
};

static int run_attach_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct attach_cli_opts *o = opts;
	struct attach_opts a = { .no_stdin = o->no_stdin, .no_sig_proxy = o->no_sig_proxy };
	const struct state *state;
	auto_free char *name = NULL;
	struct subject subject;
	bool detached = false;
	int status = 0, r = detach_keys_parse(o->keys ?: DETACH_KEYS_DEFAULT, &a.keys, e);

	if (r == 0)
		r = cli_one_container(c, o->latest, argc, argv, &name, e);
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r < 0)
		return r;
	/* Written down first, as of exec: what is typed makes it act. */
	cli_subject(state, name, &subject);
	r = cli_note_container(c, "attach", name, &subject, 0, NULL, e);
	if (r == 0)
		r = run_attach(state, name, &a, &detached, &status, e);
	return r < 0 || detached ? r : status;
}

static const struct opt attach_table[] = {
	OPT_AT(struct attach_cli_opts, keys, "detach-keys", 0, OPT_STRING, "KEYS",
	       "what leaves one that has a terminal (ctrl-p,ctrl-q); '' for none"),
	OPT_AT(struct attach_cli_opts, latest, "latest", 'l', OPT_FLAG, NULL,
	       "to the newest container"),
	OPT_AT(struct attach_cli_opts, no_stdin, "no-stdin", 0, OPT_FLAG, NULL,
	       "only look: nothing is handed on"),
	{ .name = "sig-proxy",
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct attach_cli_opts, no_sig_proxy),
	  .help = "signals to us are for the container (default; --sig-proxy=false: they leave it)",
	  .inverted = true },
	OPT_END,
};

const struct command cmd_attach = {
	.name = "attach",
	.group = "Containers",
	.args = "CONTAINER",
	.brief = "Join the standard streams of a detached container",
	.details = "Until it ends, with its exit status, or until the detach keys are typed. Its "
		   "standard input is there when it was started with --interactive, and ends with "
		   "ours. What it printed before is shown by 'plimsoll logs'.",
	.example = "plimsoll run -dit --name shell base:1 sh\nplimsoll attach shell",
	.opts = attach_table,
	.opts_size = sizeof(struct attach_cli_opts),
	.min_args = 0,
	.max_args = 1,
	.run = run_attach_command,
};
