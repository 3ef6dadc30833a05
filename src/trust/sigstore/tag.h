/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/*
 * What cosign keeps of a manifest under tags made of its digest (signing.md 2.1): simple signatures
 * under REPOSITORY:sha256-<hex>.sig, attestations (DSSE envelopes) under .att. Each tag is of one
 * manifest whose layers they are; a layer's annotations tell the rest: the signature, a
 * certificate, what logs and time-stamp authorities say. Everybody who adds one writes it anew.
 */
enum cosign_kind { COSIGN_SIGNATURES, COSIGN_ATTESTATIONS, COSIGN_KINDS };

enum { LIMIT_COSIGN_LAYERS = LIMIT_LAYERS }; /* taken of one tag: the last ones */

/* The reference under which a repository keeps those of a manifest. E_USAGE: ref has no name. */
int cosign_ref(const struct ref *ref, const struct digest *manifest, enum cosign_kind kind,
	       struct ref *ret, struct err *e);
/* Whether a tag is such a one. */
bool cosign_is_tag(const char *tag);
/* Reads such a manifest. Where it has more layers than are taken, ret has the last of them, which
 * were added last, and *ret_left (may be NULL) tells how many it has not. */
int cosign_parse(struct str bytes, struct manifest *ret, size_t *ret_left, struct err *e);
/* The artifact type of the same manifest where cosign made it a referrer instead of tagging it. */
const char *cosign_artifact_type(enum cosign_kind kind);
/* The manifest in the store. E_NOTFOUND: there is none. */
int cosign_load(const struct store *s, const struct ref *ref, const struct digest *manifest,
		enum cosign_kind kind, struct manifest *ret, size_t *ret_left,
		struct desc *ret_desc, struct err *e);
/* Layer i of it: its bytes, and its annotations (borrowed, may be NULL). E_FORMAT when it is of
 * another type. */
int cosign_layer(const struct store *s, const struct manifest *m, size_t i, enum cosign_kind kind,
		 struct buf *ret_bytes, const json_t **ret_annotations, struct err *e);
/* Adds a simple signature, base64, to those of the manifest. The caller knows that it is new. */
int cosign_add(struct store *s, const struct ref *ref, const struct digest *manifest,
	       struct str payload, const char *signature, struct desc *ret, struct err *e);
/* The most that a layer may have. */
size_t cosign_layer_max(enum cosign_kind kind);
/* Whether a descriptor is of such a layer, as far as it tells. */
bool cosign_is_layer(const struct desc *layer, enum cosign_kind kind);
/* Whether an array of layers has this one: the same bytes with the same annotations. */
bool cosign_has_layer(const json_t *layers, const json_t *want);
/* Adds the layers of another such manifest that are not there yet, and which the store has;
 * *ret_changed (may be NULL). Past LIMIT_COSIGN_LAYERS the first of all go: what is added is newer.
 */
int cosign_merge(struct store *s, const struct ref *ref, const struct digest *manifest,
		 enum cosign_kind kind, const struct manifest *other, bool *ret_changed,
		 struct err *e);
