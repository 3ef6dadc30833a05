/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/fs.h"
#include "run/step/reach.h"

/*
 * The network that the steps of one stage have, one after the other. Starting pasta takes longer
 * than most commands run, and no step leaves anything behind in the namespace: its processes are
 * gone when it ends, and none may change addresses or routes. Steps that run side by side have one
 * each, since every process that builds makes its own.
 *
 * A forked process holds the namespace and ends with the one that made it, however that ends.
 */
struct step_network {
	pid_t owner;	 /* the process that started it; 0: not started */
	pid_t holder;	 /* whose namespace it is */
	int report;	 /* pipe: one report when it is up, then silence until it ends */
	int alive;	 /* socket: the holder ends when we close it; takes numbers of markers */
	int records;	 /* pipe: what was fetched before each marker */
	uint64_t number; /* of the last marker */
	bool up;
	char netns[64]; /* path of the namespace */
	/* What it may reach, as reach_parse() takes it; borrowed. NULL: all that the host may. */
	const struct strv *allow;
	struct reach *reach; /* the same, resolved; owned */
};
#define STEP_NETWORK_NONE ((struct step_network){ .report = -1, .alive = -1, .records = -1 })

/* Begins to start it; nothing when this process has one already. With allow, names are resolved. */
int step_network_start(struct step_network *n, const struct state *state, struct err *e);
/* Waits until it is up. */
int step_network_wait(struct step_network *n, struct err *e);
/*
 * What was fetched since it was last asked (traffic/record.h), when nothing runs in it any more:
 * all packets of the step were read. Not checked; appends. E_FORMAT when the reader of the packets
 * was ended, which hostile ones may have done.
 */
int step_network_record(struct step_network *n, struct buf *ret, struct err *e);
/* Ends it, if this process started it. */
void step_network_stop(struct step_network *n);
