/* SPDX-License-Identifier: Apache-2.0 */
/* Containers whose record a hand, a disk or the end of the power has spoilt: found by id alone. */
#include "run/container_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { LIMIT_PROC_TEXT = 16 * 1024 };

/* Whether the process whose number is in this file has the container's id in its cmdline (conmon)
 * or its control group (the container's first process): a number alone may be another's by now. */
static bool runs(int folder, const char *file, const char *what, const char *id)
{
	auto_buf number = BUF_INIT(32), text = BUF_INIT(LIMIT_PROC_TEXT);
	auto_close int proc = -1;
	char path[64];

	if (fs_read(folder, file, 16, &number, NULL) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%ld", strtol(buf_str(&number), NULL, 10));
	proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return proc >= 0 && fs_read(proc, what, LIMIT_PROC_TEXT - 1, &text, NULL) == 0 &&
	       memmem(text.p, text.n, id, strlen(id));
}

bool container_runs_unrecorded(int containers, const char *id)
{
	auto_close int folder =
		openat(containers, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return folder >= 0 &&
	       (runs(folder, "pidfile", "cgroup", id) || runs(folder, "conmon.pid", "cmdline", id));
}

int container_broken_each(const struct state *state,
			  int (*fn)(void *arg, const char *id, struct err *e), void *arg,
			  struct err *e)
{
	int fd = fs_open_nolink(state->fd, "containers", O_RDONLY | O_DIRECTORY, 0, e), r = 0;
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *ent;

	if (fd == E_NOTFOUND)
		return 0;
	if (!d)
		return fd < 0 ? fd : FAIL_SYS(e, "list containers");
	while (r == 0 && (ent = readdir(d))) {
		auto_container c = CONTAINER_INIT;
		char path[CONTAINER_ID + 16];
		struct stat st = { 0 };
		bool there;

		if (strlen(ent->d_name) != CONTAINER_ID)
			continue;
		(void)snprintf(path, sizeof(path), "%s/state.json", ent->d_name);
		there = fstatat(dirfd(d), path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size;
		/* Without a record it is being made, or goes with the next reaping. */
		if (there ? container_load(state, ent->d_name, &c, NULL) != E_FORMAT
			  : !container_runs_unrecorded(dirfd(d), ent->d_name))
			continue;
		r = fn(arg, ent->d_name, e);
	}
	return r;
}

struct looking {
	const char *text;
	char id[CONTAINER_ID + 1], first[CONTAINER_ID + 1];
	size_t n, all;
};

static int look(void *arg, const char *id, struct err *e)
{
	struct looking *l = arg;

	(void)e;
	if (l->all++ == 0)
		(void)snprintf(l->first, sizeof(l->first), "%s", id);
	if (*l->text && strncmp(id, l->text, strlen(l->text)) == 0 && l->n++ == 0)
		(void)snprintf(l->id, sizeof(l->id), "%s", id);
	return 0;
}

int container_not_found(const struct state *state, const char *text, struct err *e)
{
	struct looking l = { .text = text };

	(void)container_broken_each(state, look, &l, NULL);
	if (l.n)
		return err_hint(
			e, FAIL(e, E_FORMAT, "the record of container %.12s cannot be read", l.id),
			"plimsoll rm --force %.12s, which ends what of it runs", l.id);
	if (l.all)
		return err_hint(
			e, FAIL(e, E_NOTFOUND, "no container is called '%s'", text),
			"the record of %.12s, and with it its name, cannot be read: plimsoll "
			"rm --force %.12s; all others: plimsoll ps --all",
			l.first, l.first);
	return err_hint(e, FAIL(e, E_NOTFOUND, "no container is called '%s'", text),
			"plimsoll ps --all");
}

int container_broken_open(const struct state *state, const char *text, struct container *ret,
			  struct err *e)
{
	struct looking l = { .text = text };
	int r = container_broken_each(state, look, &l, e);

	if (r < 0)
		return r;
	if (l.n != 1)
		return FAIL(e, l.n ? E_USAGE : E_NOTFOUND, "'%s' begins the id of %zu containers",
			    text, l.n);
	r = container_open(state, l.id, ret, e);
	if (r == 0)
		(void)snprintf(ret->name, sizeof(ret->name), "%.12s", l.id);
	return r;
}
