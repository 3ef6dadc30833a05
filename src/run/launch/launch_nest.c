/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/launch_nest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/str.h"
#include "run/file.h"
#include "run/launch/conmon.h"
#include "run/launch/nest.h"

/* Nobody who waits for the end of our output waits for the container. */
static void let_go(const int *keep, size_t n)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	proc_close_others(keep, n);
}

/* The number that conmon wrote of itself, here in the nest. */
static pid_t conmon_of(const struct launch *l)
{
	auto_free char *path = NULL;
	auto_buf text = BUF_INIT(64);
	uint64_t pid;

	if (asprintf(&path, "%s/conmon.pid", l->folder) < 0)
		return -1;
	return fs_read_user(path, 32, &text, NULL) == 0 &&
			       str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, &pid, NULL) == 0
		       ? (pid_t)pid
		       : -1;
}

/* The nest's first process. conmon leaves its parent at once and becomes our child. */
static _Noreturn void be_first(const struct launch *l, struct gate *g, int report)
{
	struct pollfd heard = { .fd = report };
	const int keep[] = { report, g->go };
	static struct err e; /* large for a stack */
	pid_t conmon, pid;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The one that it counts for may be gone already. */
	if (poll(&heard, 1, 0) > 0)
		_exit(1);
	(void)prctl(PR_SET_NAME, "plimsoll-nest");
	let_go(keep, 2);
	r = unshare(CLONE_NEWNS) < 0 || mount("proc", "/proc", "proc",
					      MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
		    ? FAIL_SYS(&e, "mount /proc for the container's monitor")
		    : launch_conmon(l, g, &e);
	(void)fs_write_all(report, &e, sizeof(e), NULL);
	(void)close(report);
	if (r < 0)
		_exit(1);
	conmon = conmon_of(l);
	do {
		pid = waitpid(-1, NULL, 0);
	} while (pid != conmon && (pid > 0 || errno == EINTR));
	_exit(0);
}

/* What the nest's first process says, once. */
static int await(int report, pid_t nest, const sigset_t *watched, struct err *e)
{
	auto_close int signals = -1;
	struct pollfd p[2] = { { .fd = report, .events = POLLIN }, { .events = POLLIN } };
	bool asked = false;
	sigset_t set = *watched;
	struct err said;

	(void)sigdelset(&set, SIGCHLD);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	p[1].fd = signals;
	while (!p[0].revents) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return FAIL_SYS(e, "poll");
		if (p[1].revents) {
			asked = true;
			p[1].fd = -1;
			p[1].revents = 0;
			(void)kill(nest, SIGKILL);
		}
	}
	if (read(report, &said, sizeof(said)) != (ssize_t)sizeof(said))
		return asked ? FAIL(e, E_SIGNAL, "interrupted")
			     : FAIL(e, E_SYSTEM, "the container's monitor was killed");
	if (said.code == E_OK)
		return 0;
	if (e)
		*e = said;
	return (int)said.code;
}

static int note_supervisor(const struct launch *l, struct err *e)
{
	auto_close int dir = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[24];
	const int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	return dir < 0 ? FAIL_SYS(e, "open '%s'", l->folder)
		       : file_put(dir, SUPERVISOR_PID, text, (size_t)n, e);
}

int launch_nest(const struct launch *l, struct gate *g, const sigset_t *watched, pid_t *ret,
		struct err *e)
{
	/* Its parent are we. */
	int r = g->pasta.pid > 0 ? network_started(&g->pasta, e) : 0, ends[2];
	pid_t pid;

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	(void)fflush(NULL);
	/* What we fork later is not to be in there, as it would be after unshare(2). */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_NEWPID, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		(void)close(ends[0]);
		be_first(l, g, ends[1]);
	}
	r = pid < 0 ? FAIL_SYS(e, "make a process namespace") : nest_note(l->folder, pid, e);
	if (r == 0)
		r = note_supervisor(l, e);
	(void)close(ends[1]);
	if (r == 0)
		r = await(ends[0], pid, watched, e);
	(void)close(ends[0]);
	if (r < 0 && pid > 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (r == 0)
		*ret = pid;
	return r;
}

/* conmon writes it, if nobody kills it before. */
static void make_sure_of_exit(const struct launch *l)
{
	auto_close int dir = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0 && faccessat(dir, "exit", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		(void)file_put(dir, "exit", "137", 3, NULL);
}

void launch_nest_attend(const struct launch *l, pid_t nest, const sigset_t *watched)
{
	auto_strv argv = { 0 };
	sigset_t none;
	pid_t pid;
	int r = 0;

	(void)sigemptyset(&none);
	let_go(NULL, 0);
	/* One signal may tell of several ends: the guard's comes together with the nest's. */
	while ((pid = waitpid(-1, NULL, WNOHANG)) != nest)
		if (pid == 0 && sigwaitinfo(watched, NULL) == SIGTERM)
			(void)kill(nest, SIGKILL);
	make_sure_of_exit(l);
	for (size_t i = 0; r == 0 && l->exit_command && l->exit_command[i]; i++)
		r = strv_add(&argv, l->exit_command[i], NULL);
	if (r == 0)
		r = strv_add(&argv, l->id, NULL);
	for (int s = 1; s < 32; s++)
		(void)signal(s, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (r == 0 && l->exit_command)
		(void)execv(argv.v[0], argv.v);
	_exit(1);
}
