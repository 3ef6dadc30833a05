/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "registry/registry.h"

struct copy_plan;

/*
 * An image with all that belongs to it, from a registry or a layout to a registry or a layout, byte
 * for byte: indexes with all their images, what refers to any of them (by the referrers API, the
 * fallback tag and cosign's tags), and what refers to that. Signatures are carried, not judged.
 *
 * First all is found, then blobs go, several beside one another, then manifests, then the lists of
 * what refers to them, each written once; the name is given last, so that a copy that is killed
 * shows nothing half.
 */
struct registry_copy {
	struct registry *from, *to;	 /* NULL: `source`, `dest` */
	const char *from_name, *to_name; /* repositories of the registries */
	struct store *source;		 /* read */
	struct store *dest;		 /* written; with `to`, where blobs rest on their way */
	/* What stands before a tag in the names of the stores: "", or "HOST/NAME:". */
	const char *from_prefix, *to_prefix;
	bool no_referrers;
	struct progress *p;

	/* What was done. */
	size_t manifests, referrers, blobs, there, mounted;
	size_t skipped; /* referrers that are damaged or none, and layers held elsewhere */

	/* Freed by registry_copy_free(). */
	struct copy_plan *plan;
	json_t *stored_tags, *stored_referrers; /* of a store: entries by tag, lists by subject */
	json_t *source_tags;			/* of a registry, as keys; NULL: not known */
};

/* d is the manifest or index in the source. tag NULL: by digest only. */
int registry_copy(struct registry_copy *c, const struct desc *d, const char *tag, struct err *e);
void registry_copy_free(struct registry_copy *c);
/* The manifest's bytes in the source, checked. */
int registry_copy_read(struct registry_copy *c, const struct desc *d, struct buf *ret,
		       struct err *e);
