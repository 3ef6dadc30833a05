/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "confine/profile.h"

/*
 * The system call filter, for the native architecture alone: 32-bit and x32 entries are closed. A
 * call that no table names answers ENOSYS, so that C libraries fall back to older ones; what is
 * refused for what it does answers EPERM.
 */
struct syscall_rule {
	const char *name;
	const char *why; /* NULL in the plain allow list */
};
extern const struct syscall_rule syscalls_allowed[]; /* ends with a NULL name */
extern const struct syscall_rule syscalls_denied[];

/*
 * With a guard (guard/guard.h) calls that are refused are notified to it, and it refuses them. That
 * never allows what the filter without a guard refuses: the guard lets go on only calls of
 * syscalls_looked, all of which are in the allow list.
 */
struct seccomp_guard {
	const char *listener; /* path of its socket */
	bool look;	      /* notify syscalls_looked, too */
	bool reads;	      /* of those also what opens only to read */
	uint64_t caps;	      /* of the container */
	bool no_network;      /* it has none: who connects is looked at */
};
/* What is notified so that the guard can tell why it will be refused by something else: paths,
 * owners, users. Ends with NULL. Open only for writing. */
extern const char *const syscalls_looked[];

/* linux.seccomp of an OCI configuration (runtime-spec config-linux.md, "Seccomp"). g: NULL when
 * nobody is to be notified. Owned. */
int seccomp_json(const struct profile *p, const struct seccomp_guard *g, json_t **ret,
		 struct err *e);
