/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/advisories/sources.h"
#include "pipeline/road.h"

/*
 * Asks sources for what is new and imports it. What is fetched is kept in cache/fetch/SOURCE/ of
 * the state folder, so that a second time only changes come, and a transfer that was cut goes on.
 * A source that fails does not undo the others. What arrived goes into one new database; documents
 * of a collection that cannot be read are passed over (scan/advisory/db.h says how many may be),
 * and asked for again the next time.
 */
struct update_result {
	/* [{"source","status":"updated"|"unchanged"|"failed","files","error","unreadable"}] */
	json_t *sources;
	uint64_t documents;
	bool changed; /* the database is another now */
	size_t failed;
	size_t partly; /* sources that were taken but for some documents */
};

/*
 * names: which; none: all that are enabled. One entry "advisories-update" in the trail. 0 also when
 * sources failed: ret tells of each, and the caller says so. E_USAGE for a name that is not there.
 */
int advisories_update(const struct road *road, struct advisory_sources *sources, char *const *names,
		      size_t n, int64_t now, struct update_result *ret, struct err *e);
void update_result_free(struct update_result *r);
static inline void update_result_release(struct update_result *r)
{
	update_result_free(r);
}
