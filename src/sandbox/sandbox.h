/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Confining ourselves. sandbox_run() forks a child that gives up what it does not need, then runs
 * fn in it; fn's result, error and emitted bytes come back over a pipe. The child always has: no
 * new privileges, no descriptor but 0-2 (on /dev/null) and those named, RLIMIT_CORE 0, bounded
 * memory and CPU time, no children, no program started, no socket opened, and a seccomp allow list
 * that kills on breach. Landlock, where the kernel has it, denies every path but `write_dir`. A
 * child that is killed (SIGSYS, memory, CPU time) is E_FORMAT: hostile input did that.
 *
 * fn must not open files or load libraries where there is no write_dir: what needs that (the first
 * use of OpenSSL reads its configuration) is done before. Its result is its return value when
 * negative, and what it put into emit otherwise; emit's cap is the room left in ret. Its error
 * arrives without the hint and with its line number only. ret may be NULL: nothing is emitted.
 */
struct sandbox {
	const char *what; /* for messages: "read layer sha256:…" */
	const int *keep;  /* descriptors fn uses */
	size_t keep_n;
	int write_dir;	   /* fn may create and change files beneath this descriptor; -1: nowhere */
	bool keep_caps;	   /* unpacking as root: CAP_CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD,
			      SETFCAP, SYS_ADMIN (trusted.*) stay */
	bool threads;	   /* fn may start threads (never processes) */
	bool secrets;	   /* fn holds a private key: all memory locked where the limit allows it */
	bool module;	   /* fn loads a library that is not ours: files and local sockets are left
			      to it, as are threads; programs, processes, privileges are not */
	bool network;	   /* with module: it may speak to the network */
	size_t memory_max; /* bytes, 0: 1 GiB */
	unsigned cpu_seconds;	      /* 0: 600 */
	const char *const *libraries; /* of those of base/lazy.h what fn calls; NULL: any */
};
int sandbox_run(const struct sandbox *s, int (*fn)(void *arg, struct buf *emit, struct err *e),
		void *arg, struct buf *ret, struct err *e);

/*
 * The same in two halves, for a child that works on beside its parent: it is over when a descriptor
 * that it reads ends, and dies with the process that started it. s and arg are used until
 * sandbox_wait(); cap is the room for what is emitted.
 */
struct sandboxed {
	pid_t pid;
	int from; /* what it reports and emits */
	size_t cap;
};
int sandbox_start(const struct sandbox *s, int (*fn)(void *arg, struct buf *emit, struct err *e),
		  void *arg, size_t cap, struct sandboxed *ret, struct err *e);
int sandbox_wait(const struct sandbox *s, struct sandboxed *c, struct buf *ret, struct err *e);
