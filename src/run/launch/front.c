/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/front.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/file.h"
#include "run/groups/groups.h"
#include "run/launch/early.h"
#include "run/launch/ended.h"
#include "run/launch/launch_helpers.h"
#include "run/launch/launch_network.h"
#include "run/launch/nest.h"

enum { GATE_FD = 3 };

/*
 * Without a cgroup nothing tells which processes are the container's. So the runtime becomes the
 * first process of a process namespace: with it everything in there ends, also when we are killed.
 * /proc is mounted anew for it by unshare(1), which then turns into the runtime.
 */
static int own_processes(struct strv *argv, struct err *e)
{
	static const char *const words[] = { "unshare", "--mount-proc", "--" };
	int r = unshare(CLONE_NEWPID) < 0 ? FAIL_SYS(e, "make a process namespace") : 0;

	for (size_t i = 0; r == 0 && i < sizeof(words) / sizeof(*words); i++)
		r = strv_add(argv, words[i], e);
	return r;
}

/* In the child: the shim's end of the gate is its third descriptor. */
static int hand_over(void *arg)
{
	const int gate = *(const int *)arg;

	if (gate < 0)
		return 0;
	return dup2(gate, GATE_FD) < 0 || (gate != GATE_FD && close(gate) < 0) ? -1 : 0;
}

static int start_runtime(const struct launch *l, const int fds[static 3], int gate, bool early,
			 pid_t *ret, struct err *e)
{
	const bool denied = l->machine->cgroups == CGROUP_DENIED;
	auto_strv argv = { 0 };
	int r = denied ? own_processes(&argv, e) : 0;

	if (r == 0)
		r = runtime_argv(l->runtime, l->folder, RUNTIME_LOG, !denied, &argv, e);
	if (r == 0)
		r = runtime_run(l->bundle ?: l->folder, l->folder, l->id, gate >= 0,
				early ? EARLY_CONFIG : NULL, &argv, e);
	if (r < 0)
		return r;

	const struct proc p = {
		.argv = (const char *const *)argv.v,
		.in = fds[0],
		.out = fds[1],
		.err = fds[2],
		.die_with_parent = denied,
		.keep = &gate,
		.keep_n = gate >= 0,
		.prepare = hand_over,
		.prepare_arg = &gate,
		.prepare_is_plain = true,
	};

	r = proc_start(&p, ret, e);
	return r == 0 && denied ? nest_note(l->folder, *ret, e) : r;
}

/*
 * Waits for the runtime. SIGTERM (the parent asks, or died) ends the container, again and again: it
 * may not have been there yet the first time. Returns whether it was asked to.
 */
static bool wait_runtime(const struct launch *l, pid_t pid, const sigset_t *watched,
			 int *ret_status)
{
	const struct timespec again = { .tv_nsec = 20 * 1000 * 1000 }, later = { .tv_sec = 3600 };
	bool abort = false;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		siginfo_t info;

		if (sigtimedwait(watched, &info, abort ? &again : &later) == SIGTERM)
			abort = true;
		if (abort && l->machine->cgroups == CGROUP_DENIED)
			(void)kill(pid, SIGKILL);
		else if (abort)
			(void)groups_remove(l->folder, l->cgroup, NULL);
	}
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return abort;
}

static void record_exit(const struct launch *l, int status)
{
	auto_close int dir = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", status);

	if (dir >= 0)
		(void)file_put(dir, "exit", text, (size_t)n, NULL);
}

static int start_gated(const struct launch *l, const int fds[static 3], struct front *b,
		       struct err *e)
{
	int shim[2], r;

	/* GATE_FD is taken from here on, by the pipe if not by another: nothing that proc_start()
	 * opens for itself is in its way. */
	if (pipe2(shim, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	r = start_runtime(l, fds, shim[0], b->fifo >= 0, &b->pid, e);
	(void)close(shim[0]);
	b->shim = shim[1];
	return r;
}

/* With a terminal the runtime copies by itself, and what it is handed is its own; to its standard
 * output it copies the terminal's. */
static int begin_runtime(const struct launch *l, bool gated, struct front *b, struct err *e)
{
	auto_close int folder =
		l->log_max ? open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const struct streams_log log = { folder, l->log_max };
	const int behind[] = { l->terminal ? -1 : l->in, l->terminal && !l->log_max ? -1 : l->out,
			       l->terminal ? -1 : l->err };
	int fds[] = { l->in, l->out, l->err };
	int r = l->log_max && folder < 0
			? FAIL_SYS(e, "open '%s'", l->folder)
			: streams_open(behind, l->log_max ? &log : NULL, &b->streams, e);

	for (int i = 0; r == 0 && i < 3; i++)
		if (!l->terminal || behind[i] != -1)
			fds[i] = b->streams.v[i].end;
	if (r == 0)
		r = gated ? start_gated(l, fds, b, e)
			  : start_runtime(l, fds, -1, b->fifo >= 0, &b->pid, e);
	streams_handed(&b->streams);
	return r;
}

int front_begin_early(const struct launch *l, bool gated, struct front *b, struct err *e)
{
	b->fifo = early_open(l->folder, e);
	return b->fifo < 0 ? b->fifo : begin_runtime(l, gated, b, e);
}

void front_abandon(struct front *b)
{
	if (b->pid > 0) {
		(void)kill(b->pid, SIGKILL);
		while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (int *fd = &b->shim; fd; fd = fd == &b->shim ? &b->fifo : NULL)
		if (*fd >= 0)
			(void)close(TAKE_FD(*fd));
	streams_close(&b->streams);
	b->pid = 0;
}

/* Somebody still copies what it wrote, and reads it to the end, which is the runtime's. */
static bool is_copied(const struct streams *s)
{
	return s->v[0].pid > 0 || s->v[1].pid > 0 || s->v[2].pid > 0;
}

/* The runtime makes the container meanwhile, up to the shim. */
static int pass_gate(const struct launch *l, struct gate *g, struct front *b, struct err *e)
{
	int r = b->shim < 0 ? 0 : gate_pass(g, e);

	if (r == 0)
		r = launch_helpers(l, g, &b->streams, e);
	if (b->shim < 0)
		return r;
	/* A runtime that failed has closed its end: what it wrote is told, not this. */
	if (r == 0)
		(void)!write(b->shim, "g", 1);
	(void)close(TAKE_FD(b->shim));
	return r;
}

int front_run(const struct launch *l, struct gate *g, struct front *b, const sigset_t *watched,
	      int *ret_status, struct err *e)
{
	auto_free char *pidfile = launch_path(l->folder, "pidfile");
	bool asked;
	int r = b->pid ? 0 : begin_runtime(l, g->go >= 0, b, e);

	if (r < 0) {
		front_abandon(b);
		return r;
	}
	r = b->fifo >= 0 ? early_feed(l->folder, TAKE_FD(b->fifo), e) : 0;
	if (r < 0) {
		front_abandon(b);
		return r;
	}
	r = pass_gate(l, g, b, e);
	if (r < 0)
		(void)raise(SIGTERM); /* blocked: wait_runtime() takes it and ends everything */
	if (r == 0 && l->conclude && !is_copied(&b->streams) &&
	    ended_well(l->folder, b->pid, watched)) {
		*ret_status = 0;
		record_exit(l, 0);
		return 0;
	}
	asked = wait_runtime(l, b->pid, watched, ret_status);
	b->pid = 0;
	streams_close(&b->streams);
	if (r < 0) {
		*ret_status = STATUS_FAILED;
		return r;
	}
	record_exit(l, *ret_status);
	/* Without a pidfile no process was ever made; with one, only a failed execve(2) is ours. */
	if (*ret_status != 0)
		r = runtime_error(l->runtime, l->folder, RUNTIME_LOG, ret_status, e);
	if (r == 0 && pidfile && access(pidfile, F_OK) < 0)
		r = FAIL(e, E_SYSTEM, "%s: exit status %d without a message",
			 runtime_name(l->runtime), *ret_status);
	/* What it says of an end that was asked for is no failure of its own. */
	return r < 0 && asked ? FAIL(e, E_SIGNAL, "interrupted") : r;
}
