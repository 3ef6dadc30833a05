/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "oci/compress.h"

enum { CHUNK = 64 * 1024 };

/* All that comes from fd, as much as may be. */
static int copy_bounded(int from, int to, uint64_t max, struct err *e)
{
	auto_free char *chunk = malloc(CHUNK);
	uint64_t have = 0;

	if (!chunk)
		return FAIL_NOMEM(e);
	for (;;) {
		ssize_t n = read(from, chunk, CHUNK);
		int r = proc_interrupted(e);

		if (r == 0 && n < 0 && errno != EINTR)
			r = FAIL_SYS(e, "read");
		have += n > 0 ? (uint64_t)n : 0;
		if (r == 0 && have > max)
			r = FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)max);
		if (r == 0 && n > 0)
			r = fs_write_all(to, chunk, (size_t)n, e);
		if (r < 0 || n == 0)
			return r;
	}
}

int compression_by_program(enum compression kind, int fd, int out, uint64_t max, struct err *e)
{
	const char *program = kind == COMPRESSION_XZ ? "xz" : "bzip2";
	const char *const argv[] = { program, "-dc", NULL };
	int fds[2], status = 0, r, w;
	pid_t pid;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "seek");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");

	const struct proc p = {
		.argv = argv, .in = fd, .out = fds[1], .err = -1, .die_with_parent = true
	};

	r = proc_start(&p, &pid, e);
	(void)close(fds[1]);
	if (r < 0) {
		(void)close(fds[0]);
		return r;
	}
	r = copy_bounded(fds[0], out, max, e);
	(void)close(fds[0]); /* what is still writing ends by SIGPIPE */
	w = proc_wait(pid, -1, &status, r < 0 ? NULL : e);
	r = r < 0 ? r : w;
	return r == 0 && status ? FAIL(e, E_FORMAT, "%s: exit status %d", program, status) : r;
}
