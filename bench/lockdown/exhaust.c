/* SPDX-License-Identifier: Apache-2.0 */
/* Taking more than its share, up to a bound that any host can bear: allowed is who reaches it. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { MIB = 1 << 20 };

/* args[0] MiB into a file. */
static int fill(const struct probe *p)
{
	static char block[MIB];
	const int fd = scratch(p->path, 0);

	if (fd < 0)
		return fd;
	memset(block, 'x', sizeof(block));
	for (long i = 0; i < p->args[0]; i++) {
		const ssize_t n = write(fd, block, sizeof(block));

		if (n != (ssize_t)sizeof(block)) {
			detail("refused after %ld MiB", i);
			return n < 0 ? -errno : -ENOSPC;
		}
	}
	detail("%ld MiB", p->args[0]);
	return 0;
}

/* args[0] empty files. */
static int fill_inodes(const struct probe *p)
{
	char folder[256], path[300];
	long i, made;
	int r = 0;

	(void)snprintf(folder, sizeof(folder), "%s/.lockdown-files", p->path);
	if (mkdir(folder, 0700) < 0)
		return -errno;
	for (made = 0; r == 0 && made < p->args[0]; made++) {
		(void)snprintf(path, sizeof(path), "%s/%ld", folder, made);
		r = result(mknod(path, S_IFREG | 0600, 0));
	}
	for (i = 0; i < made; i++) {
		(void)snprintf(path, sizeof(path), "%s/%ld", folder, i);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	detail("%ld files", made);
	return r;
}

static int many_descriptors(const struct probe *p)
{
	struct rlimit l;
	long i;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
	for (i = 0; i < p->args[0]; i++)
		if (eventfd(0, EFD_CLOEXEC) < 0)
			break;
	detail("%ld", i);
	return i == p->args[0] ? 0 : -errno;
}

static int many_ptys(const struct probe *p)
{
	long i;

	for (i = 0; i < p->args[0]; i++)
		if (open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC) < 0)
			break;
	detail("%ld", i);
	return i == p->args[0] ? 0 : -errno;
}

static int many_inotify(const struct probe *p)
{
	long i;

	for (i = 0; i < p->args[0]; i++)
		if (inotify_init1(IN_CLOEXEC) < 0)
			break;
	detail("%ld", i);
	return i == p->args[0] ? 0 : -errno;
}

/* Whether we are the host's own user: then what the kernel counts by user is taken from it. */
static bool host_user(void)
{
	char map[256];
	unsigned long inside, outside, n;

	return slurp("/proc/self/uid_map", map, sizeof(map)) > 0 &&
	       sscanf(map, "%lu %lu %lu", &inside, &outside, &n) == 3 && n == 0xffffffff;
}

/* Pipes of 1 MiB until the user's share (fs.pipe-user-pages-soft) is used up. */
static int many_pipes(const struct probe *p)
{
	long i;
	int fd[2], r = 0;

	for (i = 0; r == 0 && i < p->args[0]; i++)
		if (pipe2(fd, O_CLOEXEC) < 0 || fcntl(fd[1], F_SETPIPE_SZ, MIB) < 0)
			r = -errno;
	detail("%ld of 1 MiB", i);
	if (r == -EPERM && host_user())
		return 0;
	return r;
}

static int many_queues(const struct probe *p)
{
	struct mq_attr a = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	char name[32];
	long i, made;
	int r = 0;

	for (made = 0; r == 0 && made < p->args[0]; made++) {
		(void)snprintf(name, sizeof(name), "/lockdown-%ld", made);
		r = mq_open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0600, &a) < 0 ? -errno : 0;
	}
	for (i = 0; i < made; i++) {
		(void)snprintf(name, sizeof(name), "/lockdown-%ld", i);
		(void)mq_unlink(name);
	}
	detail("%ld of 80 KiB", made);
	return r;
}

/* Whether the host could not bear so much. Else we grow: of those in a group without memory the
 * kernel ends the largest, and memory of files and sockets belongs to nobody. */
static bool too_small(long mib)
{
	enum { LARGEST = 64 * MIB };
	char *m;

	if (start.available < ((uint64_t)mib + 1024) * MIB)
		return true;
	m = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m != MAP_FAILED)
		memset(m, 1, LARGEST);
	return m == MAP_FAILED;
}

/* args[0] MiB, every page touched. */
static int memory(const struct probe *p)
{
	const size_t n = (size_t)p->args[0] * MIB;
	char *m;

	if (too_small(p->args[0]))
		return ABSENT;
	m = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < n; i += 4096)
		m[i] = 1;
	return 0;
}

static int shared_memory(const struct probe *p)
{
	const size_t n = (size_t)p->args[0] * MIB;
	const int id = too_small(p->args[0]) ? -2 : shmget(IPC_PRIVATE, n, 0600);
	char *m;

	if (id < 0)
		return id == -2 ? ABSENT : -errno;
	m = shmat(id, NULL, 0);
	(void)shmctl(id, IPC_RMID, NULL);
	if (m == (void *)-1)
		return -errno;
	for (size_t i = 0; i < n; i += 4096)
		m[i] = 1;
	return 0;
}

/* Memory that belongs to a descriptor and to no process. */
static int memory_files(const struct probe *p)
{
	static char block[MIB];
	const int fd = memfd_create("lockdown", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (too_small(p->args[0]))
		return ABSENT;
	for (long i = 0; i < p->args[0]; i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			return -errno;
	return 0;
}

/* Bytes on their way through socket pairs. */
static int socket_memory(const struct probe *p)
{
	static char block[MIB / 8];
	const int size = 8 * MIB;
	long i, sent = 0;
	int fd[2];

	if (too_small(p->args[0]))
		return ABSENT;
	for (i = 0; i < 100000 && sent < p->args[0] * 8; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) < 0)
			return -errno;
		(void)setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		while (write(fd[0], block, sizeof(block)) > 0)
			sent++;
	}
	detail("%ld MiB", sent / 8);
	return sent < p->args[0] * 8 ? -ENOBUFS : 0;
}

static void *spin(void *until)
{
	struct timespec t;

	do
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
	while (t.tv_sec * 1000000000 + t.tv_nsec < *(const int64_t *)until);
	return NULL;
}

/* A quota that can be read, in CPUs * 100; 0: none. */
static long quota(void)
{
	char buf[64];
	long q = 0, period = 0;

	if (slurp("/sys/fs/cgroup/cpu.max", buf, sizeof(buf)) > 0)
		return sscanf(buf, "%ld %ld", &q, &period) == 2 && period ? q * 100 / period : 0;
	if (slurp("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", buf, sizeof(buf)) <= 0 ||
	    (q = strtol(buf, NULL, 10)) <= 0 ||
	    slurp("/sys/fs/cgroup/cpu/cpu.cfs_period_us", buf, sizeof(buf)) <= 0)
		return 0;
	period = strtol(buf, NULL, 10);
	return period ? q * 100 / period : 0;
}

/* All CPUs at once: by what was used in a second, or by a quota below what there is. */
static int all_cpus(const struct probe *p)
{
	enum { MOST = 64 };
	const long cpus = sysconf(_SC_NPROCESSORS_CONF), q = quota();
	pthread_t threads[MOST];
	struct timespec now, used;
	int64_t until;
	long i;

	(void)p;
	if (q > 0 && q < cpus * 100) {
		detail("a quota of %ld%%", q);
		return -EDQUOT;
	}
	if (cpus < 2)
		return ABSENT;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec * 1000000000 + now.tv_nsec + 1000000000;
	for (i = 0; i < cpus && i < MOST; i++)
		if (pthread_create(&threads[i], NULL, spin, &until))
			return -EAGAIN;
	while (i > 0)
		(void)pthread_join(threads[--i], NULL);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	detail("%ld.%02ld CPUs", (long)used.tv_sec, used.tv_nsec / 10000000);
	return used.tv_sec > 1 || used.tv_nsec > 150000000 || used.tv_sec == 0 ? 0 : -EDQUOT;
}

/* The number of requests is counted for the whole host (fs.aio-max-nr). */
static int aio_requests(const struct probe *p)
{
	unsigned long context = 0;

	return result(syscall(SYS_io_setup, p->args[0], &context));
}

static int many_timers(const struct probe *p)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	timer_t t;
	long i;

	for (i = 0; i < p->args[0]; i++)
		if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &t) < 0)
			break;
	detail("%ld", i);
	return i == p->args[0] ? 0 : -errno;
}

static const struct probe probes[] = {
	{ "fill_root", fill, "the host's disk", "/", .args = { 256 } },
	{ "fill_var_tmp", fill, "the host's disk", "/var/tmp", .args = { 256 } },
	{ "fill_home", fill, "the host's disk", "/root", .args = { 256 } },
	{ "fill_tmp", fill, "memory or disk of the host", "/tmp", .args = { 256 } },
	{ "fill_shm", fill, "memory of the host", "/dev/shm", .args = { 256 } },
	{ "fill_dev", fill, "memory of the host", "/dev", .args = { 16 } },
	{ "fill_run", fill, "memory of the host", "/run", .args = { 256 } },
	{ "inodes_root", fill_inodes, "the host's disk", "", .args = { 30000 } },
	{ "inodes_tmp", fill_inodes, "memory of the kernel", "/tmp", .args = { 30000 } },
	{ "inodes_shm", fill_inodes, "memory of the kernel", "/dev/shm", .args = { 30000 } },
	{ "inodes_dev", fill_inodes, "memory of the kernel", "/dev", .args = { 2000 } },
	{ "inodes_run", fill_inodes, "memory of the kernel", "/run", .args = { 30000 } },
	{ "descriptors", many_descriptors, "descriptors of the host", .args = { 65536 } },
	{ "ptys", many_ptys, "terminals of the host", .args = { 100 } },
	{ "inotify", many_inotify, "the same user's on the host", .args = { 100 } },
	{ "pipes", many_pipes, "the same user's on the host", .args = { 256 } },
	{ "message_queues", many_queues, "the same user's on the host", .args = { 64 } },
	{ "memory", memory, "memory of the host", .args = { 2048 } },
	{ "memory_sysv", shared_memory, "memory of the host", .args = { 2048 } },
	{ "memory_memfd", memory_files, "memory of the host", .args = { 2048 } },
	{ "memory_sockets", socket_memory, "memory of the kernel", .args = { 2048 } },
	{ "cpus", all_cpus, "all of the host's processors" },
	{ "aio_requests", aio_requests, "the host's share of them", .args = { 30000 } },
	{ "timers", many_timers, "memory of the kernel", .args = { 20000 } },
};

const struct probe_table table_exhaust = PROBE_TABLE("exhaust", probes);
