/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/store_copy.h"

#include <errno.h>
#include <unistd.h>

int store_copy_blob(struct store *to, const struct store *from, const struct desc *d,
		    struct progress *p, struct err *e)
{
	auto_release(blob_writer_free) struct blob_writer *w = NULL;
	auto_close int fd = -1;
	char chunk[128 * 1024], what[100];
	uint64_t done = 0;
	int r;

	if (store_has(to, &d->digest, d->size))
		return 0;
	fd = store_blob_open(from, d, e);
	if (fd < 0)
		return fd;
	(void)snprintf(what, sizeof(what), "copy %.19s", d->digest.s);
	progress_begin(p, what, d->size);
	r = blob_writer_new(&w, to, e);
	while (r == 0) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = FAIL_SYS(e, "read blob %s", d->digest.s);
		if (n <= 0)
			break;
		r = blob_writer_write(w, chunk, (size_t)n, e);
		progress_advance(p, done += (uint64_t)n);
	}
	if (r == 0)
		r = blob_writer_commit(w, d->media_type, d, NULL, e);
	progress_end(p, r < 0 ? "failed" : NULL);
	return r;
}

int store_copy_image(struct store *to, const struct store *from, const struct desc *manifest,
		     struct progress *p, struct err *e)
{
	auto_manifest m = { 0 };
	int r = store_manifest(from, manifest, &m, NULL, e);

	if (r == 0)
		r = store_copy_blob(to, from, &m.config, p, e);
	for (size_t i = 0; r == 0 && i < m.layers_n; i++)
		r = store_copy_blob(to, from, &m.layers[i], p, e);
	/* Last, so that a manifest in the store always has its blobs. */
	return r < 0 ? r : store_copy_blob(to, from, manifest, p, e);
}
