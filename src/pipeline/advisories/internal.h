/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/advisories/get.h"
#include "pipeline/advisories/update.h"
#include "scan/advisory/db.h"

/* What the files of advisories_update share. */

#define LIMIT_FEED_BYTES ((uint64_t)8 * 1024 * 1024 * 1024) /* of one file */
#define LIMIT_FEED_INDEX ((uint64_t)256 * 1024 * 1024)	    /* of a list of changes */
#define LIMIT_FEED_DOC ((uint64_t)32 * 1024 * 1024)	    /* of one document */
enum {
	/* Of one collection at once: with more changes than these its archive is the shorter way,
	 * where there is one. */
	FEED_DOCS = 20 * 1000,
};

/* One source while it is asked. Its folder holds what it fetched; files to import are named by
 * their paths. */
struct feed {
	const struct advisory_source *source;
	const struct road *road;
	struct fetch *fetch;
	int dir;		     /* cache/fetch/SOURCE */
	char *path;		     /* the same, for imports */
	bool anew;		     /* there is no database: nothing counts as used */
	struct strv import;	     /* paths of files */
	struct advisory_file *files; /* the same, of which something may have been lost */
	struct advisory_import got;
	size_t absent; /* files that the server has not, among others that it has */
	struct err first_absent;
	int failure; /* 0, or what went wrong, and why */
	struct err why;
	/* What there is to do once they were imported: {"used":[…],"forget":[…],"cursors":{…}} */
	json_t *after;
};

/* Beside the folder that it guards, which may go as a whole. */
#define ADVISORIES_LOCK "cache/fetch.lock"
/* Who changes cache/fetch, or the database of which it says what there is: a descriptor to close.
 * Somebody else does it right now: E_BUSY's error of fs_lock(). */
int advisories_lock(const struct state *state, struct err *e);

/* A name of the cache for a part of a source: no "/" in it, no space. */
void feed_name(const char *part, char *ret, size_t cap);

/* Gets URL/part (part "" : the URL itself) into the folder under name; ret_news as kept_get(). */
int feed_get(struct feed *f, const char *part, const char *name, uint64_t max, bool *ret_news,
	     struct err *e);

/* Adds NAME to what is imported; after that it is marked as used, or with forget deleted. */
int feed_take(struct feed *f, const char *name, bool forget, struct err *e);

/* A collection of documents that change one by one: an ecosystem of OSV, a folder of CSAF. */
struct collection {
	const char *part;     /* its folder beneath the URL, "" for itself */
	const char *index;    /* of changes, newest first: "modified_id.csv", "changes.csv" */
	const char *archive;  /* all of it, relative to the folder; NULL: none is known */
	int64_t archive_date; /* how new that is; 0: as new as the index */
	bool csaf;	      /* how a line of the index reads */
};
int feed_collection(struct feed *f, const struct collection *c, struct err *e);

/* One line of an index: when, and the document's path relative to the folder. Unit-tested. */
int feed_osv_line(struct str line, int64_t *ret_when, struct str *ret_id, struct err *e);
int feed_csaf_line(struct str line, int64_t *ret_when, struct str *ret_path, struct err *e);
/* "csaf_vex_2024-10-05.tar.zst": the date in it. */
int feed_archive_date(const char *name, int64_t *ret, struct err *e);
