/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

/* Both forms of the kernel's vulnerabilities: a JSON document, or lines with tabs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	const struct advisory_lines lines = { next_line, &rest };
	char member[] = "rows";
	const struct unit_sink to = { put_matched, member };
	auto_json *doc = NULL, *unit = NULL;
	struct err e = ERR_INIT;

	if (json_parse(rest.p, rest.n, "fuzz", &doc, &e) == 0) {
		if (advisory_is_kernel(doc) && advisory_kernel(doc, &unit, &e) == 0)
			(void)put_matched(member, unit, &e);
		return 0;
	}
	(void)advisory_is_kernel_table(rest);
	(void)advisory_kernel_table(&lines, &to, &e);
	return 0;
}
