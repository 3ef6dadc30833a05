/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	const struct advisory_lines lines = { next_line, &rest };
	char member[] = "rows";
	const struct unit_sink to = { put_matched, member };
	struct err e = ERR_INIT;

	(void)advisory_is_debian_fixed(rest);
	(void)advisory_debian_fixed(&lines, &to, &e);
	return 0;
}
