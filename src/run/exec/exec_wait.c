/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/exec/exec_wait.h"
#include "run/launch/foreground.h"
#include "run/launch/nest.h"

enum { LOOKS = 100, LOOK_MS = 10 };

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };

int exec_wait_begin(struct exec_wait *w, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		(void)sigaddset(&set, forwarded[i]);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (w->signals < 0)
		return FAIL_SYS(e, "signalfd");
	(void)sigprocmask(SIG_BLOCK, &set, &w->before);
	return 0;
}

void exec_wait_child(const struct exec_wait *w)
{
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		(void)signal(forwarded[i], SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &w->before, NULL);
}

static pid_t read_pid(const struct container *c, const char *pidfile)
{
	auto_buf text = BUF_INIT(64);
	uint64_t pid = 0;
	struct process_id nest;

	if (fs_read(c->fd, pidfile, 32, &text, NULL) < 0 ||
	    str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, &pid, NULL) < 0 || pid <= 1)
		return 0;
	return nest_of(c->folder, &nest) ? nest_process(&nest, (pid_t)pid) : (pid_t)pid;
}

/* It is there a moment after the runtime was started. */
static pid_t await_pid(const struct container *c, const char *pidfile, struct pollfd *over)
{
	pid_t pid = read_pid(c, pidfile);

	for (int n = 0; pid == 0 && n < LOOKS && poll(over, 1, LOOK_MS) == 0; n++)
		pid = read_pid(c, pidfile);
	return pid;
}

/* reached: what our terminal sends reaches the process by itself. */
static void pass_on(const struct signalfd_siginfo *si, pid_t pid, pid_t runtime, bool reached)
{
	const int sig = (int)si->ssi_signo;

	if (sig == SIGWINCH)
		terminal_pass_size(pid);
	else if (si->ssi_code != SI_KERNEL || !reached)
		(void)kill(pid > 0 ? pid : runtime, sig);
}

int exec_wait_end(struct exec_wait *w, pid_t runtime, const struct container *c,
		  const char *pidfile, struct exec_terminal *t, struct exec_profile *profile,
		  struct err *e)
{
	auto_close int process = (int)syscall(SYS_pidfd_open, runtime, 0);
	struct pollfd p[3 + EXEC_TERMINAL_FDS] = { { .fd = process, .events = POLLIN },
						   { .fd = w->signals, .events = POLLIN },
						   { .events = POLLIN } };
	const bool ours = exec_terminal_there(t);
	struct signalfd_siginfo si;
	int status = 0, r = 0;

	while (process >= 0) {
		p[2].fd = profile->ours;
		exec_terminal_wants(t, p + 3);
		if (poll(p, 3 + EXEC_TERMINAL_FDS, -1) < 0)
			continue;
		if (p[0].revents)
			break;
		if (p[1].revents && read(w->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
			pass_on(&si, await_pid(c, pidfile, &p[0]), runtime, !ours);
		if (p[2].revents)
			exec_profile_answer(profile);
		exec_terminal_attend(t, p + 3);
	}
	while (waitpid(runtime, &status, 0) < 0 && r == 0)
		if (errno != EINTR)
			r = FAIL_SYS(e, "wait for the runtime");
	exec_terminal_end(t);
	(void)close(w->signals);
	(void)sigprocmask(SIG_SETMASK, &w->before, NULL);
	return r < 0 ? r : status;
}
