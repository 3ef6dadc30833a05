/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "confine/guard/guard.h"
#include "confine/guard/task.h"

#ifndef ST_RDONLY
#define ST_RDONLY 1
#define ST_NOEXEC 8
#endif

enum kind {
	OPEN,	/* to write: path and flags */
	MAKE,	/* a new name */
	NODE,	/* the same; a device needs more */
	TAKE,	/* a name away */
	MOVE,	/* one away, one new */
	MODE,	/* the owner's to change */
	OWNER,	/* to give away */
	CHANGE, /* what is in it */
	EXEC,
	USER,
	GROUP,
	GROUPS,
};

enum { NONE = -1 };

/* Which arguments they are; NONE: the working folder. Only these calls go on, and all of them are
 * in the allow list (tests/unit/confine). */
static const struct look {
	int nr;
	enum kind kind;
	int folder, path, value; /* value: flags, mode, or the first id */
} calls[] = {
#ifdef SYS_open
	{ SYS_open, OPEN, NONE, 0, 1 },		 { SYS_creat, OPEN, NONE, 0, NONE },
	{ SYS_mkdir, MAKE, NONE, 0, NONE },	 { SYS_mknod, NODE, NONE, 0, 1 },
	{ SYS_unlink, TAKE, NONE, 0, NONE },	 { SYS_rmdir, TAKE, NONE, 0, NONE },
	{ SYS_rename, MOVE, NONE, 0, NONE },	 { SYS_link, MAKE, NONE, 1, NONE },
	{ SYS_symlink, MAKE, NONE, 1, NONE },	 { SYS_chmod, MODE, NONE, 0, NONE },
	{ SYS_chown, OWNER, NONE, 0, 1 },	 { SYS_lchown, OWNER, NONE, 0, 1 },
#endif
	{ SYS_openat, OPEN, 0, 1, 2 },		 { SYS_mkdirat, MAKE, 0, 1, NONE },
	{ SYS_mknodat, NODE, 0, 1, 2 },		 { SYS_unlinkat, TAKE, 0, 1, NONE },
#ifdef SYS_renameat
	{ SYS_renameat, MOVE, 0, 1, NONE },
#endif
	{ SYS_renameat2, MOVE, 0, 1, NONE },	 { SYS_linkat, MAKE, 2, 3, NONE },
	{ SYS_symlinkat, MAKE, 1, 2, NONE },	 { SYS_fchmodat, MODE, 0, 1, NONE },
	{ SYS_fchownat, OWNER, 0, 1, 2 },	 { SYS_fchown, OWNER, 0, NONE, 1 },
	{ SYS_truncate, CHANGE, NONE, 0, NONE }, { SYS_execve, EXEC, NONE, 0, NONE },
	{ SYS_execveat, EXEC, 0, 1, NONE },	 { SYS_setuid, USER, NONE, NONE, 1 },
	{ SYS_setreuid, USER, NONE, NONE, 2 },	 { SYS_setresuid, USER, NONE, NONE, 3 },
	{ SYS_setgid, GROUP, NONE, NONE, 1 },	 { SYS_setregid, GROUP, NONE, NONE, 2 },
	{ SYS_setresgid, GROUP, NONE, NONE, 3 }, { SYS_setgroups, GROUPS, NONE, NONE, NONE },
};

static const struct look *look_of(int nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

bool look_goes_on(int nr)
{
	return look_of(nr) != NULL;
}

/* One that is being looked at. */
struct looking {
	const struct look *look;
	const uint64_t *args;
	struct task task;
	char path[TASK_PATH];
	struct guard_note *note;
};

/* As much of it as a note has room for. */
static void keep_path(const struct looking *l)
{
	const size_t n = strnlen(l->path, sizeof(l->note->detail) - 1);

	memcpy(l->note->detail, l->path, n);
	l->note->detail[n] = '\0';
}

static bool refused(struct looking *l, enum guard_rule rule, unsigned cap, int error)
{
	l->note->rule = rule;
	l->note->cap = cap;
	l->note->error = error;
	if (!l->note->detail[0])
		keep_path(l);
	return true;
}

static bool has_flag(int fd, long flag)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_flags & flag;
}

/* Root's lack of a capability is worth a word; that another user may not is as it is anywhere. */
static bool lacks_override(const struct looking *l, const struct stat *st, unsigned want)
{
	return l->task.uid[3] == 0 && !task_has(&l->task, CAP_DAC_OVERRIDE) &&
	       task_denied(&l->task, st, want);
}

/* A name in the folder that path lies in is to come or to go. */
static bool in_folder(struct looking *l)
{
	char *parent = l->path; /* the note has the whole path by now */
	struct stat st;
	bool found = false;
	int fd;

	keep_path(l);
	if (!task_parent(parent))
		return false;
	fd = task_open(l->task.pid, parent, true);
	if (fd < 0)
		return false;
	if (has_flag(fd, ST_RDONLY))
		found = refused(l, GUARD_READONLY, 0, EROFS);
	else if (fstat(fd, &st) == 0 && lacks_override(l, &st, 3))
		found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	(void)close(fd);
	return found;
}

static bool look_open(struct looking *l)
{
	const uint64_t flags =
		l->look->value == NONE ? O_CREAT | O_WRONLY | O_TRUNC : l->args[l->look->value];
	const bool fresh = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	/* The runtime opens one of its own anew so, before it executes the command. */
	const bool own = strncmp(l->path, "/proc/self/fd/", strlen("/proc/self/fd/")) == 0;
	const int fd = own ? -1 : task_open(l->task.pid, l->path, !fresh && !(flags & O_NOFOLLOW));
	struct stat st;
	bool found = false;

	if (own)
		return false;
	if (fd < 0)
		return errno == ENOENT && flags & O_CREAT && in_folder(l);
	if (!fresh && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flags & (O_WRONLY | O_RDWR | O_TRUNC)) {
		if (has_flag(fd, ST_RDONLY))
			found = refused(l, GUARD_READONLY, 0, EROFS);
		else if (lacks_override(l, &st, 2))
			found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	}
	(void)close(fd);
	return found;
}

static bool look_make(struct looking *l)
{
	const int fd = task_open(l->task.pid, l->path, false);
	const uint64_t type = l->look->kind == NODE ? l->args[l->look->value] & S_IFMT : 0;

	if (fd >= 0) {
		(void)close(fd); /* EEXIST */
		return false;
	}
	if (type == S_IFBLK || (type == S_IFCHR))
		return refused(l, GUARD_CAPABILITY, CAP_MKNOD, EPERM);
	return errno == ENOENT && in_folder(l);
}

/* Of one that is not there the same is said by the kernel, and nobody minds. */
static bool look_take(struct looking *l)
{
	const int fd = task_open(l->task.pid, l->path, false);

	if (fd < 0)
		return false;
	(void)close(fd);
	return in_folder(l);
}

static bool may_give(const struct looking *l, const struct stat *st)
{
	const uint32_t uid = (uint32_t)l->args[l->look->value],
		       gid = (uint32_t)l->args[l->look->value + 1];
	bool own_group = gid == UINT32_MAX || gid == st->st_gid || gid == l->task.gid[3];

	for (size_t i = 0; i < l->task.groups_n; i++)
		own_group |= gid == l->task.groups[i];
	if (uid == UINT32_MAX && gid == UINT32_MAX)
		return true;
	return task_has(&l->task, CAP_CHOWN) ||
	       (l->task.uid[3] == st->st_uid && (uid == UINT32_MAX || uid == st->st_uid) &&
		own_group);
}

static bool look_change(struct looking *l)
{
	const int fd = l->look->path == NONE ? task_open_fd(l->task.pid, (int)l->args[0])
					     : task_open(l->task.pid, l->path, true);
	struct stat st;
	bool found = false;

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	if (has_flag(fd, ST_RDONLY))
		found = refused(l, GUARD_READONLY, 0, EROFS);
	else if (l->look->kind == OWNER && !may_give(l, &st))
		found = refused(l, GUARD_CAPABILITY, CAP_CHOWN, EPERM);
	else if (l->look->kind == MODE && l->task.uid[3] == 0 && st.st_uid != 0 &&
		 !task_has(&l->task, CAP_FOWNER))
		found = refused(l, GUARD_CAPABILITY, CAP_FOWNER, EPERM);
	else if (l->look->kind == CHANGE && lacks_override(l, &st, 2))
		found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	(void)close(fd);
	return found;
}

static bool look_exec(struct looking *l)
{
	const int fd = task_open(l->task.pid, l->path, true);
	struct stat st;
	bool found = false;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111 &&
	    has_flag(fd, ST_NOEXEC))
		found = refused(l, GUARD_NOEXEC, 0, EACCES);
	if (fd >= 0)
		(void)close(fd);
	return found;
}

/* Each id must be one that the process has already. */
static bool look_ids(struct looking *l, const uint32_t own[4], unsigned cap)
{
	if (task_has(&l->task, cap))
		return false;
	for (int i = 0; i < l->look->value; i++) {
		const uint32_t id = (uint32_t)l->args[i];

		if (id == UINT32_MAX || id == own[0] || id == own[1] || id == own[2])
			continue;
		(void)snprintf(l->note->detail, sizeof(l->note->detail), "%u", id);
		return refused(l, GUARD_CAPABILITY, cap, EPERM);
	}
	return false;
}

static bool look_at(struct looking *l)
{
	switch (l->look->kind) {
	case OPEN: return look_open(l);
	case MAKE:
	case NODE: return look_make(l);
	case TAKE:
	case MOVE: return look_take(l);
	case MODE:
	case OWNER:
	case CHANGE: return look_change(l);
	case EXEC: return look_exec(l);
	case USER: return look_ids(l, l->task.uid, CAP_SETUID);
	case GROUP: return look_ids(l, l->task.gid, CAP_SETGID);
	case GROUPS:
		return !task_has(&l->task, CAP_SETGID) &&
		       refused(l, GUARD_CAPABILITY, CAP_SETGID, EPERM);
	}
	return false;
}

bool look(const struct seccomp_notif *call, struct guard_note *ret)
{
	static struct looking l;
	const struct look *k = look_of(call->data.nr);
	const int folder = k && k->folder != NONE ? (int)call->data.args[k->folder] : AT_FDCWD;

	if (!k)
		return false;
	l = (struct looking){ .look = k, .args = (const uint64_t *)call->data.args, .note = ret };
	ret->nr = call->data.nr;
	if (k->path != NONE &&
	    !task_path((pid_t)call->pid, folder, call->data.args[k->path], l.path))
		return false;
	return task_read((pid_t)call->pid, &l.task) && look_at(&l);
}
