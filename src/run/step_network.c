/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step_network.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/container.h"
#include "run/launch.h"

/* What the holder tells, once. */
struct report {
	int r;
	struct err e;
};

static int enter_namespace(const char *netns, struct err *e)
{
	auto_close int fd = open(netns, O_RDONLY | O_CLOEXEC);

	return fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? FAIL_SYS(e, "enter '%s'", netns) : 0;
}

/* Its own namespace is the one that pasta serves: so /proc/PID/ns/net leads others to it. */
static int bring_up(const struct container *c, const struct machine *machine, struct err *e)
{
	auto_free char *netns = NULL, *pid_file = NULL;
	struct pasta pasta = { 0, -1 };
	int r, w;

	if (asprintf(&netns, "%s/" LAUNCH_NETNS, c->folder) < 0 ||
	    asprintf(&pid_file, "%s/" LAUNCH_PASTA_PID, c->folder) < 0)
		return FAIL_NOMEM(e);
	r = machine_private_mounts(machine, e);
	if (r == 0)
		r = network_make(netns, e);
	if (r == 0)
		r = network_start(netns, NULL, pid_file, &pasta, e);
	if (r < 0)
		return r;
	r = enter_namespace(netns, e);
	w = network_started(&pasta, r == 0 ? e : NULL);
	return r < 0 ? r : w;
}

/* Only the end of its parent, which closes the pipe, ends it: the terminal's signals do not. */
static void become_holder(const int *keep, size_t n)
{
	proc_close_others(keep, n);
	for (int s = 1; s < 32; s++)
		(void)signal(s, s == SIGCHLD ? SIG_DFL : SIG_IGN);
	(void)setsid();
	(void)prctl(PR_SET_NAME, "plimsoll-net");
}

/* In the child. Returns when nobody needs the network any more. */
static void hold(struct container *c, const struct machine *machine, int report, int alive)
{
	static struct report out; /* large for a stack */
	struct err ignored = ERR_INIT;
	char byte;

	out.r = process_identify(getpid(), &c->monitor, &out.e);
	if (out.r == 0)
		out.r = container_save(c, &out.e);
	if (out.r == 0)
		out.r = bring_up(c, machine, &out.e);
	(void)fs_write_all(report, &out, sizeof(out), NULL);
	while (out.r == 0 && read(alive, &byte, 1) < 0 && errno == EINTR)
		;
	(void)container_remove(c, &ignored);
}

static int fork_holder(struct step_network *n, struct container *c, const struct machine *machine,
		       struct err *e)
{
	int report[2], alive[2];
	pid_t parent = getpid(), pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	if (pipe2(alive, O_CLOEXEC) < 0) {
		int r = FAIL_SYS(e, "pipe");

		(void)close(report[0]);
		(void)close(report[1]);
		return r;
	}
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)close(report[0]);
		(void)close(alive[1]);
		become_holder((const int[]){ report[1], alive[0], c->fd }, 3);
		hold(c, machine, report[1], alive[0]);
		_exit(0);
	}
	(void)close(report[1]);
	(void)close(alive[0]);
	*n = (struct step_network){
		.owner = parent, .holder = pid, .report = report[0], .alive = alive[1]
	};
	if (pid > 0) {
		(void)snprintf(n->netns, sizeof(n->netns), "/proc/%d/ns/net", (int)pid);
		return 0;
	}
	(void)FAIL_SYS(e, "fork");
	(void)close(report[0]);
	(void)close(alive[1]);
	*n = STEP_NETWORK_NONE;
	return E_SYSTEM;
}

int step_network_start(struct step_network *n, const struct state *state, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct machine machine;
	int r;

	if (n->owner == getpid())
		return 0;
	r = machine_detect(&machine, e);
	if (r < 0)
		return r;
	c.kind = CONTAINER_STEP;
	r = container_create(state, &c, e);
	if (r == 0)
		r = fork_holder(n, &c, &machine, e);
	if (r < 0 && c.folder)
		(void)container_remove(&c, NULL);
	return r;
}

int step_network_wait(struct step_network *n, struct err *e)
{
	struct report in;
	size_t have = 0;

	if (n->up)
		return 0;
	while (have < sizeof(in)) {
		ssize_t got = read(n->report, (char *)&in + have, sizeof(in) - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL(e, E_SYSTEM, "the process that holds the network was killed");
		have += (size_t)got;
	}
	if (in.r < 0 && e)
		*e = in.e;
	n->up = in.r == 0;
	return in.r;
}

void step_network_stop(struct step_network *n)
{
	if (n->owner == getpid()) {
		(void)close(n->alive);
		(void)close(n->report);
		while (waitpid(n->holder, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*n = STEP_NETWORK_NONE;
}
