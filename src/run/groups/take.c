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
#include "base/proc.h"
#include "base/str.h"
#include "run/groups/apply.h"
#include "run/groups/delegated.h"
#include "run/groups/sockets.h"
#include "run/groups/view.h"
#include "run/launch/launch.h"

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

/* What puts its first process in: confine/guard/joining.h. */
static int put_hook(const struct groups *g, json_t *config, struct err *e)
{
	auto_free char *helper = NULL;
	json_t *args = json_array();
	int r = proc_helper_path("plimsoll-guard", &helper, e);

	if (r == 0)
		r = json_push(args, json_string(helper), e);
	if (r == 0)
		r = json_push(args, json_string("--join"), e);
	for (size_t i = 0; r == 0 && i < g->n; i++)
		r = json_push(args, json_sprintf("%s/cgroup.procs", g->path[i]), e);
	if (r < 0) {
		json_decref(args);
		return r;
	}
	return json_put(
		config, "hooks",
		json_pack("{s:[{s:s, s:o}]}", "createRuntime", "path", helper, "args", args), e);
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
	auto_free char *cgroupns = NULL;
	json_t *own = json_object_get(config, "linux");
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
						 e);
	if (r == 0)
		r = put_hook(&g, config, e);
	if (r == 0)
		r = view_show(config, &g, d.v2, place, e);
	if (r == 0 && asprintf(&cgroupns, "%s/" LAUNCH_CGROUPNS, folder) < 0)
		r = FAIL_NOMEM(e);
	if (r == 0)
		r = view_names(config, &g, cgroupns, e);
	(void)json_object_del(own, "resources");
	(void)json_object_del(own, "cgroupsPath");
	return r;
}
