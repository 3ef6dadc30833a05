/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/life/events.h"
#include "run/life/events_files.h"
#include "run/life/when.h"

enum { FOLLOW_MS = 500 };

/* One file as far as it goes. */
struct reader {
	const struct events_query *q;
	int fd;
	struct buf pending;
	bool skip; /* the rest of a line that is too long */
	bool over; /* until was passed */
};

static void reader_release(struct reader *r)
{
	buf_free(&r->pending);
	if (r->fd >= 0)
		(void)close(r->fd);
}
#define auto_reader __attribute__((cleanup(reader_release))) struct reader

static int take_line(struct reader *r, struct str line, struct err *e)
{
	auto_json *j = NULL;
	int64_t when;

	if (line.n == 0 || json_parse(line.p, line.n, EVENTS, &j, NULL) < 0 || !json_is_object(j))
		return 0;
	when = json_integer_value(json_object_get(j, "timeNano"));
	if (when < r->q->since)
		return 0;
	if (r->q->until && when > r->q->until) {
		r->over = true;
		return 0;
	}
	return r->q->emit(r->q->arg, j, e);
}

static int drain(struct reader *r, struct err *e)
{
	char chunk[16384];
	ssize_t n;

	while (r->fd >= 0 && (n = read(r->fd, chunk, sizeof(chunk))) > 0) {
		struct str rest, line;

		buf_put(&r->pending, chunk, (size_t)n);
		rest = (struct str){ buf_str(&r->pending), r->pending.n };
		while (memchr(rest.p, '\n', rest.n) && str_line(&rest, &line)) {
			int done = r->skip ? 0 : take_line(r, line, e);

			r->skip = false;
			if (done < 0)
				return done;
		}
		memmove(r->pending.p, rest.p, rest.n);
		r->pending.n = rest.n;
		if (r->pending.n > LIMIT_EVENT) {
			r->skip = true;
			buf_reset(&r->pending);
		}
	}
	return 0;
}

static void reopen(struct reader *r, int folder, const char *name)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	buf_reset(&r->pending);
	r->skip = false;
}

static bool is_current(const struct reader *r, int folder)
{
	struct stat ours, named;

	return r->fd >= 0 && fstat(r->fd, &ours) == 0 &&
	       fstatat(folder, EVENTS, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_ino == named.st_ino;
}

/* What is there now, also across a rotation. */
static int catch_up(struct reader *r, int folder, struct err *e)
{
	int done = drain(r, e);

	while (done == 0 && !is_current(r, folder) &&
	       faccessat(folder, EVENTS, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		/* Of the old file nothing more is written once it is not current. */
		done = drain(r, e);
		reopen(r, folder, EVENTS);
		if (done == 0)
			done = drain(r, e);
	}
	return done;
}

static int follow(struct reader *r, int folder, int watch, struct err *e)
{
	struct pollfd p = { .fd = watch, .events = POLLIN };
	char ignored[4096];
	int done = 0;

	while (done == 0 && !r->over && (!r->q->until || when_now() < r->q->until)) {
		done = catch_up(r, folder, e);
		if (done == 0)
			done = proc_interrupted(e);
		if (done < 0 || r->over)
			break;
		if (poll(&p, 1, FOLLOW_MS) > 0)
			(void)!read(watch, ignored, sizeof(ignored));
	}
	return done == 0 ? catch_up(r, folder, e) : done;
}

#define READER_INIT(query) { .q = (query), .fd = -1, .pending = BUF_INIT(LIMIT_EVENT + 32768) }

static int read_past(const struct events_query *q, int folder, struct err *e)
{
	auto_reader old = READER_INIT(q);

	reopen(&old, folder, EVENTS_OLD);
	return drain(&old, e);
}

int events_read(const struct state *state, const struct events_query *asked, struct err *e)
{
	struct events_query q = *asked;
	auto_reader r = READER_INIT(&q);
	auto_close int folder = -1, watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[32];
	int done = fs_mkdir_p(state->fd, "containers", 0700, e);

	if (done < 0)
		return done;
	folder = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, e);
	if (folder < 0)
		return folder;
	/* Without inotify it looks twice a second. Watched before the first read: none is missed.
	 */
	if (watch >= 0)
		(void)inotify_add_watch(watch, fs_fd_path(folder, path), IN_MODIFY | IN_CREATE);
	if (!q.since)
		q.since = when_now();
	else
		done = read_past(&q, folder, e);
	reopen(&r, folder, EVENTS);
	return done == 0 ? follow(&r, folder, watch, e) : done;
}

int events_read_file(int fd, const struct events_query *q, struct err *e)
{
	auto_reader r = READER_INIT(q);

	r.fd = fd;
	return drain(&r, e);
}

static void look_back(const struct container *c, const struct events_query *q)
{
	auto_close int folder = openat(c->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_reader r = READER_INIT(q);

	if (folder < 0)
		return;
	(void)read_past(q, folder, NULL);
	reopen(&r, folder, EVENTS);
	(void)drain(&r, NULL);
}

static bool is_of(const json_t *event, const char *id, const char *action)
{
	return strcmp(json_string_or_null(event, "id") ?: "", id) == 0 &&
	       strcmp(json_string_or_null(event, "Action") ?: "", action) == 0;
}

struct known {
	const char *id, *action;
	bool found;
};

static int look(void *arg, const json_t *event, struct err *e)
{
	struct known *k = arg;

	(void)e;
	k->found = k->found || is_of(event, k->id, k->action);
	return 0;
}

bool event_known(const struct container *c, const char *action, int64_t since_ns)
{
	struct known k = { c->id, action, false };
	const struct events_query q = { .since = since_ns, .emit = look, .arg = &k };

	look_back(c, &q);
	return k.found;
}

static int look_for_end(void *arg, const json_t *event, struct err *e)
{
	struct known *k = arg;

	(void)e;
	if (is_of(event, k->id, "start"))
		k->found = true;
	else if (is_of(event, k->id, "die"))
		k->found = false;
	return 0;
}

bool event_unended(const struct container *c)
{
	struct known k = { c->id, NULL, false };
	const struct events_query q = { .since = c->created * 1000000000,
					.emit = look_for_end,
					.arg = &k };

	look_back(c, &q);
	return k.found;
}
