/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/db.h"
#include "scan/version/version.h"

/*
 * A package list beside the database: every row that speaks of a package, and what it comes to. A
 * report keeps those that are AFFECTED; `scan --explain` tells of the others, too.
 */
enum match_verdict {
	MATCH_AFFECTED,
	MATCH_OUTSIDE,	      /* the version is in none of the ranges */
	MATCH_NOT_AFFECTED,   /* the distribution says that it never was */
	MATCH_NO_KERNEL,      /* of the kernel, and the package brings none of its code */
	MATCH_NO_VERSION,     /* the program does not say of which version it is */
	MATCH_OTHER_STREAM,   /* of another stream of the module, or of none */
	MATCH_OTHER_PLATFORM, /* the record is about other systems or processors */
	MATCH_OWNED, /* in a file of the distribution's package, which mends it under its own
			versions */
};

/* Borrowed for the call. */
struct match {
	const json_t *package;
	const char *ecosystem;	    /* under which the row stands */
	const char *name, *version; /* what was looked up, and compared: the source's, or its own */
	const struct version_order *order;
	const struct advisory_row *row;
	const char *fixed; /* the version that mends it; "" when none is known */
	enum match_verdict verdict;
};

struct match_sink {
	int (*row)(void *arg, const struct match *m, struct err *e);
	int (*end)(void *arg, const json_t *package, struct err *e); /* of its rows; may be NULL */
	void *arg;
	bool all; /* of rows that the version is outside of, everything, not only some's ids */
};

/*
 * Walks a package list (SCAN_LIST_SCHEMA). uncovered gets the ecosystems of packages that no source
 * spoke of, each once, and, as "", that of packages whose ecosystem is unknown or has no order.
 */
int match_packages(struct advisory_db *db, const json_t *list, const struct match_sink *sink,
		   struct strv *uncovered, struct err *e);
