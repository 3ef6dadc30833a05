/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"
#include "run/life/restart.h"

/*
 * Limits of a container that is there, running or not: written to the control groups of one that
 * runs, and kept in its run.json for the next start and in its config.json. 0 or NULL: stays as it
 * is. A limit can be made another one and never be taken away.
 */
struct new_limits {
	uint64_t memory, memory_swap; /* bytes; the latter with memory counted, as --memory-swap */
	uint64_t memory_reservation;
	uint64_t cpu_milli, cpu_shares;
	const char *cpuset;
	uint64_t pids;
	const struct restart_policy *restart;
	const json_t *options; /* by the names of run's options, as they are to be kept */
};
/* E_USAGE for what is too small; E_SYSTEM when the kernel refuses or there is no such group: then
 * nothing is kept, and what was written before it stays until the next start. */
int run_update(const struct state *state, const char *container, const struct new_limits *l,
	       struct err *e);
