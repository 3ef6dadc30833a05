/* SPDX-License-Identifier: Apache-2.0 */
/* A layer as the sandboxed child reads it: the archive's entries, links, whiteouts and the package
 * lists in them. Checksums are made right, so that mutations get past them. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "oci/tar_format.h"
#include "scan/layer_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *p;
	size_t n;
};

static int64_t pull(void *arg, void *p, size_t n, struct err *e)
{
	struct input *i = arg;

	(void)e;
	n = n < i->n ? n : i->n;
	if (n)
		memcpy(p, i->p, n);
	i->p += n;
	i->n -= n;
	return (int64_t)n;
}

static void mend_checksums(char *p, size_t n)
{
	for (size_t at = 0; at + TAR_BLOCK_SIZE <= n; at += TAR_BLOCK_SIZE) {
		struct tar_header h;
		char sum[8];

		memcpy(&h, p + at, sizeof(h));
		if (memcmp(h.magic, "ustar", 5) != 0)
			continue; /* what is in a file stays as it is */
		(void)snprintf(sum, sizeof(sum), "%06o", tar_checksum(&h));
		memcpy(p + at + offsetof(struct tar_header, checksum), sum, sizeof(sum));
	}
}

static int read_layer(struct input in, const struct layer_list *l, struct buf *emit, struct err *e)
{
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *entry;
	struct layer_reader reader;
	struct layer_scan s;
	int r = layer_scan_begin(&s, &reader, l->marks, l->owned, e);

	if (r < 0)
		return r;
	r = tar_reader_new(&t, pull, &in, e);
	while (r >= 0 && (r = tar_next(t, &entry, e)) > 0)
		r = reader.entry(reader.arg, entry, t, e);
	r = r < 0 ? r : reader.done(reader.arg, emit, e);
	layer_scan_end(&s);
	return r;
}

/* What was read can be laid over itself: the parent does so with each layer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_layer_list l = { .marks = memfd_create("marks", MFD_CLOEXEC),
			      .owned = memfd_create("owned", MFD_CLOEXEC) };
	auto_free char *copy = malloc(size + 1);
	auto_buf text = BUF_INIT(SIZE_MAX);
	auto_json *doc = NULL, *visible = json_object();
	struct err e = ERR_INIT;
	bool changed;

	if (!copy || !visible || l.marks < 0 || l.owned < 0)
		return 0;
	if (size)
		memcpy(copy, data, size);
	mend_checksums(copy, size);
	if (read_layer((struct input){ copy, size }, &l, &text, &e) < 0)
		return 0;
	if (json_parse(buf_str(&text), text.n, "list", &doc, &e) < 0)
		__builtin_trap();
	l.files = json_incref(json_object_get(doc, "files"));
	for (size_t i = 0; i < 2; i++)
		if (layer_list_apply(visible, &l, i, &changed, &e) < 0)
			__builtin_trap();
	return 0;
}
