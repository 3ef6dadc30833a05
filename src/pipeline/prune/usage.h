/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/*
 * What the state folder holds that can be made or fetched again, and removing it. Sizes are those
 * of the disk; what two share counts once.
 */
enum usage_kind {
	USAGE_STEP,	/* a build step, and its layer's blob when no image has it */
	USAGE_LAYER,	/* an unpacked layer */
	USAGE_PACKAGES, /* a layer's package list */
	USAGE_MOUNT,	/* a cache of RUN --mount=type=cache */
	USAGE_HTTP,	/* what is known of a URL that ADD fetched */
	USAGE_KINDS
};
const char *usage_kind_name(enum usage_kind k);

struct usage {
	enum usage_kind kind;
	char id[160];	       /* its name in its folder, without ".json" */
	char *note;	       /* for people: a mount's id=; owned, or NULL */
	uint64_t own, blob;    /* bytes: its files; its layer's blob */
	int64_t used;	       /* last, unix seconds */
	bool needed;	       /* an image has its layer: goes only with all */
	bool busy;	       /* somebody works with it now: stays */
	struct digest digest;  /* USAGE_STEP: of the blob; "" when there is none */
	struct digest diff_id; /* USAGE_STEP, USAGE_LAYER */
};
struct usages {
	struct usage *v;
	size_t n;
};
int usage_survey(const struct state *state, const struct store *s, struct usages *ret,
		 struct err *e);
void usages_free(struct usages *u);
static inline void usages_release(struct usages *u)
{
	usages_free(u);
}
#define auto_usages __attribute__((cleanup(usages_release))) struct usages

/* The blobs of the steps that are kept: a set of digests for store_gc_but(). Owned. */
int usage_blobs(const struct state *state, json_t **ret, struct err *e);

struct prune_opts {
	bool all;	/* also what images have: it is done or unpacked again when asked for */
	int64_t unused; /* only what was not used for so many seconds; 0: any */
	uint64_t keep;	/* leave as many bytes, of what was used last; 0: none */
	int64_t now;
	int wait_ms; /* for others who work in the store */
};
struct prune_result {
	size_t removed;
	uint64_t bytes;
};
/*
 * Nothing is removed while another process has the store open, for it may need any of it: E_SYSTEM
 * after wait_ms. What killed processes left half-made goes in any case.
 */
int cache_prune(const struct state *state, struct store *s, const struct prune_opts *o,
		struct prune_result *ret, struct err *e);
