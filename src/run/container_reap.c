/* SPDX-License-Identifier: Apache-2.0 */
/* What is done when a container is over, also by those who find one whose monitor was killed. */
#include "run/container_internal.h"
#include "run/file.h"
#include "run/gate.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/ending.h"
#include "run/events.h"
#include "run/launch.h"

static int write_killed(const struct container *c, struct err *e)
{
	int status;

	if (container_exit_status(c, &status, NULL) == 0)
		return 0;
	return file_put(c->fd, "exit", "137", 3, e);
}

/* Its process was made, and nobody saw it end. */
static int write_unseen(const struct container *c, struct err *e)
{
	return faccessat(c->fd, "pidfile", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? write_killed(c, e) : 0;
}

int container_remove(struct container *c, struct err *e)
{
	char cgroup[CONTAINER_ID + 16], name[CONTAINER_ID + 1];
	auto_close int parent = -1;
	int r = launch_cleanup(c->folder, c->id, container_cgroup(c, cgroup), e);

	/* What was never let to run has no end. */
	if (r == 0 && !gate_closed(c->fd))
		r = write_unseen(c, e);
	if (r == 0 && !gate_closed(c->fd))
		r = ending_note(c, e);
	if (r < 0)
		return r;
	/* Named by id in its own parent, so that no path is walked twice. */
	parent = openat(c->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return FAIL_SYS(e, "open containers");
	(void)snprintf(name, sizeof(name), "%s", c->id);
	r = fs_remove_tree(parent, name, e);
	if (r == 0)
		(void)event_note_at(parent, c, "destroy", NULL, NULL);
	return r;
}

int container_cleanup(struct container *c, struct err *e)
{
	char cgroup[CONTAINER_ID + 16];
	int r;

	/* One whose image was never let to run has not been. */
	if (c->auto_remove || c->kind == CONTAINER_STEP || gate_closed(c->fd))
		return container_remove(c, e);
	r = launch_cleanup(c->folder, c->id, container_cgroup(c, cgroup), e);
	if (r == 0)
		r = write_killed(c, e);
	if (r == 0)
		r = ending_note(c, e);
	if (r < 0)
		return r;
	c->clean = true;
	return container_save(c, e);
}

static int reap_one(void *arg, struct container *c, struct err *e)
{
	struct err why = ERR_INIT;

	(void)arg;
	(void)e;
	if (!c->clean && !process_alive(&c->monitor))
		(void)container_cleanup(c, &why);
	return 0;
}

/* A folder whose record was never written: older than a minute, nobody is making it. */
static void remove_unrecorded(const struct state *state)
{
	int fd = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	while (d && (ent = readdir(d))) {
		char path[CONTAINER_ID + 16];
		struct stat st;

		if (strlen(ent->d_name) != CONTAINER_ID)
			continue;
		(void)snprintf(path, sizeof(path), "%s/state.json", ent->d_name);
		/* Empty: the power went before it reached the disk. */
		if ((fstatat(dirfd(d), path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0) ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    clock_now() - st.st_mtime < 60)
			continue;
		(void)fs_remove_tree(dirfd(d), ent->d_name, NULL);
	}
}

int container_reap(const struct state *state, struct err *e)
{
	auto_close int lock = -1;

	if (!fs_exists(state->fd, "containers"))
		return 0;
	lock = fs_lock(state->fd, "containers/lock", CONTAINER_LOCK_MS, e);
	if (lock < 0)
		return lock;
	remove_unrecorded(state);
	return container_each(state, reap_one, NULL, e);
}
