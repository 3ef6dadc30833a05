/* SPDX-License-Identifier: Apache-2.0 */
/* Named volumes: made, described, listed, removed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/container.h"
#include "run/file.h"
#include "run/life/events.h"
#include "run/root/volume.h"

enum { VOLUME_LOCK_MS = 60000, LIMIT_VOLUME_JSON = 64 * 1024 };

int volume_check_name(const char *name, struct err *e)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_.-";
	const size_t n = strlen(name);

	if (n < 1 || n > LIMIT_VOLUME_NAME || strspn(name, set) != n || strchr("_.-", name[0]) ||
	    strcmp(name, "lock") == 0)
		return err_hint(e,
				FAIL(e, E_USAGE,
				     "volume '%.150s': a name has letters, digits, '_', '.' and "
				     "'-', a path of the host begins with '/'",
				     name),
				"-v \"$PWD\"/data:/data, or -v data:/data");
	return 0;
}

static int lock_volumes(const struct state *state, struct err *e)
{
	int r = fs_mkdir_p(state->fd, "volumes", 0700, e);

	return r < 0 ? r : fs_lock(state->fd, "volumes/lock", VOLUME_LOCK_MS, e);
}

static char *in_volumes(const char *name, const char *rest)
{
	char *path = NULL;

	return asprintf(&path, "volumes/%s%s", name, rest) < 0 ? NULL : path;
}

static json_t *labels_json(const struct strv *labels)
{
	json_t *j = json_object();

	for (size_t i = 0; j && labels && i < labels->n; i++) {
		const char *eq = strchr(labels->v[i], '=');
		auto_free char *key = strndup(labels->v[i], strcspn(labels->v[i], "="));

		if (key)
			(void)json_object_set_new(j, key, json_string(eq ? eq + 1 : ""));
	}
	return j;
}

/* Its own root's from the start: _data is 0755 and 0:0, whatever our umask. */
static int make(const struct state *state, const char *name, const struct strv *labels,
		struct err *e)
{
	auto_free char *file = in_volumes(name, "/volume.json"), *data = in_volumes(name, "/_data");
	auto_buf text = BUF_INIT(LIMIT_VOLUME_JSON);
	auto_json *j = NULL;
	char now[RFC3339_MAX];
	auto_close int fd = -1;
	int r;

	if (!file || !data)
		return FAIL_NOMEM(e);
	clock_rfc3339(clock_now(), now);
	j = json_pack("{s:s, s:s, s:s, s:o}", "schema", "plimsoll.volume/v1", "name", name,
		      "created", now, "labels", labels_json(labels));
	r = j ? json_pretty(j, &text, e) : FAIL(e, E_FORMAT, "a label is not UTF-8");
	if (r == 0)
		r = fs_mkdir_p(state->fd, data, 0700, e);
	if (r < 0)
		return r;
	fd = fs_open_nolink(state->fd, data, O_RDONLY | O_DIRECTORY, 0, e);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0755) < 0)
		return FAIL_SYS(e, "volume '%s'", name);
	return fs_write_file(state->fd, file, buf_str(&text), text.n, 0600, e);
}

int volume_create(const struct state *state, const char *name, const struct strv *labels,
		  struct err *e)
{
	auto_free char *file = in_volumes(name, "/volume.json");
	auto_close int lock = -1;
	int r = volume_check_name(name, e);

	if (r < 0)
		return r;
	lock = lock_volumes(state, e);
	if (lock < 0 || !file)
		return lock < 0 ? lock : FAIL_NOMEM(e);
	/* Written last: without it somebody was killed before he was done. */
	if (fs_exists(state->fd, file))
		return 0;
	r = make(state, name, labels, e);
	if (r == 0)
		(void)event_note_other(state, "volume", "create", name, NULL, NULL);
	return r;
}

struct users {
	const char *name;
	json_t *list;
};

static int note_user(void *arg, struct container *c, struct err *e)
{
	struct users *u = arg;
	const json_t *v;
	size_t i;

	json_array_foreach(c->volumes, i, v)
	{
		if (strcmp(json_string_value(v) ?: "", u->name) == 0)
			return json_push(u->list, json_string(c->name), e);
	}
	return 0;
}

int volume_describe(const struct state *state, const char *name, json_t **ret, struct err *e)
{
	auto_free char *file = in_volumes(name, "/volume.json"), *data = NULL;
	auto_buf text = BUF_INIT(LIMIT_VOLUME_JSON);
	auto_json *j = NULL;
	struct users users = { name, json_array() };
	int r = volume_check_name(name, e);

	if (r == 0)
		r = file && users.list ? fs_read(state->fd, file, LIMIT_VOLUME_JSON, &text, e)
				       : FAIL_NOMEM(e);
	if (r == E_NOTFOUND)
		r = err_hint(e, FAIL(e, E_NOTFOUND, "no volume is called '%s'", name),
			     "plimsoll volume ls");
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "volume.json", &j, e);
	if (r == 0)
		container_settle(state);
	if (r == 0)
		r = container_each(state, note_user, &users, e);
	if (r == 0 && asprintf(&data, "%s/volumes/%s/_data", state->path, name) < 0)
		r = FAIL_NOMEM(e);
	if (r == 0)
		r = json_put_string(j, "mountpoint", data, e);
	if (r < 0) {
		json_decref(users.list);
		return r;
	}
	r = json_put(j, "containers", users.list, e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int volume_list(const struct state *state, struct strv *ret, struct err *e)
{
	int fd = fs_open_nolink(state->fd, "volumes", O_RDONLY | O_DIRECTORY, 0, e);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;
	int r = 0;

	if (fd == E_NOTFOUND)
		return 0;
	if (!d)
		return fd < 0 ? fd : FAIL_SYS(e, "list volumes");
	while (r == 0 && (ent = readdir(d))) {
		auto_free char *file = in_volumes(ent->d_name, "/volume.json");

		if (volume_check_name(ent->d_name, NULL) == 0 && file && fs_exists(state->fd, file))
			r = strv_add(ret, ent->d_name, e);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

int volume_remove(const struct state *state, const char *name, struct err *e)
{
	auto_free char *path = in_volumes(name, ""), *file = in_volumes(name, "/volume.json");
	auto_json *j = NULL;
	const json_t *users;
	auto_close int lock = lock_volumes(state, e);
	int r = lock < 0 ? lock : volume_describe(state, name, &j, e);

	if (r < 0)
		return r;
	if (!path || !file)
		return FAIL_NOMEM(e);
	users = json_object_get(j, "containers");
	if (json_array_size(users)) {
		const char *user = json_string_value(json_array_get(users, 0));

		return err_hint(
			e, FAIL(e, E_USAGE, "volume '%s' is in use by container '%s'", name, user),
			"plimsoll rm %s", user);
	}
	/* First what makes it a volume: who is killed from here on leaves none. */
	if (unlinkat(state->fd, file, 0) < 0)
		return FAIL_SYS(e, "remove volume '%s'", name);
	(void)event_note_other(state, "volume", "destroy", name, NULL, NULL);
	return file_remove_tree(state->fd, path, e);
}
