/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/machine.h"

/*
 * Where no control group tells which processes are a container's, all that belongs to it lives in a
 * process namespace, the nest: the runtime, conmon, the container, and what is executed in it
 * later. With the nest's first process all of it ends, also when everybody else was killed.
 *
 * What programs in there write down, such as pidfile, are the nest's numbers and not ours. Which
 * process is the nest's first, as we count, stands in a file of the container's folder.
 */
#define NEST_FILE "nest"

int nest_note(const char *folder, pid_t first, struct err *e);
/* False when there is none, or it is no more. */
bool nest_of(const char *folder, struct process_id *ret);
/* The process of the nest that has this number in there and is the first of, or lives in, a
 * namespace right below the nest: a container's. As we count; 0 when there is none. */
pid_t nest_process(const struct process_id *nest, pid_t number);

/* The whole process into the user namespace in which this container was made, when we are an
 * ordinary user outside of it: that of a container which runs is its monitor's, else a new one with
 * the same ids. Before any thread is started. */
int nest_enter(const struct process_id *monitor, struct err *e);

/* In a forked child, which was root of the nest's user namespace before: its mounts, and for its
 * children its processes. */
int nest_join(const struct process_id *nest, struct err *e);
