/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"
#include "scan/scan.h"

/*
 * Watching: images that were shipped (or added) stay in an index, and after each change of the
 * advisories what is news for one of them is told: to the trail, an entry "watch" for each image;
 * to the caller; and to a webhook, where one is configured:
 *
 *   POST URL   content-type: application/json
 *   {"schema":"plimsoll.watch/v1","time":"2026-…Z","host":"…","images":[
 *      {"image":"web:1","digest":"sha256:…","findings":[{"advisory":"CVE-…",…}]}]}
 *
 * and "id", the digest of the rest, by which a receiver knows what came twice.
 *
 * A webhook that does not answer with 2xx is asked again, and what could not be sent is kept and
 * sent the next time. It never fails what called us.
 */
#define WATCH_SCHEMA "plimsoll.watch/v1"
enum {
	WATCH_TRIES = 3,	      /* of one notification, in one run */
	WATCH_SECONDS = 30,	      /* for one */
	WATCH_BODY = 1024 * 1024,     /* more images than go into one are several */
	WATCH_TRAIL_ADVISORIES = 200, /* named in an entry; all are counted */
};

struct watch_hook {
	const char *url; /* NULL: there is none */
	bool insecure;	 /* plain http to another machine */
};

struct watch_result {
	json_t *news;	     /* array, see watch_match(); never NULL after success */
	uint64_t sent, kept; /* notifications */
	char problem[512];   /* why they were kept; "" */
};
void watch_result_free(struct watch_result *r);
static inline void watch_result_release(struct watch_result *r)
{
	watch_result_free(r);
}
#define auto_watch_result __attribute__((cleanup(watch_result_release))) struct watch_result

/* Matches what is watched, and tells. Without an image that is watched it does nothing. */
int watch_tell(const struct road *road, const struct watch_hook *hook, int64_t now,
	       struct watch_result *ret, struct err *e);

/* Watches road->image under road->name; list is its package list. */
int watch_image(const struct road *road, const json_t *list, int64_t now, uint64_t *ret_told,
		struct err *e);
