/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of containers under docker's second names, and the one that has no other. */
#include "cli/container/containers.h"
#include "cli/filters.h"
#include "run/life/when.h"
#include "run/run.h"

struct prune_opts {
	bool force;
	struct strv filter;
};

struct pruning {
	const struct state *state;
	struct filters filters;
	int64_t now;
	struct strv ids;
};

static bool made_before(const struct pruning *p, const struct container *c, const char *when)
{
	int64_t t = 0;

	return when_parse(when, p->now, &t, NULL) == 0 &&
	       c->created * 1000000000 + c->created_nanos < t;
}

static bool wanted(const struct pruning *p, const struct container *c)
{
	FILTER_ALL(&p->filters, "until", value, made_before(p, c, value));
	FILTER_ALL(&p->filters, "label", value, filter_label(c->labels, value));
	FILTER_ALL(&p->filters, "label!", value, !filter_label(c->labels, value));
	return true;
}

static int gather(void *arg, struct container *c, struct err *e)
{
	struct pruning *p = arg;
	struct container_status s;
	int r = container_status(c, &s, e);

	if (r < 0 || c->kind == CONTAINER_STEP || s.phase == PHASE_RUNNING || !c->clean)
		return r;
	return wanted(p, c) ? strv_add(&p->ids, c->id, e) : 0;
}

static int remove_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct pruning *p = arg;
	struct subject subject;
	int r;

	cli_subject(p->state, name, &subject);
	r = run_remove(p->state, name, false, e);
	return cli_note_container(c, "rm", name, &subject, r, NULL, e);
}

static int check_times(const struct filters *f, struct err *e)
{
	int64_t ignored;
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++)
		if (strcmp(f->v[i].name, "until") == 0)
			r = when_parse(f->v[i].value, when_now(), &ignored, e);
	return r;
}

static int run_container_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const names[] = { "until", "label", "label!", NULL };
	const struct prune_opts *o = opts;
	struct pruning p = { .now = when_now() };
	int r = filters_parse(&o->filter, names, &p.filters, e);

	(void)argc, (void)argv;
	if (r == 0)
		r = check_times(&p.filters, e);
	if (r == 0)
		r = cli_state(c, &p.state, e);
	if (r == 0)
		r = container_reap(p.state, e);
	if (r == 0)
		r = container_each(p.state, gather, &p, e);
	if (r == 0 && p.ids.n)
		r = cli_each_container(c, (int)p.ids.n, p.ids.v, EACH_NAMED, remove_one, &p, e);
	strv_free(&p.ids);
	return r;
}

static const struct opt prune_table[] = {
	OPT_AT(struct prune_opts, filter, "filter", 0, OPT_LIST, "NAME=VALUE",
	       "only those made before until=TIME (10m, 2026-11-27T10:00:00Z), with this "
	       "label=KEY[=VALUE], or without it: label!=KEY[=VALUE]"),
	OPT_ALWAYS(struct prune_opts, force, "force", 'f', "ask nothing; so it is always"),
	OPT_END,
};

static const struct command container_prune = {
	.name = "prune",
	.args = "",
	.brief = "Remove every container that does not run",
	.details = "Prints the identifiers of those that it removed. Named volumes stay.",
	.example = "plimsoll container prune\nplimsoll container prune --filter until=24h",
	.opts = prune_table,
	.opts_size = sizeof(struct prune_opts),
	.max_args = 0,
	.run = run_container_prune,
};

extern const struct command cmd_container_diff, cmd_container_exists, cmd_container_export,
	cmd_container_update, cmd_attach, cmd_container_list, cmd_container_ls, cmd_cp, cmd_create,
	cmd_exec, cmd_inspect, cmd_kill, cmd_logs, cmd_pause, cmd_port, cmd_ps, cmd_rename,
	cmd_restart, cmd_rm, cmd_run, cmd_start, cmd_stats, cmd_stop, cmd_top, cmd_unpause,
	cmd_wait;

static const struct command *const container_subs[] = {
	&cmd_container_ls,
	&cmd_ps,
	&cmd_container_list,
	&cmd_run,
	&cmd_create,
	&cmd_start,
	&cmd_restart,
	&cmd_exec,
	&cmd_inspect,
	&cmd_logs,
	&cmd_stop,
	&cmd_kill,
	&cmd_wait,
	&cmd_rm,
	&container_prune,
	&cmd_pause,
	&cmd_unpause,
	&cmd_rename,
	&cmd_port,
	&cmd_cp,
	&cmd_top,
	&cmd_container_diff,
	&cmd_container_exists,
	&cmd_container_export,
	&cmd_container_update,
	&cmd_stats,
	NULL,
};

const struct command cmd_container = {
	.name = "container",
	.group = "Containers",
	.args = "",
	.brief = "The commands of containers, under docker's second names; prune",
	.example = "plimsoll container ls\nplimsoll container prune",
	.subs = container_subs,
};
