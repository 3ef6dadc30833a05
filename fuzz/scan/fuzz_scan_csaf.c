/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/advisory/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *doc = NULL, *unit = NULL;
	struct err e = ERR_INIT;
	size_t i;
	json_t *row;

	if (json_parse((const char *)data, size, "fuzz", &doc, &e) < 0 || !advisory_is_csaf(doc) ||
	    advisory_csaf(doc, &unit, &e) < 0)
		return 0;
	json_array_foreach(json_object_get(unit, "rows"), i,
			   row) if (!*json_string_or_null(row, "e") ||
				    !*json_string_or_null(row, "p")) __builtin_trap();
	return 0;
}
