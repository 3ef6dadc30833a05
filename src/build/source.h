/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "build/file_memo.h"
#include "crypto/digest.h"
#include "dockerfile/ignore.h"

/*
 * What COPY and ADD take: the files and folders that a pattern names beneath a root, be it the
 * context or another stage's file system. Links are followed as if the root were "/", so nothing
 * outside is reached.
 */
enum { LIMIT_SOURCES = 100000 };

struct source {
	int fd;	       /* O_PATH, of what the name leads to */
	char *path;    /* as named, relative to the root; "" is the root itself */
	char *include; /* of the folder's content only what this pattern names; NULL: all */
	struct stat st;
};
struct sources {
	struct source *v;
	size_t n;
};
struct source_root {
	int fd;
	const struct ignore *ignore;  /* the context's, or NULL */
	const struct ignore *exclude; /* --exclude: of paths within a source; or NULL */
	bool keep_owner;	      /* owners and extended attributes belong to what is copied */
	bool times;		      /* and so do times: for sources_hash() */
	struct file_memo *memo;	      /* of files read before; or NULL */
};

/*
 * Adds what the pattern names. A name without anything special in it that is not there is
 * E_NOTFOUND; a pattern may match nothing. A path that climbs out with ".." is E_FORMAT.
 */
int sources_find(const struct source_root *root, const char *pattern, struct sources *ret,
		 struct err *e);
/*
 * The same for COPY --parents: the folder before "/./" (the root without one) becomes a source of
 * which only that is copied which the rest of the pattern names, where ** is any number of folders.
 */
int sources_find_parents(const struct source_root *root, const char *pattern, struct sources *ret,
			 struct err *e);
void sources_free(struct sources *s);
static inline void sources_release(struct sources *s)
{
	sources_free(s);
}
#define auto_sources __attribute__((cleanup(sources_release))) struct sources

/* The last part of its name, what it is called in a folder; "" for the root. Borrowed. */
const char *source_base(const struct source *s);

/* Hashes names, kinds, modes and contents, times only if asked to. *newest rises to the newest
 * file's. */
int sources_hash(const struct source_root *root, const struct sources *s, struct sha256 *h,
		 int64_t *newest, struct err *e);
