/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/lazy.h"
#include "base/proc.h"
#include "base/str.h"
#include "sandbox/lockdown.h"

enum {
	LIMIT_KEEP = 32,
	LISTEN_CHUNK = 8192, /* of the stack, each page of which costs a fault when first used */
};

/* What the child says before its emitted bytes. Read with distrust: the child may be taken over. */
struct report {
	int32_t code, sys, line;
	char msg[sizeof(((struct err *)0)->msg)];
	uint64_t emitted;
};

static int lockdown_descriptors(const struct sandbox *s, int report, struct err *e)
{
	int keep[LIMIT_KEEP + 2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 0;

	if (null < 0)
		return FAIL_SYS(e, "open '/dev/null'");
	/* A sanitizer's report must be seen. */
	for (int fd = 0; fd < (SANDBOX_ASAN ? 2 : 3); fd++)
		if (dup2(null, fd) < 0)
			return FAIL_SYS(e, "close the standard descriptors");
	for (; n < s->keep_n; n++)
		keep[n] = s->keep[n];
	if (s->write_dir >= 0)
		keep[n++] = s->write_dir;
	keep[n++] = report;
	proc_close_others(keep, n);
	return 0;
}

/* The lists of what is allowed, by path and by call; a module has one of what is not. */
static int lockdown_lists(const struct sandbox *s, struct err *e)
{
	int r = s->module ? 0 : lockdown_landlock(s, e);

	r = r < 0 ? r : lockdown_caps(s, e);
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = FAIL_SYS(e, "make the process not dumpable");
	if (r < 0)
		return r;
	return s->module ? lockdown_module(s, e) : lockdown_syscalls(s, e);
}

static int lockdown(const struct sandbox *s, int report, struct err *e)
{
	int r = lockdown_descriptors(s, report, e);

	r = r < 0 ? r : lockdown_limits(s, e);
	lockdown_memory(s);
	r = r < 0 ? r : lockdown_root(s, e);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = FAIL_SYS(e, "set no_new_privs");
	r = r < 0 ? r : lockdown_lists(s, e);
	return r < 0 ? WRAP(e, r, "confine the child") : 0;
}

static _Noreturn void child(const struct sandbox *s, int pipe_fd, pid_t parent, size_t cap,
			    int (*fn)(void *, struct buf *, struct err *), void *arg)
{
	struct buf emit = BUF_INIT(cap);
	struct err e = ERR_INIT;
	struct report rep = { 0 };
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	r = lockdown(s, pipe_fd, &e);
	r = r < 0 ? r : fn(arg, &emit, &e);
	if (r >= 0) {
		int bad = buf_check(&emit, "result", &e);

		r = bad < 0 ? bad : r;
	}
	rep.code = r;
	if (r < 0) {
		rep.sys = e.sys;
		rep.line = e.line;
		memcpy(rep.msg, e.msg, sizeof(rep.msg));
	} else {
		rep.emitted = emit.n;
	}
	if (fs_write_all(pipe_fd, &rep, sizeof(rep), NULL) == 0 && rep.emitted)
		(void)fs_write_all(pipe_fd, emit.p, emit.n, NULL);
	_exit(0);
}

/* Reads what the child writes until it ends; Ctrl-C ends the wait. At most max bytes. */
static int listen_to(int fd, size_t max, struct buf *ret, struct err *e)
{
	char chunk[LISTEN_CHUNK];

	for (;;) {
		/* The timeout covers a signal that came just before poll. */
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int r = proc_interrupted(e), ready;

		if (r < 0)
			return r;
		ready = poll(&p, 1, 200);
		if (ready == 0 || (ready < 0 && errno == EINTR))
			continue;
		if (ready < 0)
			return FAIL_SYS(e, "poll");

		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL_SYS(e, "read from the child");
		if (n == 0)
			return 0;
		if (ret->n + (size_t)n > max)
			return FAIL(e, E_FORMAT, "the result is over %zu bytes", max);
		buf_put(ret, chunk, (size_t)n);
		if (ret->failed)
			return buf_check(ret, "result", e);
	}
}

/* Why a child that told nothing is dead. */
static int fail_status(const struct sandbox *s, int status, struct err *e)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	switch (sig) {
	case 0:
		return FAIL(e, E_FORMAT, "the child ended without a result (status %d)",
			    WEXITSTATUS(status));
	case SIGINT:
	case SIGTERM: return FAIL(e, E_SIGNAL, "interrupted");
	case SIGSYS: return FAIL(e, E_FORMAT, "stopped: it tried a forbidden system call (SIGSYS)");
	case SIGXCPU:
		return FAIL(e, E_FORMAT, "stopped: it took more than %u s of CPU time",
			    s->cpu_seconds ? s->cpu_seconds : 600);
	case SIGKILL: return FAIL(e, E_FORMAT, "killed (SIGKILL): out of memory or CPU time");
	default:
		return FAIL(e, E_FORMAT, "crashed (signal %d, %s)", sig,
			    sigabbrev_np(sig) ? sigabbrev_np(sig) : "unknown");
	}
}

/* The child's error as ours. Its hint is not taken: what a parser of hostile bytes says must never
 * be shown as a command to run. */
static int fail_reported(const struct sandbox *s, struct report *rep, struct err *e)
{
	size_t mib = (s->memory_max ? s->memory_max : SANDBOX_MEMORY) >> 20;

	rep->msg[sizeof(rep->msg) - 1] = '\0';
	text_sanitize(rep->msg);
	/* The machine overcommits, so malloc fails only at our own limit: the input did that. */
	if (rep->code == E_NOMEM)
		return FAIL(e, E_FORMAT, "needs more than the %zu MiB of memory it may have", mib);
	if (rep->code < E_SIGNAL)
		return FAIL(e, E_FORMAT, "the child reported nonsense");
	(void)err_set(e, "(sandboxed child)", rep->line, rep->code, 0, "%s", rep->msg);
	if (e)
		e->sys = rep->sys;
	return rep->code;
}

static int accept_result(const struct sandbox *s, const struct buf *got, int status,
			 struct buf *ret, struct err *e)
{
	struct report rep;

	if (got->n < sizeof(rep) || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail_status(s, status, e);
	memcpy(&rep, got->p, sizeof(rep));
	if (rep.code < 0)
		return fail_reported(s, &rep, e);
	if (rep.emitted != got->n - sizeof(rep))
		return FAIL(e, E_FORMAT, "the child's result is cut short");
	if (ret)
		buf_put(ret, got->p + sizeof(rep), (size_t)rep.emitted);
	return ret ? buf_check(ret, "result", e) : 0;
}

static int reap(pid_t pid, int *ret_status, struct err *e)
{
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return FAIL_SYS(e, "wait for the child");
	return 0;
}

int sandbox_start(const struct sandbox *s, int (*fn)(void *arg, struct buf *emit, struct err *e),
		  void *arg, size_t cap, struct sandboxed *ret, struct err *e)
{
	pid_t pid, parent = getpid();
	int fds[2];

	if (s->keep_n > LIMIT_KEEP)
		return FAIL(e, E_INTERNAL, "%s: more than %d descriptors to keep", s->what,
			    LIMIT_KEEP);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "%s: pipe", s->what);
	lazy_load(s->libraries); /* the child may open nothing */
	tzset(); /* timegm() reads /etc/localtime when nobody did before; the child may not */
	pid = fork();
	if (pid == 0)
		child(s, fds[1], parent, cap, fn, arg);
	(void)close(fds[1]);
	if (pid < 0) {
		int r = FAIL_SYS(e, "%s: fork", s->what);

		(void)close(fds[0]);
		return r;
	}
	*ret = (struct sandboxed){ .pid = pid, .from = fds[0], .cap = cap };
	return 0;
}

int sandbox_wait(const struct sandbox *s, struct sandboxed *c, struct buf *ret, struct err *e)
{
	auto_buf got = BUF_INIT(c->cap + sizeof(struct report));
	auto_close int from = c->from;
	pid_t pid = c->pid;
	int status = 0, r, w;

	*c = (struct sandboxed){ .from = -1 };
	r = listen_to(from, got.cap, &got, e);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	w = reap(pid, &status, r < 0 ? NULL : e);
	r = r < 0 ? r : w;
	r = r < 0 ? r : accept_result(s, &got, status, ret, e);
	return r < 0 ? WRAP(e, r, "%s", s->what) : 0;
}

int sandbox_run(const struct sandbox *s, int (*fn)(void *arg, struct buf *emit, struct err *e),
		void *arg, struct buf *ret, struct err *e)
{
	size_t cap = ret && !ret->failed ? ret->cap - ret->n : 0;
	struct sandboxed c;
	int r = sandbox_start(s, fn, arg, cap, &c, e);

	return r < 0 ? r : sandbox_wait(s, &c, ret, e);
}
