/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/advisory/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json *doc = NULL, *unit = NULL;
	struct err e = ERR_INIT;

	if (json_parse((const char *)data, size, "fuzz", &doc, &e) == 0 && advisory_is_kev(doc))
		(void)advisory_kev(doc, &unit, &e);
	return 0;
}
