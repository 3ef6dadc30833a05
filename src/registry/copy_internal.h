/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the files that copy; nobody else includes this. */
#include "registry/copy.h"
#include "registry/registry_internal.h"

enum {
	LIMIT_COPY_DEPTH = 6,
	LIMIT_COPY_MANIFESTS = 65536,
	LIMIT_COPY_BLOBS = 1024 * 1024,
	COPY_HELD_ONE = 64 * 1024,	  /* a manifest up to here stays in memory */
	COPY_HELD_ALL = 64 * 1024 * 1024, /* while they are no more than this together */
	COPY_HANDS = HANDS_UP,
};

/* A manifest or an index that is to be copied. */
struct copy_node {
	struct desc d; /* artifact_type: what its manifest says */
	int depth;
	size_t parent; /* the index that holds it, or SIZE_MAX */
	bool required; /* the image itself, or part of it; else what only refers to it */
	bool listed;   /* somewhere as a referrer */
	bool lost;     /* one that only refers, and is damaged or none */
	bool written, subject_said;
	struct digest subject;		       /* "": none */
	json_t *notes;			       /* annotations, owned; or NULL */
	char *bytes;			       /* owned; NULL: read again */
	size_t *blobs, blobs_n, *subs, subs_n; /* positions in the plan; owned */
};

struct copy_item {
	struct desc d;
	bool required, needed, foreign;
	bool there, mounted, lost;
	struct err *why; /* of lost; owned */
};

/* A tag of cosign's, which belongs to an image. */
struct copy_tag {
	char tag[96];
	size_t node;
};

/* What is to be copied: all of it is known before the first byte is. */
struct copy_plan {
	struct copy_node **nodes;
	struct copy_item **blobs;
	struct copy_tag *tags;
	size_t nodes_n, nodes_room, blobs_n, blobs_room, tags_n, tags_room;
	json_t *node_at, *blob_at; /* by digest; by what a descriptor says */
	size_t held;		   /* bytes of manifests in memory */
};
void copy_plan_free(struct copy_plan *x);

/* The node of a manifest: a new one like `like`, or the one that is there, needed for one reason
 * more.
 */
int copy_plan_node(struct registry_copy *c, const struct desc *d, const struct copy_node *like,
		   size_t *ret, struct err *e);
int copy_plan_blob(struct registry_copy *c, struct copy_node *n, const struct desc *d,
		   struct err *e);
/* A tag of cosign's of an image; its node is the caller's to set. */
int copy_plan_tag(struct registry_copy *c, const struct digest *of, const char *ending,
		  struct copy_tag **ret, struct err *e);
/* An array of n positions, owned by the caller. */
int copy_plan_room(size_t **v, size_t n, struct err *e);

/* copy_find.c: finds all, from d on. */
int copy_plan_make(struct registry_copy *c, const struct desc *d, struct err *e);
void copy_tell_lost(struct registry_copy *c, const char *why);

/* copy_source.c: what the source knows; from several threads at once. */
int copy_source_load(struct registry_copy *c, struct err *e);
/* The tags of the source, once many are asked for: only from the first thread. */
void copy_source_learn(struct registry_copy *c);
int copy_source_read(const struct registry_copy *c, struct registry *from, const struct desc *d,
		     struct buf *ret, struct err *e);
/* What refers to subject; an array, owned. */
int copy_list_referrers(const struct registry_copy *c, struct registry *from,
			const struct digest *subject, json_t **ret, struct err *e);
/* The manifest that a tag names in the source; E_NOTFOUND. */
int copy_find_tag(const struct registry_copy *c, struct registry *from, const char *tag,
		  struct desc *ret, struct err *e);

/* copy_dest.c: manifests, what lists them, and names, in that order. */
int copy_write_manifests(struct registry_copy *c, struct err *e);
int copy_give_tag(struct registry_copy *c, const struct desc *d, const char *tag, struct err *e);

/* copy_cosign.c: E_POLICY, the destination would lose signatures by a tag of cosign's. */
int copy_check_cosign(struct registry_copy *c, const struct copy_tag *t, struct err *e);
/* The same, and then the tag. */
int copy_give_cosign(struct registry_copy *c, const struct copy_tag *t, struct err *e);

/* copy_blobs.c */
int copy_all_blobs(struct registry_copy *c, struct err *e);

/* What the destination answers is not the fault of the one referrer that is copied: with these
 * codes it would be left out, and the copy called done. */
static inline int copy_blame_destination(int r, struct err *e)
{
	return r == E_NOTFOUND || r == E_FORMAT || r == E_VERIFY ? blame_registry(e) : r;
}

/* Whether an error is the source's, about the one thing that was read. */
static inline bool copy_is_its_own(int r)
{
	return r == E_FORMAT || r == E_VERIFY || r == E_NOTFOUND;
}

/* Through lanes of the source where it is a registry. What a mirror has not is asked of its
 * original, which is not for several threads. */
static inline unsigned copy_hands(const struct registry_copy *c)
{
	return c->from && c->from->origin ? 1 : COPY_HANDS;
}
