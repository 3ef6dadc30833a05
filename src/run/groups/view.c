/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/view.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "run/launch/namespaces.h"

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
static int show_at(json_t *mounts, size_t at, const struct groups *g, bool v2, const char *place,
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

int view_show(json_t *config, const struct groups *g, bool v2, const char *place, struct err *e)
{
	json_t *mounts = json_object_get(config, "mounts");
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(mounts); i++)
		if (strcmp(json_string_or_null(json_array_get(mounts, i), "type") ?: "",
			   "cgroup") == 0)
			r = show_at(mounts, i, g, v2, place, e);
	return r;
}

/* --- how they are called in there --- */

static json_t *namespace_of(const json_t *config, const char *type)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(config, "linux"), "namespaces"), i, v)
	{
		if (strcmp(json_string_or_null(v, "type") ?: "", type) == 0)
			return v;
	}
	return NULL;
}

/* In a child: what it makes begins where it is. It has to belong to the container's user namespace,
 * whose root the runtime is when it enters. */
static _Noreturn void hold(const struct groups *g, const char *userns, int ready)
{
	const int user = userns ? open(userns, O_RDONLY | O_CLOEXEC) : -1;
	char word = 'c';

	if (groups_join(g) < 0 || (userns && (user < 0 || setns(user, CLONE_NEWUSER) < 0)) ||
	    unshare(CLONE_NEWCGROUP) < 0 || write(ready, &word, 1) != 1)
		_exit(errno);
	for (;;)
		(void)pause();
}

/* Waits for the child's word, or its end. */
static int keep(pid_t pid, int ready, const char *file, struct err *e)
{
	char word;
	int status = 0, r = 0;
	ssize_t n;

	while ((n = read(ready, &word, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		r = namespaces_bind(pid, "cgroup", file, e);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n == 1)
		return r;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return FAIL_SYS(e, "make a control group namespace");
}

int view_names(json_t *config, const struct groups *g, const char *file, struct err *e)
{
	json_t *own = namespace_of(config, "cgroup");
	const char *userns = json_string_or_null(namespace_of(config, "user"), "path");
	int ends[2], r;
	pid_t pid;

	if (!own || g->n == 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		hold(g, userns, ends[1]);
	(void)close(ends[1]);
	r = pid < 0 ? FAIL_SYS(e, "fork") : keep(pid, ends[0], file, e);
	(void)close(ends[0]);
	return r == 0 ? json_put_string(own, "path", file, e) : r;
}
