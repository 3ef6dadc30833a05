/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about users, processes of others, and what a process may have of the machine. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "confine/guard/look.h"

/* Each id must be one that the process has already, and that the container has at all. */
static bool look_own(struct looking *l, const uint32_t own[4], unsigned cap)
{
	for (int i = 0; i < l->look->value; i++) {
		const uint32_t id = (uint32_t)l->args[i];

		if (id == UINT32_MAX || id == own[0] || id == own[1] || id == own[2])
			continue;
		(void)snprintf(l->note->detail, sizeof(l->note->detail), "%u", id);
		l->note->a0 = id;
		if (!task_has_id(&l->task, id, cap == CAP_SETGID))
			return refused(l, GUARD_ID, 0, EINVAL);
		l->note->a0 = 0;
		return !task_has(&l->task, cap) && refused(l, GUARD_CAPABILITY, cap, EPERM);
	}
	return false;
}

/* Who it is, by the container's own /proc: the number is that of its namespace. What that leads to
 * may be another's choice in a root of its own, so that it must be of that file system. */
static bool read_target(const struct looking *l, struct task *ret)
{
	char path[64], text[4096];
	struct statfs fs;
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/%d/root/proc/%d/status", (int)l->task.pid,
		       (int)l->args[0]);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n > 0 && task_parse(text, ret);
}

bool look_signal(struct looking *l)
{
	struct task other;

	if (task_has(&l->task, CAP_KILL) || (int)l->args[0] <= 0 || !read_target(l, &other))
		return false;
	for (int i = 0; i < 2; i++)
		if (l->task.uid[i] == other.uid[0] || l->task.uid[i] == other.uid[2])
			return false;
	(void)snprintf(l->note->detail, sizeof(l->note->detail), "%d", (int)l->args[0]);
	return refused(l, GUARD_CAPABILITY, CAP_KILL, EPERM);
}

bool look_user(struct looking *l)
{
	return look_own(l, l->task.uid, CAP_SETUID);
}

bool look_group(struct looking *l)
{
	return look_own(l, l->task.gid, CAP_SETGID);
}

bool look_groups(struct looking *l)
{
	return !task_has(&l->task, CAP_SETGID) && refused(l, GUARD_CAPABILITY, CAP_SETGID, EPERM);
}

static bool limit_refused(struct looking *l, unsigned resource, uint64_t want)
{
	l->note->a0 = resource;
	l->note->a1 = want;
	return refused(l, GUARD_RLIMIT, 0, EPERM);
}

static bool over(const struct looking *l, const char *name, bool soft, uint64_t want)
{
	char limits[4096];
	uint64_t now, hard;

	return task_file(l->task.pid, "limits", limits, sizeof(limits)) &&
	       samples_limit(limits, name, &now, &hard) && want > (soft ? now : hard);
}

/* In the order of RLIMIT_*, as /proc/PID/limits names them. */
static const char *const limit_names[] = {
	"Max cpu time",	      "Max file size",	   "Max data size",	    "Max stack size",
	"Max core file size", "Max resident set",  "Max processes",	    "Max open files",
	"Max locked memory",  "Max address space", "Max file locks",	    "Max pending signals",
	"Max msgqueue size",  "Max nice priority", "Max realtime priority", "Max realtime timeout"
};

/* Raising the hard one is nobody's but the host's. */
bool look_limit(struct looking *l)
{
	const unsigned resource = (unsigned)l->args[l->look->value - 1];
	uint64_t want[2];

	if (resource >= sizeof(limit_names) / sizeof(*limit_names) ||
	    !task_bytes(l->task.pid, l->args[l->look->value], want, sizeof(want)) ||
	    !over(l, limit_names[resource], false, want[1]))
		return false;
	return limit_refused(l, resource, want[1]);
}

/* proc(5), stat, field 19; the name in it ends with the last ")". */
static int nice_now(pid_t pid)
{
	char text[1024],
		*at = task_file(pid, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;

	for (int i = 2; at && i < 19; i++)
		at = strchr(at + 1, ' ');
	return at ? (int)strtol(at, NULL, 10) : 0;
}

bool look_nice(struct looking *l)
{
	const int want = (int)l->args[2] < -20 ? -20 : (int)l->args[2];

	if (want >= nice_now(l->task.pid) ||
	    !over(l, limit_names[RLIMIT_NICE], true, (uint64_t)(20 - want)))
		return false;
	return limit_refused(l, RLIMIT_NICE, (uint64_t)(20 - want));
}

/* Realtime, which needs a limit for it. */
bool look_policy(struct looking *l)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		uint32_t nice, priority;
	} attr = { 0 };
	uint32_t priority = 0;

	if (l->look->nr == SYS_sched_setattr) {
		if (!task_bytes(l->task.pid, l->args[1], &attr, sizeof(attr)))
			return false;
		priority = attr.priority;
	} else {
		attr.policy = (uint32_t)l->args[1] & ~(uint32_t)SCHED_RESET_ON_FORK;
		if (!task_bytes(l->task.pid, l->args[2], &priority, sizeof(priority)))
			return false;
	}
	if ((attr.policy != SCHED_FIFO && attr.policy != SCHED_RR) ||
	    !over(l, limit_names[RLIMIT_RTPRIO], true, priority))
		return false;
	return limit_refused(l, RLIMIT_RTPRIO, priority);
}

/* All that it has now, in bytes: proc(5), statm. Of what comes later the kernel asks later. */
static uint64_t whole_size(const struct looking *l)
{
	char text[128];

	if (!(l->args[0] & MCL_CURRENT) || task_file(l->task.pid, "statm", text, sizeof(text)) == 0)
		return 0;
	return strtoull(text, NULL, 10) * 4096;
}

bool look_lock(struct looking *l)
{
	const uint64_t size = l->look->nr == SYS_mlockall ? whole_size(l) : l->args[1];

	return over(l, limit_names[RLIMIT_MEMLOCK], true, size) &&
	       limit_refused(l, RLIMIT_MEMLOCK, UINT64_MAX);
}

/* Programs that become another user ask to keep some, which they must have. */
bool look_caps(struct looking *l)
{
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t wanted;

	if (!task_bytes(l->task.pid, l->args[1], data, sizeof(data)))
		return false;
	wanted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	wanted &= ~l->task.permitted;
	return wanted && refused(l, GUARD_CAPABILITY, (unsigned)__builtin_ctzll(wanted), EPERM);
}
