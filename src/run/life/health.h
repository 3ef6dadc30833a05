/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "run/container.h"

/*
 * Health checks, as docker has them: a command that is run in the container every so often by a
 * process of its own, which ends with it. What is known is health.json in the container's folder:
 *
 *     {"Status":"starting|healthy|unhealthy","FailingStreak":0,
 *      "Log":[{"Start":T,"End":T,"ExitCode":0,"Output":"..."}],        the last five
 *      "config":{"Test":["CMD-SHELL","..."],"Interval":MS,"Timeout":MS,"StartPeriod":MS,
 *                "StartInterval":MS,"Retries":3,"OnFailure":"kill"}}
 */
enum { HEALTH_STATUS_MAX = 16 };
struct health_opts {
	const char *command; /* for the shell; NULL: the image's check, if it has one */
	const char *interval, *timeout, *start_period, *start_interval; /* "1m30s"; NULL: default */
	uint64_t retries;						/* 0: default */
	bool none;							/* --no-healthcheck */
	const char *on_failure; /* "none", "kill", "restart", "stop"; NULL: "none" */
};

/* "500ms", "1m30s", "1.5h", as Go writes durations, in milliseconds; E_USAGE. */
int health_duration(const char *text, uint64_t *ret_ms, struct err *e);
/* E_USAGE for what cannot be. */
int health_check(const struct health_opts *o, struct err *e);
/* Writes health.json for a container that is about to start, or removes it. exec: the image's
 * configuration (docker's "Healthcheck"), may be NULL. 1: there is a check. */
int health_begin(const struct container *c, const struct health_opts *o, const json_t *exec,
		 struct err *e);
/* "healthy"; "" when it has no check. */
const char *health_status(const struct container *c, char ret[static HEALTH_STATUS_MAX]);

/* The monitor: waits until it runs, checks, and returns when it ended; or what is to be done with
 * it, since it is unhealthy now (--health-on-failure). */
enum health_action { HEALTH_NOTHING, HEALTH_KILL, HEALTH_RESTART, HEALTH_STOP };
int health_monitor(const struct state *state, const char *id, struct err *e);
/* Checks once, now, and notes what came of it; *ret_exit: the check's status, -1 when it took too
 * long. E_USAGE when it does not run or has no check. */
int health_run(const struct state *state, const char *name, int *ret_exit, struct err *e);
