/* SPDX-License-Identifier: Apache-2.0 */
/* Privileges held, and gained: capabilities, set-id files, ids of others. Files of the image:
 * /lockdown.sgid belongs to group 1 with the set-group-id bit, /lockdown.caps has a file
 * capability. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "probe.h"

enum { OTHER = 1000 };

static int cap_set(const struct probe *p)
{
	uint64_t set;
	const int r = status_number(p->path, &set);

	if (r < 0)
		return r;
	detail("%llx", (unsigned long long)set);
	return set ? 0 : -EPERM;
}

static int has_cap(const struct probe *p)
{
	uint64_t set;
	const int r = status_number("CapBnd", &set);

	return r < 0 ? r : set >> p->args[0] & 1 ? 0 : -EPERM;
}

static int raise_ambient(const struct probe *p)
{
	(void)p;
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0)
			return 0;
	return -errno;
}

/* All capabilities into the sets of args: 1 permitted and effective, 2 inheritable. */
static int set_caps(const struct probe *p)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	if (p->args[0] == 2 && !data[0].permitted && !data[1].permitted)
		return -EPERM;
	for (int i = 0; i < 2; i++) {
		const uint32_t all = i ? (1U << (CAP_LAST_CAP - 31)) - 1 : ~0U;

		if (p->args[0] == 1)
			data[i].effective = data[i].permitted = all;
		data[i].inheritable = p->args[0] == 2 ? data[i].permitted : data[i].inheritable;
	}
	return result(syscall(SYS_capset, &head, data));
}

static int privileges_can_grow(const struct probe *p)
{
	(void)p;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -EPERM : 0;
}

static int no_filter(const struct probe *p)
{
	uint64_t mode;
	const int r = status_number("Seccomp", &mode);

	(void)p;
	return r < 0 ? r : mode == 2 ? -EPERM : 0;
}

static int no_label(const struct probe *p)
{
	char label[256];
	const ssize_t n = slurp(p->path, label, sizeof(label));

	if (n <= 0)
		return ABSENT; /* no such security module in this kernel */
	detail("%.40s", label);
	return strstr(label, "unconfined") ? 0 : -EPERM;
}

/* Becomes another user, group or member of groups. */
static int other_id(const struct probe *p)
{
	const gid_t groups[] = { 0, OTHER };

	switch (p->args[0]) {
	case 0: return result(setuid(OTHER));
	case 1: return result(setgid(OTHER));
	case 2: return result(setgroups(2, groups));
	case 3: return result(setresuid(OTHER, OTHER, OTHER));
	case 4: (void)setfsuid(OTHER); return setfsuid((uid_t)-1) == OTHER ? 0 : -EPERM;
	default: return result(setregid(OTHER, OTHER));
	}
}

/* From another user back to root: only by a way that should not be there. */
static int back_to_root(const struct probe *p)
{
	(void)p;
	if (getuid() == 0 && setuid(OTHER) < 0)
		return -errno;
	return result(setuid(0));
}

static int run_file(const char *path, const char *what)
{
	int status;
	const pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)execl(path, path, "--held", what, NULL);
		_exit(errno == ENOENT ? 254 : errno);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status) == 254  ? ABSENT
	       : WEXITSTATUS(status) == 77 ? 0
					   : -(WEXITSTATUS(status) ? WEXITSTATUS(status) : EPERM);
}

static int set_id_file(const struct probe *p)
{
	struct stat st;
	uint64_t caps;

	if (stat(p->path, &st) < 0)
		return -errno;
	if (p->args[0] == 0) { /* the group's bit is the same for all users */
		if (!(st.st_mode & S_ISGID) || st.st_gid != 1)
			return ABSENT;
		return run_file(p->path, "group");
	}
	if (getxattr(p->path, "security.capability", NULL, 0) <= 0)
		return ABSENT;
	if (status_number("CapEff", &caps) == 0 && caps & (1 << CAP_NET_RAW))
		detail("held already");
	return run_file(p->path, "caps");
}

static int mark_file(const struct probe *p)
{
	/* version 2, CAP_NET_RAW permitted, effective */
	static const unsigned char cap[20] = { 1, 0, 0, 2, 0, 0x20 };
	const int fd = scratch("/tmp", 0);

	if (fd < 0)
		return fd;
	if (p->args[0])
		return result(fchown(fd, OTHER, (gid_t)-1));
	return result(fsetxattr(fd, p->path, cap, sizeof(cap), 0));
}

static int take_file(const struct probe *p)
{
	return result(chown(p->path, OTHER, OTHER));
}

static int set_bits(const struct probe *p)
{
	(void)p;
	return result(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_KEEP_CAPS, 0, 0, 0));
}

static int read_others(const struct probe *p)
{
	return probe_read(p);
}

#define CAP(n)                                                                                     \
	{                                                                                          \
		"cap_" #n, has_cap, "capabilities(7)", .args = { CAP_##n }                         \
	}
#define ID(name, n)                                                                                \
	{                                                                                          \
		name, other_id, "the files and processes of another user", .args = { n }           \
	}

static const struct probe probes[] = {
	{ "caps_effective", cap_set, "the power of root, in pieces", "CapEff" },
	{ "caps_permitted", cap_set, "the power of root, in pieces", "CapPrm" },
	{ "caps_bounding", cap_set, "what a file may give", "CapBnd" },
	{ "caps_inheritable", cap_set, "CVE-2022-24769, CVE-2022-29162", "CapInh" },
	{ "caps_ambient", cap_set, "what survives exec", "CapAmb" },
	{ "caps_raise_ambient", raise_ambient, "what survives exec" },
	{ "caps_regain", set_caps, "the power of root", .args = { 1 } },
	{ "caps_set_inheritable", set_caps, "what survives exec", .args = { 2 } },
	CAP(SYS_ADMIN),
	CAP(SYS_PTRACE),
	CAP(SYS_MODULE),
	CAP(NET_ADMIN),
	CAP(NET_RAW),
	CAP(DAC_OVERRIDE),
	CAP(DAC_READ_SEARCH),
	CAP(MKNOD),
	CAP(SYS_CHROOT),
	CAP(SETFCAP),
	CAP(SETPCAP),
	CAP(AUDIT_WRITE),
	CAP(NET_BIND_SERVICE),
	{ "no_new_privs", privileges_can_grow, "set-id programs work" },
	{ "no_seccomp", no_filter, "all of the kernel's calls" },
	{ "no_lsm_label", no_label, "no security module looks", "/proc/self/attr/current" },
	ID("setuid", 0),
	ID("setgid", 1),
	ID("setgroups", 2),
	ID("setresuid", 3),
	ID("setfsuid", 4),
	ID("setregid", 5),
	{ "setuid_back", back_to_root, "root again" },
	{ "file_sgid", set_id_file, "the group of a file", "/lockdown.sgid" },
	{ "file_caps", set_id_file, "the capabilities of a file", "/lockdown.caps", .args = { 1 } },
	{ "set_file_caps", mark_file, "a file that gives capabilities", "security.capability" },
	{ "set_trusted_xattr", mark_file, "overlay's own marks (CVE-2023-0386)",
	  "trusted.overlay.opaque" },
	{ "chown_own", mark_file, "a set-id file of another user's", .args = { 1 } },
	{ "chown_image", take_file, "files of the image", "/etc/passwd" },
	{ "securebits", set_bits, "what root means" },
	{ "read_shadow", read_others, "a file that only another may read", "/lockdown.secret" },
};

const struct probe_table table_privilege = PROBE_TABLE("privilege", probes);
