/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/containers.h"
#include "run/run.h"

struct pausing {
	const struct state *state;
	bool on;
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

static int pause_or_not(struct cli *c, int argc, char **argv, bool on, struct err *e)
{
	struct pausing p = { .on = on };
	int r = cli_state(c, &p.state, e);

	return r == 0 ? cli_each_container(c, argc, argv, EACH_NAMED, pause_one, &p, e) : r;
}

static int run_pause_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)opts;
	return pause_or_not(c, argc, argv, true, e);
}

static int run_unpause_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	(void)opts;
	return pause_or_not(c, argc, argv, false, e);
}

const struct command cmd_pause = {
	.name = "pause",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Stop every process of containers, to go on later",
	.details = "By the freezer of the control groups; the processes do not notice. stop, kill "
		   "and rm work on paused containers, too.",
	.example = "plimsoll pause web",
	.min_args = 1,
	.max_args = -1,
	.run = run_pause_command,
};

const struct command cmd_unpause = {
	.name = "unpause",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Let paused containers go on",
	.example = "plimsoll unpause web",
	.min_args = 1,
	.max_args = -1,
	.run = run_unpause_command,
};
