/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/events.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/life/events_files.h"
#include "run/life/when.h"

enum { LOCK_TRIES = 200, LOCK_NAP_MS = 5 };

/* The file to write to, locked. It may be renamed while we wait. A writer that was stopped while it
 * held the lock does not hold us up for ever: appending is whole without it. */
static int open_locked(int folder, struct err *e)
{
	const struct timespec nap = { .tv_nsec = LOCK_NAP_MS * 1000L * 1000 };
	int fd = -1;

	for (int tries = 0;; tries++) {
		struct stat ours, named;
		bool locked;

		if (fd < 0)
			fd = openat(folder, EVENTS,
				    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return FAIL_SYS(e, "open '%s'", EVENTS);
		locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
		if (!locked && tries < LOCK_TRIES) {
			(void)nanosleep(&nap, NULL);
			continue;
		}
		if (fstat(fd, &ours) < 0)
			return FAIL_SYS(e, "open '%s'", EVENTS);
		if (fstatat(folder, EVENTS, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_ino == named.st_ino) {
			if (!locked || ours.st_size < LIMIT_EVENTS)
				return fd;
			(void)renameat(folder, EVENTS, folder, EVENTS_OLD);
		}
		(void)close(fd);
		fd = -1;
	}
}

static int append(int folder, const struct buf *line, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_EVENT + 16);
	auto_close int fd = open_locked(folder, e);
	struct stat st;
	char last = '\n';

	if (fd < 0)
		return fd;
	/* Somebody was killed while he wrote. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	    last != '\n')
		buf_putc(&text, '\n');
	buf_put(&text, line->p, line->n);
	buf_putc(&text, '\n');
	return text.failed ? FAIL_NOMEM(e) : fs_write_all(fd, text.p, text.n, e);
}

/* from: the image of a container; NULL for what is none. */
static int print_event(const char *type, const char *action, const char *id, const char *from,
		       json_t *attributes, struct buf *ret, struct err *e)
{
	const int64_t now = when_now();
	auto_json *j =
		json_pack("{s:s, s:s, s:{s:s, s:O}, s:s, s:s, s:s*, s:s, s:I, s:I}", "Type", type,
			  "Action", action, "Actor", "ID", id, "Attributes", attributes, "id", id,
			  "status", action, "from", from, "scope", "local", "time",
			  (json_int_t)(now / 1000000000), "timeNano", (json_int_t)now);

	return j ? json_canonical(j, ret, e) : FAIL_NOMEM(e);
}

static int make_event(const struct container *c, const char *action, const json_t *attributes,
		      struct buf *ret, struct err *e)
{
	auto_json *all = json_object();

	if (!all || (c->labels && json_object_update(all, c->labels) < 0) ||
	    (c->image && json_object_set_new(all, "image", json_string(c->image)) < 0) ||
	    json_object_set_new(all, "name", json_string(c->name)) < 0 ||
	    (attributes && json_object_update(all, (json_t *)(uintptr_t)attributes) < 0))
		return FAIL_NOMEM(e);
	return print_event("container", action, c->id, c->image, all, ret, e);
}

int event_note_at(int containers, const struct container *c, const char *action, json_t *attributes,
		  struct err *e)
{
	auto_json *owned = attributes;
	auto_buf line = BUF_INIT(LIMIT_EVENT);
	int r = c->kind == CONTAINER_STEP ? 1 : make_event(c, action, owned, &line, e);

	return r == 0 ? append(containers, &line, e) : r < 0 ? r : 0;
}

int event_note(const struct container *c, const char *action, json_t *attributes, struct err *e)
{
	auto_close int folder = openat(c->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder >= 0)
		return event_note_at(folder, c, action, attributes, e);
	json_decref(attributes);
	return FAIL_SYS(e, "open containers");
}

int event_note_other(const struct state *state, const char *type, const char *action,
		     const char *id, json_t *attributes, struct err *e)
{
	auto_json *owned = attributes ?: json_object();
	auto_buf line = BUF_INIT(LIMIT_EVENT);
	auto_close int folder = -1;
	int r = owned ? fs_mkdir_p(state->fd, "containers", 0700, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	folder = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, e);
	if (folder < 0)
		return folder;
	r = print_event(type, action, id, NULL, owned, &line, e);
	return r == 0 ? append(folder, &line, e) : r;
}
