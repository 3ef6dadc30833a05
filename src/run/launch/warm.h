/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

/*
 * Moving a process into a control group takes a lock for which the kernel first waits until every
 * processor has passed a quiet state: 2 to 10 ms, which the runtime would spend at the very point
 * where everybody waits for it. The wait is not repeated while somebody took the lock a moment
 * before. So a thread moves our own process into the group that it is in already, again and again
 * until the runtime has made its process: then the wait lies beside the preparation. Nothing
 * changes by it, and nothing depends on it.
 */
struct warm {
	pthread_t thread;
	atomic_bool running, over;
	int fd;		     /* cgroup.procs of our own group */
	const char *pidfile; /* there once the container has its process */
};
#define WARM_INIT { .fd = -1 }

/* pidfile must stay valid until warm_end(). What fails is not told: it was only to be faster. */
void warm_begin(struct warm *w, const char *pidfile);
void warm_end(struct warm *w);
