/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files that prune a repository or delete of one; nobody else includes this. */
#include "pipeline/prune/repo_prune.h"
#include "registry/repo.h"

enum { LIMIT_PRUNE_DEPTH = 4 };

/* A tag that names an image, not one that belongs to an image. */
struct named {
	const char *tag;
	struct desc d;
	int64_t created; /* 0: unknown */
	bool goes;
};

/* One repository as it was found. */
struct repo {
	struct registry *reg;
	const char *name;
	struct progress *p;
	struct strv tags;
	struct named *named; /* owned */
	size_t named_n;
	json_t *at;	/* every tag to its digest */
	json_t *needed; /* digests that stay */
};

/* All tags, and what they name. created is found only when asked for. */
int repo_scan(struct repo *x, bool created, struct err *e);
void repo_free(struct repo *x);

/* Whether a tag belongs to an image: sha256-<hex>, or that with an ending. ret (may be NULL): the
 * image's digest. */
bool repo_helper_tag(const char *tag, struct digest *ret);

/* Calls fn for the manifest and, of an index, for what it holds; those that are missing are passed
 * over. */
typedef int (*repo_visit_fn)(struct repo *x, const struct desc *d, void *arg, struct err *e);
int repo_walk(struct repo *x, const struct desc *d, int depth, repo_visit_fn fn, void *arg,
	      struct err *e);

/* Whether anything that looks like a signature belongs to it, or to an image that it holds. */
int repo_is_signed(struct repo *x, const struct desc *d, bool *ret, struct err *e);
/* The same of this one manifest only, as the registry has it now. */
int repo_has_signature(struct repo *x, const char *digest, bool *ret, struct err *e);
/* Marks as needed: it, what it holds, what it refers to, what refers to those. */
int repo_need(struct repo *x, const struct desc *d, struct err *e);
bool repo_needs(const struct repo *x, const char *digest);
