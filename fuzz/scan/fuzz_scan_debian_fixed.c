/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

/* A unit a line, each with a row that can be matched against. */
static int put(void *arg, const json_t *unit, struct err *e)
{
	match_rows(unit);
	return put_unit(arg, unit, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	const struct advisory_lines lines = { next_line, &rest };
	char member[] = "rows";
	const struct unit_sink to = { put, member };
	struct err e = ERR_INIT;

	(void)advisory_is_debian_fixed(rest);
	(void)advisory_debian_fixed(&lines, &to, &e);
	return 0;
}
