/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/foreground.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "run/launch/gate.h"
#include "run/launch/nest.h"

enum { LIMIT_PROC = 64 * 1024, FIRST_LOOKS = 50, FIRST_NAP_MS = 10 };

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

pid_t first_process(const char *folder, const char *cgroup)
{
	auto_free char *path = NULL, *gate = NULL;
	auto_buf text = BUF_INIT(64), groups = BUF_INIT(LIMIT_PROC);
	struct process_id nest;
	char proc[64];
	uint64_t pid;

	if (asprintf(&path, "%s/pidfile", folder) < 0 ||
	    asprintf(&gate, "%s/" GATE_FILE, folder) < 0)
		return 0;
	if (access(gate, F_OK) == 0)
		return 0; /* it is the container's, but not yet the image's */
	if (fs_read_user(path, 32, &text, NULL) < 0 ||
	    str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, &pid, NULL) < 0 || pid <= 1)
		return 0;
	if (nest_of(folder, &nest))
		return nest_process(&nest, (pid_t)pid);
	(void)snprintf(proc, sizeof(proc), "/proc/%llu/cgroup", (unsigned long long)pid);
	if (fs_read_user(proc, LIMIT_PROC, &groups, NULL) < 0 || !strstr(buf_str(&groups), cgroup))
		return 0;
	return (pid_t)pid;
}

bool process_catches(pid_t pid, int sig)
{
	auto_buf text = BUF_INIT(LIMIT_PROC);
	char path[64];
	const char *line;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (fs_read_user(path, LIMIT_PROC, &text, NULL) < 0)
		return false;
	line = strstr(buf_str(&text), "\nSigCgt:");
	return line && strtoull(line + 8, NULL, 16) & 1ULL << (sig - 1);
}

static bool asks_to_end(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

/* The size of our terminal for that of the container. Its end is borrowed from its first process:
 * nothing of its choice is opened here, and the kernel tells its programs. */
void terminal_pass_size(pid_t pid)
{
	auto_close int process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	auto_close int end = process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, 0, 0);
	struct winsize size;

	if (end >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(end, TIOCSWINSZ, &size); /* no terminal: nothing to size */
}

/* The runtime says which one it is a moment after it let it run. 0: it is not there yet, or it is
 * over. */
static pid_t await_first_process(const struct launch *l, const struct supervisor *s)
{
	struct pollfd over = { .fd = s->report, .events = POLLIN };
	pid_t pid = first_process(l->folder, l->cgroup);

	for (int n = 0; pid == 0 && n < FIRST_LOOKS && poll(&over, 1, FIRST_NAP_MS) == 0; n++)
		pid = first_process(l->folder, l->cgroup);
	return pid;
}

static void pass_on(const struct launch *l, const struct supervisor *s,
		    const struct signalfd_siginfo *si, int *asked)
{
	const int sig = (int)si->ssi_signo;
	const pid_t pid =
		sig == SIGWINCH ? first_process(l->folder, l->cgroup) : await_first_process(l, s);

	if (sig == SIGWINCH) {
		terminal_pass_size(pid);
		return;
	}
	if (asks_to_end(sig) && (pid == 0 || (*asked)++ > 0 || !process_catches(pid, sig))) {
		launch_abort(s);
		return;
	}
	if (pid > 0 && si->ssi_code != SI_KERNEL)
		(void)kill(pid, sig);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until then, at most an hour; a moment for what had to be killed and is not gone; -1: for ever. */
static int left_ms(int64_t end)
{
	enum { AGAIN = 50, HOUR = 3600 * 1000 };
	const int64_t left = end - now_ms();

	if (!end)
		return -1;
	return left < AGAIN ? AGAIN : left > HOUR ? HOUR : (int)left;
}

/* Its own end, with a status that says so. */
static void kill_first(const struct launch *l, const struct supervisor *s)
{
	const pid_t pid = await_first_process(l, s);

	if (pid > 0)
		(void)kill(pid, SIGKILL);
	else
		launch_abort(s);
}

static void attend(const struct launch *l, const struct supervisor *s, int signals,
		   const struct foreground_watch *watch)
{
	struct pollfd p[] = { { .fd = signals, .events = POLLIN },
			      { .fd = s->report, .events = POLLIN },
			      { .fd = watch ? watch->fd : -1, .events = POLLIN } };
	const int64_t end = l->timeout ? now_ms() + (int64_t)l->timeout * 1000 : 0;
	int asked = 0;

	for (;;) {
		struct signalfd_siginfo si;
		const int n = poll(p, 3, left_ms(end));

		if (n < 0)
			continue;
		if (n == 0 && end && now_ms() >= end)
			kill_first(l, s);
		if (p[2].revents)
			watch->happened(watch->arg);
		if (p[0].revents && read(signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
			pass_on(l, s, &si, &asked);
		if (p[1].revents)
			return;
	}
}

int foreground_run(const struct launch *l, const struct foreground_watch *watch,
		   struct supervisor *ret, int *ret_status, struct err *e)
{
	auto_close int signals = -1;
	sigset_t set, before;
	int r;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		(void)sigaddset(&set, forwarded[i]);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return FAIL_SYS(e, "signalfd");
	/* Until it is decided a signal is for us, and ends us. */
	(void)sigprocmask(SIG_BLOCK, l->decide ? NULL : &set, &before);
	r = launch_start(l, ret, e);
	if (r == 0)
		r = launch_decide(l, ret, e);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	if (r == 0) {
		attend(l, ret, signals, watch);
		r = launch_wait(ret, ret_status, e);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
