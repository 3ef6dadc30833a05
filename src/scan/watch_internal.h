/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/sql.h"
#include "scan/watch.h"

struct watch {
	const struct state *state;
	int lock;
	sqlite3 *db;
};

/* Goes over the packages whose number is at least from; the rest is as watch_match(). For each
 * finding fn gets the package's number and what is told of it, borrowed. */
typedef int (*watch_found_fn)(void *arg, int64_t package, const char *advisory,
			      const json_t *finding, struct err *e);
/* list: packages with their number as "n", all of one list's ecosystem. */
int watch_find(struct watch *w, const char *ecosystem, json_t *packages, watch_found_fn fn,
	       void *arg, struct err *e);
