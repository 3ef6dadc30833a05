/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Running other programs. argv[0] is looked up by proc_find(). The child gets
 * exactly the three standard descriptors named here plus keep[], and no other; signals are
 * reset to their defaults.
 */
struct proc {
	const char *const *argv;
	const char *const *env; /* NULL: ours */
	int in, out, err;	/* descriptors to give; -1 is /dev/null, PROC_INHERIT is ours */
	const int *keep;	/* further descriptors, kept at their own number */
	size_t keep_n;
	const char *cwd;
	bool die_with_parent; /* PR_SET_PDEATHSIG: SIGKILL */
	/* Called in the child as the last before execve(2), to confine it: negative with errno set
	 * ends it. May be NULL. */
	int (*prepare)(void *arg);
	void *prepare_arg;
	bool prepare_is_plain; /* system calls only: it may share the parent's memory */
	bool new_group;	       /* own process group, out of reach of the terminal's Ctrl-C */
};
enum { PROC_INHERIT = -2 };

/* Where a program is: in the first folder of PATH that has it; folders that are not absolute are
 * passed over, lest somebody's working folder decide what root runs. A name with a "/" stands for
 * itself. Owned by the caller. Not there: E_SYSTEM, with the package as hint. */
int proc_find(const char *name, char **ret, struct err *e);

/* Starts, returns the pid. A program that is not installed is E_SYSTEM, with a hint. */
int proc_start(const struct proc *p, pid_t *ret, struct err *e);

/* Waits; *ret is the exit status, 128 + N for a signal. timeout_ms -1 for ever; when it runs out
 * the child is killed and E_SYSTEM returned. */
int proc_wait(pid_t pid, int timeout_ms, int *ret, struct err *e);

/* Runs to the end. Its standard error goes to a bounded buffer, whose end is quoted when it
 * exits with other than 0 (E_SYSTEM). ret_out, if given, receives standard output. in -1:
 * /dev/null. */
int proc_run(const char *const *argv, int in, struct buf *ret_out, struct err *e);
/* The same with another environment than ours; NULL: ours. */
int proc_run_env(const char *const *argv, const char *const *env, int in, struct buf *ret_out,
		 struct err *e);

/* Closes every descriptor from 3 up that is not in keep: in a forked child, which else holds open
 * what its parent wants to unmount, unlock or see the end of. */
void proc_close_others(const int *keep, size_t n);

/* SIGINT/SIGTERM set a flag instead of ending us, so that cleanup runs. proc_interrupted() is
 * E_SIGNAL with a message once one came, else 0: long loops call it. */
void proc_catch_signals(void);
int proc_interrupted(struct err *e);
/* Until fd can be read or has ended. A read() would miss a signal that comes just before it;
 * here none is missed: E_SIGNAL. */
int proc_wait_input(int fd, struct err *e);

/* Finds a program that belongs to plimsoll (e.g. "plimsoll-fetch"): beside our own executable, else
 * in the installed libexec folder. Owned by the caller. */
int proc_helper_path(const char *name, char **ret, struct err *e);
/* Where else: for test programs, which lie elsewhere. The string is kept. */
void proc_helper_folder(const char *folder);
