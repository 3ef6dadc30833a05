/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/guard/guard.h"

/* An id that no program runs as: what it makes (memory files, on kernels without the seal) is not a
 * user's of the container. */
enum { NOBODY = 65535, LIMIT_FILE = 256 * 1024, LIMIT_CODE = 128 };

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NATIVE AUDIT_ARCH_RISCV64
#endif

static const int allowed[] = {
	SYS_read,	   SYS_pwrite64,	SYS_close,	  SYS_ppoll,
	SYS_recvmsg,	   SYS_accept4,		SYS_openat2,	  SYS_readlinkat,
	SYS_fstat,	   SYS_newfstatat,	SYS_fstatfs,	  SYS_memfd_create,
	SYS_fchmod,	   SYS_fcntl,		SYS_exit_group,	  SYS_process_vm_readv,
	SYS_clock_gettime, SYS_restart_syscall, SYS_rt_sigreturn, SYS_getxattr,
#ifdef SYS_poll
	SYS_poll,	   SYS_readlink,
#endif
};

/* Opening to write or to make files is not. openat2's flags lie in memory, where a filter cannot
 * look: what it opens is a path only (look.c), and nobody's rights bound the rest. */
static unsigned short program(struct sock_filter *v)
{
	unsigned short n = 0;
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	const struct sock_filter tail[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_ACCMODE | O_CREAT | O_TRUNC, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]) + 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_IOC_MAGIC << 8, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++)
		v[n++] = head[i];
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		v[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						      (unsigned)allowed[i], 0, 1);
		v[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < sizeof(tail) / sizeof(*tail); i++)
		v[n++] = tail[i];
	return n;
}

static int filter_calls(void)
{
	struct sock_filter code[LIMIT_CODE];
	struct sock_fprog p = { .len = program(code), .filter = code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p);
}

static int limit(int what, rlim_t n)
{
	const struct rlimit l = { n, n };

	return setrlimit((__rlimit_resource_t)what, &l);
}

/* All but those that read arguments and follow paths; over the container's namespace alone. */
static int drop_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].permitted = data[0].effective = 1U << CAP_SYS_PTRACE | 1U << CAP_DAC_READ_SEARCH;
	return (int)syscall(SYS_capset, &head, data);
}

int guard_confine(const struct guard *g)
{
	if (g->userns >= 0 && setns(g->userns, CLONE_NEWUSER) < 0)
		return -1;
	if (chroot("/proc") < 0 || chdir("/") < 0)
		return -1;
	(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	/* A user's namespace may have no such id, or forbid to change groups: then they are the
	 * user's own, who could do as much himself. */
	(void)setgroups(0, NULL);
	(void)!setresgid(NOBODY, NOBODY, NOBODY);
	(void)!setresuid(NOBODY, NOBODY, NOBODY);
	if (drop_caps() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	if (limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_FSIZE, LIMIT_FILE) < 0)
		return -1;
	return filter_calls();
}
