/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "scan/range.h"

/*
 * The compiled advisories, <state>/advisories.db: SQLite, written once, replaced as a whole, opened
 * immutable. The same units give the same bytes, whatever the order of their imports, but for the
 * times at which a source changed. It holds all of every unit, so that an import adds to it without
 * the files that it came from; and it may come from others, so that nothing in it is trusted.
 */
#define ADVISORY_DB "advisories.db"
enum { ADVISORY_DB_SCHEMA = 4, ADVISORY_DB_ID = 0x706c6164 /* "plad" */ };

struct advisory_db;

/* E_NOTFOUND when nothing was imported yet, E_FORMAT when it is not one of ours; both with a hint.
 */
int advisory_db_open(struct advisory_db **ret, const struct state *state, struct err *e);
void advisory_db_close(struct advisory_db *db);
DEFINE_RELEASE_VOID(struct advisory_db, advisory_db_close)

/*
 * What is known about one package of one ecosystem: one row for each vulnerability of each unit
 * that speaks of it. All borrowed, valid during the call. "" stands for what is not known.
 */
struct advisory_row {
	const struct ranges *ranges;
	const char *status;    /* "no-dsa"... of unit.h; "": plainly affected or fixed */
	const char *platforms; /* of unit.h's "on"; "": all */
	/* Not known yet where a row is only asked whether it is wanted. */
	const char *id;
	const char *aliases; /* separated by spaces */
	const char *title;
	const char *vector; /* CVSS, that score is from */
	const char *unit;   /* "osv/DSA-5532-1" */
	const char *source; /* "osv/Debian" */
	const char *url;
	int severity; /* enum severity */
	int score;    /* in tenths; -1: none */
};
/* What of a row fn shall be given. Most rows are about versions that are not installed, and reading
 * all that is known of them takes long. */
enum advisory_want {
	ADVISORY_NOTHING, /* it is not called */
	ADVISORY_IDS,	  /* id and aliases; the rest stays "", unknown and -1 */
	ADVISORY_ALL,
};
typedef enum advisory_want (*advisory_want_fn)(void *arg, const struct advisory_row *row);
/* May call advisory_db_fact(), and nothing else of the database. Negative ends the rows. */
typedef int (*advisory_row_fn)(void *arg, const struct advisory_row *row, struct err *e);

/* want may be NULL: all. */
int advisory_db_rows(struct advisory_db *db, const char *ecosystem, const char *package,
		     advisory_want_fn want, advisory_row_fn fn, void *arg, struct err *e);

/* Every package that a unit speaks of for this id, or an alias that is it, in any case; all
 * borrowed for the call. Reads the whole database. */
typedef int (*advisory_place_fn)(void *arg, const char *ecosystem, const char *package,
				 const char *unit, struct err *e);
int advisory_db_places(struct advisory_db *db, const char *id, advisory_place_fn fn, void *arg,
		       struct err *e);

/* What is known of a vulnerability itself, whatever the package. */
struct advisory_fact {
	bool exploited, ransomware; /* it is in the KEV catalogue; there, as used by ransomware */
	char kev_date[11];	    /* when it was added, "2026-01-02"; "" */
	int epss_ppm, pct_ppm;	    /* EPSS and its percentile, parts per million; -1: none */
};
int advisory_db_fact(struct advisory_db *db, const char *id, struct advisory_fact *ret,
		     struct err *e);

/* How a vulnerability is rated, by whichever record's rating of it counts; for findings whose own
 * records have none. Borrowed until the next call of any of these functions. */
struct advisory_rating {
	int severity, score; /* as in a row */
	const char *vector, *unit;
};
/* 1, or 0 when nobody rated it. */
int advisory_db_rating(struct advisory_db *db, const char *id, struct advisory_rating *ret,
		       struct err *e);

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
/* A unit as record_of_unit() writes it. Older than the one we have: passed over. */
int advisory_build_record(struct advisory_build *b, struct str record, struct err *e);
int advisory_build_commit(struct advisory_build *b, bool *ret_changed, struct err *e);
void advisory_build_free(struct advisory_build *b);
DEFINE_RELEASE_VOID(struct advisory_build, advisory_build_free)

/* What an import read. */
enum { IMPORT_LOST_TEXT = 400 };
struct advisory_import {
	uint64_t files, skipped, units;
	uint64_t lost;			   /* documents that could not be read */
	char first_lost[IMPORT_LOST_TEXT]; /* one of them: "NAME: why" */
	bool changed;
};
/*
 * Imports files, folders and archives, with what has a name of advisories (advisory_is_name())
 * beneath or in them. All or nothing: a file that is named and is no advisory, or any that is
 * broken, is E_FORMAT and nothing changes. What is no advisory in a folder or archive is skipped.
 * progress may be NULL.
 */
struct progress;
int advisory_import(const struct state *state, char *const *paths, size_t n, int64_t now,
		    struct progress *progress, struct advisory_import *ret, struct err *e);

/*
 * One rebuild for what several sources brought, some of which may be broken. A source is taken
 * whole or not at all, but for documents of a collection (members of an archive, elements of a
 * JSON stream, source packages of Debian's tracker, files that are single ones): those that cannot
 * be read are passed over and counted, and what the database has of them stays. No more of them
 * than one in LOST_FRACTION, or LOST_LEAST of a small source: a hundredth or a handful are a
 * publisher's slips; more is a format that we do not know, and then what we have is better.
 */
enum { LOST_FRACTION = 100, LOST_LEAST = 10 };
struct advisory_file {
	const char *path;
	bool single; /* in: it is one document of many */
	bool lost;   /* out: it, or something in it, was passed over */
};
struct advisory_importer;
int advisory_importer_new(struct advisory_importer **ret, const struct state *state, int64_t now,
			  struct progress *progress, struct err *e);
/* E_FORMAT: this source is broken; others can be taken all the same. ret->changed is not set. */
int advisory_importer_take(struct advisory_importer *im, struct advisory_file *files, size_t n,
			   struct advisory_import *ret, struct err *e);
int advisory_importer_commit(struct advisory_importer *im, bool *ret_changed, struct err *e);
/* Without commit nothing changes. */
void advisory_importer_free(struct advisory_importer *im);
DEFINE_RELEASE_VOID(struct advisory_importer, advisory_importer_free)
