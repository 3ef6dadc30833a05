/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "run/life/log_records.h"
#include "run/life/when.h"

static int count_line(void *arg, bool is_stderr, int64_t when, const char *line, size_t n,
		      bool whole, struct err *e)
{
	(void)whole;
	(void)is_stderr;
	(void)when;
	(void)line;
	(void)n;
	(void)e;
	++*(uint64_t *)arg;
	return 0;
}

static int count_lines(int fd, uint64_t *ret, struct err *e)
{
	const struct log_sink counter = { count_line, ret };
	auto_log_reader r = { .sink = &counter, LOG_READER_BUFS };
	int done = log_drain(&r, fd, e);

	if (done == 0)
		done = log_take_rest(&r, e);
	if (done == 0 && lseek(fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "read the log");
	return done;
}

/* conmon starts a new file at the size limit, and writes nothing more to the one before: that is
 * read to its end first. A record is whole in one file. */
static int reopen_if_new(const struct container *c, int *fd, struct log_reader *r, struct err *e)
{
	struct stat ours, theirs;
	int again, done;

	if (fstat(*fd, &ours) < 0 || fstatat(c->fd, "ctr.log", &theirs, AT_SYMLINK_NOFOLLOW) < 0 ||
	    ours.st_ino == theirs.st_ino)
		return 0;
	again = fs_open_nolink(c->fd, "ctr.log", O_RDONLY, 0, NULL);
	if (again < 0)
		return 0;
	done = log_drain(r, *fd, e);
	(void)close(*fd);
	*fd = again;
	return done < 0 ? done : 1;
}

static int follow_log(const struct container *c, int *fd, struct log_reader *r, struct err *e)
{
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
	int done = 0;

	while (done == 0) {
		int status;
		/* Asked before the last read, so that nothing written before the end is missed. */
		const bool over =
			container_exit_status(c, &status, NULL) == 0 || !process_alive(&c->monitor);

		done = log_drain(r, *fd, e);
		if (done == 0)
			done = reopen_if_new(c, fd, r, e);
		if (done > 0) { /* at once: there is more, and at its end perhaps a third */
			done = 0;
			continue;
		}
		if (done < 0 || over || r->over || (r->until && when_now() > r->until))
			break;
		done = proc_interrupted(e);
		(void)nanosleep(&nap, NULL);
	}
	return done;
}

int run_logs(const struct state *state, const char *container, const struct log_opts *o,
	     const struct log_sink *sink, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_log_reader reader = {
		.sink = sink, .since = o->since, .until = o->until, LOG_READER_BUFS
	};
	auto_close int fd = -1;
	uint64_t lines = 0;
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, container, &c, e);
	if (r < 0)
		return r;
	fd = fs_open_nolink(c.fd, "ctr.log", O_RDONLY, 0, e);
	if (fd == E_NOTFOUND && process_alive(&c.monitor) && !c.detached)
		return FAIL(
			e, E_NOTFOUND,
			"container '%s' is in the foreground, and removed at its end: its output "
			"is its caller's",
			c.name);
	if (fd < 0)
		return fd == E_NOTFOUND ? 0 : fd; /* it never ran */
	if (o->tail >= 0) {
		r = count_lines(fd, &lines, e);
		if (r < 0)
			return r;
		reader.skip = lines > (uint64_t)o->tail ? lines - (uint64_t)o->tail : 0;
	}
	r = o->follow ? follow_log(&c, &fd, &reader, e) : log_drain(&reader, fd, e);
	return r == 0 ? log_take_rest(&reader, e) : r;
}
