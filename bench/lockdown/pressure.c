/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel keeps for processes beside their memory: bytes on their way, answers that nobody
 * reads, signals that nobody takes. Up to a bound that any host can bear. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { MIB = 1 << 20, HELPERS = 48 };

/* What helpers have done together, and what stopped the last one. */
static struct tally {
	_Atomic long n;
	_Atomic int error;
} *tally;

static void many_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* One after the other, each keeping what it got, until there is as much as was wanted. */
static int by_helpers(const struct probe *p, int (*fill)(const struct probe *p))
{
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (tally == MAP_FAILED)
		return -errno;
	for (int i = 0; i < HELPERS && tally->n < p->args[0]; i++) {
		const long before = tally->n;
		int ends[2];
		char word;
		pid_t pid;

		if (pipe(ends) < 0)
			return -errno;
		pid = fork();
		if (pid < 0)
			return -errno;
		if (pid == 0) {
			(void)close(ends[0]);
			many_descriptors();
			tally->error = -fill(p);
			(void)close(ends[1]);
			(void)alarm(25);
			(void)pause();
			_exit(0);
		}
		(void)close(ends[1]);
		(void)!read(ends[0], &word, 1);
		(void)close(ends[0]);
		if (tally->n == before)
			break;
	}
	detail("%ld", (long)tally->n);
	return tally->n >= p->args[0] ? 0 : tally->error ? -tally->error : -ENOBUFS;
}

/* Datagrams to itself that are never read; in MiB. */
static int fill_udp(const struct probe *p)
{
	static char block[60000];
	const int most = 4 * MIB;
	long bytes = 0;

	while (tally->n < p->args[0]) {
		struct sockaddr_in at = { .sin_family = AF_INET,
					  .sin_addr = { htonl(INADDR_LOOPBACK) } };
		uint32_t info[16] = { 0 };
		socklen_t n = sizeof(at), room = sizeof(info);
		const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			return -errno;
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &most, sizeof(most));
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
		if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		    getsockname(fd, (struct sockaddr *)&at, &n) < 0)
			return -errno;
		for (int i = 0; i < 64; i++)
			if (sendto(fd, block, sizeof(block), MSG_DONTWAIT, (struct sockaddr *)&at,
				   n) < 0)
				break;
		(void)getsockopt(fd, SOL_SOCKET, 55 /* SO_MEMINFO */, info, &room);
		if (info[0] == 0)
			return -ENOBUFS;
		bytes += info[0];
		tally->n += bytes / MIB;
		bytes %= MIB;
	}
	return 0;
}

static int udp_memory(const struct probe *p)
{
	return by_helpers(p, fill_udp);
}

/* Bytes of connections that are never read. */
static int fill_tcp(const struct probe *p)
{
	static char block[MIB / 8];
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(at);
	const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long bytes = 0;

	if (server < 0 || bind(server, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(server, 4096) < 0 || getsockname(server, (struct sockaddr *)&at, &length) < 0)
		return -errno;
	while (tally->n < p->args[0]) {
		const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		const long before = bytes;
		ssize_t n;

		if (fd < 0 || connect(fd, (struct sockaddr *)&at, length) < 0 ||
		    accept(server, NULL, NULL) < 0)
			return -errno;
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		while ((n = write(fd, block, sizeof(block))) > 0)
			bytes += n;
		if (bytes == before)
			return -ENOBUFS;
		tally->n += bytes / MIB;
		bytes %= MIB;
	}
	return 0;
}

/* One process: what a connection may hold at least, 64 KiB, many processes get too. */
static int tcp_memory(const struct probe *p)
{
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (tally == MAP_FAILED)
		return -errno;
	many_descriptors();
	const int r = fill_tcp(p);

	detail("%ld", (long)tally->n);
	return r;
}

/* Answers of 32 KiB that are never read; in answers. */
static int fill_netlink(const struct probe *p)
{
	static char answer[65536];
	const struct {
		struct nlmsghdr head;
		struct rtgenmsg family;
	} ask = { { sizeof(ask), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };

	while (tally->n < p->args[0]) {
		const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

		if (fd < 0)
			return -errno;
		if (send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0 ||
		    recv(fd, answer, sizeof(answer), MSG_DONTWAIT) < 0 ||
		    send(fd, &ask, sizeof(ask), 0) < 0)
			return -errno;
		tally->n++;
	}
	return 0;
}

static int netlink_memory(const struct probe *p)
{
	return by_helpers(p, fill_netlink);
}

/* Signals that are blocked and never taken. */
static int pending_signals(const struct probe *p)
{
	const int number = SIGRTMIN;
	sigset_t set;
	long i;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, number);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < p->args[0]; i++)
		if (sigqueue(getpid(), number, (union sigval){ 0 }) < 0)
			break;
	detail("%ld", i);
	return i == p->args[0] ? 0 : -errno;
}

/* Descriptors that are on their way and in nobody's table. */
static int in_flight(const struct probe *p)
{
	enum { EACH = 250 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(EACH * sizeof(int))];
	} control = { .head = { CMSG_LEN(EACH * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char word = 'x';
	struct iovec iov = { &word, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = CMSG_SPACE(EACH * sizeof(int)) };
	long i = 0;
	int pair[2];

	while (i < p->args[0]) {
		int fds[EACH], r = 0;

		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
			break;
		for (int k = 0; k < EACH; k++)
			fds[k] = pair[k % 2];
		memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
		while (i < p->args[0] && (r = (int)sendmsg(pair[0], &m, MSG_DONTWAIT)) >= 0)
			i += EACH;
		if (r < 0 && errno != EAGAIN)
			break;
	}
	detail("%ld", i);
	return i >= p->args[0] ? 0 : -errno;
}

static int *ids; /* of semaphores; shared */

/* Of those in a group without memory the kernel ends the largest: we grow, so that it is us. */
static int make_semaphores(const struct probe *p)
{
	enum { LARGEST = 64 * MIB };
	char *m = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return -errno;
	memset(m, 1, LARGEST);
	for (long i = 0; i < p->args[0]; i++) {
		const int id = semget(IPC_PRIVATE, (int)p->args[1], 0600);

		if (id < 0)
			return -errno;
		ids[i] = id + 1;
	}
	return 0;
}

/* They outlive who made them. */
static int semaphores(const struct probe *p)
{
	const size_t n = (size_t)p->args[0] * sizeof(int);
	long made;
	int r;

	if (start.available < (uint64_t)3072 * MIB)
		return ABSENT;
	ids = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ids == MAP_FAILED)
		return -errno;
	r = in_child(make_semaphores, p);
	for (made = 0; made < p->args[0] && ids[made]; made++)
		(void)semctl(ids[made] - 1, 0, IPC_RMID);
	detail("%ld of %ld", made, p->args[1]);
	return r;
}

/* Watches of one descriptor by others, which belong to no process's table. */
static int watches(const struct probe *p)
{
	struct epoll_event e = { .events = EPOLLIN };
	long i = 0;
	int fds[512], epolls;

	many_descriptors();
	for (int k = 0; k < 512; k++)
		fds[k] = eventfd(0, EFD_CLOEXEC);
	while (i < p->args[0] && (epolls = epoll_create1(EPOLL_CLOEXEC)) >= 0)
		for (int k = 0; k < 512 && i < p->args[0]; k++, i++)
			if (epoll_ctl(epolls, EPOLL_CTL_ADD, fds[k], &e) < 0)
				return -errno;
	detail("%ld", i);
	return i == p->args[0] ? 0 : -errno;
}

/* Requests of many small contexts. */
static int aio_contexts(const struct probe *p)
{
	long i;
	unsigned long context;

	for (i = 0; i < p->args[0]; i += p->args[1]) {
		context = 0;
		if (syscall(SYS_io_setup, p->args[1], &context) < 0)
			break;
	}
	detail("%ld", i);
	return i >= p->args[0] ? 0 : -errno;
}

/* The same, each process some. */
static int fill_aio(const struct probe *p)
{
	unsigned long context = 0;

	if (syscall(SYS_io_setup, p->args[1], &context) < 0)
		return -errno;
	tally->n += p->args[1];
	return 0;
}

static int aio_processes(const struct probe *p)
{
	return by_helpers(p, fill_aio);
}

static const struct probe probes[] = {
	{ "memory_udp", udp_memory, "memory of the kernel", .args = { 2048 } },
	{ "memory_tcp", tcp_memory, "memory of the kernel, and all of the host's TCP",
	  .args = { 2048 } },
	{ "memory_netlink", netlink_memory, "memory of the kernel that no group is charged for",
	  .args = { 16384 } },
	{ "signals_pending", pending_signals, "memory of the kernel", .args = { 60000 } },
	{ "rights_in_flight", in_flight, "descriptors of the host", .args = { 65536 } },
	{ "semaphores", semaphores, "memory of the kernel", .args = { 32000, 1000 } },
	{ "epoll_watches", watches, "memory of the kernel", .args = { 2000000 } },
	{ "aio_contexts", aio_contexts, "the host's share of them", .args = { 32768, 64 } },
	{ "aio_processes", aio_processes, "the host's share of them", .args = { 32768, 1024 } },
};

const struct probe_table table_pressure = PROBE_TABLE("exhaust", probes);
