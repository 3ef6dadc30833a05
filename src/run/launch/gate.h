/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "run/network/network.h"

/*
 * A container may be made while somebody still decides whether its image may run. Nothing of the
 * image is executed before the decision is written down, since what runs in there until then is the
 * runtime and plimsoll-shim (SHIM_GATE), which waits for a word on its third descriptor and ends
 * when that is closed without one; a detached one's first process is not started at all.
 *
 * While the decision is out, the container's folder has a file "undecided": to commands it does not
 * run yet, and what is left of it when plimsoll is killed goes without a trace.
 */
#define GATE_FILE "undecided"
int gate_close(int folder, struct err *e);
bool gate_closed(int folder);

/* The supervisor's side. */
struct gate {
	const char *folder;
	int go; /* of the socket over which the word comes; -1: nothing is decided */
	const struct ports *ports; /* published */
	pid_t guard;		   /* of the process that answers refused calls; 0: none */
	struct pasta pasta;	   /* awaited as well; pid 0: there is none */
};
#define GATE_INIT { .go = -1, .pasta = { 0, -1 } }
/* Waits for the network and the word. E_SIGNAL: it may not run, or SIGTERM, which is blocked and
 * stays pending, says that nobody wants it any more. */
int gate_pass(struct gate *g, struct err *e);
/* Instead of gate_pass(): only so that the network's process can be found and ended. */
void gate_abandon(struct gate *g);
