/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/container/container_view.h"
#include "cli/container/select.h"
#include "run/run.h"

struct pausing {
	const struct state *state;
	bool on;
	struct strv names;
};

static int pause_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct pausing *p = arg;
	struct subject subject;
	int r;

	cli_subject(p->state, name, &subject);
	r = run_pause(p->state, name, p->on, e);
	return cli_note_container(c, p->on ? "pause" : "unpause", name, &subject, r, NULL, e);
}

struct pause_opts {
	bool all;
	struct strv cidfile;
	struct selection select;
};

/* With --all those of which it is not so already. */
static int gather(void *arg, struct container *c, struct err *e)
{
	struct pausing *p = arg;
	struct view v;
	int r = c->kind == CONTAINER_STEP ? 1 : view_of(c, &v, e);

	if (r != 0 || strcmp(v.state, p->on ? "running" : "paused") != 0)
		return r < 0 ? r : 0;
	return strv_add(&p->names, c->id, e);
}

static int pause_or_not(struct cli *c, const struct pause_opts *o, int argc, char **argv, bool on,
			struct err *e)
{
	struct pausing p = { .on = on };
	auto_strv names = { 0 };
	int r = cli_state(c, &p.state, e);

	if (r == 0)
		r = cli_named(argc, argv, &o->cidfile, &names, e);
	if (r < 0 || !o->all || names.n || o->select.latest || o->select.filter.n)
		return r < 0 ? r
			     : cli_each_selected(c, &o->select, &names, o->all, EACH_RUNNING,
						 pause_one, &p, e);
	r = container_reap(p.state, e);
	if (r == 0)
		r = container_each(p.state, gather, &p, e);
	if (r == 0 && p.names.n)
		r = cli_each_container(c, (int)p.names.n, p.names.v, EACH_NAMED, pause_one, &p, e);
	strv_free(&p.names);
	return r;
}

static int run_pause_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	return pause_or_not(c, opts, argc, argv, true, e);
}

static int run_unpause_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	return pause_or_not(c, opts, argc, argv, false, e);
}

static const struct opt pause_table[] = {
	SELECT_OPTIONS(struct pause_opts),
	CIDFILE_OPTION(struct pause_opts),
	OPT_AT(struct pause_opts, all, "all", 'a', OPT_FLAG, NULL, "every one of which it can be"),
	OPT_END,
};

const struct command cmd_pause = {
	.name = "pause",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Stop every process of containers, to go on later",
	.details = "By the freezer of the control groups; the processes do not notice. stop, kill "
		   "and rm work on paused containers, too.",
	.example = "plimsoll pause web",
	.opts = pause_table,
	.opts_size = sizeof(struct pause_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_pause_command,
};

const struct command cmd_unpause = {
	.name = "unpause",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Let paused containers go on",
	.example = "plimsoll unpause web",
	.opts = pause_table,
	.opts_size = sizeof(struct pause_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_unpause_command,
};
