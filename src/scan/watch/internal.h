/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of watching share. */

#include "base/clock.h"
#include "scan/advisory/db.h"
#include "scan/advisory/sql.h"
#include "scan/watch/watch.h"

/*
 * A package is a JSON document of the members that matching looks at, one for all images that have
 * it. place is its ecosystem's family and source: in this order what the advisories say of one
 * stands beside what they say of the next. Lists of numbers are 32 bit, little-endian, ascending.
 */
#define WATCH_TABLES                                                                               \
	"CREATE TABLE image(id INTEGER PRIMARY KEY, digest TEXT UNIQUE, name TEXT,"                \
	" added INTEGER, matched TEXT, packages BLOB, known BLOB);"                                \
	"CREATE TABLE package(place TEXT, doc TEXT, id INTEGER UNIQUE,"                            \
	" PRIMARY KEY(place, doc)) WITHOUT ROWID;"                                                 \
	"CREATE TABLE advisory(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"                         \
	"CREATE TABLE news(id INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT, recorded INTEGER,"      \
	" due INTEGER);"
enum { WATCH_INDEX_ID = 0x706c7761 /* "plwa" */, WATCH_INDEX_SCHEMA = 1 };
enum { LIMIT_NUMBER = 1 << 30 }; /* of packages and advisories */

struct watch {
	const struct state *state;
	int dir, images; /* watch/, watch/images/ */
	int lock;
	sqlite3 *db;
	sqlite3_stmt *find_package, *add_package, *find_advisory, *add_advisory;
};

/* A growing list of numbers. */
struct numbers {
	uint32_t *v;
	size_t n, alloc;
};
int numbers_add(struct numbers *l, uint32_t v, struct err *e);
void numbers_sort(struct numbers *l); /* each once */
/* From and to the bytes of a column. A list that is none is E_FORMAT. */
int numbers_read(struct str bytes, struct numbers *ret, struct err *e);
int numbers_write(const struct numbers *l, struct buf *ret, struct err *e);
static inline void numbers_release(struct numbers *l)
{
	free(l->v);
}
#define auto_numbers __attribute__((cleanup(numbers_release))) struct numbers

/* The number of an advisory's name: 1, or 0 when it has none. */
int watch_find_advisory(struct watch *w, const char *name, uint32_t *ret, struct err *e);
/* The same, made when it is new. */
int watch_advisory(struct watch *w, const char *name, uint32_t *ret, struct err *e);

/* record.c: one image's record. */
int watch_record_make(const char *name, const struct digest *image, const struct report *report,
		      int64_t now, json_t **ret, struct err *e);
/* Checks all that is read from it. */
int watch_record_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e);
/* "Debian\nopenssl" of a package's document. */
int watch_place(const json_t *package, struct buf *ret, struct err *e);

/* index.c: puts a record into the index, within a transaction. */
int watch_put_record(struct watch *w, const json_t *record, struct err *e);
int watch_drop(struct watch *w, const char *digest, struct err *e);
/* Ends a transaction as its work ended. */
int watch_end(struct watch *w, int r, struct err *e);

/* news.c: documents of news, filled image by image. */
struct news {
	struct watch *w;
	sqlite3_stmt *insert;
	json_t *images;	   /* of the page at hand */
	size_t told, size; /* bytes of its names; of all of it */
	unsigned page;
	const char *database, *time;
	char host[256]; /* whose images they are; "" when that is no UTF-8 */
	bool due;
};
int news_open(struct news *n, struct watch *w, const char *database, const char *time, bool due,
	      struct err *e);
/* One advisory that is new for an image; it is stolen. */
int news_add(struct news *n, const char *name, const char *digest, json_t *advisory, struct err *e);
int news_end(struct news *n, struct err *e);
void news_release(struct news *n);

/* match.c, match_image.c: what is at work between them. */
enum { NUMBER_ALIAS = LIMIT_NUMBER }; /* marks an alias in a package's list */
struct matching {
	struct watch *w;
	struct advisory_db *db;
	char database[72], time[RFC3339_MAX];
	struct numbers found; /* the advisories of packages; after each its aliases, marked */
	struct numbers from;  /* by package: where in found its list begins; its length is next */
	struct numbers length;
	uint32_t *told; /* by advisory: the image that was last seen to have it, counted from 1 */
	size_t told_n;
	sqlite3_stmt *doc;
	struct news news;
};
/* Adds a package's document, with its number as "id", to list's "packages". */
int watch_list_add(json_t *list, const char *doc, int64_t id, struct err *e);
/* What the packages' lists give for each image; what is new goes to m->news. */
int watch_match_images(struct matching *m, size_t *ret_n, struct err *e);
