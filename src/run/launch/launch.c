/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/launch/conclude.h"
#include "run/launch/launch_nest.h"
#include "run/launch/supervise.h"

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
