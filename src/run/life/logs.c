/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/life/when.h"
#include "run/run.h"

/*
 * conmon's "k8s-file" form (of one in the foreground launch/output_log.h writes it), one record a
 * line: TIME STREAM TAG TEXT, where TAG is F for the end of a line and P for a part of one.
 */
enum { LIMIT_LOG_LINE = 1024 * 1024 };

struct reader {
	const struct log_sink *sink;
	struct buf joined[2]; /* of standard output and error */
	struct buf pending;   /* a record that is not whole yet */
	int64_t began[2];     /* when what is joined began */
	uint64_t skip;	      /* whole lines not to be shown */
	int64_t since, until; /* 0: no bound */
	bool over;	      /* until was passed */
};

static void reader_release(struct reader *r)
{
	buf_free(&r->joined[0]);
	buf_free(&r->joined[1]);
	buf_free(&r->pending);
}

/* "2026-11-27T10:00:00.123456789+00:00"; 0 when it is none. */
static int64_t record_time(struct str text)
{
	char copy[64];
	int64_t when = 0;

	(void)snprintf(copy, sizeof(copy), "%.*s", (int)(text.n < 63 ? text.n : 63), text.p);
	return when_parse(copy, 0, &when, NULL) == 0 ? when : 0;
}

/* True when the record ends a line. */
static bool split_record(struct str record, int64_t *ret_when, bool *ret_stderr,
			 struct str *ret_text)
{
	struct str rest = record, time, stream, tag;

	if (!str_cut(&rest, ' ', &time) || !str_cut(&rest, ' ', &stream) ||
	    !str_cut(&rest, ' ', &tag))
		return false;
	*ret_stderr = str_eqz(stream, "stderr");
	*ret_when = record_time(time);
	*ret_text = rest;
	return str_eqz(tag, "F");
}

static int show(struct reader *r, bool is_stderr, bool whole, struct err *e)
{
	const struct buf *b = &r->joined[is_stderr];
	const int64_t when = r->began[is_stderr];

	r->over = r->over || (r->until && when > r->until);
	if (r->over || (r->since && when < r->since))
		return 0;
	return r->sink->emit(r->sink->arg, is_stderr, when, b->n ? b->p : "", b->n, whole, e);
}

static int take_line(struct reader *r, bool is_stderr, bool whole, struct err *e)
{
	int done = 0;

	if (r->skip)
		r->skip--;
	else
		done = show(r, is_stderr, whole, e);
	buf_reset(&r->joined[is_stderr]);
	return done;
}

/* A last line may have no end. */
static int take_rest(struct reader *r, struct err *e)
{
	int done = 0;

	for (int i = 0; done == 0 && i < 2; i++)
		if (r->joined[i].n)
			done = take_line(r, i == 1, false, e);
	return done;
}

static int take_record(struct reader *r, struct str record, struct err *e)
{
	bool is_stderr = false, whole;
	int64_t when = 0;
	struct str text = { "", 0 };
	struct buf *b;

	whole = split_record(record, &when, &is_stderr, &text);
	b = &r->joined[is_stderr];
	if (b->n == 0)
		r->began[is_stderr] = when;
	buf_put(b, text.p, text.n);
	/* A line without an end is cut rather than kept for ever. */
	return whole || b->failed ? take_line(r, is_stderr, true, e) : 0;
}

/* Takes what the file has now. */
static int drain(struct reader *r, int fd, struct err *e)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		struct str rest, line;

		if (n < 0)
			return FAIL_SYS(e, "read the log");
		if (n == 0)
			return 0;
		buf_put(&r->pending, chunk, (size_t)n);
		if (r->pending.failed)
			return FAIL(e, E_FORMAT, "the log holds a record over %d bytes",
				    LIMIT_LOG_LINE);
		rest = (struct str){ buf_str(&r->pending), r->pending.n };
		while (memchr(rest.p, '\n', rest.n) && str_line(&rest, &line)) {
			int done = take_record(r, line, e);

			if (done < 0)
				return done;
		}
		memmove(r->pending.p, rest.p, rest.n);
		r->pending.n = rest.n;
		r->pending.p[rest.n] = '\0';
	}
}

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
	__attribute__((cleanup(reader_release))) struct reader r = {
		.sink = &counter,
		.joined = { BUF_INIT(LIMIT_LOG_LINE), BUF_INIT(LIMIT_LOG_LINE) },
		.pending = BUF_INIT(LIMIT_LOG_LINE + 65536)
	};
	int done = drain(&r, fd, e);

	if (done == 0)
		done = take_rest(&r, e);
	if (done == 0 && lseek(fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "read the log");
	return done;
}

/* conmon starts a new file at the size limit, and writes nothing more to the one before: that is
 * read to its end first. A record is whole in one file. */
static int reopen_if_new(const struct container *c, int *fd, struct reader *r, struct err *e)
{
	struct stat ours, theirs;
	int again, done;

	if (fstat(*fd, &ours) < 0 || fstatat(c->fd, "ctr.log", &theirs, AT_SYMLINK_NOFOLLOW) < 0 ||
	    ours.st_ino == theirs.st_ino)
		return 0;
	again = fs_open_nolink(c->fd, "ctr.log", O_RDONLY, 0, NULL);
	if (again < 0)
		return 0;
	done = drain(r, *fd, e);
	(void)close(*fd);
	*fd = again;
	return done < 0 ? done : 1;
}

static int follow_log(const struct container *c, int *fd, struct reader *r, struct err *e)
{
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
	int done = 0;

	while (done == 0) {
		int status;
		/* Asked before the last read, so that nothing written before the end is missed. */
		const bool over =
			container_exit_status(c, &status, NULL) == 0 || !process_alive(&c->monitor);

		done = drain(r, *fd, e);
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
	__attribute__((cleanup(reader_release))) struct reader reader = {
		.sink = sink,
		.since = o->since,
		.until = o->until,
		.joined = { BUF_INIT(LIMIT_LOG_LINE), BUF_INIT(LIMIT_LOG_LINE) },
		.pending = BUF_INIT(LIMIT_LOG_LINE + 65536)
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
	r = o->follow ? follow_log(&c, &fd, &reader, e) : drain(&reader, fd, e);
	return r == 0 ? take_rest(&reader, e) : r;
}
