/* SPDX-License-Identifier: Apache-2.0 */
/* The filter that syscalls.c writes, held against the one that libseccomp makes of the same list:
 * both are run here, as the kernel would run them, over every call and the arguments that matter.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/lockdown.h"
#include "tap.h"

enum { SELF = 4711, CALLS = 600 };

/* Classic BPF, as far as either of them uses it. */
static uint32_t run(const struct sock_filter *v, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &v[pc];
		bool holds;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)d + i->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; continue;
		case BPF_RET | BPF_K: return i->k;
		case BPF_JMP | BPF_JA: pc += i->k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: holds = a == i->k; break;
		case BPF_JMP | BPF_JGE | BPF_K: holds = a >= i->k; break;
		case BPF_JMP | BPF_JGT | BPF_K: holds = a > i->k; break;
		case BPF_JMP | BPF_JSET | BPF_K: holds = (a & i->k) != 0; break;
		default: abort();
		}
		pc += holds ? i->jt : i->jf;
	}
	abort();
}

/* The same rules in libseccomp's words. */
static size_t by_libseccomp(const struct sandbox *s, struct sock_filter *ret, size_t cap)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp thread =
		SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp self = SCMP_A0_64(SCMP_CMP_EQ, SELF);
	auto_close int fd = memfd_create("filter", MFD_CLOEXEC);
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	ssize_t n;

	CHECK(f && fd >= 0);
	for (int nr = 0; nr < CALLS; nr++)
		if (lockdown_allows(s, nr))
			CHECK(seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0) == 0);
	CHECK(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec) == 0);
	CHECK(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec) == 0);
	CHECK(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self) == 0);
	if (s->threads) {
		CHECK(seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread) == 0);
		CHECK(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0);
	}
	CHECK(seccomp_export_bpf(f, fd) == 0);
	seccomp_release(f);
	n = pread(fd, ret, cap * sizeof(*ret), 0);
	CHECK(n > 0 && (size_t)n < cap * sizeof(*ret) && (size_t)n % sizeof(*ret) == 0);
	return (size_t)n / sizeof(*ret);
}

static const uint64_t values[] = { 0,
				   1,
				   2,
				   3,
				   PROT_EXEC,
				   7,
				   0x100000000,
				   0x100000000 | PROT_EXEC,
				   SELF,
				   SELF + 1,
				   0x100000000 | SELF,
				   CLONE_THREAD,
				   CLONE_THREAD | CLONE_VM,
				   CLONE_NEWUSER,
				   0x100000000 | CLONE_THREAD,
				   UINT64_MAX };
enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* How many calls were allowed with some arguments; every difference is told. */
static int compare(const struct sandbox *s, uint32_t arch, uint32_t bits)
{
	struct sock_filter theirs[1024];
	size_t theirs_n = by_libseccomp(s, theirs, 1024);
	struct lockdown_filter ours;
	int differ = 0, some = 0;

	lockdown_filter(s, SELF, &ours);
	for (uint32_t nr = 0; nr < CALLS; nr++) {
		bool allowed = false;

		for (size_t i = 0; i < 3 * VALUES; i++) {
			struct seccomp_data d = { .nr = (int)(nr | bits), .arch = arch };
			uint32_t a, b;

			d.args[i / VALUES] = values[i % VALUES];
			a = run(ours.v, ours.n, &d);
			b = run(theirs, theirs_n, &d);
			/* For another architecture libseccomp kills the thread only. */
			if (b == SECCOMP_RET_KILL_THREAD)
				b = SECCOMP_RET_KILL_PROCESS;
			allowed |= a == SECCOMP_RET_ALLOW;
			if (a != b && differ++ < 5)
				printf("# call %u argument %zu %#llx: %#x, libseccomp %#x\n", nr,
				       i / VALUES, (unsigned long long)d.args[i / VALUES], a, b);
		}
		some += allowed;
	}
	CHECK(differ == 0);
	return some;
}

static const struct sandbox boxes[] = {
	{ .what = "plain", .write_dir = -1 },
	{ .what = "writer", .write_dir = 3 },
	{ .what = "threads", .write_dir = -1, .threads = true },
	{ .what = "secrets", .write_dir = -1, .secrets = true },
	{ .what = "all", .write_dir = 3, .threads = true, .secrets = true },
};
enum { BOXES = sizeof(boxes) / sizeof(boxes[0]) };

TEST(says_what_libseccomp_says)
{
	for (size_t i = 0; i < BOXES; i++)
		CHECK(compare(&boxes[i], seccomp_arch_native(), 0) > 30);
}

TEST(other_architectures_are_killed)
{
	static const uint32_t others[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_S390X, 0 };

	for (size_t i = 0; i < BOXES; i++) {
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
			CHECK(compare(&boxes[i], others[k], 0) == 0);
		CHECK(compare(&boxes[i], seccomp_arch_native(), 0x40000000) == 0); /* x32 */
	}
}

TEST(what_must_never_be_there)
{
	static const int never[] = { SCMP_SYS(execve),	SCMP_SYS(execveat),	 SCMP_SYS(fork),
				     SCMP_SYS(vfork),	SCMP_SYS(socket),	 SCMP_SYS(ioctl),
				     SCMP_SYS(ptrace),	SCMP_SYS(mount),	 SCMP_SYS(kill),
				     SCMP_SYS(connect), SCMP_SYS(chroot),	 SCMP_SYS(setns),
				     SCMP_SYS(prctl),	SCMP_SYS(io_uring_setup) };

	for (size_t i = 0; i < BOXES; i++)
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
			struct lockdown_filter f;
			struct seccomp_data d = { .nr = never[k], .arch = seccomp_arch_native() };

			lockdown_filter(&boxes[i], SELF, &f);
			CHECK(!lockdown_allows(&boxes[i], never[k]));
			CHECK(run(f.v, f.n, &d) == SECCOMP_RET_KILL_PROCESS);
		}
}

TAP_MAIN()
