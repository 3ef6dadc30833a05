/* SPDX-License-Identifier: Apache-2.0 */
/* The same work on many blobs, several beside one another: a lane of the helper and a thread each.
 */
#include <pthread.h>
#include <stdlib.h>

#include "registry/registry_internal.h"

struct crew {
	const struct registry_work *work;
	atomic_size_t next; /* which is begun next */
	atomic_bool stop;   /* one failed: the others end */
	pthread_mutex_t auth, other_auth;
	pthread_mutex_t shown; /* the progress is drawn by one at a time */
	pthread_mutex_t result;
	int r;
	struct err err;
};

/* A progress that several threads tell: each through one of its own. */
struct shown {
	struct progress base; /* first: the callbacks get a pointer to it */
	struct progress *of;
	pthread_mutex_t *lock;
};

struct hand {
	struct crew *crew;
	struct registry reg, other; /* the registries by other lanes */
	struct shown shown;
	pthread_t thread;
	bool started;
};

static struct shown *ours(struct progress *p)
{
	union {
		struct progress *base;
		struct shown *shown;
	} u = { .base = p };

	return u.shown;
}

static void on_begin(struct progress *p, const char *what, uint64_t total)
{
	(void)pthread_mutex_lock(ours(p)->lock);
	progress_begin(ours(p)->of, what, total);
	(void)pthread_mutex_unlock(ours(p)->lock);
}

static void on_advance(struct progress *p, uint64_t done)
{
	(void)pthread_mutex_lock(ours(p)->lock);
	progress_advance(ours(p)->of, done);
	(void)pthread_mutex_unlock(ours(p)->lock);
}

static void on_end(struct progress *p, const char *note)
{
	(void)pthread_mutex_lock(ours(p)->lock);
	progress_end(ours(p)->of, note);
	(void)pthread_mutex_unlock(ours(p)->lock);
}

static void on_line(struct progress *p, const char *text)
{
	(void)pthread_mutex_lock(ours(p)->lock);
	progress_line(ours(p)->of, text);
	(void)pthread_mutex_unlock(ours(p)->lock);
}

static void fail(struct crew *c, int r, const struct err *e)
{
	(void)pthread_mutex_lock(&c->result);
	if (c->r == 0) {
		c->r = r;
		c->err = *e;
	}
	(void)pthread_mutex_unlock(&c->result);
	c->stop = true;
}

static void *hand_main(void *arg)
{
	struct hand *h = arg;
	struct crew *c = h->crew;
	size_t i;

	while (!c->stop && (i = c->next++) < c->work->n) {
		struct err e = ERR_INIT;
		int r = c->work->one(&h->reg, c->work->other ? &h->other : NULL, c->work->arg, i,
				     &h->shown.base, &e);

		if (r < 0)
			fail(c, r, &e);
	}
	return NULL;
}

static int open_lane(struct registry *lane, const struct registry *reg, struct crew *c,
		     pthread_mutex_t *auth, struct err *e)
{
	*lane = *reg;
	lane->auth_lock = auth;
	lane->stop = &c->stop;
	lane->fetch = NULL;
	return fetch_lane(reg->fetch, &c->stop, &lane->fetch, e);
}

static int start(struct hand *h, const struct registry *reg, struct progress *p, struct err *e)
{
	const struct registry *other = h->crew->work->other;
	int r = open_lane(&h->reg, reg, h->crew, &h->crew->auth, e);

	if (r == 0 && other)
		r = open_lane(&h->other, other, h->crew, &h->crew->other_auth, e);
	if (r < 0)
		return r;
	h->shown = (struct shown){ .base = { .begin = on_begin,
					     .advance = on_advance,
					     .end = on_end,
					     .line = on_line },
				   .of = progress_open(p, "registry"),
				   .lock = &h->crew->shown };
	h->started = pthread_create(&h->thread, NULL, hand_main, h) == 0;
	return h->started ? 0 : FAIL(e, E_SYSTEM, "start a thread");
}

/* The registry's own connection stays free for what all hands need: tokens. */
static int side_by_side(const struct registry *reg, const struct registry_work *work,
			unsigned hands, struct progress *p, struct err *e)
{
	struct crew c = { .work = work,
			  .auth = PTHREAD_MUTEX_INITIALIZER,
			  .other_auth = PTHREAD_MUTEX_INITIALIZER,
			  .shown = PTHREAD_MUTEX_INITIALIZER,
			  .result = PTHREAD_MUTEX_INITIALIZER };
	auto_free struct hand *v = calloc(hands, sizeof(*v));
	struct err why = ERR_INIT;
	int r = 0;

	if (!v)
		return FAIL_NOMEM(e);
	for (unsigned i = 0; i < hands && r == 0; i++) {
		v[i].crew = &c;
		/* Fewer hands only take longer. */
		r = start(&v[i], reg, p, &why);
	}
	if (!v[0].started)
		fail(&c, r, &why);
	for (unsigned i = 0; i < hands; i++) {
		if (v[i].started)
			(void)pthread_join(v[i].thread, NULL);
		fetch_free(v[i].reg.fetch);
		fetch_free(v[i].other.fetch);
		progress_close(v[i].shown.of);
	}
	if (c.r < 0 && e)
		*e = c.err;
	return c.r;
}

int registry_each(struct registry *reg, const struct registry_work *work, unsigned hands,
		  struct progress *p, struct err *e)
{
	int r = 0;

	if (hands > work->n)
		hands = (unsigned)work->n;
	if (hands > 1)
		return side_by_side(reg, work, hands, p, e);
	for (size_t i = 0; i < work->n && r == 0; i++)
		r = work->one(reg, work->other, work->arg, i, p, e);
	return r;
}

static int by_size(const void *a, const void *b)
{
	const struct desc *const *x = a, *const *y = b;

	return ((*x)->size < (*y)->size) - ((*x)->size > (*y)->size);
}

/* The large ones first, so that none of them is left over at the end; each once. */
static size_t arrange(const struct desc **v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t k = 0; k < kept && !seen; k++)
			seen = v[k]->size == v[i]->size && digest_eq(&v[k]->digest, &v[i]->digest);
		if (!seen)
			v[kept++] = v[i];
	}
	qsort(v, kept, sizeof(*v), by_size);
	return kept;
}

int registry_blobs_of(const struct manifest *m, const struct desc ***ret, size_t *ret_n,
		      struct err *e)
{
	const struct desc **v = calloc(m->layers_n + 1, sizeof(*v));

	if (!v)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < m->layers_n; i++)
		v[i] = &m->layers[i];
	v[m->layers_n] = &m->config;
	*ret_n = arrange(v, m->layers_n + 1);
	*ret = v;
	return 0;
}
