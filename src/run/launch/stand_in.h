/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <unistd.h>

#include "base/error.h"

/*
 * A terminal that says nothing, for a runtime that is to make one and finds none of ours to copy
 * from: --tty without --interactive, from cron or behind a pipe.
 */
struct stand_in {
	int master; /* open as long as the runtime runs */
	int end;    /* the runtime's standard input; -1: ours is a terminal */
};
#define STAND_IN_INIT { .master = -1, .end = -1 }

/* Leaves both at -1 when standard input is a terminal. */
int stand_in_open(struct stand_in *ret, struct err *e);
static inline void stand_in_release(struct stand_in *s)
{
	if (s->master >= 0)
		(void)close(s->master);
	if (s->end >= 0)
		(void)close(s->end);
}
#define auto_stand_in __attribute__((cleanup(stand_in_release))) struct stand_in
