/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "sandbox/landlock.h"
#include "sandbox/lockdown.h"

static int fail(int e)
{
	errno = e;
	return -1;
}

/* The state folder is root's alone, so another user must see the folder elsewhere. By its path: the
 * descriptor is of a mount of the namespace that is left, which cannot be bound into the new one.
 */
static int enter(const struct program_box *b)
{
	char path[4096];
	ssize_t n;

	if (!b->other_user)
		return fchdir(b->dir);
	n = readlink(fs_fd_path(b->dir, (char[32]){ 0 }), path, sizeof(path));
	if (n < 0 || (size_t)n == sizeof(path))
		return n < 0 ? -1 : fail(ENAMETOOLONG);
	path[n] = '\0';
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(path, "/tmp", NULL, MS_BIND, NULL) < 0 || chdir("/tmp") < 0)
		return -1;
	if (setgroups(0, NULL) < 0 || setresgid(PROGRAM_USER, PROGRAM_USER, PROGRAM_USER) < 0)
		return -1;
	return setresuid(PROGRAM_USER, PROGRAM_USER, PROGRAM_USER);
}

static int limit(int what, rlim_t n)
{
	struct rlimit had, l = { n, n };

	if (getrlimit((__rlimit_resource_t)what, &had) == 0 && had.rlim_max < n)
		l.rlim_cur = l.rlim_max = had.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &l);
}

static int limits(const struct program_box *b)
{
	(void)umask(022);
	if (limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_NOFILE, SANDBOX_NOFILE) < 0 ||
	    limit(RLIMIT_FSIZE, (rlim_t)b->file_max) < 0)
		return -1;
	return limit(RLIMIT_CPU, b->cpu_seconds);
}

/* --- Landlock: programs that may be run, files that may be read --- */

static int landlock(const struct program_box *b)
{
	static const char *const programs[] = { "/usr", "/bin", "/lib", "/lib32", "/lib64" };
	static const char *const readable[] = {
		"/etc/ssl",	    "/etc/ca-certificates", "/etc/pki",
		"/etc/ld.so.cache", "/etc/hosts",	    "/etc/nsswitch.conf",
		"/etc/resolv.conf", "/etc/host.conf",	    "/etc/gai.conf",
		"/etc/services",    "/etc/protocols",	    "/etc/localtime",
		"/etc/passwd",	    "/etc/group",	    "/run/systemd/resolve",
		"/dev/urandom",	    "/etc/alternatives",
	};
	auto_landlock l = { .rules = -1 };
	int r = landlock_begin(&l, true);

	for (size_t i = 0; r == 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
		r = landlock_allow(&l, programs[i], LANDLOCK_EXECUTE);
	for (size_t i = 0; r == 0 && i < sizeof(readable) / sizeof(readable[0]); i++)
		r = landlock_allow(&l, readable[i], LANDLOCK_READ);
	if (r == 0)
		r = landlock_allow(&l, "/dev/null", LANDLOCK_READ | LANDLOCK_WRITE);
	if (r == 0)
		r = landlock_allow_fd(&l, b->dir, LANDLOCK_OWN);
	return r < 0 ? r : landlock_restrict(&l);
}

/* --- seccomp --- */

int lockdown_forbid(void)
{
	static const int forbidden[] = {
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(fsopen),
		SCMP_SYS(fsmount),
		SCMP_SYS(move_mount),
		SCMP_SYS(open_tree),
		SCMP_SYS(mount_setattr),
		SCMP_SYS(unshare),
		SCMP_SYS(setns),
		SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(kexec_load),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(open_by_handle_at),
		SCMP_SYS(acct),
		SCMP_SYS(swapon),
		SCMP_SYS(reboot),
		SCMP_SYS(quotactl),
		SCMP_SYS(personality),
		SCMP_SYS(vhangup),
		SCMP_SYS(syslog),
	};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	/* clone with any CLONE_NEW*: namespaces are the way to more of the kernel. clone3 hides its
	 * flags in memory: glibc falls back to clone. */
	static const unsigned long spaces[] = { CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID,
						CLONE_NEWNET, CLONE_NEWIPC,  CLONE_NEWUTS };
	int r = f ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	for (size_t i = 0; r == 0 && i < sizeof(spaces) / sizeof(spaces[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i]));
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r == 0)
		r = seccomp_load(f);
	if (f)
		seccomp_release(f);
	return r < 0 ? fail(-r) : 0;
}

int program_confine(void *arg)
{
	const struct program_box *b = arg;
	const struct sandbox none = { .write_dir = -1 };

	if (enter(b) < 0)
		return -1;
	/* A change of user clears the parent's death signal. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	if (getppid() != b->parent)
		return fail(ESRCH);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || limits(b) < 0 || landlock(b) < 0)
		return -1;
	if (lockdown_caps(&none, NULL) < 0)
		return fail(EPERM);
	return lockdown_forbid();
}
