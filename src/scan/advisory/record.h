/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "scan/advisory/pack.h"

/*
 * A unit in compact form: what the sandboxed readers hand over, and what the database keeps. A
 * record is a name, the prefix that it replaces, a head, the rows of each package that it speaks
 * of, and its facts. The head is stored as it is; packages and facts are sorted under their keys.
 */
enum {
	LIMIT_RECORD = 64 * 1024 * 1024,
	LIMIT_ROWS_OF_UNIT = 4 * 1000 * 1000,
	UNIT_HASH = 8, /* bytes; tells one edition of a unit from another */
};

/* Appends the record of a unit (unit.h), after its length. E_INTERNAL for what is no unit. */
int record_of_unit(const json_t *unit, struct buf *ret, struct err *e);

/* All borrowed from the bytes that it was opened from. */
struct record {
	const char *name, *replaces; /* name "": only the prefix */
	struct str head;	     /* empty: a unit that is kept as it is */
	struct unpack packages, facts;
	uint32_t packages_n, facts_n;
};
/* Without the length before it. E_FORMAT when it is damaged. */
int record_open(struct str bytes, struct record *ret, struct err *e);
/* The next package and its rows (rows.h); the last is followed by a bad unpack or packages_n 0. */
int record_package(struct record *r, const char **ret_ecosystem, const char **ret_package,
		   struct str *ret_rows, struct err *e);
/* A fact as it is stored (fact.h). */
int record_fact(struct record *r, const char **ret_id, struct str *ret_fact, struct err *e);

/* The head of a unit. */
struct unit_head {
	const char *source, *title, *url;
	uint64_t modified; /* unix seconds; 0: not known */
	struct str hash;
	struct str ratings, ecosystems;
	struct str groups; /* pack.h; what rows without groups of their own are about */
};
int unit_head_open(struct str bytes, struct unit_head *ret, struct err *e);

/* The ratings, of which rows name the nth, from 1; 0 is "not rated". title "": the unit's. */
struct unit_rating {
	int severity, score;
	const char *vector, *title;
};
/* One after another, from head.ratings; a bad unpack at the end. */
struct unit_rating unit_rating_next(struct unpack *u);

/* What a unit says of a vulnerability; "" and -1 for what it does not. */
struct fact {
	const char *kev;
	bool ransomware;
	int epss, pct;
};
int fact_open(struct str bytes, struct fact *ret, struct err *e);
