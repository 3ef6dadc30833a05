/* SPDX-License-Identifier: Apache-2.0 */
/* A child that loads somebody's library, such as a token's: what can be taken from it all the same.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "sandbox/lockdown.h"

/* Threads it may start, processes and programs not; of other processes it can touch none. */
static int forbid_processes(scmp_filter_ctx f)
{
	static const int calls[] = { SCMP_SYS(execve),	    SCMP_SYS(execveat),
				     SCMP_SYS(fork),	    SCMP_SYS(vfork),
				     SCMP_SYS(kill),	    SCMP_SYS(pidfd_open),
				     SCMP_SYS(pidfd_getfd), SCMP_SYS(prctl) };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	return r < 0 ? r
		     : seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
					SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

int lockdown_module(const struct sandbox *s, struct err *e)
{
	scmp_filter_ctx f;
	int r;

	if (lockdown_forbid() < 0)
		return FAIL_SYS(e, "load the system call filter");
	f = seccomp_init(SCMP_ACT_ALLOW);
	r = f ? forbid_processes(f) : -ENOMEM;
	/* Tokens are reached by files, devices and local sockets; over a network when it is said.
	 */
	if (r == 0 && !s->network)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	r = r < 0 ? r : seccomp_load(f);
	if (f)
		seccomp_release(f);
	if (r < 0) {
		errno = -r;
		return FAIL_SYS(e, "load the system call filter");
	}
	return 0;
}
