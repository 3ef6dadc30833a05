/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/select.h"
#include "run/run.h"

struct stop_opts {
	bool all, ignore;
	const char *time, *signal;
	struct strv cidfile;
	struct selection select;
};

struct stopping {
	const struct state *state;
	int signal;
	unsigned seconds;
	bool ignore;
};

static int stop_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct stopping *s = arg;
	struct subject subject;
	int r;

	cli_subject(s->state, name, &subject);
	if (s->ignore && !subject.id[0])
		return EACH_SAID;
	r = run_stop(s->state, name, s->signal, s->seconds, e);
	return cli_note_container(c, "stop", name, &subject, r, NULL, e);
}

static int run_stop_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct stop_opts *o = opts;
	struct stopping s = { .ignore = o->ignore };
	auto_strv names = { 0 };
	uint64_t seconds = RUN_STOP_TIMEOUT;
	int r = cli_state(c, &s.state, e);

	if (r == 0 && o->time && str_u64(str_of(o->time), 86400, &seconds, NULL) < 0)
		r = FAIL(e, E_USAGE, "--time '%s': want a number of seconds", o->time);
	if (r == 0 && o->signal)
		r = signal_parse(o->signal, &s.signal, e);
	s.seconds = (unsigned)seconds;
	if (r == 0)
		r = cli_named(argc, argv, &o->cidfile, &names, e);
	return r == 0 ? cli_each_selected(c, &o->select, &names, o->all, EACH_RUNNING, stop_one, &s,
					  e)
		      : r;
}

static const struct opt stop_table[] = {
	OPT_AT(struct stop_opts, all, "all", 'a', OPT_FLAG, NULL, "every one that runs"),
	SELECT_OPTIONS(struct stop_opts),
	CIDFILE_OPTION(struct stop_opts),
	OPT_AT(struct stop_opts, ignore, "ignore", 'i', OPT_FLAG, NULL,
	       "one that is not there is no error"),
	OPT_AT(struct stop_opts, signal, "signal", 's', OPT_STRING, "SIGNAL",
	       "send this one first (default: --stop-signal of run, the image's, or TERM)"),
	OPT_AT(struct stop_opts, time, "time", 't', OPT_STRING, "SECONDS",
	       "wait this long before killing it (default: --stop-timeout of run, or 10)"),
	OPT_ALIAS("timeout", "time"),
	OPT_END,
};

const struct command cmd_stop = {
	.name = "stop",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Ask containers to end, then make them",
	.details = "A first process that does not handle the signal would never see it, so it is "
		   "killed at once. Of several containers all are tried, whatever became of "
		   "others.",
	.example = "plimsoll stop web\nplimsoll stop --time 60 db\nplimsoll stop --all",
	.opts = stop_table,
	.opts_size = sizeof(struct stop_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_stop_command,
};
