/* SPDX-License-Identifier: Apache-2.0 */
#include "base/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"

enum { FIRST_SUBID = 100000, SUBIDS_GIVEN = 65536, LIMIT_MAP = 64 * 1024 };

static bool entered;
static uid_t user_before;

/* --- /etc/subuid and /etc/subgid --- */

static bool is_owner(struct str owner, const char *name, uid_t uid)
{
	uint64_t n;

	return (name && str_eqz(owner, name)) ||
	       (str_u64(owner, UINT32_MAX, &n, NULL) == 0 && n == uid);
}

static bool parse_line(struct str line, struct str *ret_owner, uint64_t *ret_first, uint64_t *ret_n)
{
	struct str first;

	return str_cut(&line, ':', ret_owner) && str_cut(&line, ':', &first) &&
	       str_u64(first, UINT32_MAX - 1, ret_first, NULL) == 0 &&
	       str_u64(line, UINT32_MAX - *ret_first, ret_n, NULL) == 0 && *ret_n > 0;
}

int subids_parse(struct str text, const char *name, uid_t uid, struct subids *ret,
		 uint32_t *ret_free, struct err *e)
{
	uint64_t first, n, end = FIRST_SUBID;
	struct str line, owner;
	struct subids s = { .n = 0 };

	while (str_line(&text, &line)) {
		if (!parse_line(str_trim(line), &owner, &first, &n))
			continue;
		end = first + n > end ? first + n : end;
		if (!is_owner(owner, name, uid))
			continue;
		if (s.n == LIMIT_SUBID_RANGES)
			return FAIL(e, E_FORMAT, "more than %d ranges for one user",
				    LIMIT_SUBID_RANGES);
		s.v[s.n].first = (uint32_t)first;
		s.v[s.n++].n = (uint32_t)n;
	}
	*ret = s;
	*ret_free = (uint32_t)end;
	return 0;
}

/* The command that gives a user subordinate ids that nobody has yet. */
static int fail_without(const char *file, const char *name, uint32_t users, uint32_t groups,
			struct err *e)
{
	int r = FAIL(e, E_SYSTEM,
		     "%s gives user %s no subordinate ids: files of other owners than yourself "
		     "could not be made",
		     file, name);

	return err_hint(e, r, "as root: usermod --add-subuids %llu-%llu --add-subgids %llu-%llu %s",
			(unsigned long long)users, (unsigned long long)users + SUBIDS_GIVEN - 1,
			(unsigned long long)groups, (unsigned long long)groups + SUBIDS_GIVEN - 1,
			name);
}

static int read_subids(const char *file, const char *name, uid_t uid, struct subids *ret,
		       uint32_t *ret_free, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_SUBIDS_FILE);
	int r = fs_read_user(file, LIMIT_SUBIDS_FILE, &text, e);

	if (r == E_NOTFOUND)
		r = 0; /* nobody has any */
	if (r == 0)
		r = subids_parse((struct str){ buf_str(&text), text.n }, name, uid, ret, ret_free,
				 e);
	return r < 0 ? WRAP(e, r, "%s", file) : 0;
}

/* --- the map, written from outside by the setuid helpers --- */

/* "newuidmap PID 0 OWN 1 1 FIRST N ..." */
static int write_map(const char *program, pid_t pid, uint32_t own, const struct subids *s,
		     struct err *e)
{
	auto_strv argv = { 0 };
	uint64_t inside = 1;
	int r = strv_add(&argv, program, e);

	r = r < 0 ? r : strv_addf(&argv, e, "%d", (int)pid);
	r = r < 0 ? r : strv_add(&argv, "0", e);
	r = r < 0 ? r : strv_addf(&argv, e, "%u", own);
	r = r < 0 ? r : strv_add(&argv, "1", e);
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		uint64_t n = s->v[i].n;

		/* 4294967295 is no id. */
		n = inside + n > UINT32_MAX ? UINT32_MAX - inside : n;
		if (n == 0)
			break;
		r = strv_addf(&argv, e, "%llu", (unsigned long long)inside);
		r = r < 0 ? r : strv_addf(&argv, e, "%u", s->v[i].first);
		r = r < 0 ? r : strv_addf(&argv, e, "%llu", (unsigned long long)n);
		inside += n;
	}
	return r < 0 ? r : proc_run((const char *const *)argv.v, -1, NULL, e);
}

struct maps {
	struct subids users, groups;
};

static int plan_maps(struct maps *ret, struct err *e)
{
	char room[4096], number[16];
	struct passwd pw, *found = NULL;
	uint32_t free_user = 0, free_group = 0;
	const char *name = NULL;
	int r;

	if (getpwuid_r(getuid(), &pw, room, sizeof(room), &found) == 0 && found)
		name = found->pw_name;
	(void)snprintf(number, sizeof(number), "%u", getuid());
	r = read_subids("/etc/subuid", name, getuid(), &ret->users, &free_user, e);
	if (r == 0)
		r = read_subids("/etc/subgid", name, getuid(), &ret->groups, &free_group, e);
	if (r < 0 || (ret->users.n && ret->groups.n))
		return r;
	return fail_without(ret->users.n ? "/etc/subgid" : "/etc/subuid", name ?: number, free_user,
			    free_group, e);
}

/* In a child, which stays outside: waits until its parent is inside, then maps its ids. The pipe
 * that closes without a word says that the parent went another way. */
static _Noreturn void map_parent(const struct maps *m, pid_t parent, int go, int report)
{
	struct err e = ERR_INIT;
	char word;
	ssize_t n;

	do {
		n = read(go, &word, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1) {
		(void)write_map("newuidmap", parent, getuid(), &m->users, &e);
		if (e.code == E_OK)
			(void)write_map("newgidmap", parent, getgid(), &m->groups, &e);
		(void)fs_write_all(report, &e, sizeof(e), NULL);
	}
	_exit(0);
}

static int fail_unshare(struct err *e)
{
	int why = errno, r = FAIL_SYS(e, "make a user namespace");

	if (why == ENOSPC)
		return err_hint(e, r, "as root: sysctl -w user.max_user_namespaces=10000");
	if (why == EPERM && access("/proc/sys/kernel/unprivileged_userns_clone", F_OK) == 0)
		return err_hint(e, r, "as root: sysctl -w kernel.unprivileged_userns_clone=1");
	return err_hint(e, r, "run it as root");
}

/* Our half: in, then the word to the child and its answer. */
static int enter_and_wait(int go, int report, struct err *e)
{
	struct err why;
	size_t n = 0;

	if (unshare(CLONE_NEWUSER) < 0)
		return fail_unshare(e);
	if (write(go, "m", 1) != 1)
		return FAIL_SYS(e, "user namespace: tell the helper");
	while (n < sizeof(why)) {
		ssize_t got = read(report, (char *)&why + n, sizeof(why) - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL(e, E_SYSTEM, "user namespace: the helper was killed");
		n += (size_t)got;
	}
	if (why.code != E_OK) {
		if (e)
			*e = why;
		return WRAP(e, (int)why.code, "map the ids of the user namespace");
	}
	/* The namespace keeps the ids; what they are called has changed. */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return FAIL_SYS(e, "become root of the user namespace");
	return 0;
}

static void note_entered(uid_t user)
{
	entered = true;
	user_before = user;
}

int userns_enter(struct err *e)
{
	struct maps *m = calloc(1, sizeof(*m));
	auto_free struct maps *owned = m;
	const uid_t user = geteuid();
	int go[2], report[2], status, r;
	pid_t pid, parent = getpid();

	if (!m)
		return FAIL_NOMEM(e);
	r = plan_maps(m, e);
	if (r < 0)
		return r;
	if (pipe2(go, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	auto_close int go_in = go[0], go_out = go[1];

	if (pipe2(report, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	auto_close int report_in = report[0], report_out = report[1];

	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0) {
		(void)close(TAKE_FD(go_out));
		map_parent(m, parent, go_in, report_out);
	}
	(void)close(TAKE_FD(report_out));
	r = enter_and_wait(go_out, report_in, e);
	(void)close(TAKE_FD(go_out));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (r == 0)
		note_entered(user);
	return r;
}

int userns_join(int pidfd, struct err *e)
{
	const uid_t user = geteuid();

	/* EINVAL: we are in it. */
	if (setns(pidfd, CLONE_NEWUSER) < 0)
		return errno == EINVAL ? 0 : FAIL_SYS(e, "enter the container's user namespace");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return FAIL_SYS(e, "become root of the user namespace");
	note_entered(user);
	return 0;
}

/* What a child tells. */
struct answer {
	int r;
	struct err e;
};

static _Noreturn void answer(int (*fn)(void *arg, struct err *e), void *arg, int report)
{
	struct answer a = { .e = ERR_INIT };

	a.r = userns_enter(&a.e);
	if (a.r == 0)
		a.r = fn(arg, &a.e);
	(void)fflush(NULL);
	(void)fs_write_all(report, &a, sizeof(a), NULL);
	_exit(0);
}

int userns_call(int (*fn)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct answer a = { .e = ERR_INIT };
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (geteuid() == 0)
		return fn(arg, e);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		answer(fn, arg, ends[1]);
	(void)close(ends[1]);
	/* Less than a pipe holds: it comes in one piece. */
	while ((n = read(ends[0], &a, sizeof(a))) < 0 && errno == EINTR)
		;
	(void)close(ends[0]);
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(a))
		return FAIL(e, E_SYSTEM, "the process in the user namespace was killed");
	if (a.r < 0 && e)
		*e = a.e;
	return a.r;
}

/* --- where we are --- */

/* The lines "INSIDE OUTSIDE COUNT" of a map: whether it is that of the first namespace, and how
 * many ids there are from 0 on without a gap. */
static bool read_map(const char *file, bool *ret_first, uint32_t *ret_ids)
{
	auto_buf text = BUF_INIT(LIMIT_MAP);
	unsigned inside, outside, n, ids = 0;
	struct str rest, line;

	if (fs_read_user(file, LIMIT_MAP, &text, NULL) < 0)
		return false;
	rest = (struct str){ buf_str(&text), text.n };
	*ret_first = false;
	while (str_line(&rest, &line)) {
		if (sscanf(line.p, "%u %u %u", &inside, &outside, &n) != 3)
			continue;
		*ret_first |= inside == 0 && outside == 0 && n == UINT32_MAX;
		/* In the order that they were written: ours is ascending. */
		ids = inside == ids ? ids + n : ids;
	}
	*ret_ids = ids;
	return true;
}

bool userns_inside(void)
{
	static int known; /* 1 no, 2 yes */
	bool first;
	uint32_t ids;

	if (entered)
		return true;
	if (known == 0 && read_map("/proc/self/uid_map", &first, &ids))
		known = first ? 1 : 2;
	return known == 2;
}

uint32_t userns_ids(void)
{
	bool first;
	uint32_t users = UINT32_MAX, groups = UINT32_MAX;

	if (!userns_inside())
		return UINT32_MAX;
	(void)read_map("/proc/self/uid_map", &first, &users);
	(void)read_map("/proc/self/gid_map", &first, &groups);
	return users < groups ? users : groups;
}

/* Who an id of this namespace is in the one around it. */
static bool outer_id(uid_t id, uid_t *ret)
{
	auto_buf text = BUF_INIT(LIMIT_MAP);
	unsigned inside, outside, n;
	struct str rest, line;

	if (fs_read_user("/proc/self/uid_map", LIMIT_MAP, &text, NULL) < 0)
		return false;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		if (sscanf(line.p, "%u %u %u", &inside, &outside, &n) != 3)
			continue;
		if (id < inside || id - inside >= n)
			continue;
		*ret = outside + (id - inside);
		return true;
	}
	return false;
}

/* Whether we made this namespace: an ordinary user's own. That of a machine, such as a system
 * container, was made by somebody outside. */
static bool is_own(void)
{
	auto_close int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	uid_t maker;

	return fd >= 0 && ioctl(fd, NS_GET_OWNER_UID, &maker) == 0 && maker == geteuid();
}

bool userns_entered(void)
{
	return entered;
}

uid_t userns_user(void)
{
	uid_t outer;

	if (entered)
		return user_before;
	if (userns_inside() && is_own() && outer_id(geteuid(), &outer))
		return outer;
	return geteuid();
}
