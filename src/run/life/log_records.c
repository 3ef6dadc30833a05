/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/log_records.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run/life/when.h"

void log_reader_release(struct log_reader *r)
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
	return when_parse(copy, 0, &when, NULL) == 0 && when > 0 ? when : 0; /* not "10m" */
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

static int show(struct log_reader *r, bool is_stderr, bool whole, struct err *e)
{
	const struct buf *b = &r->joined[is_stderr];
	const int64_t when = r->began[is_stderr];

	r->over = r->over || (r->until && when > r->until);
	if (r->over || (r->since && when < r->since))
		return 0;
	return r->sink->emit(r->sink->arg, is_stderr, when, b->n ? b->p : "", b->n, whole, e);
}

static int take_line(struct log_reader *r, bool is_stderr, bool whole, struct err *e)
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
int log_take_rest(struct log_reader *r, struct err *e)
{
	int done = 0;

	for (int i = 0; done == 0 && i < 2; i++)
		if (r->joined[i].n)
			done = take_line(r, i == 1, false, e);
	return done;
}

static int take_record(struct log_reader *r, struct str record, struct err *e)
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
int log_drain(struct log_reader *r, int fd, struct err *e)
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
