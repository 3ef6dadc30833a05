/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Confining a whole program that speaks to the network, such as git: called in the child between
 * fork(2) and execve(2) (struct proc's prepare). It gets one folder that it may change, which is
 * also where it works; the system's programs and libraries, certificates and resolver
 * configuration to read (Landlock, where the kernel has it); no new privileges, no capabilities,
 * bounds on the size of a file and on CPU time; and a seccomp list without mounts, tracing,
 * namespaces, keys and other calls that no such program needs.
 */
struct program_box {
	int dir;	   /* the folder; belongs to uid when that is not our own */
	bool other_user;   /* root starts it: it becomes PROGRAM_USER and sees dir as /tmp */
	uint64_t file_max; /* bytes of one file */
	unsigned cpu_seconds;
	pid_t parent; /* whose death ends it */
};
enum { PROGRAM_USER = 65534 };

/* arg is a struct program_box. Negative with errno set; no other descriptor or memory is made. */
int program_confine(void *arg);
