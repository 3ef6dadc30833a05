/* SPDX-License-Identifier: Apache-2.0 */
#include "run/groups/delegated.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/userns.h"
#include "run/groups/scope.h"

enum { LIMIT_TEXT = 256 * 1024, LIMIT_PATH = 4096, TRIES = 50 };

void delegated_release(struct delegated *d)
{
	groups_release(&d->in);
}

/* By the rights that we have now, in a user namespace too. */
static bool may_write(const char *folder, const char *file)
{
	char path[LIMIT_PATH];

	return snprintf(path, sizeof(path), "%s/%s", folder, file) < (int)sizeof(path) &&
	       faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static bool has_file(const char *folder, const char *file)
{
	char path[LIMIT_PATH];

	return snprintf(path, sizeof(path), "%s/%s", folder, file) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

static bool may_make(const char *folder)
{
	return may_write(folder, ".") && may_write(folder, "cgroup.procs");
}

/* Of a hierarchy with one of these controllers ("" is v2's), the group that we are in. */
static bool own_group(const char *text, const char *controller, struct str *ret)
{
	struct str rest = str_of(text), line, number, names, name;

	while (str_line(&rest, &line)) {
		if (!str_cut(&line, ':', &number))
			continue;
		if (line.n && line.p[0] == ':') {
			*ret = (struct str){ line.p + 1, line.n - 1 };
			if (!*controller)
				return true;
			continue;
		}
		(void)str_cut(&line, ':', &names);
		*ret = line;
		while (*controller && str_cut(&names, ',', &name))
			if (str_eqz(name, controller))
				return true;
	}
	return false;
}

/* --- v1 --- */

/* The controllers that a container's groups are of; the first of them are what the guard reads. */
static const char *const v1_controllers[] = { "memory",	 "pids",   "cpu",  "cpuacct",
					      "freezer", "cpuset", "blkio" };

static void add_v1(const char *text, const char *controller, struct delegated *d)
{
	char real[LIMIT_PATH], link[64];
	struct str own;
	char *path = NULL;

	/* "cpu" may be a link to "cpu,cpuacct", which then counts once. */
	(void)snprintf(link, sizeof(link), CGROUPS "/%s", controller);
	if (!realpath(link, real) || !groups_is_v1(real))
		return;
	for (size_t i = 0; i < d->in.n; i++)
		if (starts_with(d->in.path[i], real) && d->in.path[i][strlen(real)] == '/')
			return;
	if (asprintf(&path, "%s" DELEGATED_USERS "/%u", real, userns_user()) < 0)
		return;
	if (!may_make(path)) {
		free(path);
		path = NULL;
		if (!own_group(text, controller, &own) || own.n < 2 ||
		    asprintf(&path, "%s%.*s", real, (int)own.n, own.p) < 0)
			return;
		if (!may_make(path)) {
			free(path);
			return;
		}
	}
	d->in.path[d->in.n++] = path;
}

static bool any_has(const struct groups *g, const char *file)
{
	for (size_t i = 0; i < g->n; i++)
		if (has_file(g->path[i], file))
			return true;
	return false;
}

static void find_v1(const char *text, struct delegated *d)
{
	for (size_t i = 0; i < sizeof(v1_controllers) / sizeof(*v1_controllers); i++)
		add_v1(text, v1_controllers[i], d);
	d->memory = any_has(&d->in, "memory.limit_in_bytes");
	d->swap = any_has(&d->in, "memory.memsw.limit_in_bytes");
	d->pids = any_has(&d->in, "pids.max");
	d->cpu = any_has(&d->in, "cpu.cfs_quota_us");
}

/* --- v2 --- */

/* A group that systemd made and keeps for itself is not to be changed by others. It marks the
 * others (since version 250). */
static bool is_units_own(const char *folder)
{
	static const char *const units[] = { ".scope", ".service", ".slice" };
	char mark[8];

	if (getxattr(folder, "user.delegate", mark, sizeof(mark)) == 1 && mark[0] == '1')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (ends_with(folder, units[i]))
			return !scope_asked();
	return false;
}

static void find_v2(const char *text, struct delegated *d)
{
	auto_buf controllers = BUF_INIT(LIMIT_TEXT);
	auto_free char *folder = NULL, *file = NULL;
	struct str own;

	if (!own_group(text, "", &own) || own.n < 2 ||
	    asprintf(&folder, CGROUPS "%.*s", (int)own.n, own.p) < 0)
		return;
	if (ends_with(folder, "/" DELEGATED_LEAF))
		folder[strlen(folder) - strlen("/" DELEGATED_LEAF)] = '\0';
	if (!may_make(folder) || !may_write(folder, "cgroup.subtree_control") ||
	    is_units_own(folder) || asprintf(&file, "%s/cgroup.controllers", folder) < 0 ||
	    fs_read_user(file, LIMIT_TEXT, &controllers, NULL) < 0)
		return;
	d->v2 = true;
	d->memory = d->swap = has_word(buf_str(&controllers), "memory");
	d->pids = has_word(buf_str(&controllers), "pids");
	d->cpu = has_word(buf_str(&controllers), "cpu");
	d->in.path[d->in.n++] = TAKE(folder);
}

void delegated_find(struct delegated *ret)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	struct delegated d = { 0 };

	if (fs_read_user("/proc/self/cgroup", LIMIT_TEXT, &text, NULL) == 0) {
		if (groups_is_v2(CGROUPS))
			find_v2(buf_str(&text), &d);
		else
			find_v1(buf_str(&text), &d);
	}
	*ret = d;
}

/* --- the leaf --- */

static int put(const char *folder, const char *file, const char *text)
{
	char path[LIMIT_PATH];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

static void empty(const char *folder, const char *leaf)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	char path[LIMIT_PATH], number[24];
	struct str rest, line;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	if (fs_read_user(path, LIMIT_TEXT, &text, NULL) < 0)
		return;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		(void)snprintf(number, sizeof(number), "%.*s", (int)line.n, line.p);
		(void)put(leaf, "cgroup.procs", number);
	}
}

static int hand_down(const char *folder, const char *wanted)
{
	auto_buf there = BUF_INIT(LIMIT_TEXT);
	char path[LIMIT_PATH], text[32];

	(void)snprintf(path, sizeof(path), "%s/cgroup.subtree_control", folder);
	if (fs_read_user(path, LIMIT_TEXT, &there, NULL) == 0 && has_word(buf_str(&there), wanted))
		return 0;
	(void)snprintf(text, sizeof(text), "+%s", wanted);
	return put(folder, "cgroup.subtree_control", text);
}

int delegated_open(const struct delegated *d, struct err *e)
{
	static const char *const needed[] = { "memory", "pids", "cpu" };
	static const char *const others[] = { "cpuset", "io" };
	const bool there[] = { d->memory, d->pids, d->cpu };
	const struct timespec nap = { .tv_nsec = 4 * 1000 * 1000 };
	auto_free char *leaf = NULL;

	if (!d->v2)
		return 0;
	if (asprintf(&leaf, "%s/" DELEGATED_LEAF, d->in.path[0]) < 0)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		/* Who forks there while we empty it makes it once more. */
		for (int n = 0; there[i] && hand_down(d->in.path[0], needed[i]) < 0; n++) {
			if (errno != EBUSY || n == TRIES)
				return FAIL_SYS(e, "hand the %s controller down from '%s'",
						needed[i], d->in.path[0]);
			if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
				return FAIL_SYS(e, "make '%s'", leaf);
			empty(d->in.path[0], leaf);
			if (n)
				(void)nanosleep(&nap, NULL);
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		(void)hand_down(d->in.path[0], others[i]);
	return 0;
}

/* --- how to get them --- */

void delegated_mend(char *ret, size_t size)
{
	const uid_t uid = userns_user();
	const struct passwd *who = getpwuid(uid);
	char number[16];
	const char *name = number;

	(void)snprintf(number, sizeof(number), "%u", uid);
	if (who)
		name = who->pw_name;
	if (!groups_is_v2(CGROUPS))
		(void)snprintf(ret, size,
			       "as root: for c in memory pids cpu cpuacct freezer; do d=" CGROUPS
			       "/$c" DELEGATED_USERS "/%u; mkdir -p $d && chown -R %s $d; done",
			       uid, name);
	else if (scope_possible())
		(void)snprintf(ret, size,
			       "as root: mkdir -p /etc/systemd/system/user@.service.d; printf "
			       "'[Service]\\nDelegate=cpu cpuset io memory pids\\n' "
			       ">/etc/systemd/system/user@.service.d/delegate.conf; systemctl "
			       "daemon-reload; then log in again");
	else
		(void)snprintf(ret, size,
			       "as root: d=" CGROUPS DELEGATED_USERS
			       "/%u; mkdir -p $d/" DELEGATED_LEAF "; for p in " CGROUPS
			       " " CGROUPS DELEGATED_USERS
			       "; do echo '+memory +pids +cpu' >$p/cgroup.subtree_control; done; "
			       "chown %s $d $d/cgroup.procs $d/cgroup.subtree_control "
			       "$d/" DELEGATED_LEAF " $d/" DELEGATED_LEAF "/cgroup.procs; echo "
			       "PID of your shell >$d/" DELEGATED_LEAF "/cgroup.procs",
			       uid, name);
}
