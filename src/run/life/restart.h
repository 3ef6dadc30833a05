/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/*
 * Starting a detached container again by itself, as docker does: after 100 ms, then twice as long
 * each time up to a minute, and from the beginning once it ran for ten seconds. What is known of it
 * is restart.json in the container's folder:
 *
 *     {"policy":"on-failure","max":3,"count":1,"delayMs":200,"waiting":true,"error":"..."}
 *
 * A file "stopped" beside it says that somebody ended it for good.
 */
enum restart_when { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED };
struct restart_policy {
	enum restart_when when;
	unsigned max; /* of on-failure; 0: no limit */
};
enum { RESTART_FIRST_MS = 100, RESTART_LAST_MS = 60000, RESTART_GOOD_S = 10 };

/* "no", "always", "unless-stopped", "on-failure[:N]"; E_USAGE. */
int restart_parse(const char *text, struct restart_policy *ret, struct err *e);
const char *restart_name(enum restart_when w);

/* Somebody starts it: counts from 0, and nobody stopped it. To be called where the host's mounts
 * are seen: restart_due() returns to there. */
int restart_begin(const struct container *c, const struct restart_policy *p, struct err *e);
/* Somebody ends it for good. */
int restart_stop(const struct container *c, struct err *e);
bool restart_is_stopped(const struct container *c);

/* The delay after an end with this status, doubled from the last time's; one that failed to start
 * ran 0 seconds. */
unsigned restart_delay(unsigned last_ms, int64_t ran_s);
/* 1: it ended (status), and is to be started again once *ret_ms have passed; 0: not. Counts. */
int restart_due(const struct container *c, int status, int64_t ran_s, unsigned *ret_ms,
		struct err *e);
/* Sleeps. 1: it is time; 0: it was stopped, started or removed meanwhile. */
int restart_wait(const struct container *c, unsigned ms);
/* It could not be started; for people. */
void restart_failed(const struct container *c, const struct err *why);

/* Held by who waits and starts it again; who ends it for good takes it once, after restart_stop(),
 * so that nothing is half-way when he looks. Returns a descriptor; close it to release. */
int restart_lock(const struct container *c, int timeout_ms, struct err *e);

/* From the monitor's mount namespace back to the one that restart_begin() was called in, if that is
 * still the first process's; else what the last start mounted is taken away. */
void restart_leave_mounts(const struct container *c);
