/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/block.h"
#include "scan/advisory/db.h"
#include "scan/advisory/record.h"
#include "scan/advisory/rows.h"
#include "scan/advisory/sql.h"

/*
 * How the database is laid out. Everything of weight stands in blocks (block.h) of entries, each a
 * key, a string, and its value with its length before it. Blocks are of a kind, and are found by
 * the key that they begin with:
 *
 *   KIND_META         META_ECOSYSTEMS, META_SOURCES: what there is
 *   KIND_UNITS        unit name -> head (record.h); found by number, counted from 0 by name
 *   KIND_FACTS        id -> for each unit that speaks of it: its number, the fact with its length
 *   KIND_RATINGS      id -> the unit whose rating of it counts, and which of the unit's it is
 *   KIND_PACKAGES     family, "\n", package -> struct package_rows of each ecosystem that has it
 *
 * A family is what stands before the ":" of an ecosystem: "Debian". What Debian's releases say of
 * one package is much the same, and stands together, so that it costs once.
 */
enum { KIND_META, KIND_UNITS, KIND_FACTS, KIND_PACKAGES, KIND_RATINGS, KINDS };
#define META_ECOSYSTEMS "ecosystems" /* their names, sorted; rows name them by number */
#define META_SOURCES "sources"	     /* name, advisories, newest, imported of each, by name */
enum { LIMIT_ECOSYSTEMS = 64 * 1024 };

#define DB_SCHEMA                                                                                  \
	"CREATE TABLE block(n INTEGER PRIMARY KEY, data BLOB);"                                    \
	"CREATE TABLE start(kind INTEGER, key, n INTEGER, PRIMARY KEY(kind, key)) WITHOUT ROWID;"
/* The dictionary of a kind stands under its number and this, uncompressed. */
enum { KIND_DICTIONARY = 64 };

/*
 * What the database knows of a package in one ecosystem. Written as the ecosystem's number, less
 * that of the one before; the unit that rows count from; and the rows with their length, empty when
 * they are those of the ecosystem before.
 */
struct package_rows {
	uint32_t ecosystem, base;
	struct str bytes;
};
struct package_walk {
	struct unpack from;
	struct package_rows at;
};
static inline struct package_walk package_walk_of(struct str value)
{
	return (struct package_walk){ .from = unpack_of(value) };
}
/* False at the end; then from.bad tells whether it was one. */
bool package_next(struct package_walk *w);

struct cached_block {
	int64_t n; /* of the table; -1: empty */
	struct buf raw;
};
enum { CACHED = 16 };

struct advisory_db {
	sqlite3 *db;
	sqlite3_stmt *find;
	struct block_reader *readers[KINDS]; /* made when first needed */
	struct cached_block cache[CACHED];
	struct strv ecosystems;		/* by number; sorted */
	struct cached_block fact_block; /* beside a package's, which is still being read */
	/* The unit at hand. */
	struct unit_at_hand {
		struct cached_block block;
		int64_t number; /* -1: none */
		const char *name;
		struct unit_head head;
		struct unpack *ratings; /* where each begins; grown as needed */
		size_t ratings_n, ratings_alloc;
	} unit;
	struct rows rows; /* of the package at hand */
	struct buf ids;	  /* of the row that is shown */
};

/* Makes a unit the one at hand. */
int db_find_unit(struct advisory_db *db, uint32_t n, struct err *e);
/* Of the unit at hand; what is there no more is E_FORMAT. Text is checked to be UTF-8. */
int db_unit_rating(struct advisory_db *db, uint32_t n, struct unit_rating *ret, struct err *e);
/* The block that the find statement stands on, in its cache or read into it. */
int db_take_block(struct advisory_db *db, unsigned kind, struct cached_block *to, struct err *e);
/* The value of a key: 1, borrowed until the next call for a key of the kind; 0 when there is none.
 */
int db_find(struct advisory_db *db, unsigned kind, const char *key, struct str *ret, struct err *e);

struct db_source {
	const char *name;
	uint64_t advisories, newest, imported; /* how many; unix seconds, 0 for not known */
};
/* The next of META_SOURCES; false at the end, u->bad tells whether it was one. */
bool db_next_source(struct unpack *u, struct db_source *ret);

/* The key of a package. */
void db_package_key(const char *ecosystem, const char *package, struct buf *ret);
/* What goes out is UTF-8, wherever the file is from. */
int db_check_text(const char *s, struct err *e);

/* Decompresses a block of a kind. */
int db_unblock(struct advisory_db *db, unsigned kind, struct str packed, struct buf *ret,
	       struct err *e);

/* Goes over all entries of a kind, in order. */
struct walk {
	struct advisory_db *db;
	sqlite3_stmt *st;
	unsigned kind;
	struct buf raw;
	struct unpack at;
	/* The entry at hand. */
	uint32_t number; /* counted from 0 */
	const char *key;
	struct str value;
};
int walk_open(struct walk *ret, struct advisory_db *db, unsigned kind, struct err *e);
/* 1 and the next entry, valid until the next call; 0 at the end. */
int walk_next(struct walk *w, struct err *e);
void walk_close(struct walk *w);
static inline void walk_release(struct walk *w)
{
	walk_close(w);
}
#define auto_walk __attribute__((cleanup(walk_release))) struct walk
