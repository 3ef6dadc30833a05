/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "confine/guard/guard.h"
#include "confine/guard/task.h"

/* MANY: below it nobody's limit is reached that is worth a look at. */
enum { LIMIT_PLACES = 24, LIMIT_PLACE = 128, LIMIT_TASKS = 128, MANY = 16 };

/* File systems in memory, from the first process's table of mounts. Held by descriptors, so that
 * they are there for a last look when the container is gone. */
static struct {
	int fd;
	char path[LIMIT_PLACE];
} places[LIMIT_PLACES];
static size_t places_n;

/* "36 35 98:0 / /tmp rw,noexec - tmpfs tmpfs rw": a writable one in memory, whose path has nothing
 * that is written as a number. */
static bool read_mount(char *line, const char **ret_path)
{
	char *save = NULL, *word = strtok_r(line, " ", &save), *path = NULL;
	bool writable = false;

	for (int i = 0; word; i++, word = strtok_r(NULL, " ", &save)) {
		if (i == 4)
			path = word;
		if (i == 5)
			writable = strncmp(word, "rw", 2) == 0;
		if (i > 5 && strcmp(word, "-") == 0)
			break;
	}
	word = word ? strtok_r(NULL, " ", &save) : NULL;
	*ret_path = path;
	return word && path && writable && strcmp(word, "tmpfs") == 0 && !strchr(path, '\\') &&
	       strlen(path) < LIMIT_PLACE;
}

static void open_places(pid_t pid, char *mounts)
{
	char *save = NULL;

	for (char *line = strtok_r(mounts, "\n", &save); line && places_n < LIMIT_PLACES;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *path;
		const int fd = read_mount(line, &path) ? task_open(pid, path, true) : -1;

		if (fd < 0)
			continue;
		places[places_n].fd = fd;
		memcpy(places[places_n++].path, path, strlen(path) + 1);
	}
}

void samples_begin(const struct guard *g)
{
	static char mounts[65536];
	char procs[64];

	if (places_n) /* they are known */
		return;
	if (groups_file(g, "cgroup.procs", procs, sizeof(procs)) == 0)
		return;
	if (task_file((pid_t)strtol(procs, NULL, 10), "mountinfo", mounts, sizeof(mounts)))
		open_places((pid_t)strtol(procs, NULL, 10), mounts);
}

static void look_at_place(const struct guard *g, size_t i)
{
	struct guard_note n = { .count = 1, .nr = -1, .error = ENOSPC };
	struct statfs fs;

	if (fstatfs(places[i].fd, &fs) < 0)
		return;
	memcpy(n.detail, places[i].path, sizeof(places[i].path));
	if (fs.f_blocks && fs.f_bavail == 0) {
		n.rule = GUARD_SPACE;
		n.a0 = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize;
		note_add(g->out, &n);
	}
	if (fs.f_files && fs.f_ffree == 0) {
		n.rule = GUARD_INODES;
		n.a0 = (uint64_t)fs.f_files;
		note_add(g->out, &n);
	}
}

bool samples_limit(const char *limits, const char *name, uint64_t *ret_soft, uint64_t *ret_hard)
{
	const char *at = strstr(limits, name);
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	*ret_soft = *ret_hard = UINT64_MAX;
	for (uint64_t *v = ret_soft; at; v = v == ret_soft ? ret_hard : NULL) {
		if (!v)
			break;
		at += strspn(at, " ");
		if (strncmp(at, "unlimited", 9) == 0) {
			at += 9;
			continue;
		}
		*v = strtoull(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	return true;
}

/* The size of this folder is how many files are open; 0 before Linux 6.2. */
static void look_at_task(const struct guard *g, pid_t pid)
{
	struct guard_note n = { .count = 1, .rule = GUARD_FILES, .nr = -1, .error = EMFILE };
	char path[64], limits[4096], name[64] = "";
	uint64_t soft, hard;
	struct stat st;

	(void)snprintf(path, sizeof(path), "/%d/fd", (int)pid);
	if (fstatat(AT_FDCWD, path, &st, 0) < 0 || st.st_size < MANY ||
	    !task_file(pid, "limits", limits, sizeof(limits)) ||
	    !samples_limit(limits, "Max open files", &soft, &hard) || (uint64_t)st.st_size < soft)
		return;
	n.a0 = soft;
	n.a1 = hard;
	(void)task_file(pid, "comm", name, sizeof(name));
	name[strcspn(name, "\n")] = '\0';
	memcpy(n.detail, name, sizeof(name));
	note_add(g->out, &n);
}

void samples_take(const struct guard *g)
{
	char procs[LIMIT_TASKS * 8], *end = procs;

	for (size_t i = 0; i < places_n; i++)
		look_at_place(g, i);
	if (groups_file(g, "cgroup.procs", procs, sizeof(procs)) == 0)
		return;
	for (int i = 0; i < LIMIT_TASKS && *end; i++) {
		const long pid = strtol(end, &end, 10);

		end += *end == '\n';
		if (pid <= 0)
			break;
		look_at_task(g, (pid_t)pid); /* the last number may be cut: of another, or none */
	}
}
