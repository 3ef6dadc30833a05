/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { LIMIT_STDERR = 64 * 1024 };

/* All from 3 up but those in keep, which need no order. Async-signal-safe. */
static void close_gaps(const int *keep, size_t n, unsigned flags)
{
	unsigned from = 3;

	for (;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= (int)from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			(void)syscall(SYS_close_range, from, next == ~0U ? ~0U : next - 1, flags);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

void proc_close_others(const int *keep, size_t n)
{
	close_gaps(keep, n, 0);
}

/* The program gets those in keep, and no other. */
static void hand_on(const int *keep, size_t n)
{
	close_gaps(keep, n, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		if (keep[i] >= 3)
			(void)fcntl(keep[i], F_SETFD, 0);
}

static int give(int fd, int as, int null_flags)
{
	if (fd == PROC_INHERIT)
		return fcntl(as, F_SETFD, 0) < 0 ? -1 : as;
	if (fd == -1) {
		fd = open("/dev/null", null_flags | O_CLOEXEC);
		if (fd < 0)
			return -1;
	}
	return fd == as ? fcntl(as, F_SETFD, 0) : dup2(fd, as);
}

/* Lifts a descriptor that is to be given out of the way of 0, 1 and 2. */
static int lift(int fd)
{
	return fd >= 0 && fd < 3 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd;
}

/*
 * All 64 to their default, by the kernel's own call: glibc refuses to speak of 32 and 33, which it
 * uses itself, and one that we inherited as ignored would break thread cancellation in the program.
 */
static void reset_signals(void)
{
	enum { SIGNALS = 64, KERNEL_SIGSET = 8 };
	/* The kernel's struct sigaction: SIG_DFL, no flags, nothing masked. */
	const char as_default[32] = "";

	for (int s = 1; s <= SIGNALS; s++)
		(void)syscall(SYS_rt_sigaction, s, as_default, NULL, KERNEL_SIGSET);
}

/* May have the parent's memory, which stands still meanwhile: nothing of it is changed here that
 * the parent reads. */
static _Noreturn void child(const struct proc *p, const char *program, int report, pid_t parent)
{
	int in = lift(p->in), out = lift(p->out), err = lift(p->err), failed;
	sigset_t none;

	reset_signals();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (p->new_group)
		(void)setpgid(0, 0);
	if (p->die_with_parent) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* 0: our parent is outside of our new process namespace. */
		if (getppid() != 0 && getppid() != parent)
			_exit(127);
	}
	if (give(in, 0, O_RDONLY) < 0 || give(out, 1, O_WRONLY) < 0 || give(err, 2, O_WRONLY) < 0)
		goto fail;
	hand_on(p->keep, p->keep_n);
	(void)fcntl(report, F_SETFD, FD_CLOEXEC);
	if (p->cwd && chdir(p->cwd) < 0)
		goto fail;
	if (p->prepare && p->prepare(p->prepare_arg) < 0)
		goto fail;
	/* execve wants char *const[] though it writes nothing. */
	union {
		const char *const *in;
		char *const *out;
	} argv = { .in = p->argv }, env = { .in = p->env };

	(void)execve(program, argv.out, p->env ? env.out : environ);
fail:
	failed = errno;
	(void)!write(report, &failed, sizeof(failed));
	_exit(127);
}

/* vfork(2) copies no page tables, and leaves no page to be copied later: worth milliseconds to who
 * is large. Signals wait, so that no handler of ours runs in the child. What a caller has done
 * there may be anything, unless it says so. */
static pid_t start_child(const struct proc *p, const char *program, int report, pid_t parent)
{
	sigset_t all, before;
	pid_t pid;
	int why;

	if (p->prepare && !p->prepare_is_plain) {
		pid = fork();
		if (pid == 0)
			child(p, program, report, parent);
		return pid;
	}
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (pid == 0)
		child(p, program, report, parent);
	why = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = why;
	return pid;
}

int proc_start(const struct proc *p, pid_t *ret, struct err *e)
{
	auto_free char *program = NULL;
	int pipes[2], why = 0, r = proc_find(p->argv[0], &program, e);
	pid_t pid, parent = getpid();
	ssize_t n;

	if (r < 0)
		return r;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	pid = start_child(p, program, pipes[1], parent);
	if (pid < 0) {
		r = FAIL_SYS(e, "fork");
		(void)close(pipes[0]);
		(void)close(pipes[1]);
		return r;
	}
	(void)close(pipes[1]);
	do {
		n = read(pipes[0], &why, sizeof(why));
	} while (n < 0 && errno == EINTR);
	(void)close(pipes[0]);
	if (n == 0) {
		*ret = pid;
		return 0;
	}
	(void)waitpid(pid, NULL, 0);
	errno = why;
	return FAIL_SYS(e, "start '%s'", p->argv[0]);
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int proc_wait(pid_t pid, int timeout_ms, int *ret, struct err *e)
{
	auto_close int pidfd = -1;
	long deadline = now_ms() + timeout_ms;
	int status;

	if (timeout_ms >= 0) {
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (pidfd < 0)
			return FAIL_SYS(e, "wait for process %d", (int)pid);
		for (;;) {
			struct pollfd p = { .fd = pidfd, .events = POLLIN };
			long left = deadline - now_ms();
			int n = poll(&p, 1, left > 0 ? (int)left : 0);

			if (n > 0)
				break;
			if (n < 0 && errno == EINTR && left > 0)
				continue;
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			return FAIL(e, E_SYSTEM, "process %d did not end within %d ms", (int)pid,
				    timeout_ms);
		}
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return FAIL_SYS(e, "wait for process %d", (int)pid);
	*ret = status_of(status);
	return 0;
}

/* Reads both pipes until both end. Output past a cap is read and dropped, so the child never
 * blocks. */
static int drain(int fds[2], struct buf *bufs[2], struct err *e)
{
	struct pollfd p[2] = { { .fd = fds[0], .events = POLLIN },
			       { .fd = fds[1], .events = POLLIN } };
	char chunk[16384];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return FAIL_SYS(e, "poll");
		}
		for (int i = 0; i < 2; i++) {
			if (p[i].fd < 0 || !p[i].revents)
				continue;

			ssize_t n = read(p[i].fd, chunk, sizeof(chunk));

			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				p[i].fd = -1;
			else if (bufs[i])
				buf_put(bufs[i], chunk, (size_t)n);
		}
	}
	return 0;
}

int proc_run(const char *const *argv, int in, struct buf *ret_out, struct err *e)
{
	return proc_run_env(argv, NULL, in, ret_out, e);
}

int proc_run_env(const char *const *argv, const char *const *env, int in, struct buf *ret_out,
		 struct err *e)
{
	auto_buf errors = BUF_INIT(LIMIT_STDERR);
	int out[2], err[2], status = 0, r;
	pid_t pid = -1;

	if (pipe2(out, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	if (pipe2(err, O_CLOEXEC) < 0) {
		r = FAIL_SYS(e, "pipe");
		(void)close(out[0]);
		(void)close(out[1]);
		return r;
	}

	const struct proc p = { .argv = argv,
				.env = env,
				.in = in,
				.out = out[1],
				.err = err[1],
				.die_with_parent = true };

	r = proc_start(&p, &pid, e);
	(void)close(out[1]);
	(void)close(err[1]);
	if (r == 0) {
		int fds[2] = { out[0], err[0] };
		struct buf *bufs[2] = { ret_out, &errors };

		r = drain(fds, bufs, e);
	}
	(void)close(out[0]);
	(void)close(err[0]);
	if (pid > 0) {
		int w = proc_wait(pid, -1, &status, r == 0 ? e : NULL);

		r = r == 0 ? w : r;
	}
	if (r < 0)
		return r;
	if (status) {
		struct str tail = str_trim((struct str){ buf_str(&errors), errors.n });
		size_t skip = tail.n > 600 ? tail.n - 600 : 0;

		return FAIL(e, E_SYSTEM, "%s: exit status %d: %.*s", argv[0], status,
			    (int)(tail.n - skip), tail.p + skip);
	}
	return ret_out ? buf_check(ret_out, argv[0], e) : 0;
}
