/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/proc.h"
#include "cli/container/container_view.h"
#include "cli/container/select.h"
#include "run/life/health.h"
#include "run/run.h"

enum { LOOK_MS = 50 };

static const char *const conditions[] = { "created", "running", "paused",  "exited",
					  "stopped", "healthy", "removed", NULL };

struct wait_opts {
	struct strv condition;
	bool ignore;
	const char *interval;
	struct selection select;
};

static bool holds(const struct strv *wanted, const struct view *v)
{
	for (size_t i = 0; i < wanted->n; i++) {
		const char *w = wanted->v[i];

		if (strcmp(v->state, w) == 0 || strcmp(v->health, w) == 0 ||
		    (strcmp(w, "stopped") == 0 && v->status.phase == PHASE_EXITED))
			return true;
	}
	return false;
}

/* 1: one of the conditions holds; *ret_status is -1 while it has none, as podman prints it. */
static int look(const struct state *state, const char *id, const struct strv *wanted,
		int *ret_status, struct err *e)
{
	auto_container found = CONTAINER_INIT;
	struct view v;
	int r = container_reap(state, e);

	if (r == 0)
		r = container_find(state, id, &found, e);
	if (r == E_NOTFOUND && strv_has(wanted, "removed"))
		return 1;
	if (r == 0)
		r = view_of(&found, &v, e);
	if (r < 0)
		return r;
	*ret_status = v.status.phase == PHASE_EXITED ? v.status.exit : -1;
	return holds(wanted, &v);
}

static int wait_condition(const struct state *state, const char *name, const struct strv *wanted,
			  int *ret_status, struct err *e)
{
	const struct timespec nap = { .tv_nsec = LOOK_MS * 1000L * 1000 };
	struct subject subject;
	int r = 0;

	/* By its id: its name may be another's later. */
	cli_subject(state, name, &subject);
	*ret_status = -1;
	while (r == 0) {
		r = look(state, subject.id[0] ? subject.id : name, wanted, ret_status, e);
		if (r == 0)
			r = proc_interrupted(e);
		if (r == 0)
			(void)nanosleep(&nap, NULL);
	}
	return r < 0 ? r : 0;
}

struct waiting {
	const struct state *state;
	const struct wait_opts *o;
};

static int wait_one(struct cli *c, void *arg, const char *name, struct err *e)
{
	const struct waiting *w = arg;
	const struct wait_opts *o = w->o;
	int status = 0;
	int r = o->condition.n ? wait_condition(w->state, name, &o->condition, &status, e)
			       : run_wait(w->state, name, &status, e);

	if (r == E_NOTFOUND && o->ignore) {
		status = -1;
		r = 0;
	}
	if (r == 0)
		r = cli_print(c, e, "%d\n", status);
	if (r == 0)
		r = cli_flush(c, e);
	return r == 0 ? EACH_SAID : r;
}

static int check_conditions(const struct strv *asked, struct err *e)
{
	for (size_t i = 0; i < asked->n; i++) {
		bool known = false;

		for (const char *const *w = conditions; *w; w++)
			known = known || strcmp(*w, asked->v[i]) == 0;
		if (!known)
			return FAIL(e, E_USAGE,
				    "--condition '%.60s': want created, running, paused, exited, "
				    "stopped, healthy or removed",
				    asked->v[i]);
	}
	return 0;
}

static int run_wait_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct wait_opts *o = opts;
	const struct strv names = { .v = argv, .n = (size_t)argc };
	struct waiting w = { .o = o };
	uint64_t ms;
	int r = check_conditions(&o->condition, e);

	/* A bare number is milliseconds. */
	if (r == 0 && o->interval && str_u64(str_of(o->interval), INT32_MAX, &ms, NULL) < 0)
		r = health_duration(o->interval, &ms, e);
	if (r == 0)
		r = cli_state(c, &w.state, e);
	return r == 0 ? cli_each_selected(c, &o->select, &names, false, EACH_ONE, wait_one, &w, e)
		      : r;
}

static const struct opt wait_table[] = {
	OPT_AT(struct wait_opts, condition, "condition", 0, OPT_LIST, "STATE",
	       "for this instead: created, running, paused, exited or stopped, healthy, removed; "
	       "several are or"),
	SELECT_OPTIONS(struct wait_opts),
	OPT_AT(struct wait_opts, interval, "interval", 'i', OPT_STRING, "TIME",
	       "250ms, 1s; nothing is gained by it, since the end is seen at once"),
	OPT_AT(struct wait_opts, ignore, "ignore", 0, OPT_FLAG, NULL,
	       "one that is not there is no error, and prints -1"),
	OPT_END,
};

const struct command cmd_wait = {
	.name = "wait",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Wait until containers end and print their exit statuses",
	.details = "One line each, in the order in which they are named; -1 is of one that has not "
		   "ended.",
	.example = "plimsoll wait web\nplimsoll wait --condition healthy db",
	.opts = wait_table,
	.opts_size = sizeof(struct wait_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_wait_command,
};
