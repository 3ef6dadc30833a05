/* SPDX-License-Identifier: Apache-2.0 */
/* gzip in chunks over threads; see compress.h for why the bytes are always the same. */
#include <libdeflate.h>
#include <pthread.h>
#include <stdlib.h>

#include "oci/compress.h"

enum { SLOTS = 6, MAX_THREADS = 4 };

/* A chunk on its way. Slots are used in turn, so the oldest is written first. */
struct slot {
	enum { SLOT_FREE, SLOT_FULL, SLOT_TAKEN, SLOT_DONE, SLOT_FAILED } state;
	unsigned char *in, *out;
	size_t in_n, out_n;
};

struct gzip_writer {
	tar_write_fn write;
	void *arg;
	size_t out_max;
	struct slot slots[SLOTS];
	unsigned fill;	 /* the slot that takes input */
	unsigned oldest; /* the next to be written */
	unsigned busy;	 /* slots from oldest on that were handed over */
	uint64_t chunks;
	struct libdeflate_compressor *own; /* without threads */
	pthread_t threads[MAX_THREADS];
	unsigned threads_n;
	/* Guards the states of slots and stop. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
};

static void compress_slot(const struct gzip_writer *w, struct libdeflate_compressor *c,
			  struct slot *s)
{
	s->out_n = c ? libdeflate_gzip_compress(c, s->in, s->in_n, s->out, w->out_max) : 0;
}

static struct slot *find_full(struct gzip_writer *w)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &w->slots[(w->oldest + i) % SLOTS];

		if (s->state == SLOT_FULL)
			return s;
	}
	return NULL;
}

static void *work(void *arg)
{
	struct gzip_writer *w = arg;
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(GZIP_LEVEL);

	(void)pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct slot *s = find_full(w);

		if (!s) {
			(void)pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		s->state = SLOT_TAKEN;
		(void)pthread_mutex_unlock(&w->lock);
		compress_slot(w, c, s);
		(void)pthread_mutex_lock(&w->lock);
		s->state = s->out_n ? SLOT_DONE : SLOT_FAILED;
		(void)pthread_cond_broadcast(&w->changed);
	}
	(void)pthread_mutex_unlock(&w->lock);
	libdeflate_free_compressor(c);
	return NULL;
}

static int allocate(struct gzip_writer *w, struct err *e)
{
	w->own = libdeflate_alloc_compressor(GZIP_LEVEL);
	if (!w->own)
		return FAIL_NOMEM(e);
	w->out_max = libdeflate_gzip_compress_bound(w->own, GZIP_CHUNK);
	for (unsigned i = 0; i < SLOTS; i++) {
		w->slots[i].in = malloc(GZIP_CHUNK);
		w->slots[i].out = malloc(w->out_max);
		if (!w->slots[i].in || !w->slots[i].out)
			return FAIL_NOMEM(e);
	}
	return 0;
}

int gzip_writer_new(struct gzip_writer **ret, unsigned threads, tar_write_fn write, void *arg,
		    struct err *e)
{
	auto_release(gzip_writer_free) struct gzip_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return FAIL_NOMEM(e);
	w->write = write;
	w->arg = arg;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->changed, NULL);
	r = allocate(w, e);
	if (r < 0)
		return r;
	/* Fewer threads than asked for, or none, only take longer. */
	while (w->threads_n < threads && w->threads_n < MAX_THREADS &&
	       pthread_create(&w->threads[w->threads_n], NULL, work, w) == 0)
		w->threads_n++;
	*ret = TAKE(w);
	return 0;
}

void gzip_writer_free(struct gzip_writer *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_broadcast(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->threads_n; i++)
		(void)pthread_join(w->threads[i], NULL);
	libdeflate_free_compressor(w->own);
	for (unsigned i = 0; i < SLOTS; i++) {
		free(w->slots[i].in);
		free(w->slots[i].out);
	}
	(void)pthread_cond_destroy(&w->changed);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Waits for the oldest chunk, writes it and frees its slot. */
static int write_oldest(struct gzip_writer *w, struct err *e)
{
	struct slot *s = &w->slots[w->oldest];
	int r;

	(void)pthread_mutex_lock(&w->lock);
	while (s->state == SLOT_FULL || s->state == SLOT_TAKEN)
		(void)pthread_cond_wait(&w->changed, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
	if (s->state == SLOT_FAILED)
		return FAIL_NOMEM(e);
	r = w->write(w->arg, s->out, s->out_n, e);
	s->state = SLOT_FREE;
	s->in_n = 0;
	w->oldest = (w->oldest + 1) % SLOTS;
	w->busy--;
	return r;
}

/* Hands the slot that was being filled over and makes the next one ready to fill. */
static int hand_over(struct gzip_writer *w, struct err *e)
{
	struct slot *s = &w->slots[w->fill];
	int r = 0;

	w->chunks++;
	w->busy++;
	if (w->threads_n == 0) {
		compress_slot(w, w->own, s);
		s->state = s->out_n ? SLOT_DONE : SLOT_FAILED;
		r = write_oldest(w, e);
	} else {
		(void)pthread_mutex_lock(&w->lock);
		s->state = SLOT_FULL;
		(void)pthread_cond_broadcast(&w->changed);
		(void)pthread_mutex_unlock(&w->lock);
	}
	w->fill = (w->fill + 1) % SLOTS;
	return r == 0 && w->busy == SLOTS ? write_oldest(w, e) : r;
}

int gzip_writer_write(void *writer, const void *p, size_t n, struct err *e)
{
	struct gzip_writer *w = writer;
	const unsigned char *c = p;

	while (n) {
		struct slot *s = &w->slots[w->fill];
		size_t take = GZIP_CHUNK - s->in_n < n ? GZIP_CHUNK - s->in_n : n;

		memcpy(s->in + s->in_n, c, take);
		s->in_n += take;
		c += take;
		n -= take;
		if (s->in_n == GZIP_CHUNK) {
			int r = hand_over(w, e);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int gzip_writer_end(struct gzip_writer *w, struct err *e)
{
	/* No input at all is one empty member. */
	int r = w->slots[w->fill].in_n || w->chunks == 0 ? hand_over(w, e) : 0;

	while (r == 0 && w->busy)
		r = write_oldest(w, e);
	return r;
}
