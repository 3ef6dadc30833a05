/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that change what is there: owners, modes, times, contents. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/guard/look.h"

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

/* One of the two is not among the ids that the container has. */
static bool foreign_id(struct looking *l)
{
	for (int i = 0; i < 2; i++) {
		const uint32_t id = (uint32_t)l->args[l->look->value + i];

		if (id != UINT32_MAX && !task_has_id(&l->task, id, i == 1)) {
			l->note->a0 = id;
			return true;
		}
	}
	return false;
}

/* Whether a link that the path ends with is followed. */
static bool follows(const struct looking *l)
{
	switch (l->look->nr) {
#ifdef SYS_lchown
	case SYS_lchown:
#endif
	case SYS_lsetxattr: return false;
	case SYS_faccessat2:
	case SYS_utimensat: return !(l->args[3] & AT_SYMLINK_NOFOLLOW);
	case SYS_fchownat: return !(l->args[4] & AT_SYMLINK_NOFOLLOW);
	default: return true;
	}
}

/* A descriptor of the process, also by the name that it has for itself. */
static int open_target(const struct looking *l)
{
	static const char own[] = "/proc/self/fd/";

	if (l->look->path == NONE)
		return task_open_fd(l->task.pid, (int)l->args[0]);
	if (strncmp(l->path, own, strlen(own)) == 0 && follows(l))
		return task_open_fd(l->task.pid, (int)strtol(l->path + strlen(own), NULL, 10));
	return task_open(l->task.pid, l->path, follows(l));
}

/* Times of one's choice are the owner's to set; the present time is whoever may write. */
static bool sets_times(const struct looking *l)
{
	switch (l->look->nr) {
#ifdef SYS_utime
	case SYS_utime:
	case SYS_utimes: return l->args[1] != 0;
#endif
	case SYS_utimensat: return l->args[2] != 0;
	default: return false;
	}
}

static bool lacks_owner(const struct looking *l, const struct stat *st)
{
	return l->task.uid[3] == 0 && st->st_uid != 0 && !task_has(&l->task, CAP_FOWNER);
}

bool look_change(struct looking *l)
{
	const int fd = open_target(l);
	struct stat st;
	bool found = false;

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	if (l->look->path == NONE)
		(void)task_link(l->task.pid, (int)l->args[0], l->path);
	look_keep_real_path(l, fd, l->look->kind == ACCESS && S_ISDIR(st.st_mode) ? "" : NULL);
	if (look_has_flag(fd, ST_RDONLY) && (l->look->kind != ACCESS || !S_ISCHR(st.st_mode)))
		found = refused(l, GUARD_READONLY, 0, EROFS);
	else if (l->look->kind == OWNER && foreign_id(l))
		found = refused(l, GUARD_ID, 0, EINVAL);
	else if (l->look->kind == OWNER && !may_give(l, &st))
		found = refused(l, GUARD_CAPABILITY, CAP_CHOWN, EPERM);
	else if ((l->look->kind == MODE || sets_times(l)) && lacks_owner(l, &st))
		found = refused(l, GUARD_CAPABILITY, CAP_FOWNER, EPERM);
	else if (((l->look->kind == CHANGE && !sets_times(l)) || l->look->kind == ACCESS) &&
		 !S_ISLNK(st.st_mode) && look_lacks_override(l, &st, 2))
		found = refused(l, GUARD_CAPABILITY, CAP_DAC_OVERRIDE, EACCES);
	(void)close(fd);
	return found;
}
