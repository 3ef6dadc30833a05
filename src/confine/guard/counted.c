/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are let go on until there was enough: what they take is counted for the whole host, or
 * charged to nobody, and no filter can count. Their arguments are in registers, which nobody but
 * the caller has, so that what is looked at here is what the kernel does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/guard/guard.h"
#include "confine/guard/task.h"

enum {
	AIO_EACH =
		4096,  /* requests, between two looks at what the host has; a database takes 3000 */
	AIO_SHARE = 4, /* a container gets none any more when 1 of 4 of the host's are taken */
	NETLINKS = 1024, /* sockets; an answer that waits in one has 32 KiB */
	LOOK_EVERY = 64,
};

static uint64_t number_of(const char *file)
{
	char text[32] = "";
	const int fd = open(file, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		(void)close(fd);
	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

/* What processes gave back is seen only in the host's number, which is asked once a share is used
 * up. Without that number the share is all there is. */
static bool aio_enough(uint64_t requests)
{
	static uint64_t taken;
	uint64_t max, now;

	if (requests > AIO_EACH)
		return true;
	if (taken + requests > AIO_EACH) {
		max = number_of("/sys/fs/aio-max-nr");
		now = number_of("/sys/fs/aio-nr");
		if (max == 0 || (now + requests) * AIO_SHARE > max)
			return true;
		taken = 0;
	}
	taken += requests;
	return false;
}

size_t counted_lines(const char *text, size_t n)
{
	size_t lines = 0;

	for (const char *at = text; n && (at = memchr(at, '\n', n - (size_t)(at - text))); at++)
		lines++;
	return lines;
}

/* How many there are in the caller's network; more than fit in are enough, too. */
static size_t netlinks(pid_t pid)
{
	static char text[NETLINKS * 128];
	char path[64];
	size_t n = 0;
	ssize_t got = 1;
	int fd;

	(void)snprintf(path, sizeof(path), "/%d/net/netlink", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && n < sizeof(text) && (got = read(fd, text + n, sizeof(text) - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		(void)close(fd);
	return fd < 0 || n == sizeof(text) ? NETLINKS : counted_lines(text, n);
}

static bool netlink_enough(pid_t pid)
{
	static size_t left;

	if (left == 0) {
		const size_t there = netlinks(pid);

		if (there >= NETLINKS)
			return true;
		left = NETLINKS - there < LOOK_EVERY ? 1 : LOOK_EVERY;
	}
	left--;
	return false;
}

bool counted_call(const struct seccomp_data *d)
{
	return d->nr == SYS_io_setup ||
	       (d->nr == SYS_socket && d->args[0] == AF_NETLINK && d->args[2] == 0);
}

int counted_answer(pid_t pid, const struct seccomp_data *d)
{
	/* 32 bits are what the kernel takes of it. */
	if (d->nr == SYS_io_setup)
		return aio_enough(d->args[0] & UINT32_MAX) ? EAGAIN : 0;
	return netlink_enough(pid) ? ENOBUFS : 0;
}
