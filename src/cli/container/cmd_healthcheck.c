/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/container/containers.h"
#include "run/life/health.h"

struct healthcheck_opts {
	bool latest, ignore;
};

static int run_healthcheck(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct healthcheck_opts *o = opts;
	auto_free char *name = NULL;
	const struct state *state;
	int code = 0;
	int r = cli_one_container(c, o->latest, argc, argv, &name, e);

	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = health_run(state, name, &code, e);
	if (r < 0 || code == 0)
		return r;
	r = cli_print(c, e, "unhealthy\n");
	return r < 0 ? r : !o->ignore;
}

static const struct opt healthcheck_table[] = {
	OPT_AT(struct healthcheck_opts, ignore, "ignore-result", 0, OPT_FLAG, NULL,
	       "exit with 0 also when the check failed"),
	OPT_AT(struct healthcheck_opts, latest, "latest", 'l', OPT_FLAG, NULL,
	       "of the newest container"),
	OPT_END,
};

static const struct command healthcheck_run_command = {
	.name = "run",
	.args = "CONTAINER",
	.brief = "Run the health check of a container now",
	.details = "What came of it is noted as of one that was due. The exit status is 1, and "
		   "'unhealthy' is printed, when the check failed.",
	.example = "plimsoll healthcheck run web",
	.opts = healthcheck_table,
	.opts_size = sizeof(struct healthcheck_opts),
	.max_args = 1,
	.limited = true,
	.run = run_healthcheck,
};

static const struct command *const healthcheck_subs[] = { &healthcheck_run_command, NULL };

const struct command cmd_healthcheck = {
	.name = "healthcheck",
	.group = "Containers",
	.args = "",
	.brief = "Health checks of containers",
	.example = "plimsoll healthcheck run web",
	.subs = healthcheck_subs,
};
