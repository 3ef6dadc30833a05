/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* How many processes something starts: in a namespace of its own, process numbers are counted. */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* -1: the machine does not let us have one, or what was to be done failed. */
static int children_of(bool (*what)(void *arg), void *arg)
{
	int fds[2], n = -1;
	pid_t outer;

	(void)fflush(stdout);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	outer = fork();
	if (outer == 0) {
		/* The first process of the namespace has number 1: when it ends, all do. */
		pid_t first = unshare(CLONE_NEWPID) == 0 ? fork() : -1;

		if (first == 0 && what(arg)) {
			pid_t next = fork();

			if (next == 0)
				_exit(0);
			(void)waitpid(next, NULL, 0);
			n = next - 2; /* the first one, and this */
			(void)!write(fds[1], &n, sizeof(n));
		}
		if (first > 0)
			(void)waitpid(first, NULL, 0);
		_exit(0);
	}
	(void)close(fds[1]);
	if (read(fds[0], &n, sizeof(n)) != sizeof(n))
		n = -1;
	(void)close(fds[0]);
	(void)waitpid(outer, NULL, 0);
	return n;
}
