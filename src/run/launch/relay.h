/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A container's standard streams. The runtime gives what it is handed to the container's user
 * (crun 1.8.1: fchown(2) by the host's root), and the container can open it again by /dev/stdout.
 * So it is handed nothing of the host's but pipes and sockets without a name: files, devices and
 * terminals are behind a pipe and a process that copies, as docker's client does.
 */
struct relay {
	int end;    /* for the runtime; -1: the null device of its mount namespace */
	bool owned; /* ours to close */
	pid_t pid;  /* the process that copies; 0: none */
};
struct streams {
	struct relay v[3]; /* standard input, output and error */
};
#define STREAMS_INIT                                                                               \
	{                                                                                          \
		{                                                                                  \
			{ .end = -1 }, { .end = -1 }, { .end = -1 }                                \
		}                                                                                  \
	}

/* Where output is kept besides (output_log.h). */
struct streams_log {
	int folder;
	uint64_t max;
};
/* fds: what the caller has, as in struct proc: -1 is the null device, PROC_INHERIT ours. log: NULL:
 * nothing is kept. */
int streams_open(const int fds[static 3], const struct streams_log *log, struct streams *ret,
		 struct err *e);
/* Once the runtime has its ends. */
void streams_handed(struct streams *s);
/* After the container's end: waits until all that it wrote is copied. */
void streams_close(struct streams *s);
