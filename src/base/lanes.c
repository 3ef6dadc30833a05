/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lanes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum lane_state { SLOT_FREE, SLOT_FULL, SLOT_TAKEN, SLOT_DONE };

struct lanes {
	struct lanes_opts o;
	char *slots; /* used in turn, so the oldest is taken first */
	enum lane_state *states;
	unsigned fill;	 /* the slot that is filled */
	unsigned oldest; /* the next to be taken */
	unsigned busy;	 /* slots from oldest on that were handed over */
	bool started;	 /* threads, or it was tried */
	pthread_t threads[LANES_MAX_THREADS];
	unsigned threads_n;
	bool has_own;
	void *own; /* of the caller's thread, when it works itself */
	/* Guards states, oldest and stop. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
};

static void *slot_at(const struct lanes *l, unsigned i)
{
	return l->slots + (size_t)i * l->o.slot_size;
}

/* Called with the lock held. Returns whether there was one. */
static bool find_full(const struct lanes *l, unsigned *ret)
{
	for (unsigned i = 0; i < l->o.slots; i++) {
		*ret = (l->oldest + i) % l->o.slots;
		if (l->states[*ret] == SLOT_FULL)
			return true;
	}
	return false;
}

static void *work(void *arg)
{
	struct lanes *l = arg;
	void *own = l->o.thread_new ? l->o.thread_new() : NULL;
	unsigned i;

	(void)pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (!find_full(l, &i)) {
			(void)pthread_cond_wait(&l->changed, &l->lock);
			continue;
		}
		l->states[i] = SLOT_TAKEN;
		(void)pthread_mutex_unlock(&l->lock);
		l->o.work(slot_at(l, i), own);
		(void)pthread_mutex_lock(&l->lock);
		l->states[i] = SLOT_DONE;
		(void)pthread_cond_broadcast(&l->changed);
	}
	(void)pthread_mutex_unlock(&l->lock);
	if (l->o.thread_free)
		l->o.thread_free(own);
	return NULL;
}

int lanes_new(struct lanes **ret, const struct lanes_opts *o, struct err *e)
{
	auto_release(lanes_free) struct lanes *l = calloc(1, sizeof(*l));

	if (!l)
		return FAIL_NOMEM(e);
	l->o = *o;
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->changed, NULL);
	l->slots = calloc(o->slots, o->slot_size);
	l->states = calloc(o->slots, sizeof(*l->states));
	if (!l->slots || !l->states)
		return FAIL_NOMEM(e);
	*ret = TAKE(l);
	return 0;
}

void *lanes_slot(struct lanes *l)
{
	return slot_at(l, l->fill);
}

static void start_threads(struct lanes *l)
{
	l->started = true;
	while (l->threads_n < l->o.threads && l->threads_n < LANES_MAX_THREADS &&
	       pthread_create(&l->threads[l->threads_n], NULL, work, l) == 0)
		l->threads_n++;
}

static void work_here(struct lanes *l, unsigned i)
{
	if (!l->has_own && l->o.thread_new)
		l->own = l->o.thread_new();
	l->has_own = true;
	l->o.work(slot_at(l, i), l->own);
}

static void wait_for(struct lanes *l, unsigned i)
{
	(void)pthread_mutex_lock(&l->lock);
	while (l->states[i] != SLOT_DONE)
		(void)pthread_cond_wait(&l->changed, &l->lock);
	(void)pthread_mutex_unlock(&l->lock);
}

/* Sees to it that the oldest is done, takes it and frees its slot. */
static int take_oldest(struct lanes *l, struct err *e)
{
	unsigned i = l->oldest;
	int r;

	if (l->threads_n)
		wait_for(l, i);
	else
		work_here(l, i);
	r = l->o.take(l->o.arg, slot_at(l, i), e);
	(void)pthread_mutex_lock(&l->lock);
	l->states[i] = SLOT_FREE;
	l->oldest = (i + 1) % l->o.slots;
	(void)pthread_mutex_unlock(&l->lock);
	l->busy--;
	return r;
}

int lanes_submit(struct lanes *l, struct err *e)
{
	(void)pthread_mutex_lock(&l->lock);
	l->states[l->fill] = SLOT_FULL;
	(void)pthread_cond_signal(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	l->fill = (l->fill + 1) % l->o.slots;
	l->busy++;
	if (l->busy > 1 && !l->started)
		start_threads(l);
	return l->busy == l->o.slots ? take_oldest(l, e) : 0;
}

int lanes_finish(struct lanes *l, struct err *e)
{
	int r = 0;

	while (r == 0 && l->busy)
		r = take_oldest(l, e);
	return r;
}

void lanes_free(struct lanes *l)
{
	if (!l)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->stop = true;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	for (unsigned i = 0; i < l->threads_n; i++)
		(void)pthread_join(l->threads[i], NULL);
	if (l->has_own && l->o.thread_free)
		l->o.thread_free(l->own);
	for (unsigned i = 0; l->o.drop && l->slots && i < l->o.slots; i++)
		l->o.drop(slot_at(l, i));
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->lock);
	free(l->slots);
	free(l->states);
	free(l);
}

unsigned lanes_threads(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus < 2 ? 0 : cpus < LANES_MAX_THREADS ? (unsigned)cpus : LANES_MAX_THREADS;
}
