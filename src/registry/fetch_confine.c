/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch_confine.h"

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

DEFINE_RELEASE(cap_t, cap_free, NULL)
DEFINE_RELEASE_VOID(void, seccomp_release)

enum { NOBODY = 65534 };

/* <linux/landlock.h> of Debian 12 ends at ABI 2; these are of ABI 3, 5 and 6. */
enum {
	LL_READ_FILE = 1 << 2,
	LL_READ_DIR = 1 << 3,
	LL_FS_ABI1 = (1 << 13) - 1,
	LL_FS_REFER = 1 << 13,
	LL_FS_TRUNCATE = 1 << 14,
	LL_FS_IOCTL_DEV = 1 << 15,
	LL_NET_BIND = 1 << 0,
	LL_SCOPE_ALL = 3, /* abstract sockets, signals */
	LL_RULE_PATH = 1,
	LL_VERSION = 1,
};
struct ll_ruleset {
	uint64_t fs, net, scoped;
};
struct ll_path {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

static int ll_allow(int rules, const char *path, struct err *e)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct ll_path p = { .access = LL_READ_FILE, .fd = fd };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* not there: nothing to allow */
	if (S_ISDIR(st.st_mode))
		p.access |= LL_READ_DIR;
	if (syscall(SYS_landlock_add_rule, rules, LL_RULE_PATH, &p, 0) < 0)
		return FAIL_SYS(e, "Landlock rule for '%s'", path);
	return 0;
}

/* Certificates, and what getaddrinfo(3) reads. libnss modules lie in the library folders. */
static int confine_files(struct err *e)
{
	static const char *const readable[] = {
		"/etc/ssl/certs",
		"/etc/ssl/openssl.cnf",
		"/etc/ca-certificates",
		"/etc/pki",
		"/etc/docker/certs.d",
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
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION);
	struct ll_ruleset set = { .fs = LL_FS_ABI1 };
	size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;

	if (abi < 0)
		return 0; /* a kernel without Landlock: the user and seccomp still hold */
	set.fs |= abi >= 2 ? LL_FS_REFER : 0;
	set.fs |= abi >= 3 ? LL_FS_TRUNCATE : 0;
	set.fs |= abi >= 5 ? LL_FS_IOCTL_DEV : 0;
	set.net = abi >= 4 ? LL_NET_BIND : 0;
	set.scoped = abi >= 6 ? LL_SCOPE_ALL : 0;

	auto_close int rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);

	if (rules < 0)
		return FAIL_SYS(e, "Landlock rule set");
	for (size_t i = 0; i < sizeof(readable) / sizeof(*readable); i++) {
		int r = ll_allow(rules, readable[i], e);

		if (r < 0)
			return r;
	}
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return FAIL_SYS(e, "Landlock");
	return 0;
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
