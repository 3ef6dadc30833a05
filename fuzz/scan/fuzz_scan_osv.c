/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *doc = NULL, *unit = NULL;
	struct err e = ERR_INIT;

	if (json_parse((const char *)data, size, "fuzz", &doc, &e) < 0 || !advisory_is_osv(doc) ||
	    advisory_osv(doc, &unit, &e) < 0)
		return 0;
	match_rows(unit);
	return 0;
}
