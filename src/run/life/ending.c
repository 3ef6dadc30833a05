/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/ending.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/denials/denials_apparmor.h"
#include "run/file.h"
#include "run/life/events.h"
#include "run/life/oom.h"
#include "trail/trail.h"

#define NOTED "exit.noted"

enum { LOCK_TRIES = 500, LOCK_NAP_MS = 20, TRAIL_LOOKS = 4096, LIMIT_NOTED = 128, KEY = 64 };

struct ending {
	const struct container *c;
	int status;
	int64_t when_ns; /* of the file "exit" */
	bool again;	 /* somebody was killed while he told it */
};

/* Released with the descriptor. */
static int lock_folder(const struct container *c, struct err *e)
{
	const struct timespec nap = { .tv_nsec = LOCK_NAP_MS * 1000L * 1000 };
	int fd = openat(c->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return FAIL_SYS(e, "open the folder of container %.12s", c->id);
	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (tries == LOCK_TRIES) {
			(void)close(fd);
			return FAIL(e, E_SYSTEM, "container %.12s: somebody else is at its end",
				    c->id);
		}
		(void)nanosleep(&nap, NULL);
	}
	return fd;
}

static int write_state(const struct container *c, const char *key, const char *state, struct err *e)
{
	char text[LIMIT_NOTED];
	int n = snprintf(text, sizeof(text), "%s %s", key, state);

	return file_put(c->fd, NOTED, text, (size_t)n, e);
}

/* Which file "exit" it is; returns when it was written. */
static int64_t key_of(const struct stat *st, char ret[static KEY])
{
	const int64_t when = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;

	(void)snprintf(ret, KEY, "%llu-%lld", (unsigned long long)st->st_ino, (long long)when);
	return when;
}

static int tell_events(const struct ending *x, struct err *e)
{
	char status[16], name[OOM_NAME];
	int r = 0;

	(void)snprintf(status, sizeof(status), "%d", x->status);
	if (oom_read(x->c->fd, name) && !(x->again && event_known(x->c, "oom", x->when_ns)))
		r = event_note(x->c, "oom", *name ? json_pack("{s:s}", "process", name) : NULL, e);
	if (r == 0 && !(x->again && event_known(x->c, "die", x->when_ns)))
		r = event_note(x->c, "die", json_pack("{s:s}", "exitCode", status), e);
	return r;
}

/* The state folder that the container's is in. */
static int open_state(const struct container *c, char path[static 4096], struct state *ret,
		      struct err *e)
{
	if (snprintf(path, 4096, "%s/../..", c->folder) >= 4096)
		return FAIL(e, E_SYSTEM, "path of the state folder is too long");
	ret->path = path;
	ret->fd = openat(c->fd, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->fd < 0 ? FAIL_SYS(e, "open the state folder") : 0;
}

static bool trail_knows(const struct ending *x, const struct state *state)
{
	auto_release(trail_close) struct trail *t = NULL;
	uint64_t at;

	if (trail_open(state, &t, NULL) < 0)
		return false;
	at = trail_size(t);
	for (int n = 0; at > 0 && n < TRAIL_LOOKS; n++) {
		auto_json *entry = NULL;
		int64_t when = 0;

		if (trail_read(t, --at, &entry, NULL) < 0 ||
		    clock_parse_rfc3339(str_of(json_string_or_null(entry, "time") ?: ""), &when,
					NULL) < 0 ||
		    when < x->when_ns / 1000000000)
			return false;
		if (strcmp(json_string_or_null(entry, "kind") ?: "", "exit") == 0 &&
		    strcmp(json_string_or_null(json_object_get(entry, "detail"), "container") ?: "",
			   x->c->id) == 0)
			return true;
	}
	return false;
}

static int tell_trail(const struct ending *x, struct err *e)
{
	char path[4096];
	struct state state;
	const bool oom = faccessat(x->c->fd, "oom", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	auto_json *detail =
		json_pack("{s:s, s:s, s:i, s:b}", "container", x->c->id, "containerName",
			  x->c->name, "status", x->status, "outOfMemory", oom);
	const struct trail_event ev = { .kind = "exit",
					.result = "ok",
					.name = x->c->image,
					.digest = x->c->digest,
					.detail = detail };
	int r = open_state(x->c, path, &state, e);

	if (r < 0)
		return r;
	if (!(x->again && trail_knows(x, &state)))
		r = trail_record(&state, &ev, NULL, e);
	(void)close(state.fd);
	return r;
}

int ending_note(const struct container *c, struct err *e)
{
	struct ending x = { .c = c };
	auto_buf said = BUF_INIT(LIMIT_NOTED);
	auto_close int lock = -1;
	char key[KEY];
	struct stat st;
	int r;

	if (c->kind == CONTAINER_STEP || fstatat(c->fd, "exit", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	lock = lock_folder(c, e);
	if (lock < 0)
		return lock;
	/* Again: it may be gone, or of another run, since. */
	if (fstatat(c->fd, "exit", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    container_exit_status(c, &x.status, NULL) < 0)
		return 0;
	x.when_ns = key_of(&st, key);
	(void)fs_read(c->fd, NOTED, LIMIT_NOTED - 1, &said, NULL);
	if (starts_with(buf_str(&said), key)) {
		if (ends_with(buf_str(&said), " done"))
			return 0;
		x.again = true;
	}
	denials_apparmor_look(c);
	if (x.status || faccessat(c->fd, "oom", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		oom_look(c);
	r = write_state(c, key, "begun", e);
	if (r == 0)
		r = tell_events(&x, e);
	if (r == 0)
		r = tell_trail(&x, e);
	return r == 0 ? write_state(c, key, "done", e) : r;
}

int ending_unbegun(const struct container *c, struct err *e)
{
	char key[KEY];
	struct stat st;
	int r;

	if (c->kind == CONTAINER_STEP || faccessat(c->fd, "exit", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* Noted as told before it has its name: whoever goes on behind us tells nothing. */
	r = file_put(c->fd, "exit.unbegun", "137", 3, e);
	if (r < 0)
		return r;
	if (fstatat(c->fd, "exit.unbegun", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return FAIL_SYS(e, "look at 'exit.unbegun'");
	(void)key_of(&st, key);
	r = write_state(c, key, "done", e);
	if (r == 0 && renameat(c->fd, "exit.unbegun", c->fd, "exit") < 0)
		r = FAIL_SYS(e, "write 'exit'");
	return r;
}

void ending_never_began(const struct container *c, int status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", status);
	(void)event_note(c, "die", json_pack("{s:s}", "exitCode", text), NULL);
	(void)unlinkat(c->fd, "exit", 0);
	(void)unlinkat(c->fd, "pidfile", 0);
}
