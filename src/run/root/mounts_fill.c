/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that work on a container's files before it starts, as its own root: what the image holds
 * is hostile, and what they make has the container's ids. */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "run/root/berth.h"
#include "run/root/mounts.h"
#include "sandbox/landlock.h"

enum { LIMIT_SAID = 16 * 1024, FILL_TIMEOUT_MS = 600 * 1000 };

/* Whose it is, and the only folder in which it may write. */
struct worker {
	int userns;
	const char *folder;
};

/*
 * The folder may be another container's, too, which puts a link in the place of a folder while the
 * program walks there by path (CVE-2021-30465): what it leads to is not written to.
 */
static int write_there_only(const char *folder)
{
	const struct landlock_scope files = { .read = false };
	auto_landlock l = { .rules = -1 };

	if (landlock_begin_scope(&l, &files) < 0 || landlock_allow(&l, "/", LANDLOCK_EXECUTE) < 0 ||
	    landlock_allow(&l, folder, LANDLOCK_OWN) < 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : landlock_restrict(&l);
}

/* In the child. In a user's own namespace we are that root already. */
static int become_root(void *arg)
{
	const struct worker *w = arg;

	if (w->userns >= 0 && (setns(w->userns, CLONE_NEWUSER) < 0 || setresgid(0, 0, 0) < 0 ||
			       setresuid(0, 0, 0) < 0))
		return -1;
	return write_there_only(w->folder);
}

static int run_inside(const struct berth *berth, const char *folder, const char *const *argv,
		      const char *what, struct err *e)
{
	auto_close int said = memfd_create("said", MFD_CLOEXEC);
	auto_buf text = BUF_INIT(LIMIT_SAID);
	struct worker worker = { berth->userns, folder };
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
				.prepare_arg = &worker };

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

	return run_inside(berth, to, argv, "fill a volume from the image", e);
}

int mounts_own(const struct berth *berth, const char *path, const struct user *user, struct err *e)
{
	char owner[32];
	const char *const argv[] = { "chown", "--recursive", "--no-dereference", "-P", "--", owner,
				     path,    NULL };

	(void)snprintf(owner, sizeof(owner), "%u:%u", user->uid, user->gid);
	return run_inside(berth, path, argv, "give a volume to the container's user", e);
}
