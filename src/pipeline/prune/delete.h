/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"

/*
 * An image out of a registry. Registries remove by digest, and with a digest go all tags that name
 * it: what else is in use of it is looked for first, and named. Recorded in the trail.
 */
struct delete_opts {
	bool force; /* also what other tags and indexes name */
};
struct delete_done {
	struct strv tags;    /* that name the digest, ref's own among them */
	struct strv indexes; /* tags of indexes that hold it */
	size_t referrers;    /* signatures and others, which stay behind */
	bool only_tag;	     /* the tag went, the image stays */
};
void delete_done_free(struct delete_done *x);

/* Sets road->image. E_POLICY: it is in use and not forced; *ret is written then, too. */
int step_delete(struct road *road, const struct ref *ref, const struct delete_opts *o,
		struct delete_done *ret, struct err *e);
