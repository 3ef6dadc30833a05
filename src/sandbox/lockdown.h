/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>

#include "sandbox/sandbox.h"

/*
 * The parts of a lockdown, each called once in the child, in this order. All but Landlock must
 * succeed: a child that could not give something up does not run.
 */

/* Address sanitizers reserve terabytes of address space and report on standard error. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_ASAN 1
#endif
#endif
#ifndef SANDBOX_ASAN
#define SANDBOX_ASAN 0
#endif

enum { SANDBOX_NOFILE = 1024 };
#define SANDBOX_MEMORY ((size_t)1024 * 1024 * 1024)

/* Core size, open files, processes, CPU time, address space. */
int lockdown_limits(const struct sandbox *s, struct err *e);
/* Memory that is never swapped out, for a child that holds secrets. Needs CAP_IPC_LOCK or a large
 * RLIMIT_MEMLOCK, and does without when it has neither. */
void lockdown_memory(const struct sandbox *s);
/* Makes write_dir the root folder, so that path calls which Landlock does not mediate (chmod,
 * chown, setxattr) cannot name anything else. Needs CAP_SYS_CHROOT, or a user namespace for one who
 * is not root and keeps no capabilities; where those are forbidden, such a child goes on. */
int lockdown_root(const struct sandbox *s, struct err *e);
/* Every file right denied but beneath write_dir, TCP, abstract sockets and signals denied. A kernel
 * without Landlock is not an error. */
int lockdown_landlock(const struct sandbox *s, struct err *e);
/* Empties the bounding, ambient, inheritable, permitted and effective sets, but for keep_caps. */
int lockdown_caps(const struct sandbox *s, struct err *e);
/* The seccomp allow list: syscalls.c. Needs no_new_privs. */
int lockdown_syscalls(const struct sandbox *s, struct err *e);

/* What it loads, for a process of this id; and whether a call is allowed whatever its arguments. */
enum { LIMIT_FILTER = 256 };
struct lockdown_filter {
	size_t n;
	struct sock_filter v[LIMIT_FILTER];
};
void lockdown_filter(const struct sandbox *s, pid_t self, struct lockdown_filter *ret);
bool lockdown_allows(const struct sandbox *s, int nr);

/* For programs and modules that are not ours: a list of calls that none of them needs is refused.
 * -1 and errno, so that it serves between fork and exec. */
int lockdown_forbid(void);
/* The same for a module in a process of ours: no programs, no processes, and no network unless
 * s->network. */
int lockdown_module(const struct sandbox *s, struct err *e);
