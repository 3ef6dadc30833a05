/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"

/*
 * The compiled advisories, <state>/advisories.db: SQLite, written once, replaced as a whole, opened
 * immutable. The same imports give the same bytes, but for the times at which a source changed.
 */
#define ADVISORY_DB "advisories.db"
enum { ADVISORY_DB_SCHEMA = 1, ADVISORY_DB_ID = 0x706c6164 /* "plad" */ };

struct advisory_db;

/* E_NOTFOUND when nothing was imported yet, E_FORMAT when it is not one of ours; both with a hint.
 */
int advisory_db_open(struct advisory_db **ret, const struct state *state, struct err *e);
void advisory_db_close(struct advisory_db *db);
DEFINE_RELEASE_VOID(struct advisory_db, advisory_db_close)

/* What is known about one package of one ecosystem. All borrowed, valid during the call. */
struct advisory_row {
	const char *id;
	const char *aliases; /* separated by spaces */
	const char *title;
	const char *ranges; /* JSON, see range.h */
	int severity;	    /* enum severity */
	int score;	    /* in tenths; -1: none */
};
typedef int (*advisory_row_fn)(void *arg, const struct advisory_row *row, struct err *e);

int advisory_db_rows(struct advisory_db *db, const char *ecosystem, const char *package,
		     advisory_row_fn fn, void *arg, struct err *e);
/* True when some source spoke of this ecosystem, be it to say that nothing is wrong. */
int advisory_db_covers(struct advisory_db *db, const char *ecosystem, bool *ret, struct err *e);
/* When a source last changed, unix seconds. */
int advisory_db_date(struct advisory_db *db, int64_t *ret, struct err *e);
/* Array of {"source","advisories","newest","imported"}, times in RFC 3339. Owned. */
int advisory_db_sources(struct advisory_db *db, json_t **ret, struct err *e);

/*
 * A rebuild: opens what there is (nothing, the first time), takes units, and commit replaces the
 * database if anything differs. One at a time, under a lock. free without commit changes nothing.
 */
struct advisory_build;
int advisory_build_begin(struct advisory_build **ret, const struct state *state, int64_t now,
			 struct err *e);
/* A unit of advisory.h; text is its canonical form. Older than the one we have: passed over. */
int advisory_build_unit(struct advisory_build *b, const json_t *unit, struct str text,
			struct err *e);
int advisory_build_commit(struct advisory_build *b, bool *ret_changed, struct err *e);
void advisory_build_free(struct advisory_build *b);
DEFINE_RELEASE_VOID(struct advisory_build, advisory_build_free)

/* How long an import is and what it read. */
struct advisory_import {
	uint64_t files, skipped, units;
	bool changed;
};
/*
 * Imports files, and folders with the .json, .jsonl, .yaml and .yml files beneath. All or nothing:
 * a file that is named and is no advisory, or any that is broken, is E_FORMAT and nothing changes.
 * Other JSON in a folder is skipped. progress may be NULL.
 */
struct progress;
int advisory_import(const struct state *state, char *const *paths, size_t n, int64_t now,
		    struct progress *progress, struct advisory_import *ret, struct err *e);
