/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"
#include "run/groups/groups.h"
#include "run/launch/runtime.h"

/*
 * The AppArmor profile of a further process. crun 1.8.1 and runc 1.1.5 write its name into the
 * container's /proc, which is read-only, and fail. So they are not told of it: the shim asks for
 * it over a socket, its descriptor 3; the kernel says who asks; we open that process's file in our
 * own /proc and hand it over; the shim writes the name into it, which the kernel takes from that
 * very process alone, and executes the command, which the profile then holds. Without the file the
 * shim ends.
 *
 * An ordinary user's is put into the container's control groups in the same way, since the runtime
 * does not handle them, and is not to be in there itself.
 */
struct exec_profile {
	int ours, theirs; /* ends of the socket; -1: closed, or none */
	bool file, given;
	const struct groups *groups; /* not owned; empty: it is in them by itself */
};
#define EXEC_PROFILE_INIT { .ours = -1, .theirs = -1 }

/* Takes the profile out of the runtime's own copy of the configuration. */
int exec_profile_forget(const struct container *c, const struct runtime *rt, struct err *e);
/* Before the runtime is started, with --preserve-fds=1. file: it takes a profile. */
int exec_profile_begin(struct exec_profile *p, bool file, const struct groups *g, struct err *e);
/* In the forked child that becomes the runtime, once its streams are 0, 1 and 2. */
int exec_profile_child(const struct exec_profile *p);
/* In the parent, then. */
void exec_profile_started(struct exec_profile *p);
/* `ours` is readable. */
void exec_profile_answer(struct exec_profile *p);
/* The runtime has ended well: one that leaves its process in the background may be faster than the
 * shim. E_SYSTEM when that never asked. */
int exec_profile_await(struct exec_profile *p, struct err *e);
void exec_profile_end(struct exec_profile *p);
#define auto_exec_profile __attribute__((cleanup(exec_profile_end))) struct exec_profile
