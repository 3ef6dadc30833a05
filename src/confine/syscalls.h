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

/* linux.seccomp of an OCI configuration (runtime-spec config-linux.md, "Seccomp"). Owned. */
int seccomp_json(const struct profile *p, json_t **ret, struct err *e);
