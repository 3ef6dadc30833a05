/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *os = NULL;
	auto_buf b = BUF_INIT(64 * 1024);
	struct err e = ERR_INIT;

	if (os_release_parse((struct str){ (const char *)data, size }, &os, &e) < 0)
		return 0;
	os_ecosystem(os, &b);
	if (b.failed)
		__builtin_trap();
	return 0;
}
