/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/select.h"
#include "run/run.h"

struct rm_opts {
	bool force, all, volumes, ignore, depend;
	const char *time;
	struct strv cidfile;
	struct selection select;
};

struct removing {
	const struct state *state;
	bool force, ignore;
	unsigned seconds; /* to stop it in before */
};

static int remove_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct removing *x = arg;
	auto_container found = CONTAINER_INIT;
	struct subject subject;
	int r;

	cli_subject(x->state, name, &subject);
	/* Gone is what was asked for, as for docker. */
	if ((x->force || x->ignore) && !subject.id[0] &&
	    container_find(x->state, name, &found, NULL) == E_NOTFOUND)
		return EACH_SAID;
	r = x->force && x->seconds && subject.id[0] ? run_stop(x->state, name, 0, x->seconds, e)
						    : 0;
	/* One with --rm may have gone by that. */
	if (r == 0)
		r = run_remove(x->state, name, x->force, e);
	if (r == E_NOTFOUND && x->force)
		r = 0;
	return cli_note_container(c, "rm", name, &subject, r, NULL, e);
}

static int run_rm_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct rm_opts *o = opts;
	struct removing x = { .force = o->force, .ignore = o->ignore };
	auto_strv names = { 0 };
	uint64_t seconds = 0;
	int r = cli_state(c, &x.state, e);

	if (r == 0 && o->time && str_u64(str_of(o->time), 86400, &seconds, NULL) < 0)
		r = FAIL(e, E_USAGE, "--time '%s': want a number of seconds", o->time);
	if (r == 0 && o->time && !o->force)
		r = FAIL(e, E_USAGE, "--time goes with --force");
	x.seconds = (unsigned)seconds;
	if (r == 0)
		r = cli_named(argc, argv, &o->cidfile, &names, e);

	return r == 0 ? cli_each_selected(c, &o->select, &names, o->all,
					  o->select.filter.n ? EACH_ONE
					  : o->force	     ? EACH_FORCED
							     : EACH_STOPPED,
					  remove_one, &x, e)
		      : r;
}

static const struct opt rm_table[] = {
	OPT_AT(struct rm_opts, all, "all", 'a', OPT_FLAG, NULL,
	       "every one that does not run; with --force the others, too"),
	OPT_ALWAYS(struct rm_opts, depend, "depend", 0, "with what hangs on it; nothing ever does"),
	OPT_AT(struct rm_opts, force, "force", 'f', OPT_FLAG, NULL,
	       "also while it runs; one that is not there is no error"),
	SELECT_OPTIONS_LONG(struct rm_opts),
	CIDFILE_OPTION(struct rm_opts),
	OPT_AT(struct rm_opts, time, "time", 't', OPT_STRING, "SECONDS",
	       "with --force: ask it to end, and wait this long before killing it (default 0)"),
	OPT_AT(struct rm_opts, ignore, "ignore", 'i', OPT_FLAG, NULL,
	       "one that is not there is no error"),
	OPT_ALWAYS(struct rm_opts, volumes, "volumes", 'v',
		   "with its anonymous volumes; so it is always"),
	OPT_ALIAS("timeout", "time"),
	OPT_END,
};

const struct command cmd_rm = {
	.name = "rm",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Remove containers, with their records, logs and anonymous volumes",
	.example = "plimsoll rm web\nplimsoll rm --force web\nplimsoll rm --all",
	.opts = rm_table,
	.opts_size = sizeof(struct rm_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_rm_command,
};
