/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/compress.h"
#include "oci/layer.h"

/* What the files of the layer code share; not for others. */

/* Folders within folders, after links were followed: removing a tree keeps one open file a level.
 */
enum { LIMIT_LAYER_DEPTH = 256 };

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/* A blob on its way through both digests. Started in the parent, since OpenSSL's first use opens
 * files; read in the sandboxed child. */
struct layer_stream {
	int fd; /* borrowed */
	struct sha256 *packed, *plain;
	enum compression kind;
	struct inflater *inflater;
	uint64_t plain_n, plain_max; /* LIMIT_LAYER_BYTES */
};
int layer_stream_start(struct layer_stream *ret, int fd, struct err *e);
int64_t layer_stream_read(void *stream, void *p, size_t n, struct err *e); /* a tar_read_fn */
/* Reads what is left and compares both digests (diff_id NULL: only the blob's). E_VERIFY. */
int layer_stream_end(struct layer_stream *s, const struct desc *blob, const struct digest *diff_id,
		     struct err *e);
void layer_stream_free(struct layer_stream *s);
static inline void layer_stream_release(struct layer_stream *s)
{
	layer_stream_free(s);
}
#define auto_layer_stream __attribute__((cleanup(layer_stream_release))) struct layer_stream

/* A failure with E_FORMAT may be a blob that was changed: then E_VERIFY is the truth. Returns r or
 * that. */
int layer_blame(const struct store *s, const struct desc *blob, int r, struct err *e);

/* "usr/lib" -> parent "usr", leaf "lib". Returns the leaf; parent "" for the root. */
const char *layer_leaf(const char *name, struct str *ret_parent);
/* /dev's standard devices, which every container gets anew. */
bool layer_device_is_standard(const struct tar_entry *entry);
/* An extended attribute that a layer may carry. */
bool layer_xattr_is_kept(const char *name);

/* Writes entries as a layer: tar, its digest, gzip unless plain, a sink. */
struct layer_sink {
	struct sha256 *plain;
	struct gzip_writer *gzip; /* NULL: plain */
	struct tar_writer *tar;
	tar_write_fn write;
	void *arg;
};
/* sha256_new must have been called before in a sandbox. */
int layer_sink_start(struct layer_sink *s, tar_write_fn write, void *arg, struct err *e);
int layer_sink_start_plain(struct layer_sink *s, tar_write_fn write, void *arg, struct err *e);
int layer_sink_end(struct layer_sink *s, struct digest *ret_diff_id, struct err *e);
void layer_sink_free(struct layer_sink *s);
static inline void layer_sink_release(struct layer_sink *s)
{
	layer_sink_free(s);
}
#define auto_layer_sink __attribute__((cleanup(layer_sink_release))) struct layer_sink

/* layer_extract.c: the child's part of unpacking, into root (an empty folder). opaque is
 * overlay_opaque(), asked outside of the sandbox. */
int layer_extract(struct layer_stream *stream, int root, const char *opaque, struct err *e);
