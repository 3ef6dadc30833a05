/* SPDX-License-Identifier: Apache-2.0 */
/* Chosen files of a layer, read in the sandbox. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "oci/layer_internal.h"
#include "sandbox/sandbox.h"

struct reading {
	struct layer_stream *stream;
	const struct desc *blob;
	const struct digest *diff_id;
	const struct layer_reader *reader;
};

static int take_file(const struct layer_reader *r, struct tar_reader *t, const struct tar_entry *m,
		     struct buf *emit, struct err *e)
{
	auto_free char *p = NULL;
	size_t have = 0;
	int64_t n;

	if (m->size > r->max)
		return FAIL(e, E_FORMAT, "%llu bytes, at most %zu are read",
			    (unsigned long long)m->size, r->max);
	p = malloc((size_t)m->size + 1);
	if (!p)
		return FAIL_NOMEM(e);
	while ((n = tar_read(t, p + have, (size_t)m->size - have, e)) > 0)
		have += (size_t)n;
	if (n < 0)
		return (int)n;
	p[have] = '\0';
	return r->got(r->arg, m, p, have, emit, e);
}

static int take_entry(const struct layer_reader *r, struct tar_reader *t, const struct tar_entry *m,
		      struct buf *emit, struct err *e)
{
	struct str ignored;
	const char *leaf = layer_leaf(m->name, &ignored);

	if (r->entry)
		return r->entry(r->arg, m, t, e);
	if (starts_with(leaf, WHITEOUT))
		return r->got(r->arg, m, NULL, 0, emit, e);
	if (!r->want(r->arg, m))
		return 0;
	return m->type == TAR_FILE ? take_file(r, t, m, emit, e)
				   : r->got(r->arg, m, NULL, 0, emit, e);
}

static int read_child(void *arg, struct buf *emit, struct err *e)
{
	const struct reading *x = arg;
	const struct layer_reader *reader = x->reader;
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *m;
	int r = tar_reader_new(&t, layer_stream_read, x->stream, e);

	while (r == 0 && (r = tar_next(t, &m, e)) > 0) {
		r = take_entry(reader, t, m, emit, e);
		if (r < 0)
			return WRAP(e, r, "'%.200s'", m->name);
		r = 0;
	}
	r = r < 0 ? r : layer_stream_end(x->stream, x->blob, x->diff_id, e);
	return r < 0 || !reader->done ? r : reader->done(reader->arg, emit, e);
}

int layer_read(const struct store *s, const struct desc *layer, const struct digest *diff_id,
	       const struct layer_reader *reader, struct buf *ret, struct err *e)
{
	auto_close int fd = store_blob_open(s, layer, e);
	auto_layer_stream stream = { .fd = -1 };
	struct reading x = {
		.stream = &stream, .blob = layer, .diff_id = diff_id, .reader = reader
	};
	int keep[1 + sizeof(reader->keep) / sizeof(*reader->keep)] = { fd };
	const struct sandbox box = { .what = "read",
				     .keep = keep,
				     .keep_n = 1 + reader->keep_n,
				     .write_dir = -1,
				     .cpu_seconds = 3600 };
	int r = fd;

	for (size_t i = 0; i < reader->keep_n; i++)
		keep[1 + i] = reader->keep[i];

	r = r < 0 ? r : layer_stream_start(&stream, fd, e);
	r = r < 0 ? r : sandbox_run(&box, read_child, &x, ret, e);
	r = layer_blame(s, layer, r, e);
	return r < 0 ? WRAP(e, r, "layer %s", layer->digest.s) : 0;
}
