/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "scan/scan.h"

/*
 * Images that are watched: when the advisories change, what is new for one of them is told once.
 *
 *     watch/images/<hex>.json   what is known of an image, WATCHED_SCHEMA: written when it is added
 *     watch/index.db            SQLite, made of those: every distinct package once, what each image
 *                               has been told of, and news that are on their way
 *     watch/lock                held while the index is open
 *
 * The records are what counts. An index that is missing or damaged is made anew from them; it then
 * knows of an image what it knew when that was added, so that something may be told twice, and
 * nothing is lost. An image is known by the digest of its manifest, and need not be in the store.
 */
#define WATCHED_SCHEMA "plimsoll.watched/v1"
#define WATCH_NEWS_SCHEMA "plimsoll.watch/v1"
enum {
	LIMIT_WATCHED = 64 * 1024 * 1024,   /* bytes of a record */
	LIMIT_WATCH_PACKAGES = 1000 * 1000, /* of one image */
	LIMIT_WATCH_NEWS = 2 * 1024 * 1024, /* bytes of one document of news */
	LIMIT_WATCH_TOLD = 40 * 1000,	    /* of its names, which fit an entry of the trail */
	LIMIT_WATCH_WORDS = 16,		    /* aliases and packages that news name */
	WATCH_PREFIX = 6,		    /* hex digits that name a digest, at least */
	WATCH_LOCK_MS = 60 * 1000,
};

struct watch;

/*
 * Waits for others that have it open. Without make, E_NOTFOUND when no image was ever added. notes
 * (not NULL) gets a line for whatever was found damaged, and mended or left out.
 */
int watch_open(struct watch **ret, const struct state *state, bool make, struct strv *notes,
	       struct err *e);
void watch_close(struct watch *w); /* NULL is fine */
DEFINE_RELEASE_VOID(struct watch, watch_close)

/* What the report says is known of the image from now on. Again: the name is the new one, and what
 * was known stays so. */
int watch_add(struct watch *w, const char *name, const struct digest *image,
	      const struct report *report, int64_t now, struct err *e);
/* All of a name, or the one of a digest, which may be cut to WATCH_PREFIX hex digits. E_NOTFOUND;
 * E_USAGE when several digests begin so. */
int watch_remove(struct watch *w, const char *what, size_t *ret_n, struct err *e);
/* [{"name","digest","since","packages","known"}], by name and digest. Owned. */
int watch_list(struct watch *w, json_t **ret, struct err *e);

/*
 * Matches every image against the database as it is now, unless that was done already, and keeps
 * what is new, as documents of WATCH_NEWS_SCHEMA, together with what was matched: a kill loses
 * none. due: they are to be delivered somewhere, too. ret_images (may be NULL): how many were
 * matched; 0 when there was nothing to do.
 */
int watch_match(struct watch *w, int64_t now, bool due, size_t *ret_images, struct err *e);

/*
 * Documents of news that nobody has recorded yet, or that are not yet delivered, the oldest first.
 * 1 and the document (owned), 0 when there is none. after: a number that was given, or 0.
 */
enum watch_wait { WATCH_UNRECORDED, WATCH_UNDELIVERED };
int watch_next(struct watch *w, enum watch_wait wait, int64_t after, int64_t *ret_number,
	       json_t **ret, struct err *e);
/* That one is recorded, or delivered; one that waits for neither is forgotten. */
int watch_done(struct watch *w, enum watch_wait wait, int64_t number, struct err *e);
/* A document of the caller's, which he has recorded, to be delivered after those that wait: it gets
 * "id", as news have, "time" and "host". */
int watch_post(struct watch *w, json_t *doc, int64_t now, struct err *e);
/* How many wait to be delivered. */
int watch_pending(struct watch *w, uint64_t *ret, struct err *e);
