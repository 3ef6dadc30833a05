/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/groups.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/file.h"

#define CGROUP1_MAGIC 0x27e0ebL
#define CGROUP2_MAGIC 0x63677270L

enum {
	LIMIT_PROCS = 256 * 1024,
	LIMIT_LIST = 64 * 1024,
	LIMIT_BELOW = 4,
	LIMIT_PATH = 4096,
	ID_LENGTH = 64
};

static long filesystem_of(const char *path)
{
	struct statfs s;

	return statfs(path, &s) == 0 ? (long)s.f_type : 0;
}

bool groups_is_v1(const char *path)
{
	return filesystem_of(path) == CGROUP1_MAGIC;
}

bool groups_is_v2(const char *path)
{
	return filesystem_of(path) == CGROUP2_MAGIC;
}

void groups_release(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->path[i]);
	g->n = 0;
}

static void everywhere(const char *cgroup, struct groups *ret)
{
	auto_closedir DIR *d = opendir(CGROUPS);
	struct dirent *ent;

	if (groups_is_v2(CGROUPS)) {
		if (asprintf(&ret->path[0], CGROUPS "%s", cgroup) > 0)
			ret->n = 1;
		return;
	}
	while (d && ret->n < LIMIT_HIERARCHIES && (ent = readdir(d))) {
		char *path;

		/* Links name co-mounted controllers a second time. */
		if (ent->d_name[0] == '.' || ent->d_type == DT_LNK)
			continue;
		if (asprintf(&path, CGROUPS "/%s%s", ent->d_name, cgroup) < 0)
			continue;
		if (groups_is_v1(path) || groups_is_v2(path))
			ret->path[ret->n++] = path;
		else
			free(path);
	}
}

/* Nothing but groups of that very name, whatever the list says. */
static bool listed_ok(struct str line, const char *cgroup)
{
	const size_t n = strlen(cgroup);

	return str_starts(line, CGROUPS "/") && line.n > n && line.n < LIMIT_PATH &&
	       memcmp(line.p + line.n - n, cgroup, n) == 0 && !memmem(line.p, line.n, "..", 2);
}

bool groups_listed(const char *folder, const char *cgroup, struct groups *ret)
{
	auto_buf text = BUF_INIT(LIMIT_LIST);
	auto_free char *path = NULL;
	struct str rest, line;

	ret->n = 0;
	if (asprintf(&path, "%s/" GROUPS_FILE, folder) < 0 ||
	    fs_read_user(path, LIMIT_LIST, &text, NULL) < 0)
		return false;
	rest = (struct str){ buf_str(&text), text.n };
	while (ret->n < LIMIT_HIERARCHIES && str_line(&rest, &line))
		if (listed_ok(line, cgroup) && (ret->path[ret->n] = str_dup(line)))
			ret->n++;
	return true;
}

void groups_find(const char *folder, const char *cgroup, struct groups *ret)
{
	if (!groups_listed(folder, cgroup, ret))
		everywhere(cgroup, ret);
}

int groups_note(const char *folder, const struct groups *g, struct err *e)
{
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_buf text = BUF_INIT(LIMIT_LIST);
	int r;

	if (dir < 0)
		return FAIL_SYS(e, "open '%s'", folder);
	for (size_t i = 0; i < g->n; i++)
		buf_printf(&text, "%s\n", g->path[i]);
	r = buf_check(&text, "list of control groups", e);
	return r == 0 ? file_put(dir, GROUPS_FILE, buf_str(&text), text.n, e) : r;
}

static int write_file(const char *folder, const char *name, const char *text)
{
	char path[LIMIT_PATH];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

int groups_join(const struct groups *g)
{
	/* "0" is the writing process. */
	for (size_t i = 0; i < g->n; i++)
		if (write_file(g->path[i], "cgroup.procs", "0") < 0)
			return -1;
	return 0;
}

static void unthrottle(const struct groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		/* One of them is there, in the hierarchy that has the cpu controller. */
		(void)write_file(g->path[i], "cpu.max", "max");
		(void)write_file(g->path[i], "cpu.cfs_quota_us", "-1");
		(void)write_file(g->path[i], "cgroup.freeze", "0");
		(void)write_file(g->path[i], "freezer.state", "THAWED");
	}
}

void groups_unthrottle(const char *folder, const char *cgroup)
{
	auto_groups_list g = { 0 };

	groups_find(folder, cgroup, &g);
	unthrottle(&g);
}

/* Signals every process of one folder; returns how many it had. */
static size_t kill_members(const char *folder)
{
	auto_buf text = BUF_INIT(LIMIT_PROCS);
	char path[LIMIT_PATH];
	struct str rest, line;
	size_t n = 0;
	uint64_t pid;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	if (fs_read_user(path, LIMIT_PROCS, &text, NULL) < 0)
		return 0;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line))
		if (str_u64(line, INT32_MAX, &pid, NULL) == 0 && pid > 1) {
			(void)kill((pid_t)pid, SIGKILL);
			n++;
		}
	return n;
}

/* What is below, then itself. How many processes there were, or 1 when it is still there. */
static size_t remove_group(const char *folder, unsigned deep)
{
	auto_closedir DIR *d = opendir(folder);
	struct dirent *ent;
	size_t left = kill_members(folder);

	while (d && deep < LIMIT_BELOW && (ent = readdir(d))) {
		auto_free char *path = NULL;

		if (ent->d_type == DT_DIR && ent->d_name[0] != '.' &&
		    asprintf(&path, "%s/%s", folder, ent->d_name) > 0)
			left += remove_group(path, deep + 1);
	}
	if (left)
		return left;
	return rmdir(folder) < 0 && access(folder, F_OK) == 0;
}

/* runc makes a group of its own where it may, in the one that it is in: named by the container. It
 * is gone with runc, unless that was killed. */
static size_t remove_besides(const struct groups *g, const char *cgroup)
{
	const char *name = strrchr(cgroup, '-') + 1;
	const bool is_id =
		strlen(name) == ID_LENGTH && strspn(name, "0123456789abcdef") == ID_LENGTH;
	size_t left = 0;

	for (size_t i = 0; is_id && i < g->n; i++) {
		auto_free char *path = NULL;

		if (asprintf(&path, "%.*s/%s", (int)(strrchr(g->path[i], '/') - g->path[i]),
			     g->path[i], name) > 0 &&
		    access(path, F_OK) == 0)
			left += remove_group(path, 0);
	}
	return left;
}

int groups_remove(const char *folder, const char *cgroup, struct err *e)
{
	auto_groups_list g = { 0 };
	const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };

	/* A bare "/" or "" would be the root of every hierarchy. */
	if (strncmp(cgroup, "/plimsoll-", 10) != 0 || strstr(cgroup, ".."))
		return FAIL(e, E_INTERNAL, "remove cgroup '%s'", cgroup);
	groups_find(folder, cgroup, &g);
	unthrottle(&g);
	for (int tries = 0;; tries++) {
		size_t left = 0;

		for (size_t i = 0; i < g.n; i++)
			left += kill_members(g.path[i]);
		for (size_t i = 0; left == 0 && i < g.n; i++)
			left += remove_group(g.path[i], 0);
		if (left == 0)
			left = remove_besides(&g, cgroup);
		if (left == 0)
			return 0;
		if (tries == 200)
			return FAIL(e, E_SYSTEM, "cgroup '%s' still has processes", cgroup);
		(void)nanosleep(&nap, NULL);
	}
}
