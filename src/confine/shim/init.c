/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/shim/init.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child; /* written before any handler can run */

/* What a process causes itself, and what is about children and the terminal, is not handed on. */
static bool is_handed_on(int sig)
{
	static const int others[] = { SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS,  SIGFPE,
				      SIGILL,  SIGTRAP, SIGSYS,	 SIGABRT, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (sig == others[i])
			return false;
	return true;
}

/* One that changed its user may be out of reach: then all of them end, and with them it. */
static void hand_on(int sig)
{
	const int before = errno;

	if (kill(child, sig) < 0 && errno == EPERM &&
	    (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT || sig == SIGHUP))
		_exit(128 + sig);
	errno = before;
}

static void handle(void (*handler)(int))
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = SA_RESTART };

	(void)sigfillset(&a.sa_mask);
	for (int sig = 1; sig < NSIG; sig++)
		if (is_handed_on(sig))
			(void)sigaction(sig, &a, NULL); /* not those of the C library */
	a.sa_handler = handler == SIG_DFL ? SIG_DFL : SIG_IGN;
	(void)sigaction(SIGTTIN, &a, NULL);
	(void)sigaction(SIGTTOU, &a, NULL);
}

static _Noreturn void attend(void)
{
	int status = 0;
	pid_t pid;

	while ((pid = wait(&status)) != child)
		if (pid < 0 && errno != EINTR)
			_exit(125);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int init_fork(void)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, &before) < 0)
		return -1;
	/* In another's process namespace it is not the first. */
	if (getpid() != 1)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	handle(hand_on);
	child = fork();
	if (child < 0)
		return -1;
	if (child > 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		attend();
	}
	/* Of the terminal's signals only the foreground hears; SIGTTOU is ignored until then. */
	if (setpgid(0, 0) == 0)
		(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	handle(SIG_DFL);
	return sigprocmask(SIG_SETMASK, &before, NULL);
}
