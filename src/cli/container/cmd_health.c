/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "cli/container/containers.h"
#include "cli/container/run_start.h"
#include "run/life/health.h"
#include "run/run.h"

/* As who types it would: with an entry of the trail. */
static int end_it(struct cli *c, const struct state *state, const char *id, bool kill,
		  struct err *e)
{
	struct subject subject;
	int r;

	cli_subject(state, id, &subject);
	r = kill ? run_kill(state, id, SIGKILL, e) : run_stop(state, id, 0, RUN_STOP_TIMEOUT, e);
	return cli_note_container(c, kill ? "kill" : "stop", id, &subject, r,
				  json_pack("{s:s}", "why", "unhealthy"), e);
}

/* Started beside a container; what is to be done with an unhealthy one is done here. */
static int run_health_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct state *state;
	int asked, r = cli_state(c, &state, e);

	(void)opts;
	(void)argc;
	asked = r == 0 ? health_monitor(state, argv[0], e) : r;
	if (asked <= HEALTH_NOTHING)
		return asked;
	r = end_it(c, state, argv[0], asked == HEALTH_KILL, e);
	/* Its new start has a check of its own. */
	return r == 0 && asked == HEALTH_RESTART ? cli_run_anew(c, argv[0], e) : r;
}

const struct command cmd_health = {
	.name = "health",
	.group = "Other",
	.hidden = true,
	.args = "CONTAINER",
	.brief = "Check a container's health as long as it runs (started beside it)",
	.min_args = 1,
	.max_args = 1,
	.run = run_health_command,
};
