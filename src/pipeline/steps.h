/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/ref.h"
#include "pipeline/road.h"
#include "registry/registry.h"
#include "trust/trust.h"

/*
 * Single steps of the road, each ending in its entry of the trail. They are what the commands of
 * the same names do, and what ship and admit are made of.
 */

/* Signs road->image and attaches the signature in the store. ret (may be NULL): the signature's
 * manifest. */
int step_sign(const struct road *road, const struct trust_sign_opts *o, struct desc *ret,
	      struct err *e);

/*
 * Sends road->image, its blobs and, unless no_referrers, all that refers to it and to the images of
 * an index. The tag moves last, once the registry lists all of that: a push that ends anywhere
 * leaves the tag as it was.
 */
struct push_opts {
	const char
		*mount_from; /* repository of the same registry that may have the blobs; or NULL */
	bool no_referrers;
	bool there; /* pushed to this repository just now: nothing is sent but the tag */
};
int step_push(const struct road *road, const struct ref *ref, const struct push_opts *o,
	      size_t *ret_referrers, struct err *e);

/* Fetches ref, with what refers to it unless no_referrers, names it in the store and sets
 * road->image. ret (may be NULL) tells of the referrers. */
int step_pull(struct road *road, const struct ref *ref, bool no_referrers,
	      struct referrers_got *ret, struct err *e);

/* Fetches what decides on ref, and sets road->image: its manifest (of an index, that of this
 * machine's image, too) and what refers to it; no layer, no name, no entry in the trail. */
int step_look(struct road *road, const struct ref *ref, struct err *e);

/*
 * The base of a FROM: in the store, else fetched when it names a registry, and signed by somebody
 * whom the trust policy accepts. This is how "no base image from outside" holds. Refusals are
 * recorded as "verify". arg is a struct road; its image is left as it is.
 */
int step_base(void *arg, const char *name, struct desc *ret, struct err *e);
/* As above, but one that names a registry is asked for there first, unless it is named by digest
 * and here. */
int step_base_newest(void *arg, const char *name, struct desc *ret, struct err *e);
