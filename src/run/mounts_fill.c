/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that work on a container's files before it starts, as its own root: what the image holds
 * is hostile, and what they make has the container's ids. */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "run/berth.h"
#include "run/mounts.h"

enum { LIMIT_SAID = 16 * 1024, FILL_TIMEOUT_MS = 600 * 1000 };

/* In the child. In a user's own namespace we are that root already. */
static int become_root(void *arg)
{
	const struct berth *berth = arg;

	if (berth->userns < 0)
		return 0;
	if (setns(berth->userns, CLONE_NEWUSER) < 0)
		return -1;
	return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? -1 : 0;
}

static int run_inside(const struct berth *berth, const char *const *argv, const char *what,
		      struct err *e)
{
	auto_close int said = memfd_create("said", MFD_CLOEXEC);
	auto_buf text = BUF_INIT(LIMIT_SAID);
	struct berth copy = *berth;
	const int keep[] = { berth->userns };
	pid_t pid;
	int status = 0, r;

	if (said < 0)
		return FAIL_SYS(e, "memfd_create");

	const struct proc p = { .argv = argv,
				.in = -1,
				.out = -1,
				.err = said,
				.keep = keep,
				.keep_n = berth->userns >= 0,
				.die_with_parent = true,
				.prepare = become_root,
				.prepare_arg = &copy };

	r = proc_start(&p, &pid, e);
	if (r == 0)
		r = proc_wait(pid, FILL_TIMEOUT_MS, &status, e);
	if (r < 0 || status == 0)
		return r;
	if (lseek(said, 0, SEEK_SET) == 0)
		(void)fs_read_fd(said, what, LIMIT_SAID, &text, NULL);
	return FAIL(e, E_SYSTEM, "%s: %s exits with %d: %.300s", what, argv[0], status,
		    buf_str(&text));
}

int mounts_fill(const struct berth *berth, const char *from, const char *to, struct err *e)
{
	const char *const argv[] = { "cp", "--archive", "--no-target-directory", "--", from,
				     to,   NULL };

	return run_inside(berth, argv, "fill a volume from the image", e);
}

int mounts_own(const struct berth *berth, const char *path, const struct user *user, struct err *e)
{
	char owner[32];
	const char *const argv[] = { "chown", "--recursive", "--no-dereference", "-P", "--", owner,
				     path,    NULL };

	(void)snprintf(owner, sizeof(owner), "%u:%u", user->uid, user->gid);
	return run_inside(berth, argv, "give a volume to the container's user", e);
}
