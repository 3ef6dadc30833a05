/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/groups/apply.h"
#include "run/groups/delegated.h"
#include "run/groups/sockets.h"

enum { LIMIT_TEXT = 4096, LIMIT_FOLDER = 4096 };

/* v1: empty ones take no process. */
static void fill_cpuset(const char *parent, const char *folder)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		auto_buf text = BUF_INIT(LIMIT_TEXT);
		char path[LIMIT_FOLDER];
		auto_close int fd = -1;

		(void)snprintf(path, sizeof(path), "%s/%s", parent, files[i]);
		if (fs_read_user(path, LIMIT_TEXT, &text, NULL) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			(void)fs_write_all(fd, buf_str(&text), text.n, NULL);
	}
}

static int make(const struct delegated *d, const struct groups *g, struct err *e)
{
	for (size_t i = 0; i < g->n; i++) {
		if (mkdir(g->path[i], 0755) < 0 && errno != EEXIST)
			return FAIL_SYS(e, "make the control group '%s'", g->path[i]);
		if (!d->v2)
			fill_cpuset(d->in.path[i], g->path[i]);
	}
	return 0;
}

/* --- what it sees of them --- */

/* "memory" of CGROUPS/memory/... */
static char *name_in_view(const char *group)
{
	const char *name = group + strlen(CGROUPS "/");

	return strndup(name, strcspn(name, "/"));
}

/* "cpu,cpuacct" by each of its names, as the host has them. */
static void link_names(const char *view, const char *names)
{
	struct str rest = str_of(names), name;

	while (strchr(names, ',') && str_cut(&rest, ',', &name)) {
		auto_free char *path = NULL;

		if (asprintf(&path, "%s/%.*s", view, (int)name.n, name.p) > 0)
			(void)!symlink(names, path);
	}
}

static bool has_option(const json_t *mount, const char *option)
{
	const json_t *o;
	size_t i;

	json_array_foreach(json_object_get(mount, "options"), i, o)
	{
		if (strcmp(json_string_value(o) ?: "", option) == 0)
			return true;
	}
	return false;
}

static json_t *bind_mount(const char *source, const char *target, bool read_only)
{
	return json_pack("{s:s, s:s, s:s, s:[s, s, s, s, s]}", "destination", target, "type",
			 "bind", "source", source, "options", "bind", "nosuid", "nodev", "noexec",
			 read_only ? "ro" : "rw");
}

/* One of v1's, below what is shown by now. */
static int show_one(json_t *mounts, size_t at, const char *view, const char *target,
		    const char *group, bool read_only, struct err *e)
{
	auto_free char *name = name_in_view(group), *folder = NULL, *below = NULL;

	if (!name || asprintf(&folder, "%s/%s", view, name) < 0 ||
	    asprintf(&below, "%s/%s", target, name) < 0)
		return FAIL_NOMEM(e);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make '%s'", folder);
	link_names(view, name);
	return json_array_insert_new(mounts, at, bind_mount(group, below, read_only)) < 0
		       ? FAIL_NOMEM(e)
		       : 0;
}

/* A mount of the runtime's making becomes some of ours. */
static int show(json_t *mounts, size_t at, const struct groups *g, bool v2, const char *place,
		struct err *e)
{
	json_t *mount = json_array_get(mounts, at);
	auto_free char *view = NULL,
		       *target = strdup(json_string_or_null(mount, "destination") ?: "");
	const bool read_only = has_option(mount, "ro");
	int r = 0;

	if (!target || asprintf(&view, "%s/cgroup", place) < 0)
		return FAIL_NOMEM(e);
	if (mkdir(view, 0755) < 0 && errno != EEXIST)
		return FAIL_SYS(e, "make '%s'", view);
	if (json_array_set_new(mounts, at,
			       bind_mount(v2 && g->n ? g->path[0] : view, target, read_only)) < 0)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && !v2 && i < g->n; i++)
		r = show_one(mounts, at + 1 + i, view, target, g->path[i], read_only, e);
	return r;
}

/* A limit of memory, 0: none. */
static uint64_t memory_of(const json_t *resources)
{
	const json_int_t n =
		json_integer_value(json_object_get(json_object_get(resources, "memory"), "limit"));

	return n > 0 ? (uint64_t)n : 0;
}

int groups_take(const char *folder, const char *cgroup, const char *place, json_t *config,
		struct err *e)
{
	auto_delegated d = { 0 };
	auto_groups_list g = { 0 };
	json_t *own = json_object_get(config, "linux"), *mounts = json_object_get(config, "mounts");
	int r;

	delegated_find(&d);
	for (; g.n < d.in.n; g.n++)
		if (asprintf(&g.path[g.n], "%s%s", d.in.path[g.n], cgroup) < 0)
			return FAIL_NOMEM(e);
	r = groups_note(folder, &g, e);
	if (r == 0)
		r = delegated_open(&d, e);
	if (r == 0)
		r = make(&d, &g, e);
	if (r == 0)
		r = groups_apply(&g, json_object_get(own, "resources"), e);
	if (r == 0)
		r = groups_limit_sockets_of_user(&g, memory_of(json_object_get(own, "resources")),
						 cgroup + strlen("/plimsoll-"), e);
	for (size_t i = 0; r == 0 && i < json_array_size(mounts); i++)
		if (strcmp(json_string_or_null(json_array_get(mounts, i), "type") ?: "",
			   "cgroup") == 0)
			r = show(mounts, i, &g, d.v2, place, e);
	(void)json_object_del(own, "resources");
	(void)json_object_del(own, "cgroupsPath");
	return r;
}
