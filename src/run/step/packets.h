/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sandbox/sandbox.h"
#include "traffic/recorder.h"

/*
 * The packets of a network that steps share, on their way from pasta to the record of what each
 * step fetched. pasta logs every packet to a pipe before or after it passed; a sandboxed process
 * reads them there, so nothing is kept on disk, and pasta waits for a reader that is slow. All of
 * this is the holder's (step_network.c).
 *
 * A step's record is over when a marker comes through that pipe which the holder put into the
 * network after the step's last process had ended: pasta is one thread, so what it logged of the
 * step stands before it.
 */
struct step_packets {
	char *fifo;  /* until it is opened by pasta; owned */
	int from;    /* its reading end */
	int link;    /* packet socket on the network's interface */
	int records; /* where the reader writes records; not owned */
	struct recorder_opts opts;
	struct sandboxed reader;
};
#define STEP_PACKETS_NONE                                                                          \
	((struct step_packets){ .from = -1, .link = -1, .records = -1, .reader = { .from = -1 } })

/* What stands before each record. */
struct step_packets_head {
	uint64_t number, n; /* of the marker; bytes that follow */
};

/* Makes the pipe in that folder, for pasta to be started with p->fifo. */
int step_packets_open(struct step_packets *p, const char *folder, struct err *e);
/* In the network's namespace, once pasta runs: starts the reader. records is where it writes. */
int step_packets_start(struct step_packets *p, int records, struct err *e);
/* Puts a marker into the network. May be repeated with the same number: one record comes of it. */
int step_packets_mark(const struct step_packets *p, uint64_t number, struct err *e);
/* After pasta has ended: waits for the reader. */
void step_packets_close(struct step_packets *p);
