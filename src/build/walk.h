/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/stat.h>

#include "base/error.h"
#include "dockerfile/ignore.h"

/*
 * Walks a tree in the order of its names' bytes, never through a link and never out of it. Files
 * that .dockerignore leaves out are not seen; a folder that is left out but holds something that
 * "!" takes back or that is included is seen once the first such thing is.
 */
enum { LIMIT_WALK_DEPTH = 256, LIMIT_WALK_ENTRIES = 1000000 /* in one folder */ };

struct walk_item {
	int dir;	  /* of the item: the folder that holds it */
	const char *name; /* within dir */
	const char *path; /* below where the walk began; "" for that itself */
	const struct stat *st;
};

struct walker {
	/* A folder, before and after what it holds; any other kind of file. */
	int (*enter)(void *arg, const struct walk_item *it, struct err *e);
	int (*leave)(void *arg, const struct walk_item *it, struct err *e);
	int (*file)(void *arg, const struct walk_item *it, struct err *e);
	void *arg;
	const struct ignore *ignore; /* NULL: everything is seen */
	const char *prefix;	     /* of the start within the context, for ignore; "" its root */
	/* Of paths below the start: what is left out as well, and what alone is seen (a pattern,
	 * ** allowed; a folder that it names is seen whole). NULL: nothing, and everything. */
	const struct ignore *exclude;
	const char *include;
};

/* Begins at the item dir/name, which may be "." for dir itself. */
int walk_tree(int dir, const char *name, const struct walker *w, struct err *e);
