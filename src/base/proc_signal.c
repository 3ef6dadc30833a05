/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/proc.h"

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

void proc_catch_signals(void)
{
	const struct sigaction sa = { .sa_handler = on_signal };

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int proc_interrupted(struct err *e)
{
	return caught ? FAIL(e, E_SIGNAL, "interrupted") : 0;
}

int proc_wait_input(int fd, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	sigset_t both, before;
	int n = 0, r;

	(void)sigemptyset(&both);
	(void)sigaddset(&both, SIGINT);
	(void)sigaddset(&both, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &both, &before);
	do {
		r = proc_interrupted(e);
		if (r == 0 && (n = ppoll(&p, 1, NULL, &before)) < 0 && errno != EINTR)
			r = FAIL_SYS(e, "ppoll");
	} while (r == 0 && n <= 0);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
