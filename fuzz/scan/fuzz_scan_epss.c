/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "scan/advisory/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int next_line(void *arg, struct str *ret, struct err *e)
{
	(void)e;
	return str_line(arg, ret);
}

static int put(void *arg, const json_t *unit, struct err *e)
{
	(void)arg, (void)e;
	if (!json_array_size(json_object_get(unit, "facts")))
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	const struct advisory_lines lines = { next_line, &rest };
	const struct unit_sink to = { put, NULL };
	struct err e = ERR_INIT;

	(void)advisory_epss(&lines, &to, &e);
	return 0;
}
