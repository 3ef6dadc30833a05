/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/guard/joining.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_HOOK_STATE = 64 * 1024, FAILED = 1 };

long joining_pid(const char *state)
{
	static const char key[] = "\"pid\"";
	const char *at = strstr(state, key);
	long pid;

	if (!at)
		return 0;
	at += sizeof(key) - 1;
	at += strspn(at, " \t\r\n:");
	pid = strtol(at, NULL, 10);
	return pid > 1 ? pid : 0;
}

static long read_pid(void)
{
	static char state[LIMIT_HOOK_STATE];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(state) - 1) {
		got = read(STDIN_FILENO, state + n, sizeof(state) - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	state[n] = '\0';
	return joining_pid(state);
}

int joining_main(int argc, char **argv)
{
	const long pid = read_pid();

	if (pid == 0) {
		(void)dprintf(STDERR_FILENO, "plimsoll: no process to put into control groups\n");
		return FAILED;
	}
	for (int i = 0; i < argc; i++) {
		const int fd = open(argv[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || dprintf(fd, "%ld", pid) < 0) {
			(void)dprintf(STDERR_FILENO, "plimsoll: enter '%s': %s\n", argv[i],
				      strerror(errno));
			return FAILED;
		}
		(void)close(fd);
	}
	return 0;
}
