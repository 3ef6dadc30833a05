/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/groups/delegated.h"

enum { BACKLOG = 16, END_MS = 2000, LIMIT_GROUPS = 3 };

bool guard_available(void)
{
	const uint32_t action = SECCOMP_RET_USER_NOTIF;
	struct seccomp_notif_sizes sizes;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0;
}

/* By the folder's descriptor: its path may be longer than an address holds. */
static int listen_in(int folder, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_close int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" GUARD_SOCKET, folder);
	if (unlinkat(folder, GUARD_SOCKET, 0) < 0 && errno != ENOENT)
		return FAIL_SYS(e, "remove '" GUARD_SOCKET "'");
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, BACKLOG) < 0)
		return FAIL_SYS(e, "listen on '" GUARD_SOCKET "'");
	return TAKE_FD(s);
}

/* What an ordinary user was given: memory and processes come first. */
static size_t open_delegated(int ret[static LIMIT_GROUPS])
{
	auto_delegated d = { 0 };
	size_t n = 0;

	delegated_find(&d);
	for (size_t i = 0; i < d.in.n && n < LIMIT_GROUPS; i++) {
		const int fd = open(d.in.path[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			ret[n++] = fd;
	}
	return n;
}

/* Where memory and processes of control groups are told, in either version. */
static size_t open_groups(const struct launch *l, int ret[static LIMIT_GROUPS])
{
	static const char *const folders[LIMIT_GROUPS] = {
		"/sys/fs/cgroup/memory",
		"/sys/fs/cgroup/pids",
		"/sys/fs/cgroup",
	};
	size_t n = 0;

	if (l->machine->delegated)
		return open_delegated(ret);
	for (size_t i = 0; i < LIMIT_GROUPS; i++) {
		const int fd = open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			ret[n++] = fd;
	}
	return n;
}

/* What it is given; -1: not there. */
struct given {
	int listener, notes, life, userns;
	int groups[LIMIT_GROUPS];
	size_t groups_n;
};

static int add_fd(struct strv *argv, int fd, struct err *e)
{
	return strv_addf(argv, e, "%d", fd);
}

/* LISTEN OUT LIFE USERNS NETWORK CGROUP [GROUP...], as guard/main.c reads them. */
static int words(const struct launch *l, const struct given *g, struct strv *argv, struct err *e)
{
	const int fixed[] = { g->listener, g->notes, g->life, g->userns };
	auto_free char *helper = NULL;
	int r = proc_helper_path("plimsoll-guard", &helper, e);

	if (r == 0)
		r = strv_add(argv, helper, e);
	for (size_t i = 0; r == 0 && i < sizeof(fixed) / sizeof(*fixed); i++)
		r = add_fd(argv, fixed[i], e);
	if (r == 0)
		r = strv_add(argv, l->network ? "1" : "0", e);
	if (r == 0)
		r = strv_add(argv, l->cgroup + 1, e);
	for (size_t i = 0; r == 0 && i < g->groups_n; i++)
		r = add_fd(argv, g->groups[i], e);
	return r;
}

static int spawn(const struct launch *l, const struct given *g, pid_t *ret, struct err *e)
{
	int keep[4 + LIMIT_GROUPS] = { g->listener, g->notes, g->life };
	size_t keep_n = 3;
	auto_strv argv = { 0 };
	int r = words(l, g, &argv, e);

	if (g->userns >= 0)
		keep[keep_n++] = g->userns;
	for (size_t i = 0; i < g->groups_n; i++)
		keep[keep_n++] = g->groups[i];
	if (r < 0)
		return r;

	const struct proc p = { .argv = (const char *const *)argv.v,
				.in = -1,
				.out = -1,
				.err = -1,
				.keep = keep,
				.keep_n = keep_n };

	return proc_start(&p, ret, e);
}

int guard_start(const struct launch *l, const char *userns, struct guard_process *ret,
		struct err *e)
{
	auto_close int folder = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int listener = -1, notes = -1, own = -1, life = -1, ours = -1;
	struct given given;
	int ends[2], r;

	if (folder < 0)
		return FAIL_SYS(e, "open '%s'", l->folder);
	listener = listen_in(folder, e);
	if (listener < 0)
		return listener;
	notes = openat(folder, GUARD_NOTES, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (notes < 0)
		return FAIL_SYS(e, "make '" GUARD_NOTES "'");
	own = userns ? open(userns, O_RDONLY | O_CLOEXEC) : -1;
	if (userns && own < 0)
		return FAIL_SYS(e, "open '%s'", userns);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	life = ends[0];
	ours = ends[1];
	given = (struct given){ listener, notes, life, own, { 0 }, 0 };
	given.groups_n = open_groups(l, given.groups);
	r = spawn(l, &given, &ret->pid, e);
	for (size_t i = 0; i < given.groups_n; i++)
		(void)close(given.groups[i]);
	if (r < 0)
		return WRAP(e, r, "plimsoll-guard");
	ret->life = TAKE_FD(ours);
	return 0;
}

void guard_leave(struct guard_process *g)
{
	if (g->life >= 0) {
		(void)!write(g->life, "c", 1);
		(void)close(TAKE_FD(g->life));
	}
	g->pid = 0;
}

void guard_wait(struct guard_process *g)
{
	int status;

	if (g->life >= 0)
		(void)close(TAKE_FD(g->life));
	if (g->pid > 0)
		(void)proc_wait(g->pid, END_MS, &status, NULL);
	g->pid = 0;
}
