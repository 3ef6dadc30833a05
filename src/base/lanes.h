/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "base/error.h"

/*
 * The same work on many things, on several threads, its results taken in the order in which it was
 * given: how many threads there are never shows. The caller fills a slot, hands it over, and fills
 * the next; work() is done by whatever thread is free; take() is called from the caller's own
 * thread, for each slot in turn, when its room is needed or at the end.
 *
 * What work() comes to stays in the slot for take(): the two share nothing else.
 */
struct lanes_opts {
	unsigned threads; /* at most LANES_MAX_THREADS are made; 0: the caller's own does it */
	unsigned slots;	  /* how many things are under way at most; at least 2 */
	size_t slot_size; /* bytes; zeroed in the beginning, and never again by us */
	/* own: what thread_new() made for this thread, or NULL. */
	void (*work)(void *slot, void *own);
	int (*take)(void *arg, void *slot, struct err *e);
	void *arg;
	/* Frees what a slot holds, for every slot, in lanes_free(). NULL: nothing. */
	void (*drop)(void *slot);
	/* Both or neither; one that cannot be made is NULL, for work() to say so. */
	void *(*thread_new)(void);
	void (*thread_free)(void *own);
};
enum { LANES_MAX_THREADS = 4 };

struct lanes;
/*
 * Threads are started when a second thing is handed over: one alone is done in the caller's. Fewer
 * threads than asked for, or none, only take longer.
 */
int lanes_new(struct lanes **ret, const struct lanes_opts *o, struct err *e);
/* The slot to fill; borrowed. The same until it is handed over. */
void *lanes_slot(struct lanes *l);
/* Hands the slot over. When none is left, the oldest is taken. Returns what take() does. */
int lanes_submit(struct lanes *l, struct err *e);
/* Takes all that is under way. After a failure of take(), what is left is not taken. */
int lanes_finish(struct lanes *l, struct err *e);
/* Waits for the work that has begun; the rest is not done. */
void lanes_free(struct lanes *l);
DEFINE_RELEASE_VOID(struct lanes, lanes_free)

/* As many threads as this machine has use for. */
unsigned lanes_threads(void);
