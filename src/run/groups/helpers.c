/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/groups/groups.h"

enum { LIMIT_MEMBERS = 64 * 1024, TRIES = 200, NAP_MS = 5, PATH_ROOM = 512 };

/* Where they are, and what is written there. v1 has a hierarchy for each, v2 one for all. */
struct place {
	const char *hierarchy;
	const char *file;
};

static const struct place v1[] = {
	{ "/memory", "memory.limit_in_bytes" },
	{ "/pids", "pids.max" },
	{ "/cpu", "cpu.cfs_quota_us" },
};

static int put(const char *folder, const char *file, unsigned long long n)
{
	char path[PATH_ROOM];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || dprintf(fd, "%llu", n) < 0 ? -1 : 0;
}

static void group_path(const char *hierarchy, const char *cgroup, char ret[static PATH_ROOM])
{
	(void)snprintf(ret, PATH_ROOM, CGROUPS "%s%s" HELPERS_SUFFIX, hierarchy, cgroup);
}

/* One folder with its limit, and the process in it. */
static int enter(const char *folder, const char *file, unsigned long long limit, pid_t pid,
		 struct err *e)
{
	if (mkdir(folder, 0755) == 0 && file && put(folder, file, limit) < 0)
		return FAIL_SYS(e, "limit '%s'", folder);
	if (put(folder, "cgroup.procs", (unsigned long long)pid) < 0 && errno != ESRCH)
		return FAIL_SYS(e, "put process %d into '%s'", (int)pid, folder);
	return 0;
}

static int add_v1(const char *cgroup, pid_t pid, struct err *e)
{
	const unsigned long long limits[] = { HELPERS_MEMORY, HELPERS_PIDS,
					      HELPERS_CPU_MILLI * 100ULL };
	char folder[PATH_ROOM];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(v1) / sizeof(*v1); i++) {
		(void)snprintf(folder, sizeof(folder), CGROUPS "%s", v1[i].hierarchy);
		if (!groups_is_v1(folder))
			continue;
		group_path(v1[i].hierarchy, cgroup, folder);
		r = enter(folder, v1[i].file, limits[i], pid, e);
	}
	return r;
}

static int add_v2(const char *cgroup, pid_t pid, struct err *e)
{
	char folder[PATH_ROOM], path[PATH_ROOM + 16];
	auto_close int control = open(CGROUPS "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	auto_close int cpu = -1;
	int r = 0;

	group_path("", cgroup, folder);
	if (access(folder, F_OK) < 0) {
		/* As the runtime does for the container; what cannot be is told by machine_check().
		 */
		if (control >= 0)
			(void)dprintf(control, "+memory +pids +cpu");
		r = mkdir(folder, 0755) < 0 && errno != EEXIST ? FAIL_SYS(e, "make '%s'", folder)
							       : 0;
		if (r == 0 && (put(folder, "memory.max", HELPERS_MEMORY) < 0 ||
			       put(folder, "pids.max", HELPERS_PIDS) < 0))
			r = FAIL_SYS(e, "limit '%s'", folder);
		(void)snprintf(path, sizeof(path), "%s/cpu.max", folder);
		cpu = r == 0 ? open(path, O_WRONLY | O_CLOEXEC) : -1;
		if (r == 0 && (cpu < 0 || dprintf(cpu, "%d 100000", HELPERS_CPU_MILLI * 100) < 0))
			r = FAIL_SYS(e, "limit '%s'", folder);
	}
	return r == 0 ? enter(folder, NULL, 0, pid, e) : r;
}

int helpers_add(const struct machine *m, const char *cgroup, pid_t pid, struct err *e)
{
	if (!cgroup || pid <= 0)
		return 0;
	if (m->cgroups == CGROUP_V1 || m->cgroups == CGROUP_HYBRID)
		return add_v1(cgroup, pid, e);
	return m->cgroups == CGROUP_V2 && m->memory && m->pids && m->cpu ? add_v2(cgroup, pid, e)
									 : 0;
}

/* To the top: those who are left end by themselves, or are about to start something else. */
static void let_go(const char *hierarchy, const char *folder)
{
	auto_buf text = BUF_INIT(LIMIT_MEMBERS);
	char path[PATH_ROOM + 16], top[PATH_ROOM];
	struct str rest, line;
	uint64_t pid;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	(void)snprintf(top, sizeof(top), CGROUPS "%s", hierarchy);
	if (fs_read_user(path, LIMIT_MEMBERS, &text, NULL) < 0)
		return;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line))
		if (str_u64(line, INT32_MAX, &pid, NULL) == 0 && pid > 0)
			(void)put(top, "cgroup.procs", pid);
}

static void remove_one(const char *hierarchy, const char *cgroup)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000L * 1000 };
	char folder[PATH_ROOM];

	group_path(hierarchy, cgroup, folder);
	/* One that was killed is in there until it is gone. */
	for (int i = 0; i < TRIES && rmdir(folder) < 0 && errno == EBUSY; i++) {
		let_go(hierarchy, folder);
		if (rmdir(folder) == 0)
			break;
		(void)nanosleep(&nap, NULL);
	}
}

void helpers_remove(const char *cgroup)
{
	if (!cgroup || !*cgroup)
		return;
	if (groups_is_v2(CGROUPS)) {
		remove_one("", cgroup);
		return;
	}
	for (size_t i = 0; i < sizeof(v1) / sizeof(*v1); i++)
		remove_one(v1[i].hierarchy, cgroup);
}
