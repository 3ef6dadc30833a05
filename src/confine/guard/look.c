/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "confine/guard/look.h"

/* Only these calls go on, and all of them are in the allow list (tests/unit/confine). */
static const struct look calls[] = {
#ifdef SYS_open
	{ SYS_open, OPEN, NONE, 0, 1 },
	{ SYS_creat, OPEN, NONE, 0, NONE },
	{ SYS_mkdir, MAKE, NONE, 0, NONE },
	{ SYS_mknod, NODE, NONE, 0, 1 },
	{ SYS_unlink, TAKE, NONE, 0, NONE },
	{ SYS_rmdir, TAKE, NONE, 0, NONE },
	{ SYS_rename, MOVE, NONE, 0, NONE },
	{ SYS_link, MAKE, NONE, 1, NONE },
	{ SYS_symlink, MAKE, NONE, 1, NONE },
	{ SYS_chmod, MODE, NONE, 0, NONE },
	{ SYS_chown, OWNER, NONE, 0, 1 },
	{ SYS_lchown, OWNER, NONE, 0, 1 },
	{ SYS_access, ACCESS, NONE, 0, NONE },
	{ SYS_utime, CHANGE, NONE, 0, NONE },
	{ SYS_utimes, CHANGE, NONE, 0, NONE },
#endif
	{ SYS_openat, OPEN, 0, 1, 2 },
	{ SYS_mkdirat, MAKE, 0, 1, NONE },
	{ SYS_mknodat, NODE, 0, 1, 2 },
	{ SYS_unlinkat, TAKE, 0, 1, NONE },
#ifdef SYS_renameat
	{ SYS_renameat, MOVE, 0, 1, NONE },
#endif
	{ SYS_renameat2, MOVE, 0, 1, NONE },
	{ SYS_linkat, MAKE, 2, 3, NONE },
	{ SYS_symlinkat, MAKE, 1, 2, NONE },
	{ SYS_fchmodat, MODE, 0, 1, NONE },
	{ SYS_fchmod, MODE, 0, NONE, NONE },
	{ SYS_fchownat, OWNER, 0, 1, 2 },
	{ SYS_fchown, OWNER, 0, NONE, 1 },
	{ SYS_truncate, CHANGE, NONE, 0, NONE },
	{ SYS_faccessat, ACCESS, 0, 1, NONE },
	{ SYS_faccessat2, ACCESS, 0, 1, NONE },
	{ SYS_utimensat, CHANGE, 0, 1, NONE },
	{ SYS_setxattr, CHANGE, NONE, 0, NONE },
	{ SYS_lsetxattr, CHANGE, NONE, 0, NONE },
	{ SYS_fallocate, ROOM, NONE, NONE, NONE },
	{ SYS_mmap, LOAD, NONE, NONE, NONE },
	{ SYS_execve, EXEC, NONE, 0, NONE },
	{ SYS_execveat, EXEC, 0, 1, NONE },
	{ SYS_setuid, USER, NONE, NONE, 1 },
	{ SYS_setreuid, USER, NONE, NONE, 2 },
	{ SYS_setresuid, USER, NONE, NONE, 3 },
	{ SYS_setgid, GROUP, NONE, NONE, 1 },
	{ SYS_setregid, GROUP, NONE, NONE, 2 },
	{ SYS_setresgid, GROUP, NONE, NONE, 3 },
	{ SYS_setgroups, GROUPS, NONE, NONE, NONE },
	{ SYS_kill, SIGNAL, NONE, NONE, NONE },
	{ SYS_setpriority, NICE, NONE, NONE, NONE },
	{ SYS_sched_setscheduler, POLICY, NONE, NONE, NONE },
	{ SYS_sched_setattr, POLICY, NONE, NONE, NONE },
	{ SYS_setrlimit, LIMIT, NONE, NONE, 1 },
	{ SYS_prlimit64, LIMIT, NONE, NONE, 2 },
	{ SYS_mlock, LOCK, NONE, NONE, NONE },
	{ SYS_mlock2, LOCK, NONE, NONE, NONE },
	{ SYS_mlockall, LOCK, NONE, NONE, NONE },
	{ SYS_capset, CAPS, NONE, NONE, NONE },
	{ SYS_bind, ADDRESS, NONE, NONE, NONE },
	{ SYS_connect, PEER, NONE, NONE, NONE },
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
	case ACCESS:
	case CHANGE: return look_change(l);
	case ROOM: return look_room(l);
	case LOAD: return look_load(l);
	case EXEC: return look_exec(l);
	case USER: return look_user(l);
	case GROUP: return look_group(l);
	case GROUPS: return look_groups(l);
	case SIGNAL: return look_signal(l);
	case NICE: return look_nice(l);
	case POLICY: return look_policy(l);
	case LIMIT: return look_limit(l);
	case LOCK: return look_lock(l);
	case CAPS: return look_caps(l);
	case ADDRESS:
	case PEER: return look_socket(l);
	}
	return false;
}

bool look(const struct guard *g, const struct seccomp_notif *call, struct guard_note *ret)
{
	static struct looking l;
	const struct look *k = look_of(call->data.nr);
	const int folder = k && k->folder != NONE ? (int)call->data.args[k->folder] : AT_FDCWD;

	if (!k)
		return false;
	l = (struct looking){
		.guard = g, .look = k, .args = (const uint64_t *)call->data.args, .note = ret
	};
	ret->nr = call->data.nr;
	if (k->path != NONE &&
	    !task_path((pid_t)call->pid, folder, call->data.args[k->path], l.path))
		return false;
	return task_read((pid_t)call->pid, &l.task) && look_at(&l);
}
