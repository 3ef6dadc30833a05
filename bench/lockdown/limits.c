/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling above others, and limits that are raised or are not there. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

static int schedule(const struct probe *p)
{
	const struct sched_param param = { .sched_priority = 1 };

	return result(sched_setscheduler(0, (int)p->args[0], &param));
}

static int deadline(const struct probe *p)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { sizeof(a), 6, 0, 0, 0, 10000000, 100000000, 100000000 };

	(void)p;
	return result(syscall(SYS_sched_setattr, 0, &a, 0));
}

static int lower_nice(const struct probe *p)
{
	return result(setpriority(PRIO_PROCESS, 0, (int)p->args[0]));
}

static int io_priority(const struct probe *p)
{
	return result(syscall(SYS_ioprio_set, 1, 0, (int)p->args[0] << 13));
}

static int lower_oom(const struct probe *p)
{
	char now[32], want[32];
	const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (slurp("/proc/self/oom_score_adj", now, sizeof(now)) <= 0)
		return ABSENT;
	(void)snprintf(want, sizeof(want), "%ld",
		       p->args[0] ? p->args[0] : strtol(now, NULL, 10) - 1);
	return result(write(fd, want, strlen(want)));
}

static int raise_limit(const struct probe *p)
{
	struct rlimit l;

	if (getrlimit((__rlimit_resource_t)p->args[0], &l) < 0)
		return -errno;
	if (l.rlim_max == RLIM_INFINITY) {
		detail("unlimited");
		return p->args[1] ? 0 : ABSENT;
	}
	l.rlim_max++;
	return result(setrlimit((__rlimit_resource_t)p->args[0], &l));
}

static int core_files(const struct probe *p)
{
	struct rlimit l;

	(void)p;
	if (getrlimit(RLIMIT_CORE, &l) < 0)
		return -errno;
	return l.rlim_max ? 0 : -EPERM;
}

static int lock_memory(const struct probe *p)
{
	const size_t n = (size_t)p->args[0] << 20;
	void *m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return -errno;
	return result(mlock(m, n));
}

static int lock_all(const struct probe *p)
{
	(void)p;
	return result(mlockall(MCL_FUTURE));
}

static int huge_pages(const struct probe *p)
{
	void *m = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	(void)p;
	return m == MAP_FAILED ? errno == ENOMEM ? ABSENT : -errno : 0;
}

static const struct probe probes[] = {
	{ "sched_fifo", schedule, "starves all others", .args = { SCHED_FIFO } },
	{ "sched_rr", schedule, "starves all others", .args = { SCHED_RR } },
	{ "sched_deadline", deadline, "starves all others" },
	{ "nice_lower", lower_nice, "runs before others", .args = { -1 } },
	{ "nice_lowest", lower_nice, "runs before others", .args = { -20 } },
	{ "io_realtime", io_priority, "the disk before others", .args = { 1 } },
	{ "oom_score_lower", lower_oom, "others are killed first" },
	{ "oom_score_never", lower_oom, "others are killed first", .args = { -1000 } },
	{ "rlimit_nofile", raise_limit, "descriptors of the host", .args = { RLIMIT_NOFILE, 1 } },
	{ "rlimit_memlock", raise_limit, "memory of the host", .args = { RLIMIT_MEMLOCK, 1 } },
	{ "rlimit_rtprio", raise_limit, "starves all others", .args = { RLIMIT_RTPRIO, 1 } },
	{ "rlimit_nice", raise_limit, "runs before others", .args = { RLIMIT_NICE, 1 } },
	{ "rlimit_msgqueue", raise_limit, "memory of the kernel", .args = { RLIMIT_MSGQUEUE, 1 } },
	{ "rlimit_sigpending", raise_limit, "memory of the kernel",
	  .args = { RLIMIT_SIGPENDING, 1 } },
	{ "rlimit_core", core_files, "starts the host's core_pattern" },
	{ "mlock_64m", lock_memory, "memory that is never swapped", .args = { 64 } },
	{ "mlockall", lock_all, "memory that is never swapped", .flags = MAY },
	{ "huge_pages", huge_pages, "pages that the host reserved" },
};

const struct probe_table table_limits = PROBE_TABLE("privilege", probes);
