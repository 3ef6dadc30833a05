/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "run/machine.h"

/*
 * The control groups of what serves one container of root's: pasta, conmon, plimsoll-guard, and the
 * processes that copy its output. What the container makes them do (connections, output, refused
 * calls) costs them memory and time, which are not charged to it; so they have groups of their own
 * with limits of their own, beside the container's: "/plimsoll-<id>-helpers" for "/plimsoll-<id>".
 * Whoever takes more is killed: without pasta it has no network any more, without conmon it ends.
 */
#define HELPERS_SUFFIX "-helpers"
#define HELPERS_MEMORY (256ULL * 1024 * 1024)
enum { HELPERS_PIDS = 128, HELPERS_CPU_MILLI = 1000 };

/* Makes the groups if they are not there, and moves one process there. Nothing where we make no
 * groups (machine->cgroups), and for a pid of 0. One that has ended meanwhile is no failure. */
int helpers_add(const struct machine *m, const char *cgroup, pid_t pid, struct err *e);
/* Whoever is still there is let go, and the groups are removed; the caller may be among them. */
void helpers_remove(const char *cgroup);
