/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/select.h"
#include "run/run.h"

struct kill_opts {
	bool all;
	const char *signal;
	struct strv cidfile;
	struct selection select;
};

struct killing {
	const struct state *state;
	int signal;
};

static int kill_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct killing *k = arg;
	struct subject subject;
	int r;

	cli_subject(k->state, name, &subject);
	r = run_kill(k->state, name, k->signal, e);
	return cli_note_container(c, "kill", name, &subject, r,
				  json_pack("{s:i}", "signal", k->signal), e);
}

static int run_kill_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct kill_opts *o = opts;
	struct killing k = { .signal = 9 };
	auto_strv names = { 0 };
	int r = o->signal ? signal_parse(o->signal, &k.signal, e) : 0;

	if (r == 0)
		r = cli_state(c, &k.state, e);
	if (r == 0)
		r = cli_named(argc, argv, &o->cidfile, &names, e);
	return r == 0 ? cli_each_selected(c, &o->select, &names, o->all, EACH_RUNNING, kill_one, &k,
					  e)
		      : r;
}

static const struct opt kill_table[] = {
	OPT_AT(struct kill_opts, all, "all", 'a', OPT_FLAG, NULL, "every one that runs"),
	SELECT_OPTIONS(struct kill_opts),
	CIDFILE_OPTION(struct kill_opts),
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
	.min_args = 0,
	.max_args = -1,
	.run = run_kill_command,
};
