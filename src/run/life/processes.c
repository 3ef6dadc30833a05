/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/processes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/life/usage.h"

enum { LIMIT_PROC_FILE = 65536, LIMIT_COMMAND_LINE = 1024 * 1024, NANOS = 1000000000 };

static int read_proc(pid_t pid, const char *name, size_t limit, struct buf *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fs_read_user(path, limit, ret, NULL);
}

/* The nth number of a line like "Uid:\t0\t0\t0\t0", of base 10 or 16; the last one for n < 0. */
static bool status_number(const struct buf *status, const char *name, int nth, int base,
			  uint64_t *ret)
{
	struct str rest = { buf_str(status), status->n }, line, word;
	bool found = false;

	while (str_line(&rest, &line)) {
		struct str key;

		if (!str_cut(&line, ':', &key) || !str_eqz(key, name))
			continue;
		line = str_trim(line);
		for (int i = 0; str_cut(&line, '\t', &word); i++) {
			char text[32];

			if (nth >= 0 && i != nth)
				continue;
			(void)snprintf(text, sizeof(text), "%.*s", (int)word.n, word.p);
			*ret = strtoull(text, NULL, base);
			found = true;
		}
		return found;
	}
	return false;
}

static uint64_t number_of(const struct buf *status, const char *name, int nth, int base)
{
	uint64_t n = 0;

	return status_number(status, name, nth, base, &n) ? n : 0;
}

/* "inside outside count" lines. */
static uint32_t map_id(const struct buf *map, uint32_t host)
{
	struct str rest = { buf_str(map), map->n }, line;

	while (str_line(&rest, &line)) {
		unsigned long long inside, outside, count;
		char text[96];

		(void)snprintf(text, sizeof(text), "%.*s", (int)line.n, line.p);
		if (sscanf(text, "%llu %llu %llu", &inside, &outside, &count) == 3 &&
		    host >= outside && host - outside < count)
			return (uint32_t)(inside + (host - outside));
	}
	return UINT32_MAX;
}

struct maps {
	struct buf uid, gid;
};

static void read_ids(const struct buf *status, const struct maps *maps, struct process *p)
{
	p->host_ruid = (uint32_t)number_of(status, "Uid", 0, 10);
	p->host_uid = (uint32_t)number_of(status, "Uid", 1, 10);
	p->host_rgid = (uint32_t)number_of(status, "Gid", 0, 10);
	p->host_gid = (uint32_t)number_of(status, "Gid", 1, 10);
	p->uid = map_id(&maps->uid, p->host_uid);
	p->ruid = map_id(&maps->uid, p->host_ruid);
	p->gid = map_id(&maps->gid, p->host_gid);
	p->rgid = map_id(&maps->gid, p->host_rgid);
}

static void read_rights(const struct buf *status, struct process *p)
{
	p->seccomp = (unsigned)number_of(status, "Seccomp", 0, 10);
	p->cap_inherited = number_of(status, "CapInh", 0, 16);
	p->cap_permitted = number_of(status, "CapPrm", 0, 16);
	p->cap_effective = number_of(status, "CapEff", 0, 16);
	p->cap_bounding = number_of(status, "CapBnd", 0, 16);
	p->cap_ambient = number_of(status, "CapAmb", 0, 16);
}

/* Fields of stat behind the name, which may hold anything but a NUL: found from the end. */
static bool read_stat(pid_t pid, struct process *p, pid_t *ret_host_ppid)
{
	auto_buf text = BUF_INIT(LIMIT_PROC_FILE);
	unsigned long long user, system, started, vsz;
	const uint64_t tick = NANOS / (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec now = { 0 };
	long long rss;
	const char *open, *close;
	int ppid;

	if (read_proc(pid, "stat", LIMIT_PROC_FILE, &text) < 0)
		return false;
	open = strchr(buf_str(&text), '(');
	close = strrchr(buf_str(&text), ')');
	if (!open || !close ||
	    sscanf(close + 1,
		   " %c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %d %*d %*d "
		   "%llu %llu %lld",
		   &p->state, &ppid, &p->tty, &user, &system, &p->nice, &started, &vsz, &rss) != 9)
		return false;
	(void)snprintf(p->comm, sizeof(p->comm), "%.*s", (int)(close - open - 1), open + 1);
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	p->cpu_ns = (user + system) * tick;
	p->system_ns = system * tick;
	p->age_ns = (uint64_t)now.tv_sec * NANOS + (uint64_t)now.tv_nsec;
	p->age_ns = p->age_ns > started * tick ? p->age_ns - started * tick : 0;
	p->vsz = vsz / 1024;
	p->rss = (uint64_t)(rss > 0 ? rss : 0) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	*ret_host_ppid = ppid;
	return true;
}

/* 0: outside of the container. */
static pid_t pid_within(pid_t host, pid_t first)
{
	auto_buf status = BUF_INIT(LIMIT_PROC_FILE);

	if (host <= 0 || !usage_beside(host, first) ||
	    read_proc(host, "status", LIMIT_PROC_FILE, &status) < 0)
		return 0;
	return (pid_t)number_of(&status, "NSpid", -1, 10);
}

static bool read_one(pid_t pid, pid_t first, const struct maps *maps, struct process *ret)
{
	auto_buf status = BUF_INIT(LIMIT_PROC_FILE);
	struct process p = { .host_pid = pid };
	pid_t parent = 0;

	if (read_proc(pid, "status", LIMIT_PROC_FILE, &status) < 0 || !read_stat(pid, &p, &parent))
		return false;
	p.pid = (pid_t)number_of(&status, "NSpid", -1, 10);
	p.pgid = (pid_t)number_of(&status, "NSpgid", -1, 10);
	p.threads = number_of(&status, "Threads", 0, 10);
	p.ppid = pid_within(parent, first);
	read_ids(&status, maps, &p);
	read_rights(&status, &p);
	*ret = p;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int gather(DIR *proc, pid_t first, const struct maps *maps, struct process **list, size_t *n,
		  struct err *e)
{
	const struct dirent *entry;

	while ((entry = readdir(proc))) {
		struct process *more;
		uint64_t pid;

		if (str_u64(str_of(entry->d_name), INT32_MAX, &pid, NULL) < 0 ||
		    !usage_beside((pid_t)pid, first))
			continue;
		more = reallocarray(*list, *n + 1, sizeof(**list));
		if (!more)
			return FAIL_NOMEM(e);
		*list = more;
		if (read_one((pid_t)pid, first, maps, &(*list)[*n]))
			++*n;
	}
	return 0;
}

int processes_of(pid_t first, struct process **ret, size_t *ret_n, struct err *e)
{
	struct maps maps = { BUF_INIT(LIMIT_PROC_FILE), BUF_INIT(LIMIT_PROC_FILE) };
	auto_free struct process *list = NULL;
	DIR *proc = opendir("/proc");
	size_t n = 0;
	int r = proc ? 0 : FAIL_SYS(e, "open /proc");

	(void)read_proc(first, "uid_map", LIMIT_PROC_FILE, &maps.uid);
	(void)read_proc(first, "gid_map", LIMIT_PROC_FILE, &maps.gid);
	if (r == 0)
		r = gather(proc, first, &maps, &list, &n, e);
	if (proc)
		(void)closedir(proc);
	buf_free(&maps.uid);
	buf_free(&maps.gid);
	if (r == 0 && n == 0)
		r = FAIL(e, E_NOTFOUND, "the container ended");
	if (r < 0)
		return r;
	qsort(list, n, sizeof(*list), by_number);
	*ret = TAKE(list);
	*ret_n = n;
	return 0;
}

int process_command(const struct process *p, struct buf *ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_COMMAND_LINE);

	if (read_proc(p->host_pid, "cmdline", LIMIT_COMMAND_LINE, &text) < 0 || text.n == 0) {
		buf_printf(ret, "[%s]", p->comm);
		return ret->failed ? FAIL_NOMEM(e) : 0;
	}
	while (text.n && !text.p[text.n - 1])
		text.n--;
	for (size_t i = 0; i < text.n; i++)
		buf_putc(ret, text.p[i] ? text.p[i] : ' ');
	return ret->failed ? FAIL_NOMEM(e) : 0;
}
