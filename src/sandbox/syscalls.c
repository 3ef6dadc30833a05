/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/lockdown.h"

/*
 * The system calls of a sandboxed child; any other kills it. Only the native architecture: a call
 * through another ABI kills, too (x32 has numbers of its own, which are not here). Not here on
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

bool lockdown_allows(const struct sandbox *s, int nr)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (allowed[i].nr == nr && applies(s, allowed[i].who))
			return true;
	return false;
}

/*
 * The filter is written here and not by libseccomp, which takes longer to make it than most
 * children take for their work; tests/unit/sandbox holds it against what libseccomp makes of the
 * same list. A seccomp program looks at struct seccomp_data through one 32-bit accumulator.
 */
static void put(struct lockdown_filter *f, struct sock_filter i)
{
	assert(f->n < LIMIT_FILTER);
	f->v[f->n++] = i;
}

static void load(struct lockdown_filter *f, size_t offset)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Half of an argument: arguments have 64 bits. */
static void load_argument(struct lockdown_filter *f, size_t i, bool high)
{
	const bool second = high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	load(f, offsetof(struct seccomp_data, args) + 8 * i + (second ? 4 : 0));
}

static void give(struct lockdown_filter *f, uint32_t action)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Passes over so many instructions as it says when the test fails, or when it holds. */
static void unless(struct lockdown_filter *f, uint16_t test, uint32_t k, uint8_t skip)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, k, 0, skip));
}
static void when(struct lockdown_filter *f, uint16_t test, uint32_t k, uint8_t skip)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, k, skip, 0));
}

/* Memory that no code can be in. */
static void allow_without_exec(struct lockdown_filter *f, int nr)
{
	unless(f, BPF_JEQ, (uint32_t)nr, 4);
	load_argument(f, 2, false);
	when(f, BPF_JSET, PROT_EXEC, 1);
	give(f, SECCOMP_RET_ALLOW);
	give(f, SECCOMP_RET_KILL_PROCESS);
}

/* abort() signals its own process. */
static void allow_own_signals(struct lockdown_filter *f, pid_t self)
{
	unless(f, BPF_JEQ, SCMP_SYS(tgkill), 6);
	load_argument(f, 0, false);
	unless(f, BPF_JEQ, (uint32_t)self, 3);
	load_argument(f, 0, true);
	unless(f, BPF_JEQ, 0, 1);
	give(f, SECCOMP_RET_ALLOW);
	give(f, SECCOMP_RET_KILL_PROCESS);
}

/* CLONE_THREAD: a thread, never a process. clone3 hides its flags in memory. */
static void allow_threads(struct lockdown_filter *f)
{
	unless(f, BPF_JEQ, SCMP_SYS(clone), 4);
	load_argument(f, 0, false);
	unless(f, BPF_JSET, CLONE_THREAD, 1);
	give(f, SECCOMP_RET_ALLOW);
	give(f, SECCOMP_RET_KILL_PROCESS);
	unless(f, BPF_JEQ, SCMP_SYS(clone3), 1);
	give(f, SECCOMP_RET_ERRNO | ENOSYS);
}

void lockdown_filter(const struct sandbox *s, pid_t self, struct lockdown_filter *ret)
{
	struct lockdown_filter f = { .n = 0 };

	load(&f, offsetof(struct seccomp_data, arch));
	when(&f, BPF_JEQ, seccomp_arch_native(), 1);
	give(&f, SECCOMP_RET_KILL_PROCESS);
	load(&f, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		/* What this machine does not have is below 0. */
		if (allowed[i].nr < 0 || !applies(s, allowed[i].who))
			continue;
		unless(&f, BPF_JEQ, (uint32_t)allowed[i].nr, 1);
		give(&f, SECCOMP_RET_ALLOW);
	}
	allow_without_exec(&f, SCMP_SYS(mmap));
	allow_without_exec(&f, SCMP_SYS(mprotect));
	allow_own_signals(&f, self);
	if (s->threads)
		allow_threads(&f);
	give(&f, SECCOMP_RET_KILL_PROCESS);
	*ret = f;
}

int lockdown_syscalls(const struct sandbox *s, struct err *e)
{
	struct lockdown_filter f;
	struct sock_fprog program = { .filter = f.v };

	lockdown_filter(s, getpid(), &f);
	program.len = (unsigned short)f.n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return FAIL_SYS(e, "load the system call filter");
	return 0;
}
