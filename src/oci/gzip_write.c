/* SPDX-License-Identifier: Apache-2.0 */
/* gzip in chunks over threads; see compress.h for why the bytes are always the same. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/lanes.h"
#include "oci/compress.h"

enum { SLOTS = 6 };

/* A chunk on its way. */
struct chunk {
	unsigned char *in, *out; /* owned; in was filled up to in_n, out by compress_chunk() */
	size_t in_n, out_n, out_max;
};

struct gzip_writer {
	tar_write_fn write;
	void *arg;
	struct lanes *lanes;
	uint64_t chunks;
};

static void *new_compressor(void)
{
	return libdeflate_alloc_compressor(GZIP_LEVEL);
}

static void free_compressor(void *c)
{
	libdeflate_free_compressor(c);
}

/* No memory: nothing comes out. */
static void compress_chunk(void *slot, void *compressor)
{
	struct chunk *c = slot;

	if (compressor && !c->out) {
		c->out_max = libdeflate_gzip_compress_bound(compressor, GZIP_CHUNK);
		c->out = malloc(c->out_max);
	}
	c->out_n = compressor && c->out ? libdeflate_gzip_compress(compressor, c->in, c->in_n,
								   c->out, c->out_max)
					: 0;
}

static int write_chunk(void *writer, void *slot, struct err *e)
{
	const struct gzip_writer *w = writer;
	struct chunk *c = slot;

	if (c->out_n == 0)
		return FAIL_NOMEM(e);
	c->in_n = 0;
	return w->write(w->arg, c->out, c->out_n, e);
}

static void drop_chunk(void *slot)
{
	struct chunk *c = slot;

	free(c->in);
	free(c->out);
}

int gzip_writer_new(struct gzip_writer **ret, unsigned threads, tar_write_fn write, void *arg,
		    struct err *e)
{
	auto_release(gzip_writer_free) struct gzip_writer *w = calloc(1, sizeof(*w));
	const struct lanes_opts o = {
		.threads = threads,
		.slots = SLOTS,
		.slot_size = sizeof(struct chunk),
		.work = compress_chunk,
		.take = write_chunk,
		.arg = w,
		.drop = drop_chunk,
		.thread_new = new_compressor,
		.thread_free = free_compressor,
	};
	int r;

	if (!w)
		return FAIL_NOMEM(e);
	w->write = write;
	w->arg = arg;
	r = lanes_new(&w->lanes, &o, e);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

void gzip_writer_free(struct gzip_writer *w)
{
	if (w)
		lanes_free(w->lanes);
	free(w);
}

static int hand_over(struct gzip_writer *w, struct err *e)
{
	w->chunks++;
	return lanes_submit(w->lanes, e);
}

int gzip_writer_write(void *writer, const void *p, size_t n, struct err *e)
{
	struct gzip_writer *w = writer;
	const unsigned char *from = p;

	while (n) {
		struct chunk *c = lanes_slot(w->lanes);
		size_t take = GZIP_CHUNK - c->in_n < n ? GZIP_CHUNK - c->in_n : n;
		int r = 0;

		if (!c->in)
			c->in = malloc(GZIP_CHUNK);
		if (!c->in)
			return FAIL_NOMEM(e);
		memcpy(c->in + c->in_n, from, take);
		c->in_n += take;
		from += take;
		n -= take;
		if (c->in_n == GZIP_CHUNK)
			r = hand_over(w, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int gzip_writer_end(struct gzip_writer *w, struct err *e)
{
	const struct chunk *c = lanes_slot(w->lanes);
	/* No input at all is one empty member. */
	int r = c->in_n || w->chunks == 0 ? hand_over(w, e) : 0;

	return r < 0 ? r : lanes_finish(w->lanes, e);
}
