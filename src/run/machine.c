/* SPDX-License-Identifier: Apache-2.0 */
#include "run/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/userns.h"
#include "oci/overlay.h"
#include "run/groups/delegated.h"

enum { LIMIT_PROC_FILE = 256 * 1024, LIMIT_MEND = 512 };

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
	if (groups_is_v2(CGROUPS))
		return access(CGROUPS, W_OK) < 0;
	return access(CGROUPS "/memory", W_OK) < 0 || access(CGROUPS "/pids", W_OK) < 0;
}

/* Where no group counts processes, the user namespace does. */
static void detect_delegated(struct machine *m)
{
	auto_delegated d = { 0 };

	delegated_find(&d);
	m->cgroups = CGROUP_DENIED;
	m->delegated = d.in.n > 0;
	m->memory = d.memory;
	m->swap = d.swap;
	m->cpu = d.cpu;
	m->pids_by_user = !d.pids;
	m->pids = d.pids || access("/proc/sys/user/max_user_namespaces", F_OK) == 0;
}

int machine_detect(struct machine *ret, struct err *e)
{
	struct machine m = { 0 };
	struct rlimit files, signals;
	int r = 0;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || getrlimit(RLIMIT_SIGPENDING, &signals) < 0)
		return FAIL_SYS(e, "read limits of open files and signals");
	m.nofile = files.rlim_max;
	m.signals = signals.rlim_max;
	if (cgroups_denied()) {
		detect_delegated(&m);
	} else if (groups_is_v2(CGROUPS)) {
		r = detect_v2(&m, e);
	} else {
		m.memory = access(CGROUPS "/memory/memory.limit_in_bytes", F_OK) == 0;
		m.swap = access(CGROUPS "/memory/memory.memsw.limit_in_bytes", F_OK) == 0;
		m.pids = access(CGROUPS "/pids/cgroup.procs", F_OK) == 0;
		m.cpu = access(CGROUPS "/cpu/cpu.cfs_quota_us", F_OK) == 0;
		if (m.memory || m.pids || m.cpu)
			m.cgroups = groups_is_v2(CGROUPS "/unified") ? CGROUP_HYBRID : CGROUP_V1;
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
	char mend[LIMIT_MEND];
	int r;

	if (m->cgroups == CGROUP_DENIED && !lacks)
		return 0;
	if (m->cgroups == CGROUP_DENIED) {
		r = FAIL(e, E_SYSTEM,
			 "the control groups on " CGROUPS
			 " are not this user's, so no limit of %s can be enforced",
			 lacks);
		delegated_mend(mend, sizeof(mend));
		return err_hint(e, r,
				"%s; or, in plimsoll.yaml: run: {without: [memory-limit, "
				"cpu-limit]}",
				mend);
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
	    groups_is_v2(CGROUPS "/unified") &&
	    mount("tmpfs", CGROUPS "/unified", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV,
		  "size=64k") < 0)
		return FAIL_SYS(e, "cover " CGROUPS "/unified");
	return private_null(e);
}
