/* SPDX-License-Identifier: Apache-2.0 */
/* gzip in chunks over threads; see compress.h for why the bytes are always the same. */
#include <isa-l.h>
#include <stdlib.h>
#include <string.h>

#include "base/lanes.h"
#include "oci/compress.h"

enum { SLOTS = 6 };

enum { OUT_MAX = GZIP_CHUNK + GZIP_CHUNK / 8 }; /* what does not compress is stored */

/* A chunk on its way. */
struct chunk {
	unsigned char *in, *out; /* owned; in was filled up to in_n, out by compress_chunk() */
	size_t in_n, out_n;
};

struct gzip_writer {
	tar_write_fn write;
	void *arg;
	struct lanes *lanes;
	uint64_t chunks;
};

/* A thread's working memory; isa-l clears what it needs of it for each chunk. */
static void *new_memory(void)
{
	return calloc(1, ISAL_DEF_LVL2_DEFAULT);
}

/* No memory: nothing comes out. */
static void compress_chunk(void *slot, void *memory)
{
	struct chunk *c = slot;
	struct isal_zstream z;

	c->out_n = 0;
	if (!c->out)
		c->out = malloc(OUT_MAX);
	if (!memory || !c->out)
		return;
	isal_deflate_init(&z);
	z.level = GZIP_LEVEL;
	z.level_buf = memory;
	z.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = c->in;
	z.avail_in = (uint32_t)c->in_n;
	z.next_out = c->out;
	z.avail_out = OUT_MAX;
	if (isal_deflate(&z) == COMP_OK && z.internal_state.state == ZSTATE_END)
		c->out_n = z.total_out;
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
		.thread_new = new_memory,
		.thread_free = free,
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

uint32_t compression_crc32(uint32_t crc, const void *p, size_t n)
{
	return crc32_gzip_refl(crc, p, n);
}
