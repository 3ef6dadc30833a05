/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/launch_helpers.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "run/groups/groups.h"
#include "run/groups/helpers.h"
#include "run/launch/launch_network.h"
#include "run/network/network.h"

/* Of a unit that `generate systemd` wrote (cli/container/run_options.h). */
#define UNIT_VARIABLE "PLIMSOLL_SYSTEMD_UNIT"

static int add_pasta(const struct launch *l, struct err *e)
{
	auto_free char *netns = launch_path(l->folder, LAUNCH_NETNS);
	auto_free char *pid_file = launch_path(l->folder, LAUNCH_PASTA_PID);
	pid_t pid;

	if (!netns || !pid_file)
		return FAIL_NOMEM(e);
	/* Without it there is no network, which is told elsewhere. */
	if (!l->network || l->netns || network_server(netns, pid_file, &pid, NULL) < 0)
		return 0;
	return helpers_add(l->machine, l->cgroup, pid, e);
}

int launch_helpers(const struct launch *l, const struct gate *g, const struct streams *s,
		   struct err *e)
{
	int r = 0;

	/* Steps of builds share a network, and nobody stays with them. */
	if (l->finish)
		return 0;
	r = helpers_add(l->machine, l->cgroup, g->guard, e);
	if (r == 0)
		r = add_pasta(l, e);
	for (int i = 0; r == 0 && s && i < 3; i++)
		r = helpers_add(l->machine, l->cgroup, s->v[i].pid, e);
	return r;
}

int launch_helpers_conmon(const struct launch *l, pid_t conmon, struct err *e)
{
	if (l->machine->cgroups == CGROUP_V2 && getenv(UNIT_VARIABLE))
		return 0;
	return helpers_add(l->machine, l->cgroup, conmon, e);
}
