/* SPDX-License-Identifier: Apache-2.0 */
#include "build/area.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"

static const char prefix[] = "build-";

/* Removes what builds that are no more left behind: their folders' locks are free. */
static int sweep(int tmp, struct err *e)
{
	auto_close int fd = fs_open(tmp, ".", O_RDONLY | O_DIRECTORY, 0, e);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd < 0)
		return fd;
	if (!d)
		return FAIL_SYS(e, "read folder 'tmp'");
	(void)TAKE_FD(fd);
	for (const struct dirent *ent; (ent = readdir(d));) {
		char lock[300];

		if (!starts_with(ent->d_name, prefix))
			continue;
		(void)snprintf(lock, sizeof(lock), "%s/lock", ent->d_name);

		auto_close int held = fs_lock(tmp, lock, 0, NULL);

		if (held < 0)
			continue;

		int r = fs_remove_tree(tmp, ent->d_name, e);

		if (r < 0)
			return WRAP(e, r, "remove what an earlier build left");
	}
	return 0;
}

int area_open(struct area *ret, const struct state *state, struct err *e)
{
	struct area a = { .state = state, .fd = -1, .lock = -1 };
	char lock[128];
	int r = fs_mkdir_p(state->fd, "tmp", 0700, e);

	if (r < 0)
		return r;

	auto_close int tmp = fs_open(state->fd, "tmp", O_RDONLY | O_DIRECTORY, 0, e);

	if (tmp < 0)
		return tmp;

	/* Between the making of a folder and its lock nobody may sweep. */
	auto_close int all = fs_lock(tmp, "build.lock", -1, e);

	if (all < 0)
		return all;
	r = sweep(tmp, e);
	if (r == 0)
		r = fs_temp_name(prefix, lock, sizeof(lock), e);
	if (r < 0)
		return r;
	(void)snprintf(a.name, sizeof(a.name), "tmp/%.64s", lock);
	r = fs_mkdir_p(state->fd, a.name, 0700, e);
	if (r < 0)
		return r;
	a.fd = fs_open(state->fd, a.name, O_RDONLY | O_DIRECTORY, 0, e);
	if (a.fd >= 0)
		a.lock = fs_lock(a.fd, "lock", 0, e);
	if (a.fd < 0 || a.lock < 0) {
		r = a.fd < 0 ? a.fd : a.lock;
		area_close(&a);
		return r;
	}
	*ret = a;
	return 0;
}

void area_close(struct area *a)
{
	if (a->name[0])
		(void)fs_remove_tree(a->state->fd, a->name, NULL);
	close_release(&a->fd);
	close_release(&a->lock);
	a->name[0] = '\0';
}

int area_dir(struct area *a, char ret[static 32], struct err *e)
{
	(void)snprintf(ret, 32, "%u-%u", a->lane, a->next++);
	return fs_mkdir_p(a->fd, ret, 0755, e);
}

int area_path(const struct area *a, const char *within, char **ret, struct err *e)
{
	return asprintf(ret, "%s/%s/%s", a->state->path, a->name, within) < 0 ? FAIL_NOMEM(e) : 0;
}

int area_record_add(const struct area *a, const char *name, const json_t *j, struct err *e)
{
	auto_buf line = BUF_INIT(LIMIT_RECORD_LINE);
	int r = json_canonical(j, &line, e);

	buf_putc(&line, '\n');
	if (r == 0)
		r = buf_check(&line, name, e);
	if (r < 0)
		return r;

	auto_close int fd = fs_open_nolink(a->fd, name, O_WRONLY | O_APPEND | O_CREAT, 0600, e);

	return fd < 0 ? fd : fs_write_all(fd, line.p, line.n, e);
}

int area_record_each(const struct area *a, const char *name,
		     int (*fn)(void *arg, const json_t *j, struct err *e), void *arg, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RECORD);
	struct str rest, line;
	int r;

	if (!fs_exists(a->fd, name))
		return 0;
	r = fs_read(a->fd, name, LIMIT_RECORD, &text, e);
	rest = (struct str){ buf_str(&text), text.n };
	while (r == 0 && str_line(&rest, &line)) {
		auto_json *j = NULL;

		r = json_parse(line.p, line.n, name, &j, e);
		if (r == 0)
			r = fn(arg, j, e);
	}
	return r < 0 ? WRAP(e, r, "read the build's record of %s", name) : 0;
}
