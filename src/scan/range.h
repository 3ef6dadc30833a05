/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "scan/version/version.h"

/*
 * Whether a version is within what an advisory calls affected: {"r":[["i","0","f","1.2"]],"v":[…]}
 * of advisory.h (OSV schema, "Evaluation"). A version that the order does not know, installed or in
 * an event, cannot be compared: then the answer is yes.
 */
struct range_answer {
	bool affected;
	const char *fixed; /* the version that leaves all ranges it is in; "" when none is known.
			      Borrowed from the ranges */
};
void range_match(const struct version_order *order, const json_t *ranges, const char *version,
		 struct range_answer *ret);
