/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"

/*
 * The images that are watched, <state>/watch.db (SQLite): what each has, by distinct package, and
 * what was told of each. After a change of the advisories all packages are matched anew, each once,
 * whatever the number of images that have it; what is news for (image, advisory) is given, and is
 * told once: an advisory that went away and comes back is none.
 *
 * It is opened under a lock: one process at a time.
 */
#define WATCH_DB "watch.db"
enum {
	WATCH_DB_SCHEMA = 1,
	WATCH_DB_ID = 0x706c7761, /* "plwa" */
	LIMIT_WATCH_NAME = 1024,
	LIMIT_WATCH_IMAGES = 1000 * 1000,
};

struct watch;
/* E_NOTFOUND when nothing was ever watched, unless make. */
int watch_open(struct watch **ret, const struct state *state, bool make, struct err *e);
void watch_close(struct watch *w); /* what was not committed is not there */
DEFINE_RELEASE_VOID(struct watch, watch_close)

/* Whatever the calls below change is there after this, whole. */
int watch_commit(struct watch *w, struct err *e);

/*
 * Watches an image under a name, in place of what the name meant before. list is a package list
 * (SCAN_LIST_SCHEMA). What today's advisories say of it counts as told; *ret_told is how many.
 */
int watch_add(struct watch *w, const char *name, const char *digest, const json_t *list,
	      int64_t now, uint64_t *ret_told, struct err *e);
/* E_NOTFOUND when no image is watched under this name. */
int watch_remove(struct watch *w, const char *name, struct err *e);
/* [{"image","digest","packages":N,"advisories":N,"since":"2026-…Z"}], by name. Owned. */
int watch_list(struct watch *w, json_t **ret, struct err *e);

/*
 * Matches what is watched against the advisories as they are now. Gives what is news, by image:
 * [{"image","digest","findings":[{"advisory","package","version","severity","fixed","title",
 * "score","exploited"}]}], both by name. "fixed", "title" and "score" only where they are known.
 * Owned.
 */
int watch_match(struct watch *w, json_t **ret, struct err *e);

/* What has to be sent, until it was: kept by number, oldest first. */
int watch_pend(struct watch *w, const char *body, int64_t now, struct err *e);
/* The first after a number: 1, or 0 when there is none. *ret_body is owned. */
int watch_pending(struct watch *w, int64_t after, int64_t *ret_n, char **ret_body, struct err *e);
int watch_sent(struct watch *w, int64_t n, struct err *e);
int watch_pending_count(struct watch *w, uint64_t *ret, struct err *e);
