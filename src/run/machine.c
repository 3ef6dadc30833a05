/* SPDX-License-Identifier: Apache-2.0 */
#include "run/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/userns.h"
#include "oci/overlay.h"

#define CGROUPS "/sys/fs/cgroup"
#define CGROUP1_MAGIC 0x27e0ebL
#define CGROUP2_MAGIC 0x63677270L

enum { LIMIT_PROC_FILE = 256 * 1024, LIMIT_HIERARCHIES = 32 };

static long filesystem_of(const char *path)
{
	struct statfs s;

	return statfs(path, &s) == 0 ? (long)s.f_type : 0;
}

static bool is_cgroup2(const char *path)
{
	return filesystem_of(path) == CGROUP2_MAGIC;
}

/* cgroups(7), "No internal processes": only the real root, which has no cgroup.type, may have both.
 */
static bool occupied(void)
{
	auto_buf enabled = BUF_INIT(LIMIT_PROC_FILE), procs = BUF_INIT(LIMIT_PROC_FILE);

	if (access(CGROUPS "/cgroup.type", F_OK) < 0 ||
	    fs_read_user(CGROUPS "/cgroup.subtree_control", LIMIT_PROC_FILE, &enabled, NULL) < 0 ||
	    has_word(buf_str(&enabled), "memory"))
		return false;
	(void)fs_read_user(CGROUPS "/cgroup.procs", LIMIT_PROC_FILE, &procs, NULL);
	return procs.n > 0;
}

static int detect_v2(struct machine *m, struct err *e)
{
	auto_buf controllers = BUF_INIT(LIMIT_PROC_FILE);
	int r = fs_read_user(CGROUPS "/cgroup.controllers", LIMIT_PROC_FILE, &controllers, e);

	if (r < 0)
		return r;
	m->cgroups = CGROUP_V2;
	m->memory = has_word(buf_str(&controllers), "memory");
	m->pids = has_word(buf_str(&controllers), "pids");
	m->cpu = has_word(buf_str(&controllers), "cpu");
	m->swap = m->memory;
	m->occupied = occupied();
	return 0;
}

bool cgroups_denied(void)
{
	if (geteuid() == 0 && !userns_inside())
		return false;
	if (is_cgroup2(CGROUPS))
		return access(CGROUPS, W_OK) < 0;
	return access(CGROUPS "/memory", W_OK) < 0 || access(CGROUPS "/pids", W_OK) < 0;
}

int machine_detect(struct machine *ret, struct err *e)
{
	struct machine m = { 0 };
	struct rlimit files;
	int r = 0;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return FAIL_SYS(e, "read limit of open files");
	m.nofile = files.rlim_max;
	if (cgroups_denied()) {
		m.cgroups = CGROUP_DENIED;
		m.pids = access("/proc/sys/user/max_user_namespaces", F_OK) == 0;
	} else if (is_cgroup2(CGROUPS)) {
		r = detect_v2(&m, e);
	} else {
		m.memory = access(CGROUPS "/memory/memory.limit_in_bytes", F_OK) == 0;
		m.swap = access(CGROUPS "/memory/memory.memsw.limit_in_bytes", F_OK) == 0;
		m.pids = access(CGROUPS "/pids/cgroup.procs", F_OK) == 0;
		m.cpu = access(CGROUPS "/cpu/cpu.cfs_quota_us", F_OK) == 0;
		if (m.memory || m.pids || m.cpu)
			m.cgroups = is_cgroup2(CGROUPS "/unified") ? CGROUP_HYBRID : CGROUP_V1;
	}
	if (r == 0)
		*ret = m;
	return r;
}

int machine_check(const struct machine *m, const struct profile_limits *l, struct err *e)
{
	const char *lacks = l->memory && !m->memory   ? "memory"
			    : l->pids && !m->pids     ? "pids"
			    : l->cpu_milli && !m->cpu ? "cpu"
						      : NULL;
	int r;

	if (m->cgroups == CGROUP_DENIED && !lacks)
		return 0;
	if (m->cgroups == CGROUP_DENIED) {
		r = FAIL(e, E_SYSTEM,
			 "the control groups on " CGROUPS
			 " are not this user's, so no limit can be enforced");
		return err_hint(e, r,
				"run it as root; or, in plimsoll.yaml: run: {without: "
				"[memory-limit, cpu-limit]}");
	}
	if (m->cgroups == CGROUP_NONE) {
		r = FAIL(e, E_SYSTEM,
			 "no control groups are mounted on " CGROUPS
			 ", so no limit can be enforced");
		return err_hint(e, r, "mount -t cgroup2 cgroup2 " CGROUPS);
	}
	if (m->occupied) {
		r = FAIL(e, E_SYSTEM,
			 "the group at " CGROUPS
			 " holds processes itself, so no limit can be set below it");
		return err_hint(e, r,
				"mkdir " CGROUPS "/init, write each pid of " CGROUPS
				"/cgroup.procs to " CGROUPS
				"/init/cgroup.procs, then '+cpu +memory +pids' to " CGROUPS
				"/cgroup.subtree_control");
	}
	if (!lacks)
		return 0;
	r = FAIL(e, E_SYSTEM,
		 "this kernel offers no '%s' control group, so its limit cannot be enforced",
		 lacks);
	return err_hint(e, r, "boot with cgroup_enable=%s, or mount that controller below " CGROUPS,
			lacks);
}

/*
 * A null device of this mount namespace's own. crun gives standard streams to the container's user,
 * and the container shows it as its own: neither may happen to the host's.
 */
static int private_null(struct err *e)
{
	static const char place[] = "/run/plimsoll", node[] = "/run/plimsoll/null";
	struct stat st, made;

	/* An ordinary user's runtime can give away nothing of the host's. */
	if (userns_inside())
		return 0;
	/* A namespace that was ours before, of a container that is started again. */
	if (stat(node, &made) == 0 && stat("/dev/null", &st) == 0 && st.st_ino == made.st_ino &&
	    st.st_dev == made.st_dev)
		return 0;
	if ((mkdir(place, 0711) < 0 && errno != EEXIST) ||
	    mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=0711") < 0)
		return FAIL_SYS(e, "mount tmpfs on '%s'", place);
	if (mknod(node, S_IFCHR | 0600, makedev(1, 3)) < 0 || chmod(node, 0666) < 0 ||
	    mount(node, "/dev/null", NULL, MS_BIND, NULL) < 0)
		return FAIL_SYS(e, "make a null device");
	return stat("/dev/null", &st) < 0 || st.st_rdev != makedev(1, 3)
		       ? FAIL_SYS(e, "look at '/dev/null'")
		       : 0;
}

int machine_private_mounts(const struct machine *m, struct err *e)
{
	int r = mounts_private(e);

	if (r < 0)
		return r;
	/* crun still makes a folder there, which then ends with this namespace. */
	if ((m->cgroups == CGROUP_HYBRID || m->cgroups == CGROUP_DENIED) &&
	    is_cgroup2(CGROUPS "/unified") &&
	    mount("tmpfs", CGROUPS "/unified", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV,
		  "size=64k") < 0)
		return FAIL_SYS(e, "cover " CGROUPS "/unified");
	return private_null(e);
}

/* The folders where hierarchies are mounted: itself (v2), or each folder within (v1, hybrid). */
struct hierarchies {
	char *path[LIMIT_HIERARCHIES];
	size_t n;
};

static void hierarchies_release(struct hierarchies *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->path[i]);
}

static void hierarchies_of(const char *cgroup, struct hierarchies *ret)
{
	auto_closedir DIR *d = opendir(CGROUPS);
	struct dirent *ent;

	if (is_cgroup2(CGROUPS)) {
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
		if (filesystem_of(path) == CGROUP1_MAGIC || is_cgroup2(path))
			ret->path[ret->n++] = path;
		else
			free(path);
	}
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[512];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)fs_write_all(fd, text, strlen(text), NULL);
}

void cgroup_unthrottle(const char *cgroup)
{
	__attribute__((cleanup(hierarchies_release))) struct hierarchies h = { 0 };

	hierarchies_of(cgroup, &h);
	for (size_t i = 0; i < h.n; i++) {
		/* One of them is there, in the hierarchy that has the cpu controller. */
		write_file(h.path[i], "cpu.max", "max");
		write_file(h.path[i], "cpu.cfs_quota_us", "-1");
		write_file(h.path[i], "cgroup.freeze", "0");
		write_file(h.path[i], "freezer.state", "THAWED");
	}
}

/* Signals every process of one folder; returns how many it had. */
static size_t kill_members(const char *folder)
{
	auto_buf text = BUF_INIT(LIMIT_PROC_FILE);
	char path[512];
	struct str rest, line;
	size_t n = 0;
	uint64_t pid;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	if (fs_read_user(path, LIMIT_PROC_FILE, &text, NULL) < 0)
		return 0;
	rest = (struct str){ buf_str(&text), text.n };
	while (str_line(&rest, &line))
		if (str_u64(line, INT32_MAX, &pid, NULL) == 0 && pid > 1) {
			(void)kill((pid_t)pid, SIGKILL);
			n++;
		}
	return n;
}

int cgroup_remove(const char *cgroup, struct err *e)
{
	__attribute__((cleanup(hierarchies_release))) struct hierarchies h = { 0 };
	const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };

	/* A bare "/" or "" would be the root of every hierarchy. */
	if (strncmp(cgroup, "/plimsoll-", 10) != 0 || strstr(cgroup, ".."))
		return FAIL(e, E_INTERNAL, "remove cgroup '%s'", cgroup);
	hierarchies_of(cgroup, &h);
	cgroup_unthrottle(cgroup);
	for (int tries = 0;; tries++) {
		size_t left = 0;

		for (size_t i = 0; i < h.n; i++)
			left += kill_members(h.path[i]);
		for (size_t i = 0; left == 0 && i < h.n; i++)
			left += rmdir(h.path[i]) < 0 && access(h.path[i], F_OK) == 0;
		if (left == 0)
			return 0;
		if (tries == 200)
			return FAIL(e, E_SYSTEM, "cgroup '%s' still has processes", cgroup);
		(void)nanosleep(&nap, NULL);
	}
}

/* Field 3 (state) and 22 (start time) of /proc/PID/stat; the name before them may hold anything. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start, struct err *e)
{
	auto_buf text = BUF_INIT(4096);
	char path[64];
	struct str rest, word;
	const char *close_paren;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = fs_read_user(path, 4096, &text, e);
	if (r < 0)
		return r;
	close_paren = strrchr(buf_str(&text), ')');
	if (!close_paren || !close_paren[1])
		return FAIL(e, E_SYSTEM, "read '%s': not in the form of proc(5)", path);
	rest = str_of(close_paren + 2);
	*ret_state = rest.n ? rest.p[0] : '?';
	for (int field = 3; str_cut(&rest, ' ', &word); field++)
		if (field == 22)
			return str_u64(word, UINT64_MAX, ret_start, e);
	return FAIL(e, E_SYSTEM, "read '%s': too short", path);
}

int process_identify(pid_t pid, struct process_id *ret, struct err *e)
{
	uint64_t start = 0;
	char state;
	int r = read_stat(pid, &state, &start, e);

	if (r == 0)
		*ret = (struct process_id){ pid, start };
	return r;
}

bool process_alive(const struct process_id *p)
{
	uint64_t start = 0;
	char state;

	return p->pid > 0 && read_stat(p->pid, &state, &start, NULL) == 0 && start == p->start &&
	       state != 'Z' && state != 'X';
}

int process_join_mounts(const struct process_id *p, struct err *e)
{
	auto_close int fd = p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;

	/* Only once it is held can its number not become another's. */
	if (fd < 0 || !process_alive(p))
		return FAIL(e, E_SYSTEM, "the process that watches the container is gone");
	return setns(fd, CLONE_NEWNS) < 0 ? FAIL_SYS(e, "enter the container's mounts") : 0;
}
