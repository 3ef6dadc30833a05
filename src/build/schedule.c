/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which stage is carried on where. The first process takes every stage as far as the cache knows
 * its steps, so a build that has nothing to do forks nothing. What then is to be done goes to
 * workers, or stays here when there is nothing beside it. A stage that needs another one pauses at
 * that step, not before, and comes back here.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "build/worker.h"

enum { TICK_MS = 100 };

struct schedule {
	struct work *w;
	struct worker *workers[LIMIT_STAGES];
	size_t n, max;
	struct progress *shown; /* of the whole build */
	/* The failure that is told: of the first stage in the Dockerfile that failed by itself. */
	struct err err;
	size_t failed; /* its index; SIZE_MAX: none */
};

static struct stage_work *in_order(const struct schedule *g, size_t i)
{
	return &g->w->stages[g->w->plan.order[i]];
}

static bool may_go_on(const struct schedule *g, const struct stage_work *s)
{
	return s->state == STAGE_NEW ||
	       (s->state == STAGE_WAITS &&
		(s->waits_for == SIZE_MAX || g->w->stages[s->waits_for].state == STAGE_DONE));
}

static void note_failure(struct schedule *g, const struct stage_work *s, const struct err *why)
{
	bool asked = why->code == E_SIGNAL; /* it was told to end */
	bool better = g->failed == SIZE_MAX || (g->err.code == E_SIGNAL && !asked) ||
		      (s->index < g->failed && !asked);

	if (better) {
		g->err = *why;
		g->failed = s->index;
	}
}

/* Here, until it is done or what comes next must be done by somebody else. */
static int carry_on_here(struct schedule *g, struct stage_work *s, bool only_known)
{
	struct err why = ERR_INIT;
	int r;

	g->w->only_known = only_known;
	r = stage_advance(s, &why);
	g->w->only_known = false;
	if (r < 0)
		note_failure(g, s, &why);
	return r < 0 ? r : 0;
}

/* True when some stage other than s could be carried on while s is. */
static bool others_may_go_on(const struct schedule *g, const struct stage_work *s)
{
	for (size_t i = 0; i < g->w->plan.order_n; i++) {
		const struct stage_work *o = in_order(g, i);

		if (o != s &&
		    (o->state == STAGE_READY || o->state == STAGE_RUNS || may_go_on(g, o)))
			return true;
	}
	return false;
}

static int start(struct schedule *g, struct stage_work *s)
{
	struct err why = ERR_INIT;
	int r = worker_start(s, &g->workers[g->n], &why);

	if (r < 0)
		note_failure(g, s, &why);
	else
		g->n++;
	return r;
}

/* One thing that can be done now: 1 when there was one. */
static int go_on(struct schedule *g)
{
	for (size_t i = 0; i < g->w->plan.order_n; i++) {
		struct stage_work *s = in_order(g, i);
		int r = 0;

		if (may_go_on(g, s))
			r = carry_on_here(g, s, true);
		else if (s->state == STAGE_READY && !others_may_go_on(g, s))
			r = carry_on_here(g, s, false);
		else if (s->state == STAGE_READY && g->n < g->max)
			r = start(g, s);
		else
			continue;
		return r < 0 ? r : 1;
	}
	return 0;
}

static int worker_ended(struct schedule *g, size_t i)
{
	struct worker *k = g->workers[i];
	int r = 0;

	g->workers[i] = g->workers[--g->n];
	if (k->s->state == STAGE_FAILED) {
		note_failure(g, k->s, &k->err);
		r = k->err.code;
	}
	worker_end(k);
	return r;
}

/* Waits for news of the workers and takes them. */
static int listen_to_all(struct schedule *g, int timeout_ms)
{
	struct pollfd p[LIMIT_STAGES];
	struct err why = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < g->n; i++)
		p[i] = (struct pollfd){ .fd = g->workers[i]->fd, .events = POLLIN };
	if (poll(p, g->n, timeout_ms) <= 0) {
		progress_tick(g->shown);
		return 0;
	}
	/* From the end, as one that ended leaves its place to the last. */
	for (size_t i = g->n; r == 0 && i-- > 0;) {
		if (!p[i].revents)
			continue;
		r = worker_read(g->workers[i], &why);
		if (r < 0)
			note_failure(g, g->workers[i]->s, &why);
		else if (r > 0)
			r = worker_ended(g, i);
	}
	return r;
}

/* After a failure: the others are asked to end, with all they started, and awaited. */
static void stop_all(struct schedule *g)
{
	uint64_t until = clock_mono_ms() + 10000;

	for (size_t i = 0; i < g->n; i++)
		(void)kill(g->workers[i]->pid, SIGTERM);
	while (g->n && clock_mono_ms() < until)
		(void)listen_to_all(g, TICK_MS);
	while (g->n) {
		(void)kill(g->workers[g->n - 1]->pid, SIGKILL);
		worker_end(g->workers[--g->n]);
	}
}

static bool all_done(const struct schedule *g)
{
	for (size_t i = 0; i < g->w->plan.order_n; i++)
		if (in_order(g, i)->state != STAGE_DONE)
			return false;
	return true;
}

static int build_beside(struct schedule *g)
{
	struct err why = ERR_INIT;
	int r = 0;

	while (r >= 0 && !all_done(g)) {
		r = proc_interrupted(&why);
		if (r < 0) {
			g->err = why;
			break;
		}
		r = go_on(g);
		if (r == 0 && g->n == 0) {
			r = FAIL(&g->err, E_INTERNAL, "the stages wait for one another");
			break;
		}
		/* Also between what is done here: pipes must not fill up. */
		if (r >= 0 && g->n)
			r = listen_to_all(g, r > 0 ? 0 : TICK_MS);
	}
	if (r < 0)
		stop_all(g);
	return r < 0 ? (int)g->err.code : 0;
}

static int build_in_turn(struct work *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->plan.order_n; i++) {
		r = stage_advance(&w->stages[w->plan.order[i]], e);
		if (r == 0)
			r = FAIL(e, E_INTERNAL, "a stage waits for a later one");
	}
	return r < 0 ? r : 0;
}

int stages_build(struct work *w, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct schedule g = {
		.w = w, .shown = w->o->progress, .err = ERR_INIT, .failed = SIZE_MAX
	};
	int r;

	g.max = w->o->jobs ? w->o->jobs : cpus > 0 ? (size_t)cpus : 1;
	if (g.max > LIMIT_STAGES)
		g.max = LIMIT_STAGES;
	if (g.max == 1 || w->plan.order_n == 1)
		return build_in_turn(w, e);
	for (size_t i = 0; i < w->plan.order_n; i++) {
		struct stage_work *s = in_order(&g, i);
		char name[64];

		(void)snprintf(name, sizeof(name), "stage-%zu", s->index);
		s->progress = progress_open(g.shown, s->stage->name ? s->stage->name : name);
	}
	r = build_beside(&g);
	for (size_t i = 0; i < w->plan.order_n; i++)
		progress_close(in_order(&g, i)->progress);
	if (r < 0 && e)
		*e = g.err;
	return r;
}
