/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "confine/guard/guard.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_SEAL
#define F_SEAL_SEAL 1
#endif

static void send_answer(struct guard *g, int filter, int error, uint32_t flags)
{
	memset(&g->answer, 0, sizeof(g->answer));
	g->answer.v.id = g->call.v.id;
	g->answer.v.error = -error;
	g->answer.v.flags = flags;
	/* ENOENT: it was killed, or a signal took it out of the call. */
	(void)ioctl(filter, SECCOMP_IOCTL_NOTIF_SEND, &g->answer);
}

/* For the time that looking may take, which is the processor's: on a busy machine the other says
 * little. */
static uint64_t microseconds(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* A container that floods gets its answers, but is not looked at more than a share of the time. */
static bool may_look(uint64_t at, uint64_t *spent)
{
	static uint64_t second;

	if (at / 1000000 != second) {
		second = at / 1000000;
		*spent = 0;
	}
	return *spent < GUARD_LOOKS_MS * 1000;
}

static void let_go_on(struct guard *g, int filter)
{
	static uint64_t spent;
	struct guard_note n = { .count = 1 };
	const uint64_t at = microseconds(CLOCK_PROCESS_CPUTIME_ID);

	if (may_look(microseconds(CLOCK_MONOTONIC), &spent)) {
		const bool refused = look(g, &g->call.v, &n);
		uint64_t id = g->call.v.id;

		/* Only what was the caller's when it was read counts. */
		if (refused && ioctl(filter, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0)
			note_add(g->out, &n);
		spent += microseconds(CLOCK_PROCESS_CPUTIME_ID) - at;
	}
	send_answer(g, filter, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/* The name is for people who look at /proc; where it cannot be read there is none. */
static void read_name(const struct seccomp_notif *c, char *ret, size_t size)
{
	struct iovec to = { ret, size - 1 },
		     from = { (void *)(uintptr_t)c->data.args[0], size - 1 };
	ssize_t n = process_vm_readv((pid_t)c->pid, &to, 1, &from, 1, 0);

	if (n < 0) { /* the end of a page */
		from.iov_len = to.iov_len = 4096 - (size_t)(c->data.args[0] % 4096);
		if (to.iov_len > size - 1)
			from.iov_len = to.iov_len = size - 1;
		n = process_vm_readv((pid_t)c->pid, &to, 1, &from, 1, 0);
	}
	ret[n < 0 ? 0 : n] = '\0';
}

/* A memory file that can never be executed: by its seal, or where the kernel has none, because its
 * mode has no x and it is not the container's to change. */
static int make_memfd(const char *name, unsigned flags)
{
	int fd = (int)syscall(SYS_memfd_create, name, flags | MFD_NOEXEC_SEAL | MFD_CLOEXEC);

	if (fd >= 0) {
		/* That flag allows seals, which the caller did not ask for. */
		if (!(flags & MFD_ALLOW_SEALING))
			(void)fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL);
		return fd;
	}
	if (errno != EINVAL)
		return -1;
	fd = (int)syscall(SYS_memfd_create, name, flags | MFD_CLOEXEC);
	if (fd >= 0 && fchmod(fd, 0666) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void answer_memfd(struct guard *g, int filter)
{
	const struct seccomp_notif *c = &g->call.v;
	const unsigned flags = (unsigned)c->data.args[1];
	char name[250] = "";
	struct seccomp_notif_addfd add = { .id = c->id };
	int fd;

	if (flags & MFD_EXEC) {
		note_add(g->out, &(struct guard_note){ .count = 1,
						       .nr = (int)c->data.nr,
						       .error = EACCES,
						       .a0 = MFD_EXEC });
		send_answer(g, filter, EACCES, 0);
		return;
	}
	read_name(c, name, sizeof(name));
	fd = make_memfd(name, flags);
	if (fd < 0) {
		send_answer(g, filter, errno, 0);
		return;
	}
	add.flags = SECCOMP_ADDFD_FLAG_SEND;
	add.srcfd = (uint32_t)fd;
	add.newfd_flags = flags & MFD_CLOEXEC ? O_CLOEXEC : 0;
	/* EMFILE and the like are the caller's to know. */
	if (ioctl(filter, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno != ENOENT)
		send_answer(g, filter, errno, 0);
	(void)close(fd);
}

static void answer_counted(struct guard *g, int filter)
{
	const struct seccomp_notif *c = &g->call.v;
	const int error = counted_answer((pid_t)c->pid, &c->data);

	if (error == 0) {
		send_answer(g, filter, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		return;
	}
	send_answer(g, filter, error, 0);
	note_add(g->out, &(struct guard_note){ .count = 1,
					       .nr = c->data.nr,
					       .error = error,
					       .a0 = c->data.nr == SYS_socket ? AF_NETLINK : 0 });
}

/* What the table of the filter has (confine/seccomp.c). */
static int error_of(const struct seccomp_data *d)
{
	const bool raw = d->nr == SYS_socket && (d->args[0] == AF_INET || d->args[0] == AF_INET6);

	return d->nr == SYS_socket && !raw ? EAFNOSUPPORT : EPERM;
}

static void refuse(struct guard *g, int filter)
{
	const struct seccomp_data *d = &g->call.v.data;
	struct guard_note n = { .count = 1, .nr = d->nr, .error = error_of(d) };

	/* Before it is noted: the caller waits for nothing but this. */
	send_answer(g, filter, n.error, 0);
	if (d->nr == SYS_socket) {
		n.a0 = d->args[0];
		n.a1 = d->args[1] & 0xf;
	} else if (d->nr == SYS_ioctl) {
		n.a1 = d->args[1] & UINT32_MAX;
	}
	note_add(g->out, &n);
}

void guard_answer(struct guard *g, int filter)
{
	memset(&g->call, 0, sizeof(g->call));
	if (ioctl(filter, SECCOMP_IOCTL_NOTIF_RECV, &g->call) < 0)
		return; /* it was killed meanwhile */
	samples_begin(g);
	if (g->call.v.data.nr == SYS_memfd_create)
		answer_memfd(g, filter);
	else if (counted_call(&g->call.v.data))
		answer_counted(g, filter);
	else if (look_goes_on(g->call.v.data.nr))
		let_go_on(g, filter);
	else
		refuse(g, filter);
}
