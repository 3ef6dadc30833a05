/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/lockdown.h"

/*
 * The system calls of a sandboxed child; any other kills it. Only the native architecture: a call
 * through another ABI kills too (libseccomp's SCMP_FLTATR_ACT_BADARCH default). Not here on
 * purpose: execve, fork, socket, ioctl, mount, ptrace, prctl, kill, chroot and setns.
 */
enum who {
	ALL,
	WRITERS, /* with a write_dir */
	THREADS,
	SECRETS, /* who holds a key */
	ASAN,	 /* AddressSanitizer's own needs, when it reports */
};

static const struct {
	int nr;
	enum who who;
} allowed[] = {
	/* descriptors that are open already */
	{ SCMP_SYS(read), ALL },
	{ SCMP_SYS(write), ALL },
	{ SCMP_SYS(readv), ALL },
	{ SCMP_SYS(writev), ALL },
	{ SCMP_SYS(pread64), ALL },
	{ SCMP_SYS(pwrite64), ALL },
	{ SCMP_SYS(lseek), ALL },
	{ SCMP_SYS(close), ALL },
	{ SCMP_SYS(fstat), ALL },
	{ SCMP_SYS(newfstatat), ALL }, /* how glibc spells fstat */
	{ SCMP_SYS(fcntl), ALL },
	{ SCMP_SYS(fadvise64), ALL },
	/* memory; mmap and mprotect are below */
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(madvise), ALL },
	{ SCMP_SYS(brk), ALL },
	/* this process */
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(rt_sigaction), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(sigaltstack), ALL },
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(gettid), ALL },
	{ SCMP_SYS(sched_yield), ALL },
	{ SCMP_SYS(restart_syscall), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	/* facts */
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(gettimeofday), ALL },
	{ SCMP_SYS(getrandom), ALL },
	{ SCMP_SYS(sysinfo), ALL }, /* qsort asks how much memory there is */
	{ SCMP_SYS(getuid), ALL },
	{ SCMP_SYS(geteuid), ALL },
	/* paths: Landlock and the root folder keep them beneath write_dir */
	{ SCMP_SYS(openat), WRITERS },
	{ SCMP_SYS(openat2), WRITERS },
	{ SCMP_SYS(getdents64), WRITERS },
	{ SCMP_SYS(statx), WRITERS },
	{ SCMP_SYS(readlinkat), WRITERS },
	{ SCMP_SYS(umask), WRITERS },
	{ SCMP_SYS(mkdirat), WRITERS },
	{ SCMP_SYS(mknodat), WRITERS },
	{ SCMP_SYS(symlinkat), WRITERS },
	{ SCMP_SYS(linkat), WRITERS },
	{ SCMP_SYS(unlinkat), WRITERS },
	{ SCMP_SYS(renameat), WRITERS },
	{ SCMP_SYS(fchown), WRITERS },
	{ SCMP_SYS(fchownat), WRITERS },
	{ SCMP_SYS(fchmod), WRITERS },
	{ SCMP_SYS(fchmodat), WRITERS },
	{ SCMP_SYS(utimensat), WRITERS },
	{ SCMP_SYS(fsetxattr), WRITERS },
	{ SCMP_SYS(ftruncate), WRITERS },
	{ SCMP_SYS(fallocate), WRITERS },
	{ SCMP_SYS(fsync), WRITERS },
	/* threads; clone is below */
	{ SCMP_SYS(set_robust_list), THREADS },
	{ SCMP_SYS(rseq), THREADS },
	{ SCMP_SYS(sched_getaffinity), THREADS },
	{ SCMP_SYS(mlock), SECRETS },
	{ SCMP_SYS(mlock2), SECRETS },
	{ SCMP_SYS(munlock), SECRETS },
	{ SCMP_SYS(prlimit64), ASAN }, /* the stack's bounds, for every stack trace */
	{ SCMP_SYS(sched_getaffinity), ASAN },
	{ SCMP_SYS(readlink), ASAN },
	{ SCMP_SYS(getppid), ASAN },
	{ SCMP_SYS(openat), ASAN }, /* /proc/self/maps: refused by Landlock, must not kill */
};

static bool applies(const struct sandbox *s, enum who who)
{
	switch (who) {
	case ALL: return true;
	case WRITERS: return s->write_dir >= 0;
	case THREADS: return s->threads;
	case SECRETS: return s->secrets;
	case ASAN: return SANDBOX_ASAN;
	}
	return false;
}

/* Calls that are allowed with some arguments only. */
static int add_conditional(scmp_filter_ctx f, const struct sandbox *s)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	/* CLONE_THREAD: a thread, never a process. clone3 hides its flags in memory. */
	const struct scmp_arg_cmp thread = SCMP_A0_64(SCMP_CMP_MASKED_EQ, 0x10000, 0x10000);
	/* abort() signals its own process. */
	const struct scmp_arg_cmp self = SCMP_A0_64(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	int r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);

	r = r < 0 ? r : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec);
	r = r < 0 ? r : seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
	if (r == 0 && s->threads) {
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);
		r = r < 0 ? r : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	}
	return r;
}

static void filter_free(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

int lockdown_syscalls(const struct sandbox *s, struct err *e)
{
	__attribute__((cleanup(filter_free))) scmp_filter_ctx f =
		seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = 0;

	if (!f)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < sizeof(allowed) / sizeof(*allowed); i++)
		if (applies(s, allowed[i].who))
			r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i].nr, 0);
	r = r < 0 ? r : add_conditional(f, s);
	r = r < 0 ? r : seccomp_load(f);
	if (r < 0) {
		errno = -r;
		return FAIL_SYS(e, "load the system call filter");
	}
	return 0;
}
