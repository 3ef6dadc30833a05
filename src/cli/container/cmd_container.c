/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of containers under docker's second names, and the one that has no other. */
#include "cli/agree.h"
#include "cli/container/prune.h"

struct prune_opts {
	bool force;
	struct strv filter;
};

static int run_container_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const names[] = { "until", "label", "label!", NULL };
	const struct prune_opts *o = opts;
	auto_strv ids = { 0 };
	struct filters filters;
	uint64_t bytes = 0;
	int r = filters_parse(&o->filter, names, &filters, e), printed = 0;

	(void)argc, (void)argv;
	if (r == 0)
		r = prune_check_times(&filters, e);
	if (r == 0)
		r = cli_agree(c, o->force, "container prune",
			      "This will remove all stopped containers.", e);
	if (r == 0)
		r = prune_containers(c, &filters, &ids, &bytes, e);
	for (size_t i = 0; printed == 0 && i < ids.n; i++)
		printed = cli_print(c, e, "%s\n", ids.v[i]);
	return r < 0 ? r : printed;
}

static const struct opt prune_table[] = {
	OPT_AT(struct prune_opts, filter, "filter", 0, OPT_LIST, "NAME=VALUE",
	       "only those made before until=TIME (10m, 2026-11-27T10:00:00Z), with this "
	       "label=KEY[=VALUE], or without it: label!=KEY[=VALUE]"),
	OPT_AT(struct prune_opts, force, "force", 'f', OPT_FLAG, NULL, "ask nothing"),
	OPT_END,
};

static const struct command container_prune = {
	.name = "prune",
	.args = "",
	.brief = "Remove every container that does not run",
	.details = "Prints the identifiers of those that it removed. Named volumes stay.",
	.example = "plimsoll container prune -f\nplimsoll container prune --filter until=24h",
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
	&cmd_attach,
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
