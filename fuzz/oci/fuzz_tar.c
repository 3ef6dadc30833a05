/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader over any bytes, as they are and with every block's checksum made right, so that
 * mutations get past it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "oci/tar_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t n, at;
};

static int64_t pull(void *arg, void *p, size_t n, struct err *e)
{
	struct input *i = arg;

	(void)e;
	n = n < i->n - i->at ? n : i->n - i->at;
	if (n)
		memcpy(p, i->p + i->at, n);
	i->at += n;
	return (int64_t)n;
}

/* What the reader promises of every entry. */
static void check_entry(const struct tar_entry *x)
{
	size_t n = strlen(x->name);

	assert(n > 0 && n <= LIMIT_TAR_NAME && x->name[0] != '/' && x->name[n - 1] != '/');
	assert(strcmp(x->name, "..") != 0 && strncmp(x->name, "../", 3) != 0);
	assert(!strstr(x->name, "/../") && !strstr(x->name, "//") && !strstr(x->name, "/./"));
	assert(n < 3 || strcmp(x->name + n - 3, "/..") != 0);
	assert((x->link != NULL) == (x->type == TAR_HARDLINK || x->type == TAR_SYMLINK));
	assert(x->type == TAR_FILE || x->size == 0);
	assert(x->mode <= 07777 && x->xattrs_n <= LIMIT_TAR_XATTRS && x->mtime_ns < 1000000000);
}

static void read_all(const uint8_t *p, size_t n)
{
	struct input in = { .p = p, .n = n };
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *x;
	struct err e = ERR_INIT;
	int r;

	if (tar_reader_new(&t, pull, &in, &e) < 0)
		return;
	while ((r = tar_next(t, &x, &e)) > 0) {
		char chunk[700];

		check_entry(x);
		while (tar_read(t, chunk, sizeof(chunk), &e) > 0)
			continue;
	}
	assert(r == 0 || r == E_FORMAT || r == E_NOMEM);
	assert(r == 0 || e.msg[0]);
}

static void mend_checksums(uint8_t *p, size_t n)
{
	for (size_t at = 0; at + TAR_BLOCK_SIZE <= n; at += TAR_BLOCK_SIZE) {
		struct tar_header h;
		char sum[8];

		memcpy(&h, p + at, sizeof(h));
		(void)snprintf(sum, sizeof(sum), "%06o", tar_checksum(&h));
		memcpy(p + at + offsetof(struct tar_header, checksum), sum, sizeof(sum));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free uint8_t *copy = malloc(size ? size : 1);

	read_all(data, size);
	if (!copy || !size)
		return 0;
	memcpy(copy, data, size);
	mend_checksums(copy, size);
	read_all(copy, size);
	return 0;
}
