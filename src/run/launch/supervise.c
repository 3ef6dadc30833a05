/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/supervise.h"

#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/launch/conmon.h"
#include "run/launch/early.h"
#include "run/launch/front.h"
#include "run/launch/guard.h"
#include "run/launch/launch_helpers.h"
#include "run/launch/launch_nest.h"
#include "run/launch/launch_network.h"
#include "run/launch/reexec.h"
#include "run/launch/warm.h"

static int start_guard(const struct launch *l, struct guard_process *ret, struct err *e)
{
	auto_free char *userns = launch_path(l->folder, LAUNCH_USERNS);

	if (!userns)
		return FAIL_NOMEM(e);
	return guard_start(l, l->userns ? userns : NULL, ret, e);
}

void supervise(const struct launch *l, int go, const sigset_t *watched, struct report *out)
{
	auto_free char *netns = NULL, *pidfile = launch_path(l->folder, "pidfile");
	struct gate g = GATE_INIT;
	struct front front = FRONT_INIT;
	struct guard_process guard = GUARD_INIT;
	struct warm warm = WARM_INIT;
	struct err ignored = ERR_INIT;

	g.folder = l->folder;
	g.go = go;
	g.ports = l->ports;

	if (pidfile && l->machine->cgroups != CGROUP_DENIED)
		warm_begin(&warm, pidfile);
	out->status = STATUS_FAILED;
	out->r = machine_private_mounts(l->machine, &out->e);
	if (out->r == 0)
		reexec_spare(l->runtime->path);
	if (out->r == 0 && sigtimedwait(watched, NULL, &(struct timespec){ 0 }) == SIGTERM)
		out->r = FAIL(&out->e, E_SIGNAL, "interrupted");
	if (out->r == 0 && early_can(l))
		out->r = front_begin_early(l, go >= 0, &front, &out->e);
	if (out->r == 0 && (l->network || l->userns) && !l->netns)
		out->r = launch_network(l, &netns, &g.pasta, &out->e);
	else if (out->r == 0 && l->netns && l->machine->cgroups == CGROUP_DENIED)
		out->r = launch_network_of(l, &netns, &out->e);
	if (out->r == 0 && l->guard)
		out->r = start_guard(l, &guard, &out->e);
	g.guard = guard.pid;
	if (out->r == 0)
		out->r = l->prepare(l->arg, netns ?: l->netns, &out->status, &out->e);
	/* The network came up meanwhile. */
	if (out->r == 0 && go < 0)
		out->r = gate_pass(&g, &out->e);
	if (out->r == 0 && l->conmon && l->machine->cgroups == CGROUP_DENIED)
		out->r = launch_nest(l, &g, watched, &out->nest, &out->e);
	else if (out->r == 0)
		out->r = l->conmon ? launch_conmon(l, &g, &out->e)
				   : front_run(l, &g, &front, watched, &out->status, &out->e);
	else
		front_abandon(&front);
	gate_abandon(&g);
	warm_end(&warm);
	if (l->conmon && out->r == 0) {
		guard_leave(&guard);
		out->status = 0;
		return;
	}
	guard_wait(&guard);
	if (l->finish)
		l->finish(l->arg);
	out->concludes = out->r == 0 && l->conclude;
	out->runtime = front.pid;
	if (out->concludes)
		return;
	if (launch_cleanup(l->folder, l->id, l->cgroup, l->runtime,
			   out->r == 0 ? &out->e : &ignored) < 0 &&
	    out->r == 0)
		out->r = out->e.code;
}
