/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "pieces.h"
#include "scan/catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t read_source(void *arg, void *p, size_t n, struct err *e)
{
	(void)e;
	return (int64_t)pieces_next(arg, p, n);
}

/* The first byte says how the rest comes: whole, or in pieces. Both must tell the same. */
static int read_in(struct go_reader *g, const uint8_t *data, size_t size, size_t step,
		   json_t *packages)
{
	struct pieces s = { data, size, step };
	const struct catalog_stream in = { read_source, &s, size };
	struct catalog_out out = { .path = "app", .packages = packages };
	struct err e = ERR_INIT;

	return catalog_go(g, &in, &out, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct go_reader *g;
	auto_json *whole = json_array(), *pieces = json_array();
	struct err e = ERR_INIT;
	int a, b;

	if (!size || (!g && go_reader_new(&g, &e) < 0))
		return 0;
	a = read_in(g, data + 1, size - 1, SIZE_MAX, whole);
	b = read_in(g, data + 1, size - 1, 1 + data[0], pieces);
	if (a != b || !json_equal(whole, pieces))
		__builtin_trap();
	return 0;
}
