/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attack primitives and ordinary operations, one table a file. A probe runs in a child of its own
 * with a time limit, and may be run as root of a host without any confinement: it is bounded,
 * undoes what it did, and where success would do harm it stops at the step after which only harm is
 * left (arguments that are refused behind the check of privilege, a value written back as it was
 * read).
 *
 * A probe returns 0 when what it tried was possible, a negative errno when it was refused, and
 * ABSENT when this kernel or image has no such thing. Of an attack, 0 is bad; of an ordinary
 * operation, everything but 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ABSENT = 1 };

enum probe_flag {
	MAY = 1,     /* not counted against a sandbox: cannot be denied, or too many need it */
	MOUNTS = 2,  /* changes mounts: in a mount namespace of its own, where one can be had */
	UNREAD = 4,  /* opens only: reading or writing it has an effect */
	CONTENT = 8, /* counts when something other than zeroes is read */
};

struct probe {
	const char *name;
	int (*run)(const struct probe *p);
	const char *means; /* what somebody gains by it */
	const char *path;
	unsigned flags;
	long call;    /* probe_call: the number of a system call, */
	long args[6]; /* its arguments, */
	int past[2];  /* and errors that come behind the check of privilege: they count as 0 */
};

struct probe_table {
	const char *kind;
	const struct probe *probes;
	size_t n;
};

#define PROBE_TABLE(kind, probes) { kind, probes, sizeof(probes) / sizeof(*(probes)) }

extern const struct probe_table table_memory, table_mounts, table_namespaces, table_host,
	table_devices, table_calls, table_files, table_sockets, table_info, table_privilege,
	table_limits, table_execute, table_exhaust, table_fork, table_newer, table_ioctls,
	table_pressure, table_ordinary_files, table_ordinary_processes, table_ordinary_memory,
	table_ordinary_network, table_walk;

/* What the first process saw, before any probe. */
struct start {
	int leaked;	    /* the lowest descriptor above 2 that was open, or -1 */
	bool outside;	    /* the working directory was not beneath the root */
	pid_t stranger;	    /* a process that is neither ours nor an ancestor, or 0 */
	const char *self;   /* argv[0], an absolute path */
	uint64_t available; /* memory, bytes */
};
extern struct start start;

/* Words beside the result; the last call counts. */
void detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

int probe_call(const struct probe *p); /* call(args...) */
int probe_open(const struct probe *p); /* open(path) for writing */
int probe_read(const struct probe *p); /* open(path) and read a byte; see UNREAD, CONTENT */

/* 0, or the error as a negative number. */
int result(long r);
/* A file of n bytes in a folder, open for reading and writing and already unlinked; -errno. */
int scratch(const char *folder, size_t n);
/* Runs in a child and hands back what it returned; -ETIME after some seconds, -EINTR if killed. */
int in_child(int (*run)(const struct probe *p), const struct probe *p);
/* Up to n - 1 bytes of a file, ended by a zero byte; the number of bytes, or -errno. */
ssize_t slurp(const char *path, char *buf, size_t n);
/* A number from a line "name: number" of /proc/self/status, base 16; -errno. */
int status_number(const char *name, uint64_t *ret);
