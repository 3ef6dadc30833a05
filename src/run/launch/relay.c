/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "run/launch/output_log.h"

enum { CHUNK = 64 * 1024 };

static bool without_name(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == PIPEFS_MAGIC || fs.f_type == SOCKFS_MAGIC);
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static _Noreturn void copy(int from, int to, struct output_log *log)
{
	static char chunk[CHUNK];
	const int keep[] = { from, to, log->folder };
	ssize_t n;

	proc_close_others(keep, log->folder >= 0 ? 3 : 2);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "plimsoll-relay");
	while ((n = read(from, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && log->folder >= 0)
			output_log_put(log, chunk, (size_t)n);
		if (n < 0 || fs_write_all(to, chunk, (size_t)n, NULL) < 0)
			break;
	}
	_exit(0);
}

static int start(int fd, bool in, struct output_log *log, struct relay *ret, struct err *e)
{
	const bool kept = log->folder >= 0;
	const pid_t parent = getpid();
	int ends[2];
	pid_t pid;

	*ret = (struct relay){ .end = fd };
	if (!kept && without_name(fd))
		return 0;
	if (!kept && is_null(fd)) {
		ret->end = -1;
		return 0;
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* What the container wrote is copied in any case. */
		if (in && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
			_exit(0);
		copy(in ? fd : ends[0], in ? ends[1] : fd, log);
	}
	(void)close(ends[in ? 1 : 0]);
	*ret = (struct relay){ .end = ends[in ? 0 : 1], .owned = true, .pid = pid };
	return pid < 0 ? FAIL_SYS(e, "fork") : 0;
}

int streams_open(const int fds[static 3], const struct streams_log *kept, struct streams *ret,
		 struct err *e)
{
	int r = 0;

	*ret = (struct streams)STREAMS_INIT;
	for (int i = 0; r == 0 && i < 3; i++)
		if (fds[i] != -1) {
			struct output_log log = { .folder = i && kept ? kept->folder : -1,
						  .max = kept ? kept->max : 0,
						  .stream = i == 2 ? "stderr" : "stdout",
						  .fd = -1 };

			r = start(fds[i] == PROC_INHERIT ? i : fds[i], i == 0, &log, &ret->v[i], e);
		}
	if (r < 0)
		streams_close(ret);
	return r;
}

void streams_handed(struct streams *s)
{
	for (int i = 0; i < 3; i++) {
		if (s->v[i].owned && s->v[i].end >= 0)
			(void)close(s->v[i].end);
		s->v[i] = (struct relay){ .end = -1, .pid = s->v[i].pid };
	}
}

void streams_close(struct streams *s)
{
	streams_handed(s);
	for (int i = 0; i < 3; i++) {
		if (s->v[i].pid <= 0)
			continue;
		if (i == 0)
			(void)kill(s->v[i].pid, SIGKILL); /* waits for what nobody wants to read */
		while (waitpid(s->v[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
		s->v[i].pid = 0;
	}
}
