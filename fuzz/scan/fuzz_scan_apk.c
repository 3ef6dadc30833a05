/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *packages = json_array();
	struct catalog_out out = { .packages = packages };
	struct err e = ERR_INIT;
	size_t i;
	json_t *p;

	if (catalog_apk_installed((struct str){ (const char *)data, size }, &out, &e) < 0)
		return 0;
	/* Whatever was accepted has a name and a version, and a source for both. */
	json_array_foreach(packages, i, p) if (!*json_string_or_null(p, "name") ||
					       !*json_string_or_null(p, "version") ||
					       !*json_string_or_null(p, "source") ||
					       !*json_string_or_null(p, "source_version"))
		__builtin_trap();
	return 0;
}
