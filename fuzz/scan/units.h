/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "scan/advisory/unit.h"
#include "scan/range.h"

/* What the targets of advisory formats share. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every row that was read can be matched against. */
static inline void match_rows(const json_t *unit)
{
	static const char *const versions[] = { "0", "1.0-r0", "1:2.3~rc1-1+b1", "not a version" };
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(unit, "rows"), i, row)
	{
		const char *ecosystem = json_string_or_null(row, "e");
		const struct version_order *order = version_order_of(str_of(ecosystem));
		struct range_answer a;
		auto_ranges ranges = { 0 };
		struct err e = ERR_INIT;

		if (ranges_of_json(row, &ranges, &e) < 0)
			__builtin_trap();
		if (!ecosystem || !*json_string_or_null(row, "p"))
			__builtin_trap();
		for (size_t v = 0; order && v < sizeof(versions) / sizeof(*versions); v++)
			range_match(order, &ranges, versions[v], &a);
	}
}

/* For struct advisory_lines; arg is a struct str. */
static inline int next_line(void *arg, struct str *ret, struct err *e)
{
	(void)e;
	return str_line(arg, ret);
}

/* For struct unit_sink; arg is the name of a member that no unit may be without. */
static inline int put_unit(void *arg, const json_t *unit, struct err *e)
{
	(void)e;
	if (!json_array_size(json_object_get(unit, arg)))
		__builtin_trap();
	return 0;
}

/* The same, of units whose rows are matched against. */
static inline int put_matched(void *arg, const json_t *unit, struct err *e)
{
	match_rows(unit);
	return put_unit(arg, unit, e);
}
