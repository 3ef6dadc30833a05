/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about files: what mounts, owners, Landlock and missing capabilities will refuse. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "confine/guard/look.h"

/* As much of it as a note has room for. */
static void keep_path(const struct looking *l)
{
	const size_t n = strnlen(l->path, sizeof(l->note->detail) - 1);

	memcpy(l->note->detail, l->path, n);
	l->note->detail[n] = '\0';
}

/* What was found there has this path when no link is followed, which is what mounts and rules go
 * by. Of /proc the name that was said is kept: the other has the number of a process. */
void look_keep_real_path(struct looking *l, int fd, const char *leaf)
{
	static char real[TASK_PATH + GUARD_DETAIL];
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/self/fd/%d", fd);
	n = readlink(link, real, TASK_PATH - 2);
	real[n < 0 ? 0 : n] = '\0';
	if (real[0] != '/' || strncmp(real, "/proc/", 6) == 0 || strstr(real, " (deleted)"))
		return;
	if (leaf && n > 1)
		real[n++] = '/';
	if (leaf)
		memcpy(real + n, leaf, strlen(leaf) + 1);
	memcpy(l->path, real, TASK_PATH);
	l->path[TASK_PATH - 1] = '\0';
	keep_path(l);
}

bool refused(struct looking *l, enum guard_rule rule, unsigned cap, int error)
{
	l->note->rule = rule;
	l->note->cap = cap;
	l->note->error = error;
	if (!l->note->detail[0])
		keep_path(l);
	return true;
}

bool look_has_flag(int fd, long flag)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_flags & flag;
}

/* Root's lack of a capability is worth a word; that another user may not is as it is anywhere. */
bool look_lacks_override(const struct looking *l, const struct stat *st, unsigned want)
{
	return l->task.uid[3] == 0 && !task_has(&l->task, CAP_DAC_OVERRIDE) &&
	       task_denied(&l->task, st, want);
}

/* Of /run, which is empty but for what the image has. */
static bool made_at_start(const char *folder)
{
	return strncmp(folder, "/run/", 5) == 0 || strncmp(folder, "/var/run/", 9) == 0;
}

/* A name in the folder that path lies in is to come or to go. */
bool look_in_folder(struct looking *l, bool adds)
{
	char *parent = l->path, leaf[GUARD_DETAIL];
	const char *slash;
	struct stat st;
	bool found = false;
	int fd;

	keep_path(l);
	slash = strrchr(parent, '/');
	(void)snprintf(leaf, sizeof(leaf), "%s", slash ? slash + 1 : parent);
	if (!task_parent(parent))
		return false;
	fd = task_open(l->task.pid, parent, true);
	if (fd < 0)
		return adds && errno == ENOENT && *leaf && made_at_start(parent) &&
		       refused(l, GUARD_UNMADE, 0, ENOENT);
	if (*leaf)
		look_keep_real_path(l, fd, leaf);
	if (look_has_flag(fd, ST_RDONLY))
		found = refused(l, GUARD_READONLY, 0, EROFS);
	else if (fstat(fd, &st) == 0 && look_lacks_override(l, &st, 3))
		found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	else if (adds && !rules_may_add(l->note->detail))
		found = refused(l, GUARD_LANDLOCK, 0, EACCES);
	(void)close(fd);
	return found;
}

bool look_open(struct looking *l)
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
		return errno == ENOENT && flags & O_CREAT && look_in_folder(l, true);
	if (fstat(fd, &st) < 0)
		st.st_mode = 0;
	if (flags & (O_WRONLY | O_RDWR | O_TRUNC | O_CREAT))
		; /* to write, or what was there already */
	else if ((S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && look_lacks_override(l, &st, 4) &&
		 !task_has(&l->task, CAP_DAC_READ_SEARCH))
		found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	if (!fresh && S_ISREG(st.st_mode) && flags & (O_WRONLY | O_RDWR | O_TRUNC)) {
		look_keep_real_path(l, fd, NULL);
		if (look_has_flag(fd, ST_RDONLY))
			found = refused(l, GUARD_READONLY, 0, EROFS);
		else if (look_lacks_override(l, &st, 2))
			found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	}
	(void)close(fd);
	return found;
}

bool look_make(struct looking *l)
{
	const int fd = task_open(l->task.pid, l->path, false);
	const uint64_t type = l->look->kind == NODE ? l->args[l->look->value] & S_IFMT : 0;

	if (fd >= 0) {
		(void)close(fd); /* EEXIST */
		return false;
	}
	if (type == S_IFBLK || (type == S_IFCHR))
		return refused(l, GUARD_CAPABILITY, CAP_MKNOD, EPERM);
	return errno == ENOENT && look_in_folder(l, true);
}

/* Of one that is not there the same is said by the kernel, and nobody minds. */
bool look_take(struct looking *l)
{
	const int fd = task_open(l->task.pid, l->path, false);

	if (fd < 0)
		return false;
	(void)close(fd);
	return look_in_folder(l, false);
}

/* What capabilities(7) calls file capabilities; with the flag "effective" a program is not executed
 * at all where they cannot be had. */
static bool lacks_file_caps(struct looking *l, int fd)
{
	struct vfs_cap_data v = { 0 };
	char path[64];
	uint64_t caps;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/self/fd/%d", fd);
	n = getxattr(path, "security.capability", &v, sizeof(v));
	if (n < (ssize_t)XATTR_CAPS_SZ_2 || !(v.magic_etc & VFS_CAP_FLAGS_EFFECTIVE))
		return false;
	caps = (v.data[0].permitted | (uint64_t)v.data[1].permitted << 32) & ~l->task.bounding;
	return caps && refused(l, GUARD_CAPABILITY, (unsigned)__builtin_ctzll(caps), EPERM);
}

bool look_exec(struct looking *l)
{
	const int fd = task_open(l->task.pid, l->path, true);
	static char words[32768];
	struct stat st;
	bool found = false;

	rules_take(words, task_file(l->task.pid, "cmdline", words, sizeof(words)));
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111) {
		if (look_has_flag(fd, ST_NOEXEC))
			found = refused(l, GUARD_NOEXEC, 0, EACCES);
		else if (!look_has_flag(fd, ST_NOSUID) && lacks_file_caps(l, fd))
			found = true;
		else if (st.st_mode & S_ISUID && st.st_uid != l->task.uid[1])
			found = refused(l, GUARD_SETID, 0, 0);
	}
	if (fd >= 0)
		(void)close(fd);
	return found;
}

/* Code of a file that is mapped: of a mount from which nothing is executed. */
bool look_load(struct looking *l)
{
	const int fd = task_open_fd(l->task.pid, (int)l->args[4]);
	bool found = false;

	if (fd >= 0 && look_has_flag(fd, ST_NOEXEC) &&
	    task_link(l->task.pid, (int)l->args[4], l->path) && l->path[0] == '/')
		found = refused(l, GUARD_NOEXEC, 0, EPERM);
	if (fd >= 0)
		(void)close(fd);
	return found;
}

/* More than there is on a file system in memory. On others nobody can tell by counting. */
bool look_room(struct looking *l)
{
	const int fd = task_open_fd(l->task.pid, (int)l->args[0]);
	struct statfs fs;
	bool found = false;

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC && fs.f_blocks &&
	    l->args[3] / (uint64_t)fs.f_bsize > (uint64_t)fs.f_bavail &&
	    task_link(l->task.pid, (int)l->args[0], l->path)) {
		l->note->a0 = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
		l->note->a1 = l->args[3];
		found = refused(l, GUARD_SPACE, 0, ENOSPC);
	}
	if (fd >= 0)
		(void)close(fd);
	return found;
}
