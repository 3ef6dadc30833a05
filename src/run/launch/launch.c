/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "run/file.h"
#include "run/groups/groups.h"
#include "run/groups/helpers.h"
#include "run/launch/conclude.h"
#include "run/launch/conmon.h"
#include "run/launch/early.h"
#include "run/launch/ended.h"
#include "run/launch/gate.h"
#include "run/launch/guard.h"
#include "run/launch/join.h"
#include "run/launch/launch_helpers.h"
#include "run/launch/launch_nest.h"
#include "run/launch/launch_network.h"
#include "run/launch/nest.h"
#include "run/launch/reexec.h"
#include "run/launch/relay.h"
#include "run/launch/warm.h"

enum { GATE_FD = 3 };

/* What a supervisor tells the process that made it, once. */
struct report {
	int r, status;
	pid_t nest;	/* the supervisor stays, for this child */
	bool concludes; /* the supervisor stays, and cleans up */
	pid_t runtime;	/* it waits for this one first; 0: it has ended */
	struct err e;
};

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

/* A runtime in the foreground. */
struct begun {
	pid_t pid; /* 0: not started */
	struct streams streams;
	int shim; /* the pipe on which its shim waits; -1: it does not */
	int fifo; /* its configuration's; -1: that is a file */
};
#define BEGUN_INIT { .streams = STREAMS_INIT, .shim = -1, .fifo = -1 }

static int start_gated(const struct launch *l, const int fds[static 3], struct begun *b,
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
static int begin_runtime(const struct launch *l, bool gated, struct begun *b, struct err *e)
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

static int begin_early(const struct launch *l, bool gated, struct begun *b, struct err *e)
{
	b->fifo = early_open(l->folder, e);
	return b->fifo < 0 ? b->fifo : begin_runtime(l, gated, b, e);
}

/* Nothing came of it. One that waits for its configuration has made nothing yet. */
static void abandon_runtime(struct begun *b)
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
static int pass_gate(const struct launch *l, struct gate *g, struct begun *b, struct err *e)
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

static int run_foreground(const struct launch *l, struct gate *g, struct begun *b,
			  const sigset_t *watched, int *ret_status, struct err *e)
{
	auto_free char *pidfile = launch_path(l->folder, "pidfile");
	bool asked;
	int r = b->pid ? 0 : begin_runtime(l, g->go >= 0, b, e);

	if (r < 0) {
		abandon_runtime(b);
		return r;
	}
	r = b->fifo >= 0 ? early_feed(l->folder, TAKE_FD(b->fifo), e) : 0;
	if (r < 0) {
		abandon_runtime(b);
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

static int start_guard(const struct launch *l, struct guard_process *ret, struct err *e)
{
	auto_free char *userns = launch_path(l->folder, LAUNCH_USERNS);

	if (!userns)
		return FAIL_NOMEM(e);
	return guard_start(l, l->userns ? userns : NULL, ret, e);
}

static void supervise(const struct launch *l, int go, const sigset_t *watched, struct report *out)
{
	auto_free char *netns = NULL, *pidfile = launch_path(l->folder, "pidfile");
	struct gate g = GATE_INIT;
	struct begun begun = BEGUN_INIT;
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
		out->r = begin_early(l, go >= 0, &begun, &out->e);
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
				   : run_foreground(l, &g, &begun, watched, &out->status, &out->e);
	else
		abandon_runtime(&begun);
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
	out->runtime = begun.pid;
	if (out->concludes)
		return;
	if (launch_cleanup(l->folder, l->id, l->cgroup, l->runtime,
			   out->r == 0 ? &out->e : &ignored) < 0 &&
	    out->r == 0)
		out->r = out->e.code;
}

static void become_supervisor(const struct launch *l, pid_t parent, sigset_t *watched)
{
	for (int s = 1; s < 32; s++)
		(void)signal(s, SIG_DFL);
	/* What the terminal sends reaches the runtime itself, which passes it on; we outlive it. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
	(void)sigemptyset(watched);
	(void)sigaddset(watched, SIGCHLD);
	(void)sigaddset(watched, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, watched, NULL);
	if (l->own_session)
		(void)setsid();
	(void)prctl(PR_SET_NAME, "plimsoll-super");
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		(void)raise(SIGTERM);
}

int launch_start(const struct launch *l, struct supervisor *ret, struct err *e)
{
	static struct report out; /* in the child only; large for a stack */
	auto_close int report = -1, told = -1, go = -1, gone = -1;
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	told = ends[0];
	report = ends[1];
	if (l->decide && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return FAIL_SYS(e, "socketpair");
	if (l->decide) {
		go = ends[0];
		gone = ends[1];
	}
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0) {
		sigset_t watched;

		become_supervisor(l, parent, &watched);
		(void)close(told); /* else none would see that the parent closed it */
		if (go >= 0)
			(void)close(go);
		out = (struct report){ 0 };
		supervise(l, gone, &watched, &out);
		if (out.nest > 0) /* who told us to begin may end */
			(void)prctl(PR_SET_PDEATHSIG, 0);
		if (out.concludes)
			conclude_leave(l, report);
		(void)fs_write_all(report, &out, sizeof(out), NULL);
		if (out.concludes)
			conclude_rest(l, report, out.runtime);
		if (out.nest > 0)
			launch_nest_attend(l, out.nest, &watched);
		_exit(0);
	}
	*ret = (struct supervisor){ pid, TAKE_FD(told), TAKE_FD(go), false };
	return 0;
}

int launch_decide(const struct launch *l, struct supervisor *s, struct err *e)
{
	struct err ignored = ERR_INIT;
	int status, r = l->decide ? l->decide(l->decide_arg, e) : 0;

	/* It may have failed by now: then it says why, and does not listen. */
	if (r == 0 && s->go >= 0)
		(void)send(s->go, "g", 1, MSG_NOSIGNAL);
	if (s->go >= 0)
		(void)close(TAKE_FD(s->go));
	if (r == 0)
		return 0;
	launch_abort(s);
	(void)launch_wait(s, &status, &ignored);
	return r;
}

void launch_abort(const struct supervisor *s)
{
	(void)kill(s->pid, SIGTERM);
}

int launch_wait(struct supervisor *s, int *ret_status, struct err *e)
{
	struct report in;
	size_t n = 0;
	int status;

	while (n < sizeof(in)) {
		ssize_t got = read(s->report, (char *)&in + n, sizeof(in) - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	s->concludes = n == sizeof(in) && in.concludes;
	if (!s->concludes)
		launch_release(s);
	while ((n < sizeof(in) || (in.nest <= 0 && !in.concludes)) &&
	       waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_status = STATUS_FAILED;
	if (n < sizeof(in))
		return FAIL(e, E_SYSTEM, "the supervisor was killed");
	*ret_status = in.status;
	if (in.r < 0 && e)
		*e = in.e;
	return in.r;
}

void launch_release(struct supervisor *s)
{
	if (s->report >= 0)
		(void)close(s->report);
	s->report = -1;
}

static void forget(const char *folder, const char *id)
{
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *notes = NULL;

	if (asprintf(&notes, RUNTIME_STATE "/%s", id) > 0 && dir >= 0)
		(void)fs_remove_tree(dir, notes, NULL);
}

int launch_cleanup(const char *folder, const char *id, const char *cgroup, const struct runtime *rt,
		   struct err *e)
{
	static const char *const mounted[] = { "rootfs",      "upper",	    "disk",
					       RUNTIME_STATE, LAUNCH_NETNS, LAUNCH_USERNS,
					       LAUNCH_PIDNS,  LAUNCH_IPCNS, LAUNCH_CGROUPNS };
	static const char *const files[] = { LAUNCH_NETNS, LAUNCH_USERNS,   LAUNCH_PIDNS,
					     LAUNCH_IPCNS, LAUNCH_CGROUPNS, LAUNCH_PASTA_PID };
	auto_free char *netns = launch_path(folder, LAUNCH_NETNS);
	auto_free char *pid_file = launch_path(folder, LAUNCH_PASTA_PID);
	auto_free char *groups = launch_path(folder, GROUPS_FILE);
	struct err ignored = ERR_INIT;
	int r;

	if (!netns || !pid_file || !groups)
		return FAIL_NOMEM(e);
	network_stop(netns, pid_file);
	/* The runtime's own removal first; the cgroup's members are ended whatever it says. Without
	 * cgroups the processes are gone, and its notes go with the folder. */
	if (cgroups_denied())
		forget(folder, id);
	else if (rt)
		(void)runtime_delete(rt, folder, id, true, &ignored);
	for (size_t i = 0; i < sizeof(mounted) / sizeof(*mounted); i++) {
		auto_free char *path = launch_path(folder, mounted[i]);

		if (path)
			(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		auto_free char *path = launch_path(folder, files[i]);

		if (path)
			(void)unlink(path);
	}
	r = groups_remove(folder, cgroup, e);
	helpers_remove(cgroup);
	if (r == 0)
		(void)unlink(groups);
	return r;
}
