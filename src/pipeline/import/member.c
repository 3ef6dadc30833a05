/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an image archive: read, and taken over as blobs of the store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "oci/compress.h"
#include "pipeline/import/archive.h"

enum { CHUNK = 128 * 1024 };

struct member {
	int fd;
	uint64_t at, size;
	const char *name;
};

static int find(const struct archive *a, const char *name, struct member *ret, struct err *e)
{
	const json_t *place = json_object_get(a->members, name);

	for (int i = 0; json_is_string(place) && i < LIMIT_ARCHIVE_LINKS; i++)
		place = json_object_get(a->members, json_string_value(place));
	if (json_is_string(place))
		return FAIL(e, E_FORMAT, "'%.200s': links beyond %d, or in a circle", name,
			    LIMIT_ARCHIVE_LINKS);
	if (!json_is_array(place))
		return FAIL(e, E_NOTFOUND, "no file '%.200s' in the archive", name);
	*ret = (struct member){ .fd = a->fd,
				.at = (uint64_t)json_integer_value(json_array_get(place, 0)),
				.size = (uint64_t)json_integer_value(json_array_get(place, 1)),
				.name = name };
	return 0;
}

/* Up to n of the bytes that are left; 0 at the end. A tar_read_fn. */
static int64_t member_read(void *arg, void *p, size_t n, struct err *e)
{
	struct member *m = arg;
	ssize_t got;

	n = n < m->size ? n : (size_t)m->size;
	if (n == 0)
		return 0;
	do {
		got = pread(m->fd, p, n, (off_t)m->at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return FAIL_SYS(e, "read '%.200s' of the archive", m->name);
	if (got == 0)
		return FAIL(e, E_FORMAT, "'%.200s' is cut short", m->name);
	m->at += (uint64_t)got;
	m->size -= (uint64_t)got;
	return got;
}

int archive_read(const struct archive *a, const char *name, size_t max, struct buf *ret,
		 struct err *e)
{
	struct member m;
	char chunk[4096];
	int64_t n = 0;
	int r = find(a, name, &m, e);

	if (r == 0 && m.size > max)
		r = FAIL(e, E_FORMAT, "'%.200s': more than %zu bytes", name, max);
	if (r < 0)
		return r;
	while ((n = member_read(&m, chunk, sizeof(chunk), e)) > 0)
		buf_put(ret, chunk, (size_t)n);
	return n < 0 ? (int)n : buf_check(ret, name, e);
}

static int write_blob(void *arg, const void *p, size_t n, struct err *e)
{
	return blob_writer_write(arg, p, n, e);
}

static int copy(struct member *m, tar_write_fn write, void *to, struct err *e)
{
	auto_free char *chunk = malloc(CHUNK);
	int64_t n;
	int r = chunk ? 0 : FAIL_NOMEM(e);

	while (r == 0 && (n = member_read(m, chunk, CHUNK, e)) != 0) {
		r = n < 0 ? (int)n : write(to, chunk, (size_t)n, e);
		if (r == 0)
			r = proc_interrupted(e);
	}
	return r;
}

int archive_blob(const struct archive *a, const char *name, struct store *s, const char *media_type,
		 const struct desc *expect, struct desc *ret, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	struct member m;
	int r;

	if (expect && store_has(s, &expect->digest, expect->size)) {
		if (ret)
			*ret = *expect;
		return 0;
	}
	r = find(a, name, &m, e);
	if (r == 0)
		r = blob_writer_new(&w, s, e);
	if (r == 0)
		r = copy(&m, write_blob, w, e);
	return r < 0 ? r : blob_writer_commit(w, media_type, expect, ret, e);
}

static int compress(struct member *m, struct store *s, struct desc *ret, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	auto_release(gzip_writer_free) struct gzip_writer *z = NULL;
	int r = blob_writer_new(&w, s, e);

	if (r == 0)
		r = gzip_writer_new(&z, GZIP_THREADS, write_blob, w, e);
	if (r == 0)
		r = copy(m, gzip_writer_write, z, e);
	if (r == 0)
		r = gzip_writer_end(z, e);
	return r < 0 ? r : blob_writer_commit(w, MT_OCI_LAYER_GZIP, NULL, ret, e);
}

int archive_layer(const struct archive *a, const char *name, struct store *s, struct desc *ret,
		  struct err *e)
{
	struct member m, peek;
	char head[6];
	int64_t n;
	int r = find(a, name, &m, e);

	if (r < 0)
		return r;
	peek = m;
	n = member_read(&peek, head, sizeof(head), e);
	if (n < 0)
		return (int)n;
	switch (compression_detect(head, (size_t)n)) {
	case COMPRESSION_NONE: return compress(&m, s, ret, e);
	case COMPRESSION_GZIP: return archive_blob(a, name, s, MT_OCI_LAYER_GZIP, NULL, ret, e);
	case COMPRESSION_ZSTD: return archive_blob(a, name, s, MT_OCI_LAYER_ZSTD, NULL, ret, e);
	case COMPRESSION_BZIP2:
	case COMPRESSION_XZ:
	default:
		return FAIL(e, E_FORMAT, "'%.200s': a layer is a tar, plain or in gzip or zstd",
			    name);
	}
}
