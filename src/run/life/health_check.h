/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"
#include "run/life/health.h"

enum { LIMIT_HEALTH_OUTPUT = 4096 }; /* as docker keeps */

/* Who checks a container's health: the monitor beside it, or 'healthcheck run'. */
struct health_watch {
	const struct state *state;
	struct container *c;
	json_t *j; /* health.json */
	int pidfd; /* of the first process */
	uint64_t began_ms;
	struct strv argv;
};
#define HEALTH_WATCH_INIT(s, container) { .state = (s), .c = (container), .pidfd = -1 }
void health_watch_release(struct health_watch *w);
#define auto_health_watch auto_release(health_watch) struct health_watch

/* A number of the check's configuration, times in milliseconds; 0 without. */
uint64_t health_setting(const struct health_watch *w, const char *key);

/* Reads health.json, and makes the command. E_NOTFOUND: it has no check. */
int health_load(struct health_watch *w, struct err *e);

/* Runs the check once, at most as long as its timeout, then -1 comes back in *ret_exit. What it
 * printed is appended, without what is no text. */
int health_ask(const struct health_watch *w, int *ret_exit, struct buf *ret_output, struct err *e);

/* Notes what came of it, behind what others noted meanwhile, and the event when the state changes.
 */
int health_note(struct health_watch *w, int64_t start_ns, int exit_code, const char *output,
		struct err *e);
