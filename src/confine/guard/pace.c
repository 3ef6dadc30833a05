/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <time.h>

#include "confine/guard/guard.h"

enum { WINDOW_MS = 100, EVERY = 8 };

static uint64_t ms_of(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What answering costs is not counted of the container, so it is bounded here: who floods waits. */
void pace_keep(void)
{
	static uint64_t window, spent;
	static unsigned answers;
	uint64_t now, used;

	if (++answers % EVERY != 0)
		return;
	now = ms_of(CLOCK_MONOTONIC);
	used = ms_of(CLOCK_PROCESS_CPUTIME_ID);
	if (now - window >= WINDOW_MS) {
		window = now;
		spent = used;
	} else if (used - spent >= GUARD_CPU_MS) {
		(void)poll(NULL, 0, (int)(window + WINDOW_MS - now));
	}
}
