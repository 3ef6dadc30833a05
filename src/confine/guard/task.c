/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/guard/task.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STATUS_BYTES = 8192, PAGE = 4096 };

static const char *field(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? at + strlen(name) : NULL;
}

static bool four(const char *text, uint32_t ret[4])
{
	char *end;

	for (int i = 0; text && i < 4; i++) {
		ret[i] = (uint32_t)strtoul(text, &end, 10);
		if (end == text)
			return false;
		text = end;
	}
	return text != NULL;
}

static size_t list(const char *text, uint32_t *ret, size_t max)
{
	size_t n = 0;

	while (text && n < max) {
		char *end;

		while (*text == ' ' || *text == '\t')
			text++;
		if (*text < '0' || *text > '9')
			break;
		ret[n++] = (uint32_t)strtoul(text, &end, 10);
		text = end;
	}
	return n;
}

bool task_parse(const char *status, struct task *ret)
{
	const char *caps = field(status, "\nCapEff:");

	if (!caps || !four(field(status, "\nUid:"), ret->uid) ||
	    !four(field(status, "\nGid:"), ret->gid))
		return false;
	ret->caps = strtoull(caps, NULL, 16);
	caps = field(status, "\nCapPrm:");
	ret->permitted = caps ? strtoull(caps, NULL, 16) : ret->caps;
	caps = field(status, "\nCapBnd:");
	ret->bounding = caps ? strtoull(caps, NULL, 16) : UINT64_MAX;
	ret->groups_n = list(field(status, "\nGroups:"), ret->groups, TASK_GROUPS);
	return true;
}

static int open_path(int at, const char *path, uint64_t flags, uint64_t resolve)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };

	return (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

size_t task_file(pid_t pid, const char *name, char *ret, size_t size)
{
	char path[64];
	size_t n = 0;
	ssize_t got;
	int fd;

	(void)snprintf(path, sizeof(path), "/%d/%s", (int)pid, name);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (n < size - 1 && (got = read(fd, ret + n, size - 1 - n)) > 0)
		n += (size_t)got;
	(void)close(fd);
	ret[n] = '\0';
	return n;
}

bool task_read(pid_t pid, struct task *ret)
{
	char text[STATUS_BYTES];

	ret->pid = pid;
	return task_file(pid, "status", text, sizeof(text)) > 0 && task_parse(text, ret);
}

bool task_has(const struct task *t, unsigned cap)
{
	return t->caps & 1ULL << cap;
}

bool task_map_has(const char *map, uint32_t id)
{
	for (char *end; *map; map = end) {
		const uint64_t first = strtoull(map, &end, 10);
		uint64_t n;

		if (end == map)
			break;
		map = end;
		(void)strtoull(map, &end, 10);
		map = end;
		n = strtoull(map, &end, 10);
		if (end == map)
			break;
		if (id >= first && id - first < n)
			return true;
	}
	return false;
}

bool task_has_id(const struct task *t, uint32_t id, bool group)
{
	char map[4096];

	return task_file(t->pid, group ? "gid_map" : "uid_map", map, sizeof(map)) == 0 ||
	       task_map_has(map, id);
}

/* A page at a time: the next one may not be there. */
static bool read_string(pid_t pid, uint64_t address, char *ret, size_t size)
{
	size_t n = 0;

	while (n < size) {
		const uint64_t at = address + n;
		size_t part = PAGE - (size_t)(at % PAGE);
		struct iovec to = { ret + n, part < size - n ? part : size - n };
		struct iovec from = { (void *)(uintptr_t)at, to.iov_len };
		const ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);

		if (got <= 0)
			return false;
		if (memchr(ret + n, '\0', (size_t)got))
			return true;
		n += (size_t)got;
	}
	return false;
}

bool task_bytes(pid_t pid, uint64_t address, void *ret, size_t size)
{
	struct iovec to = { ret, size }, from = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &to, 1, &from, 1, 0) == (ssize_t)size;
}

bool task_link(pid_t pid, int fd, char ret[static TASK_PATH])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/%d/fd/%d", (int)pid, fd);
	n = readlinkat(AT_FDCWD, link, ret, TASK_PATH - 1);
	ret[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

bool task_path(pid_t pid, int folder, uint64_t address, char ret[static TASK_PATH])
{
	static char text[TASK_PATH];
	char link[64];
	ssize_t n;

	if (!address || !read_string(pid, address, text, sizeof(text)) || !*text)
		return false;
	if (*text == '/') {
		memcpy(ret, text, sizeof(text));
		return true;
	}
	if (folder == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/%d/cwd", (int)pid);
	else
		(void)snprintf(link, sizeof(link), "/%d/fd/%d", (int)pid, folder);
	n = readlinkat(AT_FDCWD, link, ret, TASK_PATH - 1);
	if (n <= 0 || *ret != '/' || (size_t)n + strlen(text) + 2 > TASK_PATH)
		return false;
	if (n > 1)
		ret[n++] = '/';
	memcpy(ret + n, text, strlen(text) + 1);
	return true;
}

int task_open(pid_t pid, const char *path, bool follow)
{
	char link[64];
	int root, fd;

	/* "self" would be ourselves. What is in there is as writable as /proc is. */
	if (strncmp(path, "/proc/self/", 11) == 0 || strncmp(path, "/proc/thread-self/", 18) == 0)
		path = "/proc/version";
	(void)snprintf(link, sizeof(link), "/%d/root", (int)pid);
	root = open_path(AT_FDCWD, link, O_PATH | O_DIRECTORY, 0);
	if (root < 0)
		return -1;
	fd = open_path(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW), RESOLVE_IN_ROOT);
	(void)close(root);
	return fd;
}

int task_open_fd(pid_t pid, int fd)
{
	char link[64];

	(void)snprintf(link, sizeof(link), "/%d/fd/%d", (int)pid, fd);
	return open_path(AT_FDCWD, link, O_PATH, 0);
}

bool task_parent(char path[static TASK_PATH])
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n == 0)
		return false;
	path[n > 1 ? n - 1 : 1] = '\0';
	return true;
}

bool task_denied(const struct task *t, const struct stat *st, unsigned want)
{
	bool in_group = t->gid[3] == st->st_gid;

	if (t->uid[3] == st->st_uid)
		return want & ~(st->st_mode >> 6);
	for (size_t i = 0; i < t->groups_n; i++)
		in_group |= t->groups[i] == st->st_gid;
	return want & ~(in_group ? st->st_mode >> 3 : st->st_mode) & 7;
}
