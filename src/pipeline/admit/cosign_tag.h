/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "pipeline/road.h"
#include "registry/registry.h"

/*
 * cosign's simple signatures and attestations on their way: they are no referrers, but hang on tags
 * beside their image (trust/sigstore/tag.h), which everybody who signs writes anew. So what is
 * there is read first, and nobody's signature is lost.
 */

/* Takes those of a manifest in a repository over into the store. None is success. *ret_n counts
 * those that are there now. */
int cosign_tag_pull(const struct road *road, struct registry *reg, const struct ref *ref,
		    const struct digest *manifest, size_t *ret_n, struct err *e);
/* Sends those of the store, with those that the registry has. None is success. */
int cosign_tag_push(const struct road *road, struct registry *reg, const struct ref *ref,
		    const struct digest *manifest, size_t *ret_n, struct err *e);
