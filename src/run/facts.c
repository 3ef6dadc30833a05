/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine has and lacks, for plimsoll doctor. */
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/userns.h"
#include "run/groups/delegated.h"
#include "run/groups/scope.h"
#include "run/network/clock.h"
#include "run/options/needs.h"

enum { LIMIT_FACT_FILE = 4096, LEAST_SPACE_MB = 1024 };

struct facts {
	json_t *list;
	const struct state *state;
	const struct run_policy *policy;
	unsigned lacking, unexcused;
};

static int add(struct facts *f, const char *group, const char *name, const char *state,
	       const char *found, const char *mend, struct err *e)
{
	return json_push(f->list,
			 json_pack("{s:s, s:s, s:s, s:s, s:s*}", "group", group, "name", name,
				   "state", state, "found", found, "mend", mend),
			 e);
}

static int add_if(struct facts *f, const char *group, const char *name, bool fine,
		  const char *found, const char *mend, struct err *e)
{
	return add(f, group, name, fine ? "fine" : "note", found, fine ? NULL : mend, e);
}

/* Something that the profile needs, by what `run` finds of it, in the same words. */
static int add_need(struct facts *f, const char *group, enum need n, const char *found,
		    struct err *e)
{
	const unsigned bit = 1U << n;

	if (!(f->lacking & bit))
		return add(f, group, need_name(n), "fine", found, NULL, e);
	return add(f, group, need_name(n),
		   f->unexcused & bit			     ? "lacking"
		   : f->policy && (f->policy->without & bit) ? "excused"
							     : "note",
		   need_lacks(n), need_mend(n), e);
}

/* The first line of a file; "" when it cannot be read. */
static const char *line_of(const char *path, char ret[static LIMIT_FACT_FILE])
{
	auto_buf b = BUF_INIT(LIMIT_FACT_FILE);

	ret[0] = '\0';
	if (fs_read_user(path, LIMIT_FACT_FILE, &b, NULL) == 0)
		(void)snprintf(ret, LIMIT_FACT_FILE, "%.*s", (int)strcspn(buf_str(&b), "\n"),
			       buf_str(&b));
	text_sanitize(ret);
	return ret;
}

/* Trying: in a child, which says by its exit status whether it worked. */

static int make_userns(void *arg)
{
	(void)arg;
	return unshare(CLONE_NEWUSER);
}

static int write_text(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* A copy of the folder's mount with the ids of a user namespace that a child holds. */
static int idmap_tree(int userns, const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns };
	auto_close int tree =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return tree < 0 ? -1
			: (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
				       sizeof(attr));
}

static int try_idmap(void *arg)
{
	int up[2], down[2], r = -1;
	char c = 0, path[64];
	pid_t pid;

	if (pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)close(down[1]);
		if (unshare(CLONE_NEWUSER) == 0 && write(up[1], &c, 1) == 1)
			(void)!read(down[0], &c, 1);
		_exit(0);
	}
	(void)close(up[1]);
	if (pid > 0 && read(up[0], &c, 1) == 1) {
		auto_close int ns = -1;

		(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
		r = write_text(path, "0 1000000 65536");
		(void)snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
		r = r < 0 ? r : write_text(path, "0 1000000 65536");
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		r = r < 0 || ns < 0 ? -1 : idmap_tree(ns, arg);
	}
	(void)close(down[1]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return r;
}

/* As an ordinary user's containers have it: root of a user namespace mounts an overlay. */
static int try_overlay(void *arg)
{
	char map[32], group[32];

	(void)arg;
	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
	(void)snprintf(group, sizeof(group), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    write_text("/proc/self/setgroups", "deny") < 0 ||
	    write_text("/proc/self/uid_map", map) < 0 ||
	    write_text("/proc/self/gid_map", group) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") < 0 || mkdir("/tmp/l", 0700) < 0 ||
	    mkdir("/tmp/u", 0700) < 0 || mkdir("/tmp/w", 0700) < 0 || mkdir("/tmp/m", 0700) < 0)
		return -1;
	return mount("overlay", "/tmp/m", "overlay", 0,
		     "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w,userxattr");
}

static bool works(int (*fn)(void *arg), void *arg)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(arg) < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static int find_kernel(struct facts *f, struct err *e)
{
	struct utsname u = { 0 };
	char text[LIMIT_FACT_FILE], abi[64];
	const long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	bool ns = works(make_userns, NULL);
	int r;

	(void)uname(&u);
	(void)snprintf(text, sizeof(text), "%s %s", u.sysname, u.release);
	(void)snprintf(abi, sizeof(abi), "ABI %ld", version);
	if ((r = add(f, "kernel", "version", "fine", text, NULL, e)) < 0 ||
	    (r = add_need(f, "kernel", NEED_SECCOMP, "filters", e)) < 0 ||
	    (r = add_need(f, "kernel", NEED_LANDLOCK, abi, e)) < 0 ||
	    (r = add_need(f, "kernel", NEED_MEMFD_NOEXEC, "vm.memfd_noexec", e)) < 0 ||
	    (r = add(f, "kernel", "user-namespaces", ns ? "fine" : "lacking",
		     ns ? "one could be made" : "none can be made",
		     ns ? NULL
			: "sysctl user.max_user_namespaces=15000 (Debian: "
			  "kernel.unprivileged_userns_clone=1)",
		     e)) < 0)
		return r;
	if (geteuid() != 0 || userns_inside()) {
		ns = works(try_overlay, NULL);
		return add(f, "kernel", "overlay-in-userns", ns ? "fine" : "lacking",
			   ns ? "could be mounted" : "cannot be mounted",
			   ns ? NULL : "boot Linux 5.11 or newer", e);
	}
	ns = works(try_idmap, f->state->path);
	return add(f, "kernel", "idmapped-mounts", ns ? "fine" : "lacking",
		   ns ? "the state folder's file system can be"
		      : "the state folder's file system cannot be mounted with other ids",
		   ns ? NULL : "put --state on ext4, xfs or btrfs, with Linux 5.19 or newer", e);
}

static int find_lsms(struct facts *f, struct err *e)
{
	char text[LIMIT_FACT_FILE], mode[LIMIT_FACT_FILE];
	int r = add(f, "lsm", "active", "fine",
		    *line_of("/sys/kernel/security/lsm", text) ? text : "not told", NULL, e);

	if (r < 0 || (r = add_need(f, "lsm", NEED_APPARMOR, "enabled", e)) < 0)
		return r;
	(void)line_of("/sys/fs/selinux/enforce", mode);
	r = add(f, "lsm", "selinux", "fine",
		strcmp(mode, "1") == 0	 ? "enforcing"
		: strcmp(mode, "0") == 0 ? "permissive"
					 : "not there",
		NULL, e);
	(void)line_of("/sys/kernel/security/lockdown", mode);
	return r < 0 ? r : add(f, "lsm", "lockdown", "fine", *mode ? mode : "not there", NULL, e);
}

/* What an ordinary user was given, or how it is given to him. */
static int find_delegated(struct facts *f, const struct machine *m, struct err *e)
{
	auto_delegated d = { 0 };
	char mend[LIMIT_FACT_FILE];
	const bool all = m->delegated && m->memory && m->cpu && !m->pids_by_user;

	delegated_find(&d);
	delegated_mend(mend, sizeof(mend));
	/* Each command with limits gets one. */
	if (!d.in.n && scope_possible())
		return add(f, "cgroups", "mode", "fine", "a scope of systemd's for each command",
			   NULL, e);
	return add_if(f, "cgroups", "mode", all,
		      d.in.n ? d.in.path[0] : "there, but not this user's", mend, e);
}

static int find_cgroups(struct facts *f, const struct machine *m, struct err *e)
{
	static const char *const modes[] = { "none", "v1", "hybrid", "v2" };
	int r = m->cgroups == CGROUP_DENIED
			? find_delegated(f, m, e)
			: add_if(f, "cgroups", "mode", m->cgroups != CGROUP_NONE && !m->occupied,
				 modes[m->cgroups], "mount control groups on " CGROUPS, e);

	if (r < 0 || (r = add_need(f, "cgroups", NEED_MEMORY, "can be set", e)) < 0 ||
	    (r = add_need(f, "cgroups", NEED_PIDS, "can be set", e)) < 0 ||
	    (r = add_need(f, "cgroups", NEED_CPU, "can be set", e)) < 0 ||
	    (r = add_need(f, "disk", NEED_DISK,
			  geteuid() == 0 ? "loop devices and mke2fs"
					 : "not for users: what their containers write is theirs",
			  e)) < 0)
		return r;
	return add_if(f, "cgroups", "swap-limit", m->swap, m->swap ? "can be set" : "cannot be set",
		      "boot with swapaccount=1", e);
}

/* needed: without it no container starts; mend is the package. */
static int find_program(struct facts *f, const char *name, const char *package, bool needed,
			struct err *e)
{
	auto_free char *path = NULL;
	auto_buf out = BUF_INIT(64 * 1024);
	char text[200], mend[100];
	bool there = proc_find(name, &path, NULL) == 0;
	const char *const argv[] = { path, "--version", NULL };

	(void)snprintf(mend, sizeof(mend), "apt-get install %s", package);
	if (there && strcmp(name, "newuidmap") != 0 && strcmp(name, "apparmor_parser") != 0)
		(void)proc_run(argv, -1, &out, NULL);
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(buf_str(&out), "\n"),
		       buf_str(&out));
	text_sanitize(text);
	return add(f, "programs", name,
		   there    ? "fine"
		   : needed ? "lacking"
			    : "note",
		   !there  ? "not installed"
		   : *text ? text
			   : path,
		   there ? NULL : mend, e);
}

static int find_programs(struct facts *f, struct err *e)
{
	auto_free char *crun = NULL, *runc = NULL;
	const bool any = proc_find("crun", &crun, NULL) == 0 || proc_find("runc", &runc, NULL) == 0;
	const bool user = geteuid() != 0;
	int r;

	if ((r = find_program(f, "crun", "crun", !any, e)) < 0 ||
	    (r = find_program(f, "runc", "runc", false, e)) < 0 ||
	    (r = find_program(f, "conmon", "conmon", true, e)) < 0 ||
	    (r = find_program(f, "pasta", "passt", true, e)) < 0 ||
	    (r = find_program(f, "newuidmap", "uidmap", user, e)) < 0 ||
	    (r = find_program(f, "apparmor_parser", "apparmor", false, e)) < 0)
		return r;
	r = access("/dev/net/tun", F_OK) == 0;
	return add(f, "programs", "/dev/net/tun", r ? "fine" : "lacking",
		   r ? "there" : "not there: no network but none", r ? NULL : "modprobe tun", e);
}

static int find_sysctls(struct facts *f, struct err *e)
{
	static const struct {
		const char *name, *path, *weak; /* values that are weak, each a word */
		const char *mend;
	} list[] = {
		{ "kptr_restrict", "/proc/sys/kernel/kptr_restrict", "0",
		  "sysctl kernel.kptr_restrict=2" },
		{ "dmesg_restrict", "/proc/sys/kernel/dmesg_restrict", "0",
		  "sysctl kernel.dmesg_restrict=1" },
		{ "unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled", "0",
		  "sysctl kernel.unprivileged_bpf_disabled=1" },
		{ "yama.ptrace_scope", "/proc/sys/kernel/yama/ptrace_scope", "0",
		  "sysctl kernel.yama.ptrace_scope=1" },
		{ "unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", "",
		  "" },
		{ "max_user_namespaces", "/proc/sys/user/max_user_namespaces", "0",
		  "sysctl user.max_user_namespaces=15000" },
	};
	char text[LIMIT_FACT_FILE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(list) / sizeof(*list); i++) {
		(void)line_of(list[i].path, text);
		r = add_if(f, "hardening", list[i].name, !*text || strcmp(text, list[i].weak) != 0,
			   *text ? text : "not there", list[i].mend, e);
	}
	return r;
}

/* How many ids /etc/subuid gives who runs us: what root's containers take is a block of any. */
static int find_subids(struct facts *f, struct err *e)
{
	auto_free struct subids *ids = calloc(1, sizeof(*ids));
	auto_buf file = BUF_INIT(LIMIT_SUBIDS_FILE);
	const struct passwd *who = getpwuid(userns_user());
	char text[64];
	uint32_t unused;
	uint64_t n = 0;
	int r;

	if (geteuid() == 0)
		return add(f, "programs", "subordinate-ids", "fine", "not needed by root", NULL, e);
	if (!ids)
		return FAIL_NOMEM(e);
	r = fs_read_user("/etc/subuid", LIMIT_SUBIDS_FILE, &file, NULL);
	if (r == 0)
		r = subids_parse((struct str){ buf_str(&file), file.n }, who ? who->pw_name : NULL,
				 userns_user(), ids, &unused, NULL);
	for (size_t i = 0; r == 0 && i < ids->n; i++)
		n += ids->v[i].n;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return add(f, "programs", "subordinate-ids", n ? "fine" : "lacking", text,
		   n ? NULL
		     : "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER",
		   e);
}

static int find_clock(struct facts *f, struct err *e)
{
	char name[LIMIT_CLOCK];
	const bool quick = clock_is_quick(name);

	return add_if(f, "kernel", "clock-source", quick, *name ? name : "not told",
		      "builds with a network fail, since pasta records packets: " CLOCK_MEND, e);
}

static int find_state(struct facts *f, struct err *e)
{
	struct statvfs s = { 0 };
	char text[64];
	uint64_t mb;

	if (statvfs(f->state->path, &s) < 0)
		return add(f, "state", "space", "note", "not known", NULL, e);
	mb = (uint64_t)s.f_bavail * s.f_frsize >> 20;
	(void)snprintf(text, sizeof(text), "%llu MiB free", (unsigned long long)mb);
	return add_if(f, "state", "space", mb >= LEAST_SPACE_MB, text, "plimsoll prune", e);
}

int facts_find(const struct state *state, const struct run_policy *p, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	struct facts f = { .list = list, .state = state, .policy = p };
	struct machine m;
	int r = list ? machine_detect(&m, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	f.lacking = needs_lacking(&m);
	f.unexcused = needs_unexcused(f.lacking, p);
	if ((r = find_kernel(&f, e)) < 0 || (r = find_clock(&f, e)) < 0 ||
	    (r = find_lsms(&f, e)) < 0 || (r = find_cgroups(&f, &m, e)) < 0 ||
	    (r = find_programs(&f, e)) < 0 || (r = find_sysctls(&f, e)) < 0 ||
	    (r = find_subids(&f, e)) < 0 || (r = find_state(&f, e)) < 0)
		return r;
	*ret = TAKE(list);
	return 0;
}
