/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"

/*
 * Removes from one repository of a registry what nothing needs: images that are old, when asked to,
 * with their signatures and other referrers, and referrers of images that are gone. Never what a
 * tag that stays needs, be it as the image itself, as an image of an index, or as what refers to
 * one of those; and never an image with a signature, whoever made it. An error while it looks
 * removes nothing. What a registry does not list (manifests without a tag) is not seen, so it
 * stays.
 */
struct prune_opts {
	bool dry_run;
	bool by_age, by_count;
	int64_t older_than; /* seconds since the image was made */
	uint64_t keep;	    /* so many of the newest stay */
};

/* What was, or would be, removed: [{"digest","why","tags":[…]}], in that order; and the tags that
 * would have gone but for a signature. */
struct prune_done {
	json_t *removed, *kept_signed;
};
void prune_done_free(struct prune_done *x);

/* Recorded in the trail, unless it is a dry run. E_POLICY: the repository was changed meanwhile,
 * and nothing was removed. */
int step_repo_prune(const struct road *road, const struct ref *ref, const struct prune_opts *o,
		    struct prune_done *ret, struct err *e);
