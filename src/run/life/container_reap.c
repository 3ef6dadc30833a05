/* SPDX-License-Identifier: Apache-2.0 */
/* What is done when a container is over, also by those who find one whose monitor was killed. */
#include "run/container_internal.h"
#include "run/file.h"
#include "run/launch/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/launch/launch.h"
#include "run/life/ending.h"
#include "run/life/events.h"

/* To somebody whose first process is stopped before it releases its supervisor. */
enum { CONCLUDE_MS = 5000 };

/* Its process was made, and nobody saw it end; or its start was told, and what was to make the
 * process was killed before it said so. What was never let to run has no end; nor has a run, of one
 * that is started again, of which nothing was told yet. */
static int write_unseen(const struct container *c, struct err *e)
{
	const bool made = faccessat(c->fd, "pidfile", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int status;

	if (container_exit_status(c, &status, NULL) == 0)
		return 0;
	return (made && !gate_closed(c->fd)) || event_unended(c)
		       ? file_put(c->fd, "exit", "137", 3, e)
		       : 0;
}

/* What still runs ends, what is mounted or made for it goes. */
static int clear(const struct container *c, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	struct err why = ERR_INIT;
	struct runtime rt;
	const bool there = runtime_find(c->runtime, &rt, &why) == 0;

	return launch_cleanup(c->folder, c->id, container_cgroup(c, cgroup), there ? &rt : NULL, e);
}

int container_remove(struct container *c, struct err *e)
{
	char name[CONTAINER_ID + 1];
	auto_close int parent = -1;
	int r = clear(c, e);

	if (r == 0)
		r = write_unseen(c, e);
	if (r == 0)
		r = ending_note(c, e);
	if (r < 0)
		return r;
	/* Named by id in its own parent, so that no path is walked twice. */
	parent = openat(c->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return FAIL_SYS(e, "open containers");
	(void)snprintf(name, sizeof(name), "%s", c->id);
	r = file_remove_tree(parent, name, e);
	/* Another who found it stale was faster. */
	if (r < 0 && faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (r == 0)
		(void)event_note_at(parent, c, "destroy", NULL, NULL);
	return r;
}

int container_cleanup(struct container *c, struct err *e)
{
	int r;

	/* One whose image was never let to run has not been. */
	if (c->auto_remove || c->kind == CONTAINER_STEP || gate_closed(c->fd))
		return container_remove(c, e);
	r = clear(c, e);
	if (r == 0)
		r = write_unseen(c, e);
	if (r == 0)
		r = ending_note(c, e);
	if (r == 0)
		r = ending_unbegun(c, e);
	if (r < 0)
		return r;
	c->clean = true;
	return container_save(c, e);
}

/* Ended in the foreground; its supervisor is at it (launch/conclude.h). */
static bool concluding(const struct container *c)
{
	int status;

	return c->kind == CONTAINER_SERVICE && !c->detached && !c->clean &&
	       container_exit_status(c, &status, NULL) == 0;
}

struct reaping {
	const struct state *state;
	const char *name; /* awaited alone */
	bool all;	  /* are awaited */
	uint64_t until;
};

static struct reaping reaping_of(const struct state *state, const char *name, bool all)
{
	return (struct reaping){ state, name, all, clock_mono_ms() + CONCLUDE_MS };
}

static void await_conclusion(const struct container *c, const struct reaping *x)
{
	auto_close int fd = (int)syscall(SYS_pidfd_open, c->monitor.pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const uint64_t now = clock_mono_ms();

	/* The number may be another's by now. */
	if (fd >= 0 && process_alive(&c->monitor) && now < x->until)
		(void)poll(&p, 1, (int)(x->until - now));
}

static bool stale(const struct container *c)
{
	return !c->clean && !process_alive(&c->monitor);
}

/* Looked at a second time: between our reading of the record and our look at its monitor that one
 * may have handed over to another, which the record tells by then. One at a time cleans up; others,
 * who find nothing stale, do not wait for him. */
static int reap_one(void *arg, struct container *c, struct err *e)
{
	const struct reaping *x = arg;
	const struct state *state = x->state;
	auto_container now = CONTAINER_INIT;
	auto_close int lock = -1;
	struct err why = ERR_INIT;

	if ((x->all || (x->name && strcmp(x->name, c->name) == 0)) && concluding(c))
		await_conclusion(c, x);
	if (!stale(c))
		return 0;
	lock = fs_lock(state->fd, "containers/lock", CONTAINER_LOCK_MS, e);
	if (lock < 0)
		return lock;
	if (container_load(state, c->id, &now, &why) == 0 && stale(&now))
		(void)container_cleanup(&now, &why);
	return 0;
}

/* Without a record: it was being made when somebody was killed, or the power went before the record
 * reached the disk. */
static bool unrecorded(int containers, const char *name)
{
	char path[CONTAINER_ID + 16];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/state.json", name);
	return strlen(name) == CONTAINER_ID &&
	       (fstatat(containers, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_size == 0);
}

/* Records are made with the lock held: who has it knows that nobody is at it. */
static int remove_unrecorded(const struct state *state, struct err *e)
{
	int fd = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	auto_close int lock = -1;
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		if (!unrecorded(dirfd(d), ent->d_name))
			continue;
		if (lock < 0)
			lock = fs_lock(state->fd, "containers/lock", CONTAINER_LOCK_MS, e);
		if (lock < 0)
			return lock;
		/* What runs is nobody's to take away but rm --force's. */
		if (unrecorded(dirfd(d), ent->d_name) &&
		    !container_runs_unrecorded(dirfd(d), ent->d_name))
			(void)fs_remove_tree(dirfd(d), ent->d_name, NULL);
	}
	return 0;
}

static int reap(const struct state *state, const char *name, bool all, struct err *e)
{
	struct reaping x = reaping_of(state, name, all);
	int r;

	if (!fs_exists(state->fd, "containers"))
		return 0;
	r = remove_unrecorded(state, e);
	return r == 0 ? container_each(state, reap_one, &x, e) : r;
}

static int settle_one(void *arg, struct container *c, struct err *e)
{
	(void)e;
	if (concluding(c))
		await_conclusion(c, arg);
	return 0;
}

void container_settle(const struct state *state)
{
	struct reaping x = reaping_of(state, NULL, true);

	(void)container_each(state, settle_one, &x, NULL);
}

int container_reap(const struct state *state, struct err *e)
{
	return reap(state, NULL, true, e);
}

int container_reap_for(const struct state *state, const char *name, struct err *e)
{
	return reap(state, name, false, e);
}
