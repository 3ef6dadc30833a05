/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/db_internal.h"
#include "scan/advisory/sorter.h"

/*
 * The last step of a rebuild: what there was and what came in are merged in the order of their
 * names into a new file. Units are numbered anew by name, so that neither the order of the imports
 * nor their history shows.
 */
enum { UNIT_DEAD = 1, UNIT_BROUGHT = 2 };

struct compile {
	const struct state *state;
	struct advisory_db *old; /* NULL: there was nothing */
	/* What came in: the key is a unit's name; a package's key, NUL and the ecosystem; an id.
	 * The value is the number of the unit by arrival, then its head, rows or fact. */
	struct sorter *units, *packages, *facts;
	unsigned char *old_flags, *new_flags; /* UNIT_*, by old number and by arrival */
	size_t old_n, new_n;
	const struct strv *replaces; /* prefixes, of which only what was brought stays */
	const json_t *imported;	     /* source -> when it last changed */
};
int compile_db(const struct compile *c, sqlite3 *to, struct err *e);
