/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken is written, and taken again the same. */
#include <stdint.h>
#include <stdlib.h>

#include "build/cache_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct desc layers[2] = { 0 };
	auto_cache_list l = { 0 }, again = { 0 };
	auto_buf out = BUF_INIT(LIMIT_CACHE_LIST), second = BUF_INIT(LIMIT_CACHE_LIST);
	struct err e = ERR_INIT;

	desc_of(MT_OCI_LAYER_GZIP, "a", 1, &layers[0]);
	desc_of(MT_OCI_EMPTY, "{}", 2, &layers[1]);
	if (size > 65536 || cache_list_parse((const char *)data, size, layers, 2, &l, &e) < 0)
		return 0;
	if (cache_list_write(&l, layers, 2, &out, &e) < 0 ||
	    cache_list_parse(buf_str(&out), out.n, layers, 2, &again, &e) < 0 ||
	    cache_list_write(&again, layers, 2, &second, &e) < 0 || out.n != second.n ||
	    again.n != l.n)
		abort();
	return 0;
}
