/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"
#include "scan/watch/watch.h"

/*
 * Watched images on the road: shipped ones are added, and whenever the advisories may have changed,
 * what is new for one of them is told to the trail, to the caller and to a webhook.
 */
struct watch_hook {
	const char *url; /* NULL: there is none */
	bool insecure;	 /* plain http to another machine, too */
};

struct watching {
	json_t *news;	    /* documents of WATCH_NEWS_SCHEMA, which this run recorded */
	struct strv notes;  /* what was damaged */
	size_t images;	    /* that were matched */
	uint64_t delivered; /* documents that the webhook took */
	uint64_t pending;   /* that it did not take yet */
	char *failure;	    /* why not, or NULL */
	/* What runs and is not admitted any more (readmit.h); of whoever judged it. May be NULL. */
	json_t *containers;
	size_t judged, refused; /* running containers */
};
void watching_free(struct watching *w);
static inline void watching_release(struct watching *w)
{
	watching_free(w);
}
#define auto_watching __attribute__((cleanup(watching_release))) struct watching

/* Watches road->image from now on; report is of today. Recorded as "watch-add". */
int watching_add(const struct road *road, const struct report *report, int64_t now, struct err *e);

/*
 * Matches anew if the advisories are others than last time, records what is new (an entry "watch" a
 * document), and delivers it, after what is left from before, to the hook (no url: nowhere; then
 * what is left stays). Nothing is watched: ret is empty. A webhook that fails is no error, it is
 * told in ret->failure and recorded as "watch-send".
 */
int watching_run(const struct road *road, const struct watch_hook *hook, int64_t now,
		 struct watching *ret, struct err *e);

/*
 * Sends what waits, the oldest first and each until it is taken: https, or http to this machine,
 * to others where the hook says so.
 * Documents that were taken twice have the same "id". E_REMOTE, and ret says how far it came.
 */
int watching_send(const struct road *road, const struct watch_hook *hook, struct watching *ret,
		  struct err *e);
