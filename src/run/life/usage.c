/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "run/container.h"
#include "run/groups/groups.h"

#define PROC "/proc"

enum { LIMIT_GROUP_FILE = 1024 * 1024, FREEZE_TRIES = 250 };

/* No limit: v1 writes the greatest multiple of a page instead of a word. */
#define NO_LIMIT (UINT64_C(1) << 60)

/* Where the process's groups are: the text of /proc/PID/cgroup, and what it is relative to. */
struct groups_text {
	const char *root;
	struct buf text;
};

static void text_release(struct groups_text *g)
{
	buf_free(&g->text);
}
#define auto_groups __attribute__((cleanup(text_release))) struct groups_text

static int groups_of(const char *proc, const char *root, pid_t pid, struct groups_text *ret,
		     struct err *e)
{
	char path[256];

	ret->root = root;
	ret->text = (struct buf)BUF_INIT(LIMIT_GROUP_FILE);
	(void)snprintf(path, sizeof(path), "%s/%d/cgroup", proc, (int)pid);
	return fs_read_user(path, LIMIT_GROUP_FILE, &ret->text, e);
}

/* "/.../plimsoll-<id>"; what the runtime made below is cut off. */
static bool is_containers(struct str *line)
{
	static const char prefix[] = "/plimsoll-";
	const size_t n = sizeof(prefix) - 1;
	const char *end = line->p + line->n, *p = line->p;

	while ((p = memmem(p, (size_t)(end - p), prefix, n))) {
		p += n;
		if (strspn(p, "0123456789abcdef") == CONTAINER_ID) {
			line->n = (size_t)(p - line->p) + CONTAINER_ID;
			return true;
		}
	}
	return false;
}

/* An ordinary user's container is in groups of its own in those hierarchies that he was given; in
 * the others it is with all else of his. */
static int groups_now(pid_t pid, struct groups_text *ret, struct err *e)
{
	auto_buf all = BUF_INIT(LIMIT_GROUP_FILE);
	struct str rest, line;
	int r = groups_of(PROC, CGROUPS, pid, ret, e);

	if (r < 0 || !cgroups_denied())
		return r;
	all = ret->text;
	ret->text = (struct buf)BUF_INIT(LIMIT_GROUP_FILE);
	rest = (struct str){ buf_str(&all), all.n };
	while (str_line(&rest, &line))
		if (is_containers(&line))
			buf_printf(&ret->text, "%.*s\n", (int)line.n, line.p);
	return buf_check(&ret->text, "list of control groups", e);
}

/* The group of a controller; "" is v2's. False when the process has none, or only the root. */
static bool group_of(const struct groups_text *g, const char *controller, struct str *ret)
{
	struct str rest = { buf_str(&g->text), g->text.n }, line, number, names, name;

	while (str_line(&rest, &line)) {
		if (!str_cut(&line, ':', &number) || !memchr(line.p, ':', line.n))
			continue;
		names.n = 0;
		if (line.p[0] == ':')
			line = (struct str){ line.p + 1, line.n - 1 };
		else
			(void)str_cut(&line, ':', &names);
		*ret = line;
		if (!*controller && names.n == 0)
			return line.n > 1;
		while (*controller && names.n && str_cut(&names, ',', &name))
			if (str_eqz(name, controller))
				return line.n > 1;
	}
	return false;
}

static bool path_of(const struct groups_text *g, const char *controller, const char *file,
		    char ret[static 4096])
{
	struct str group;

	/* Hybrid: v2's tree lies beside the others, and has what they do not. */
	return group_of(g, controller, &group) &&
	       snprintf(ret, 4096, "%s%s%s%.*s/%s", g->root, *controller ? "/" : "", controller,
			(int)group.n, group.p, file) < 4096;
}

/* False when there is no such file. */
static bool read_group(const struct groups_text *g, const char *controller, const char *file,
		       struct buf *ret)
{
	char path[4096];

	buf_reset(ret);
	return path_of(g, controller, file, path) &&
	       fs_read_user(path, LIMIT_GROUP_FILE, ret, NULL) == 0;
}

static bool number_in(const struct groups_text *g, const char *controller, const char *file,
		      uint64_t *ret)
{
	auto_buf text = BUF_INIT(LIMIT_GROUP_FILE);

	*ret = 0;
	if (!read_group(g, controller, file, &text))
		return false;
	/* "max" stays 0. */
	(void)str_u64(str_trim(str_of(buf_str(&text))), UINT64_MAX, ret, NULL);
	if (*ret >= NO_LIMIT)
		*ret = 0;
	return true;
}

/* The number after a word at the beginning of a line: "usage_usec 12". */
static uint64_t field_in(const struct buf *text, const char *name)
{
	struct str rest = { buf_str(text), text->n }, line, word;
	uint64_t n = 0;

	while (str_line(&rest, &line))
		if (str_cut(&line, ' ', &word) && str_eqz(word, name)) {
			(void)str_u64(str_trim(line), UINT64_MAX, &n, NULL);
			break;
		}
	return n;
}

static void read_cpu(const struct groups_text *g, struct usage *u)
{
	auto_buf text = BUF_INIT(LIMIT_GROUP_FILE);

	if (number_in(g, "cpuacct", "cpuacct.usage", &u->cpu_ns)) {
		u->known |= USAGE_CPU;
	} else if (read_group(g, "", "cpu.stat", &text)) {
		u->cpu_ns = field_in(&text, "usage_usec") * 1000;
		u->known |= USAGE_CPU;
	}
}

static void read_memory(const struct groups_text *g, struct usage *u)
{
	auto_buf text = BUF_INIT(LIMIT_GROUP_FILE);
	uint64_t cache = 0;

	if (number_in(g, "memory", "memory.usage_in_bytes", &u->memory)) {
		(void)number_in(g, "memory", "memory.limit_in_bytes", &u->memory_limit);
		if (read_group(g, "memory", "memory.stat", &text))
			cache = field_in(&text, "total_inactive_file");
	} else if (number_in(g, "", "memory.current", &u->memory)) {
		(void)number_in(g, "", "memory.max", &u->memory_limit);
		if (read_group(g, "", "memory.stat", &text))
			cache = field_in(&text, "inactive_file");
	} else {
		return;
	}
	u->memory -= cache < u->memory ? cache : u->memory;
	u->known |= USAGE_MEMORY;
}

static void read_pids(const struct groups_text *g, struct usage *u)
{
	const char *controller = "pids";
	bool known = number_in(g, controller, "pids.current", &u->pids);

	if (!known)
		known = number_in(g, controller = "", "pids.current", &u->pids);
	if (!known)
		return;
	(void)number_in(g, controller, "pids.max", &u->pids_limit);
	u->known |= USAGE_PIDS;
}

/* v1: "8:0 Read 4096"; v2: "8:0 rbytes=4096 wbytes=0 ..." */
static void add_block(struct str line, struct usage *u)
{
	struct str device, word;
	bool reads = false;

	(void)str_cut(&line, ' ', &device);
	while (str_cut(&line, ' ', &word)) {
		uint64_t n = 0;

		if (str_starts(word, "rbytes="))
			(void)str_u64((struct str){ word.p + 7, word.n - 7 }, UINT64_MAX, &n, NULL);
		u->block_read += n;
		n = 0;
		if (str_starts(word, "wbytes="))
			(void)str_u64((struct str){ word.p + 7, word.n - 7 }, UINT64_MAX, &n, NULL);
		u->block_written += n;
		reads = str_eqz(word, "Read");
		if (!reads && !str_eqz(word, "Write"))
			continue;
		n = 0;
		(void)str_u64(str_trim(line), UINT64_MAX, &n, NULL);
		*(reads ? &u->block_read : &u->block_written) += n;
	}
}

static void read_block(const struct groups_text *g, struct usage *u)
{
	auto_buf text = BUF_INIT(LIMIT_GROUP_FILE);
	struct str rest, line;

	if (!read_group(g, "blkio", "blkio.throttle.io_service_bytes", &text) &&
	    !read_group(g, "", "io.stat", &text))
		return;
	u->known |= USAGE_BLOCK;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line))
		add_block(line, u);
}

/* "  eth0: RECEIVED packets ... (8 numbers) SENT ..." */
static void read_net(const char *proc, pid_t pid, struct usage *u)
{
	auto_buf text = BUF_INIT(LIMIT_GROUP_FILE);
	char path[256];
	struct str rest, line, name;

	(void)snprintf(path, sizeof(path), "%s/%d/net/dev", proc, (int)pid);
	if (fs_read_user(path, LIMIT_GROUP_FILE, &text, NULL) < 0)
		return;
	u->known |= USAGE_NET;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line)) {
		unsigned long long got = 0, sent = 0;
		auto_free char *numbers = NULL;

		if (!memchr(line.p, ':', line.n) || !str_cut(&line, ':', &name) ||
		    str_eqz(str_trim(name), "lo"))
			continue;
		numbers = str_dup(line);
		if (numbers &&
		    sscanf(numbers, "%llu %*u %*u %*u %*u %*u %*u %*u %llu", &got, &sent) == 2) {
			u->net_received += got;
			u->net_sent += sent;
		}
	}
}

static void read_all(const struct groups_text *g, const char *proc, pid_t pid, struct usage *ret)
{
	struct usage u = { 0 };

	read_cpu(g, &u);
	read_memory(g, &u);
	read_pids(g, &u);
	read_block(g, &u);
	read_net(proc, pid, &u);
	*ret = u;
}

int usage_read_at(const char *proc, const char *cgroups, pid_t pid, struct usage *ret,
		  struct err *e)
{
	auto_groups g = { 0 };
	int r = groups_of(proc, cgroups, pid, &g, e);

	if (r == 0)
		read_all(&g, proc, pid, ret);
	return r;
}

int usage_read(pid_t pid, struct usage *ret, struct err *e)
{
	auto_groups g = { 0 };
	int r = groups_now(pid, &g, e);

	if (r == 0)
		read_all(&g, PROC, pid, ret);
	return r;
}

static bool frozen_now(const struct groups_text *g)
{
	auto_buf text = BUF_INIT(LIMIT_GROUP_FILE);

	if (read_group(g, "freezer", "freezer.state", &text))
		return str_eqz(str_trim(str_of(buf_str(&text))), "FROZEN");
	return read_group(g, "", "cgroup.events", &text) && field_in(&text, "frozen") == 1;
}

bool usage_frozen(pid_t pid)
{
	auto_groups g = { 0 };

	return groups_now(pid, &g, NULL) == 0 && frozen_now(&g);
}

int usage_freeze(pid_t pid, bool on, struct err *e)
{
	const struct timespec nap = { .tv_nsec = 4 * 1000 * 1000 };
	auto_groups g = { 0 };
	auto_close int fd = -1;
	char path[4096];
	const char *word = on ? "FROZEN" : "THAWED";
	int r = groups_now(pid, &g, e);

	if (r < 0)
		return r;
	if (!path_of(&g, "freezer", "freezer.state", path)) {
		word = on ? "1" : "0";
		if (!path_of(&g, "", "cgroup.freeze", path))
			return FAIL(e, E_SYSTEM, "its control group has no freezer");
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return FAIL_SYS(e, "open '%s'", path);
	for (int tries = 0; tries < FREEZE_TRIES; tries++) {
		/* v1 may be asked again while it is at it. */
		if (write(fd, word, strlen(word)) < 0)
			return FAIL_SYS(e, "write '%s'", path);
		if (frozen_now(&g) == on)
			return 0;
		(void)nanosleep(&nap, NULL);
	}
	if (on)
		(void)usage_freeze(pid, false, NULL);
	return FAIL(e, E_SYSTEM, "its processes do not %s", on ? "stop" : "go on");
}

bool usage_beside(pid_t pid, pid_t first)
{
	char path[64];
	struct stat one, other;

	(void)snprintf(path, sizeof(path), PROC "/%d/ns/pid", (int)pid);
	if (stat(path, &one) < 0)
		return false;
	(void)snprintf(path, sizeof(path), PROC "/%d/ns/pid", (int)first);
	return stat(path, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

int usage_write(pid_t pid, const char *controller, const char *file, const char *text,
		struct err *e)
{
	auto_groups g = { 0 };
	auto_close int fd = -1;
	char path[4096];
	int r = groups_now(pid, &g, e);

	if (r < 0)
		return r;
	if (!path_of(&g, controller, file, path))
		return FAIL(e, E_NOTFOUND, "it has no control group of its own for '%s'", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? FAIL(e, E_NOTFOUND, "there is no '%s'", path)
				       : FAIL_SYS(e, "open '%s'", path);
	return write(fd, text, strlen(text)) < 0 ? FAIL_SYS(e, "write %s to '%s'", text, path) : 0;
}
