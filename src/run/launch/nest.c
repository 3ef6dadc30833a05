/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/nest.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/userns.h"
#include "run/file.h"

enum { LIMIT_STATUS = 64 * 1024, LIMIT_NOTE = 64, LIMIT_DEPTH = 33 };

int nest_note(const char *folder, pid_t first, struct err *e)
{
	auto_close int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct process_id id;
	char text[LIMIT_NOTE];
	int n, r;

	if (dir < 0)
		return FAIL_SYS(e, "open '%s'", folder);
	r = process_identify(first, &id, e);
	if (r < 0)
		return r;
	n = snprintf(text, sizeof(text), "%d %llu\n", (int)id.pid, (unsigned long long)id.start);
	return file_put(dir, NEST_FILE, text, (size_t)n, e);
}

bool nest_of(const char *folder, struct process_id *ret)
{
	auto_buf text = BUF_INIT(LIMIT_NOTE);
	auto_free char *path = NULL;
	struct str rest, word;
	uint64_t pid;
	struct process_id id;

	if (asprintf(&path, "%s/" NEST_FILE, folder) < 0)
		return false;
	if (fs_read_user(path, LIMIT_NOTE - 1, &text, NULL) < 0)
		return false;
	rest = str_trim(str_of(buf_str(&text)));
	if (!str_cut(&rest, ' ', &word) || str_u64(word, INT32_MAX, &pid, NULL) < 0 ||
	    str_u64(rest, UINT64_MAX, &id.start, NULL) < 0)
		return false;
	id.pid = (pid_t)pid;
	if (!process_alive(&id))
		return false;
	*ret = id;
	return true;
}

/* The numbers of a process, from our namespace's inwards (proc(5), NSpid). */
static size_t numbers_of(pid_t pid, uint64_t ret[static LIMIT_DEPTH])
{
	auto_buf text = BUF_INIT(LIMIT_STATUS);
	char path[64];
	struct str rest, word;
	const char *line;
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (fs_read_user(path, LIMIT_STATUS, &text, NULL) < 0)
		return 0;
	line = strstr(buf_str(&text), "\nNSpid:");
	if (!line)
		return 0;
	rest = (struct str){ line + 8, strcspn(line + 8, "\n") };
	while (n < LIMIT_DEPTH && str_cut(&rest, '\t', &word))
		if (word.n && str_u64(word, INT32_MAX, &ret[n], NULL) == 0)
			n++;
	return n;
}

static bool same(int a, const struct stat *b)
{
	struct stat st;

	return a >= 0 && fstat(a, &st) == 0 && st.st_ino == b->st_ino && st.st_dev == b->st_dev;
}

/* In a namespace whose parent is this one. */
static bool is_below(pid_t pid, const struct stat *nest)
{
	char path[64];
	auto_close int own = -1, parent = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	own = open(path, O_RDONLY | O_CLOEXEC);
	parent = own < 0 ? -1 : ioctl(own, NS_GET_PARENT);
	return same(parent, nest);
}

pid_t nest_process(const struct process_id *nest, pid_t number)
{
	auto_closedir DIR *d = opendir("/proc");
	struct dirent *ent;
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)nest->pid);
	if (!d || stat(path, &st) < 0)
		return 0;
	while ((ent = readdir(d))) {
		uint64_t numbers[LIMIT_DEPTH], pid;
		size_t n;

		if (str_u64(str_of(ent->d_name), INT32_MAX, &pid, NULL) < 0)
			continue;
		n = numbers_of((pid_t)pid, numbers);
		if (n >= 2 && numbers[n - 2] == (uint64_t)number && is_below((pid_t)pid, &st))
			return (pid_t)pid;
	}
	return 0;
}

int nest_enter(const struct process_id *monitor, struct err *e)
{
	auto_close int fd = -1;

	if (geteuid() == 0)
		return 0;
	fd = monitor->pid > 0 ? (int)syscall(SYS_pidfd_open, monitor->pid, 0) : -1;
	if (fd < 0 || !process_alive(monitor))
		return userns_enter(e);
	return userns_join(fd, e);
}

int nest_join(const struct process_id *nest, struct err *e)
{
	auto_close int fd = (int)syscall(SYS_pidfd_open, nest->pid, 0);

	/* Only once it is held can its number not become another's. */
	if (fd < 0 || !process_alive(nest))
		return FAIL(e, E_SYSTEM, "the container's processes are gone");
	return setns(fd, CLONE_NEWNS | CLONE_NEWPID) < 0
		       ? FAIL_SYS(e, "enter the container's mounts and processes")
		       : 0;
}
