/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "build/source.h"

/*
 * When git says that files of a context were last changed: the time of the newest commit that
 * touched them. Two clones of one repository give one answer, whenever they were made.
 *
 * The repository is as hostile as the context is: git runs with no configuration but the
 * repository's own, and not at all when that says more than a clone's does, as a configuration can
 * name programs to start (core.fsmonitor, filter.*.clean, gpg.program).
 */
enum {
	LIMIT_COMMIT_CHANGES = 16 * 1024 * 1024, /* bytes of what `git status` says */
	LIMIT_COMMIT_PATHS = 500,		 /* that one question is about */
};

struct commit_times {
	char *dir;	     /* the context, absolute; NULL: there is nobody to ask */
	char *prefix;	     /* where it lies in the work tree: "" or "a/b/" */
	char head[72];	     /* the commit, hex */
	bool shallow;	     /* older commits are not there: a clone of some depth */
	struct strv changed; /* files within the context that are not as in that commit */
};

/* Looks at a folder; dir is NULL when it is in no work tree or anything is doubtful. */
void commit_times_open(struct commit_times *ret, const char *dir);
void commit_times_close(struct commit_times *t);

/* Files of the context: what COPY names, and what of it is left out. */
struct commit_files {
	const char *const *patterns; /* as sources_find() takes them */
	size_t n;
	const struct sources *found;  /* what they named */
	const struct ignore *ignore;  /* .dockerignore, or NULL */
	const struct ignore *exclude; /* of paths within a source; or NULL */
};

/* Whether all that was found is as in the commit. */
bool commit_files_clean(const struct commit_times *t, const struct commit_files *f);
/* The words by which git finds the files: pathspecs (gitglossary(7)) relative to the context. What
 * is left out is excluded as far as pathspecs can say it; too many patterns: nothing is. */
int commit_files_words(const struct commit_files *f, struct strv *ret, struct err *e);

/*
 * Asks git (no memory of earlier answers): false when it knows no commit. *ret_certain is false
 * when the clone does not go back far enough: the time is that of its first commit then.
 */
bool commit_time_ask(const struct commit_times *t, const struct strv *words, int64_t *ret_time,
		     bool *ret_certain);

/* What a folder is a checkout of, for provenance. */
struct commit_source {
	char commit[72];
	char *repository; /* where its clone came from, without credentials; NULL: nobody knows */
	char *path;	  /* where the folder lies in the work tree: "" or "a/b" */
	bool dirty; /* something in it, but for what is left out of the context, is not of that
		       commit: changed, new, hidden from git, or ignored by it and so unknown */
};
struct context;
/* context is what was opened of dir. The files that say what is built and what is left out are
 * never left out, and where the Dockerfile is no file of the folder it is dirty; so it is where
 * context is NULL. False: it is in no work tree, or git cannot be asked (see above). */
bool commit_source_read(const char *dir, const struct context *context, struct commit_source *ret);
void commit_source_free(struct commit_source *s);
static inline void commit_source_release(struct commit_source *s)
{
	commit_source_free(s);
}
#define auto_commit_source __attribute__((cleanup(commit_source_release))) struct commit_source

/* git's answer to the words (end with NULL) in that folder, with no configuration but the
 * repository's; false when it has none. For the files of this subject. */
bool commit_git(const char *dir, const char *const *words, size_t limit, struct buf *ret);
