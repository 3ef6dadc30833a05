/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "run/groups/groups.h"
#include "run/launch/foreground.h"
#include "run/life/events.h"
#include "run/life/usage.h"
#include "run/run.h"

enum {
	POLL_MS = 20,
	MONITOR_GRACE_MS = 5000,
	KILL_GRACE_MS = 10000,
	STOP_TIMEOUT_S = 10,
	START_GRACE_MS = 5000,
	RESTART_LOCK_MS = 30000
};

static void nap(void)
{
	const struct timespec t = { .tv_nsec = POLL_MS * 1000L * 1000 };

	(void)nanosleep(&t, NULL);
}

static pid_t pid_of(const struct container *c)
{
	char cgroup[CONTAINER_ID + 16];

	return first_process(c->folder, container_cgroup(c, cgroup));
}

static bool ended(const struct container *c)
{
	int status;

	return c->clean || container_exit_status(c, &status, NULL) == 0 ||
	       !process_alive(&c->monitor);
}

/* Finds it, cleaning up first what killed monitors left. */
static int find(const struct state *state, const char *text, struct container *ret, struct err *e)
{
	int r = container_reap(state, e);

	return r == 0 ? container_find(state, text, ret, e) : r;
}

/* 1 when it ended within the time, else 0. -1: for ever, until interrupted. */
static int wait_ended(const struct container *c, int64_t timeout_ms, struct err *e)
{
	const uint64_t from = clock_mono_ms();

	while (!ended(c)) {
		int r = timeout_ms < 0 ? proc_interrupted(e) : 0;

		if (r < 0)
			return r;
		if (timeout_ms >= 0 && clock_mono_ms() - from >= (uint64_t)timeout_ms)
			return 0;
		nap();
	}
	return 1;
}

/* The monitor writes the status, then cleans up: let it. */
static void wait_monitor(const struct container *c)
{
	const uint64_t from = clock_mono_ms();

	while (process_alive(&c->monitor) && clock_mono_ms() - from < MONITOR_GRACE_MS)
		nap();
}

static int kill_all(struct container *c, struct err *e)
{
	const pid_t pid = pid_of(c);
	char cgroup[CONTAINER_ID + 16];
	int r;

	/* Every process of the container ends with the first one of its pid namespace. */
	if (pid > 0 && kill(pid, SIGKILL) < 0 && errno != ESRCH)
		return FAIL_SYS(e, "kill container '%s'", c->name);
	groups_unthrottle(c->folder, container_cgroup(c, cgroup));
	r = wait_ended(c, KILL_GRACE_MS, e);
	if (r == 0)
		return FAIL(e, E_SYSTEM, "container '%s' does not die", c->name);
	return r < 0 ? r : 0;
}

static void note_kill(const struct container *c, int signal)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", signal);
	(void)event_note(c, "kill", json_pack("{s:s}", "signal", text), NULL);
}

/* So that no policy starts it again: said before it is looked at, since it may just be starting. */
static int end_for_good(const struct state *state, struct container *c, struct err *e)
{
	char id[CONTAINER_ID + 1];
	int r = restart_stop(c, e), lock;

	(void)snprintf(id, sizeof(id), "%s", c->id);
	if (r == 0 && restart_is_stopped(c)) {
		lock = restart_lock(c, RESTART_LOCK_MS, e);
		r = lock < 0 ? lock : 0;
		if (lock >= 0)
			(void)close(lock);
	}
	if (r < 0)
		return r;
	container_free(c);
	return container_find(state, id, c, e);
}

/* Of one that is just being started: a moment later. */
static pid_t await_pid(const struct container *c)
{
	const uint64_t from = clock_mono_ms();
	pid_t pid = pid_of(c);

	while (pid <= 0 && !ended(c) && clock_mono_ms() - from < START_GRACE_MS) {
		nap();
		pid = pid_of(c);
	}
	return pid;
}

int run_stop(const struct state *state, const char *container, int signal, unsigned timeout_s,
	     struct err *e)
{
	auto_container c = CONTAINER_INIT;
	int r = find(state, container, &c, e), sig;
	pid_t pid;

	if (r == 0)
		r = end_for_good(state, &c, e);
	if (r < 0 || ended(&c))
		return r;
	if (timeout_s == RUN_STOP_TIMEOUT)
		timeout_s = c.stop_timeout >= 0 ? (unsigned)c.stop_timeout : STOP_TIMEOUT_S;
	sig = signal > 0 ? signal : c.stop_signal > 0 ? c.stop_signal : SIGTERM;
	pid = await_pid(&c);
	(void)event_note(&c, "stop", NULL, NULL);
	/* What it does not handle never reaches it: waiting would be for nothing. */
	if (pid > 0 && usage_frozen(pid))
		(void)usage_freeze(pid, false, NULL);
	if (pid > 0 && process_catches(pid, sig) && kill(pid, sig) == 0)
		r = wait_ended(&c, (int64_t)timeout_s * 1000, e);
	if (r == 0)
		r = kill_all(&c, e);
	wait_monitor(&c);
	return r < 0 ? r : container_reap(state, e);
}

/* And its first process; E_USAGE when it does not run. */
static int find_running(const struct state *state, const char *container, struct container *ret,
			pid_t *ret_pid, struct err *e)
{
	int r = find(state, container, ret, e);

	if (r < 0)
		return r;
	*ret_pid = ended(ret) ? 0 : pid_of(ret);
	return *ret_pid > 0 ? 0 : FAIL(e, E_USAGE, "container '%s' is not running", ret->name);
}

int run_kill(const struct state *state, const char *container, int signal, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	pid_t pid = 0;
	int r = find_running(state, container, &c, &pid, e);

	if (r < 0)
		return r;
	if (signal == SIGKILL || signal == c.stop_signal)
		r = restart_stop(&c, e);
	if (r < 0)
		return r;
	note_kill(&c, signal);
	if (signal == SIGKILL) {
		r = kill_all(&c, e);
		wait_monitor(&c);
		return r < 0 ? r : container_reap(state, e);
	}
	return kill(pid, signal) < 0 ? FAIL_SYS(e, "signal container '%s'", c.name) : 0;
}

int run_wait(const struct state *state, const char *container, int *ret_status, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	int r = find(state, container, &c, e);

	if (r < 0)
		return r;
	r = wait_ended(&c, -1, e);
	if (r < 0)
		return r;
	/* Its monitor was killed: the reaper writes what is known. */
	if (container_exit_status(&c, ret_status, NULL) < 0) {
		r = container_reap(state, e);
		if (r == 0 && container_exit_status(&c, ret_status, NULL) < 0)
			*ret_status = 137;
	}
	return r < 0 ? r : 0;
}

int run_remove(const struct state *state, const char *container, bool force, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	int r = find(state, container, &c, e);

	if (r == E_FORMAT && force) {
		r = container_broken_open(state, container, &c, e);
		return r == 0 ? container_remove(&c, e) : r;
	}
	if (r == 0 && (force || ended(&c)))
		r = end_for_good(state, &c, e);
	if (r < 0)
		return r;
	if (!ended(&c)) {
		if (!force)
			return err_hint(
				e, FAIL(e, E_USAGE, "container '%s' is still running", c.name),
				"plimsoll stop %s, or plimsoll rm --force %s", c.name, c.name);
		note_kill(&c, SIGKILL);
		r = kill_all(&c, e);
		if (r < 0)
			return r;
	}
	wait_monitor(&c);
	return container_remove(&c, e);
}

int run_ended(const struct state *state, const char *id, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	int r = container_find(state, id, &c, e), status;

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	if (container_exit_status(&c, &status, e) < 0)
		return FAIL(e, E_USAGE, "container '%s' has not ended", c.name);
	r = container_cleanup(&c, e);
	return r < 0 || c.auto_remove ? r : 1;
}

int run_restart_lock(const struct state *state, const char *id, struct err *e)
{
	auto_container c = CONTAINER_INIT;

	return container_find(state, id, &c, NULL) < 0 ? -1 : restart_lock(&c, -1, e);
}

int run_await_restart(const struct state *state, const char *id, const struct err *failed,
		      struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct container_status s;
	unsigned ms;
	int r = container_find(state, id, &c, e);

	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = container_status(&c, &s, e);
	if (r < 0)
		return r;
	if (failed)
		restart_failed(&c, failed);
	r = restart_due(&c, s.exit, !failed && s.started ? s.finished - s.started : 0, &ms, e);
	if (r <= 0)
		return r;
	restart_leave_mounts(&c);
	return restart_wait(&c, ms);
}

int run_give_up(const struct state *state, const char *id, const struct err *why, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	int r = container_find(state, id, &c, e);

	if (r == 0)
		restart_failed(&c, why);
	return r == 0 ? restart_stop(&c, e) : r;
}

/* As told: E_USAGE when it does not run, or is so already. */
int run_pause(const struct state *state, const char *container, bool on, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	pid_t pid = 0;
	int r = find_running(state, container, &c, &pid, e);

	if (r < 0)
		return r;
	if (usage_frozen(pid) == on)
		return FAIL(e, E_USAGE, "container '%s' is %s", c.name,
			    on ? "paused already" : "not paused");
	r = usage_freeze(pid, on, e);
	if (r < 0)
		return WRAP(e, r, "%s container '%s'", on ? "pause" : "unpause", c.name);
	(void)event_note(&c, on ? "pause" : "unpause", NULL, NULL);
	return 0;
}
