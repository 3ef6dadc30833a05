/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/landlock.h"

DEFINE_RELEASE(cap_t, cap_free, NULL)
DEFINE_RELEASE_VOID(void, seccomp_release)

enum { NOBODY = 65534 };

/* Certificates, and what getaddrinfo(3) reads. libnss modules lie in the library folders. */
static int confine_files(struct err *e)
{
	static const char *const readable[] = {
		"/etc/ssl/certs",
		"/etc/ssl/openssl.cnf",
		"/etc/ca-certificates",
		"/etc/pki",
		"/etc/docker/certs.d",
		"/etc/containers/certs.d",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates",
		"/var/lib/ca-certificates",
		"/usr/lib",
		"/usr/lib64",
		"/lib",
		"/lib64",
		"/etc/ld.so.cache",
		"/etc/nsswitch.conf",
		"/etc/host.conf",
		"/etc/hosts",
		"/etc/resolv.conf",
		"/etc/gai.conf",
		"/etc/services",
		"/etc/protocols",
		"/etc/localtime",
		"/usr/share/zoneinfo",
		"/run/systemd/resolve",
		"/dev/urandom",
		"/dev/null",
	};
	auto_landlock l = { .rules = -1 };

	/* A kernel without Landlock: the user and seccomp still hold. */
	if (landlock_begin(&l, true) < 0)
		return FAIL_SYS(e, "Landlock rule set");
	for (size_t i = 0; i < sizeof(readable) / sizeof(*readable); i++)
		if (landlock_allow(&l, readable[i], LANDLOCK_READ) < 0)
			return FAIL_SYS(e, "Landlock rule for '%s'", readable[i]);
	return landlock_restrict(&l) < 0 ? FAIL_SYS(e, "Landlock") : 0;
}

/* A user of no files when root started us. A user namespace may not map it: then root stays, of
 * whom Landlock and no capabilities leave little. */
static int confine_user(struct err *e)
{
	auto_release(cap_free) cap_t none = cap_init();

	if (geteuid() == 0) {
		pid_t parent = getppid();

		if (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0)
			(void)!setresuid(NOBODY, NOBODY, NOBODY);
		/* A change of user clears the parent's death signal. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			return FAIL(e, E_SYSTEM, "parent is gone");
	}
	if (!none)
		return FAIL_NOMEM(e);
	if (cap_set_proc(none) < 0)
		return FAIL_SYS(e, "drop capabilities");
	return 0;
}

static const char *const allowed_calls[] = {
	/* memory, threads, time */
	"brk",
	"mmap",
	"mmap2",
	"munmap",
	"mprotect",
	"mremap",
	"madvise",
	"membarrier",
	"futex",
	"futex_time64",
	"set_robust_list",
	"get_robust_list",
	"set_tid_address",
	"rseq",
	"gettid",
	"getpid",
	"getppid",
	"sched_yield",
	"sched_getaffinity",
	"exit",
	"exit_group",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigreturn",
	"sigaltstack",
	"tgkill",
	"clock_gettime",
	"clock_gettime64",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"getrandom",
	"uname",
	"sysinfo",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrlimit",
	"ugetrlimit",
	"prlimit64",
	/* files, read only by Landlock */
	"open",
	"openat",
	"close",
	"read",
	"readv",
	"pread64",
	"write",
	"writev",
	"lseek",
	"_llseek",
	"fstat",
	"fstat64",
	"stat",
	"stat64",
	"lstat",
	"newfstatat",
	"fstatat64",
	"statx",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"getcwd",
	"fcntl",
	"fcntl64",
	"ioctl",
	"dup",
	"fadvise64",
	/* sockets; bind is for the netlink question getaddrinfo(3) asks */
	"connect",
	"bind",
	"sendto",
	"sendmsg",
	"sendmmsg",
	"recvfrom",
	"recvmsg",
	"recvmmsg",
	"getsockopt",
	"setsockopt",
	"getsockname",
	"getpeername",
	"shutdown",
	"socketpair",
	"pipe2",
	"eventfd2",
	"poll",
	"ppoll",
	"ppoll_time64",
	"select",
	"pselect6",
	"_newselect",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
};

static int allow_calls(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	int r = 0;

	for (size_t i = 0; i < sizeof(allowed_calls) / sizeof(*allowed_calls) && r == 0; i++) {
		int nr = seccomp_syscall_resolve_name(allowed_calls[i]);

		if (nr != __NR_SCMP_ERROR)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	for (size_t i = 0; i < sizeof(families) / sizeof(*families) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	/* Threads share our address space and end with us. clone3 hides its flags in memory: glibc
	 * falls back to clone when it is not there. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return r;
}

/* What only an intruder calls ends the process; what a library may try fails with EPERM. */
static int confine_calls(struct err *e)
{
	static const int deadly[] = { SCMP_SYS(execve),
				      SCMP_SYS(execveat),
				      SCMP_SYS(ptrace),
				      SCMP_SYS(process_vm_readv),
				      SCMP_SYS(process_vm_writev),
				      SCMP_SYS(bpf),
				      SCMP_SYS(unshare),
				      SCMP_SYS(setns),
				      SCMP_SYS(mount),
				      SCMP_SYS(listen) };
	auto_release(seccomp_release) void *ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!ctx)
		return FAIL_NOMEM(e);
	r = allow_calls(ctx);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	if (r == 0)
		r = seccomp_load(ctx);
	return r < 0 ? FAIL(e, E_SYSTEM, "seccomp: error %d", -r) : 0;
}

static int limit(int what, rlim_t n, struct err *e)
{
	const struct rlimit l = { n, n };

	return setrlimit((__rlimit_resource_t)what, &l) < 0 ? FAIL_SYS(e, "setrlimit") : 0;
}

int fetch_confine(struct err *e)
{
	int r = confine_user(e);

	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = FAIL_SYS(e, "no new privileges");
	if (r == 0)
		r = limit(RLIMIT_CORE, 0, e);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, 256, e);
	if (r == 0)
		r = confine_files(e);
	if (r == 0)
		r = confine_calls(e);
	return r;
}
