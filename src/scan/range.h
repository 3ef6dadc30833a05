/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "scan/version/version.h"

/*
 * Which versions an advisory calls affected (OSV schema, "Evaluation"): those within one of the
 * ranges, and those that are named one by one. A range is a run of events, its first one marked.
 */
struct range_event {
	char kind;  /* i introduced, f fixed, l last affected, u the range speaks of versions before
		     */
	bool first; /* begins a range */
	const char *version;
};
struct ranges {
	const struct range_event *events;
	const char *const *versions;
	size_t events_n, versions_n;
};

/*
 * Whether a version is affected. What contradicts itself or cannot be compared never makes a
 * package safe:
 *  - a version that the order does not know, installed or in an event: affected, unless the order
 *    is decided before what it does not know begins;
 *  - events are taken in the order of their versions, whatever order they were published in; one
 *    introduced and fixed in the same version stays introduced;
 *  - a range whose end lies before its only beginning says nothing that can be true: every version
 *    is affected, and no fix is known;
 *  - a range without a beginning begins at the beginning.
 */
struct range_answer {
	bool affected;
	const char *fixed; /* the version that leaves all ranges it is in; "" when none is known.
			      Borrowed from the ranges */
};
void range_match(const struct version_order *order, const struct ranges *ranges,
		 const char *version, struct range_answer *ret);

/*
 * Ranges of a row of a unit, {"r":[["i","0","f","1.2"]],"v":[…]}; strings are borrowed from it.
 * A range without any event affects every version. Free with ranges_free(). E_FORMAT when it is
 * not of this form.
 */
int ranges_of_json(const json_t *row, struct ranges *ret, struct err *e);
void ranges_free(struct ranges *r);
static inline void ranges_release(struct ranges *r)
{
	ranges_free(r);
}
#define auto_ranges __attribute__((cleanup(ranges_release))) struct ranges
