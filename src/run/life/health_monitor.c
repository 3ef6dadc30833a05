/* SPDX-License-Identifier: Apache-2.0 */
/* The process that checks a container's health as long as that runs, and a check that is asked for.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/launch/foreground.h"
#include "run/launch/gate.h"
#include "run/life/health_check.h"
#include "run/life/when.h"

enum { NAP_MS = 50 };

/* 1: it runs, and what it is has been decided. 0: it is over, or never will. */
static int await_start(struct health_watch *w)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000L * 1000 };
	char cgroup[CONTAINER_ID + 16], id[CONTAINER_ID + 1];

	(void)snprintf(id, sizeof(id), "%s", w->c->id);
	for (;;) {
		pid_t pid = first_process(w->c->folder, container_cgroup(w->c, cgroup));

		if (pid > 0 && !gate_closed(w->c->fd)) {
			w->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
			return w->pidfd >= 0;
		}
		container_free(w->c);
		if (container_find(w->state, id, w->c, NULL) < 0 || w->c->clean ||
		    !process_alive(&w->c->monitor))
			return 0;
		(void)nanosleep(&nap, NULL);
	}
}

/* False: it ended. */
static bool rest(const struct health_watch *w, uint64_t ms)
{
	struct pollfd p = { .fd = w->pidfd, .events = POLLIN };

	return poll(&p, 1, (int)(ms > INT32_MAX ? INT32_MAX : ms)) == 0;
}

/* While it starts it is asked more often. */
static uint64_t pause_ms(const struct health_watch *w)
{
	const bool starting = strcmp(json_string_or_null(w->j, "Status") ?: "", "starting") == 0 &&
			      clock_mono_ms() - w->began_ms < health_setting(w, "StartPeriod");
	const uint64_t interval = health_setting(w, "Interval"),
		       often = health_setting(w, "StartInterval");

	return starting && often < interval ? often : interval;
}

/* Of one that is unhealthy: what was asked for. */
static int action(const struct health_watch *w)
{
	static const char *const names[] = {
		[HEALTH_KILL] = "kill", [HEALTH_RESTART] = "restart", [HEALTH_STOP] = "stop"
	};
	const char *asked =
		json_string_or_null(json_object_get(w->j, "config"), "OnFailure") ?: "none";

	if (strcmp(json_string_or_null(w->j, "Status") ?: "", "unhealthy") != 0)
		return HEALTH_NOTHING;
	for (int i = HEALTH_KILL; i <= HEALTH_STOP; i++)
		if (strcmp(asked, names[i]) == 0)
			return i;
	return HEALTH_NOTHING;
}

static int check_and_note(struct health_watch *w, struct err *e)
{
	auto_buf output = BUF_INIT(LIMIT_HEALTH_OUTPUT + 64);
	const int64_t start = when_now();
	int exit_code = 0, r = health_ask(w, &exit_code, &output, e);

	/* A check that the end cut short says nothing. */
	return r == 0 && rest(w, 0) ? health_note(w, start, exit_code, buf_str(&output), e) : r;
}

int health_monitor(const struct state *state, const char *id, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_health_watch w = HEALTH_WATCH_INIT(state, &c);
	int r = container_find(state, id, &c, e);

	if (r == 0)
		r = health_load(&w, e);
	if (r < 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!await_start(&w))
		return 0;
	w.began_ms = clock_mono_ms();
	while (r == 0 && rest(&w, pause_ms(&w))) {
		r = check_and_note(&w, e);
		if (r == 0 && rest(&w, 0))
			r = action(&w);
	}
	return r;
}

int health_run(const struct state *state, const char *name, int *ret_exit, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	auto_health_watch w = HEALTH_WATCH_INIT(state, &c);
	auto_buf output = BUF_INIT(LIMIT_HEALTH_OUTPUT + 64);
	const int64_t start = when_now();
	struct container_status status;
	int r = container_find(state, name, &c, e);

	if (r == 0)
		r = container_status(&c, &status, e);
	if (r == 0 && status.phase != PHASE_RUNNING)
		r = FAIL(e, E_USAGE, "container '%s' is not running", c.name);
	if (r < 0)
		return r;
	r = health_load(&w, e);
	if (r == E_NOTFOUND)
		return err_hint(e, FAIL(e, E_USAGE, "container '%s' has no health check", c.name),
				"plimsoll run --health-cmd COMMAND");
	if (r < 0)
		return r;
	w.began_ms = clock_mono_ms() - (uint64_t)(clock_now() - status.started) * 1000;
	r = health_ask(&w, ret_exit, &output, e);
	return r == 0 ? health_note(&w, start, *ret_exit, buf_str(&output), e) : r;
}
