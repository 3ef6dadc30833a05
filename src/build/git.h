/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "dockerfile/remote.h"

/*
 * Git repositories, by the git program. It runs confined (sandbox/program.h) in a scratch folder,
 * with no configuration of user or machine, no hooks, no credential helpers and no prompt; only
 * https, http and git:// are spoken, so neither a URL nor a submodule starts another program.
 */
enum {
	GIT_SECONDS = 1800, /* one command */
	GIT_CPU_SECONDS = 1200,
	LIMIT_GIT_FILES = 500000, /* of one commit */
	LIMIT_GIT_OUTPUT = 64 * 1024 * 1024,
	LIMIT_GIT_WORDS = 16,
};
#define LIMIT_GIT_BYTES ((uint64_t)16 * 1024 * 1024 * 1024) /* of one commit, of one file */

/* The work tree, within a command's folder. */
#define GIT_TREE "tree"

/* Where a command runs. */
struct git_room {
	int dir; /* belongs to another user when other_user */
	bool other_user;
	const struct remote *at; /* whose credentials it gets */
	bool has_ca;		 /* "ca.pem" in dir is SSL_CERT_FILE's */
};

/* git with these words (NULL ends them): E_REMOTE with its last words when it fails, E_FORMAT when
 * its output is over a limit. ret (may be NULL) receives standard output. */
int git_run(const struct git_room *room, const char *const *words, struct buf *ret, struct err *e);

struct work;

/* A commit of a repository, and its files in the build's own folder. */
struct git_tree {
	char commit[65]; /* hex */
	char name[512];	 /* the ref that led to it, as its server calls it; "": asked for by hash */
	int64_t time;	 /* of the commit; -1: not known yet */
	int fd;		 /* the files' top folder; -1: not here yet */
};
#define GIT_TREE_NONE ((struct git_tree){ .time = -1, .fd = -1 })

/* Learns which commit is meant; a URL that names a commit asks nobody. */
int git_resolve(struct work *w, const struct remote *at, struct git_tree *ret, struct err *e);
/* Makes sure that its files are here: submodules too unless the URL says no, .git only for
 * at->keep_git. E_VERIFY when the server has another commit under the name. */
int git_get(struct work *w, const struct remote *at, struct git_tree *t, struct err *e);
/* The folder that at->subdir names, opened. */
int git_subdir(const struct remote *at, const struct git_tree *t, struct err *e);
/* "sha1:<hex>" or "sha256:<hex>", as materials have it. ret holds 80 bytes. */
void git_digest(const struct git_tree *t, char ret[static 80]);
