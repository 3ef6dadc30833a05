/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "registry/fetch/fetch.h"

/*
 * A file of the web kept in a folder, asked for again only when it changed, and gone on with where
 * a transfer was cut. In the folder stand
 *
 *     NAME        what came whole
 *     NAME.json   of which URL, its ETag and date; and whether it was made use of
 *     NAME.part   what came so far of the next; NAME.part.json of what
 *
 * Whatever instant a process ends in, the next one goes on from what is there. Everything in the
 * folder may be deleted; it is then fetched again.
 */
struct kept_get {
	struct fetch *fetch;
	struct progress *progress; /* may be NULL */
	int dir;
	const char *url;
	bool insecure; /* plain http to another machine, and redirects there */
	uint64_t max;  /* bytes */
};
enum { KEPT_TRIES = 4, KEPT_SECONDS = 6 * 3600 };

/*
 * name is that of the file in the folder. *ret_news: it is not yet marked as used (below), be it
 * that it came now or by a run that was killed before it used it. HTTP's own failures are E_REMOTE,
 * what is not there E_NOTFOUND, over max E_FORMAT.
 */
int kept_get(const struct kept_get *g, const char *name, bool *ret_news, struct err *e);
/* The file was made use of: until it changes it is no news. */
int kept_used(int dir, const char *name, struct err *e);
/* It turned out to be broken: the next get begins anew. */
void kept_forget(int dir, const char *name);
