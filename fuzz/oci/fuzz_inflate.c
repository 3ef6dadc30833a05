/* SPDX-License-Identifier: Apache-2.0 */
/* The inflaters over any bytes: the kind is told by the first of them. */
#include <assert.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

struct input {
	const uint8_t *p;
	size_t n, at, step;
};

static int64_t pull(void *arg, void *p, size_t n, struct err *e)
{
	struct input *i = arg;

	(void)e;
	n = n < i->n - i->at ? n : i->n - i->at;
	n = n < i->step ? n : i->step;
	if (n)
		memcpy(p, i->p + i->at, n);
	i->at += n;
	return (int64_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum compression kind = compression_detect(data, size);

	if (kind == COMPRESSION_BZIP2 || kind == COMPRESSION_XZ)
		return 0;
	for (size_t step = 1; step < 100000; step *= 50) {
		struct input in = { .p = data, .n = size, .step = step };
		auto_release(inflater_free) struct inflater *i = NULL;
		struct err e = ERR_INIT;
		char out[5000];
		int64_t n, total = 0;

		if (inflater_new(&i, kind, pull, &in, &e) < 0)
			return 0;
		while ((n = inflater_read(i, out, sizeof(out), &e)) > 0 && total < OUTPUT_MAX)
			total += n;
		assert(n >= 0 || (n == E_FORMAT && e.msg[0]));
	}
	return 0;
}
