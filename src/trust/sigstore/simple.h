/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/*
 * cosign's simple signing (signing.md 2.1): a payload that names a repository and a manifest, kept
 * as a layer of a manifest of its own, whose tag is made of the digest of what is signed:
 * REPOSITORY:sha256-<hex>.sig. The signature is an annotation of the layer.
 */
#define SIMPLE_LAYER_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIMPLE_TYPE "cosign container image signature"
#define SIMPLE_SIGNATURE "dev.cosignproject.cosign/signature"
#define SIMPLE_CERTIFICATE "dev.sigstore.cosign/certificate"
#define SIMPLE_CHAIN "dev.sigstore.cosign/chain"
#define SIMPLE_BUNDLE "dev.sigstore.cosign/bundle"
#define SIMPLE_TIMESTAMP "dev.sigstore.cosign/rfc3161timestamp"

enum {
	LIMIT_SIMPLE = 64 * 1024, /* bytes of a payload */
	LIMIT_SIMPLE_REFERENCE = 511,
};

/* payload: simple.c */

/* annotations: object of strings, or NULL. Appends; the same values always give the same bytes. */
int simple_make(const char *repository, const struct digest *manifest, const json_t *annotations,
		struct buf *ret, struct err *e);

struct simple {
	char reference[LIMIT_SIMPLE_REFERENCE + 1]; /* docker-reference, as it was signed */
	struct digest manifest;
};
/* Exactly the members of the format, none twice. E_FORMAT. */
int simple_parse(struct str payload, struct simple *ret, struct err *e);
/* E_VERIFY when it is of another manifest, or of another repository than the one given (NULL: any):
 * a tag or digest in the reference is not compared. */
int simple_check(const struct simple *p, const struct digest *manifest, const char *repository,
		 struct err *e);

/* the manifest that carries them: simple_tag.c */

/* The reference under which a repository keeps the signatures of a manifest. */
int simple_tag(const struct ref *ref, const struct digest *manifest, struct ref *ret,
	       struct err *e);
/* Whether a tag is such a one. */
bool simple_is_tag(const char *tag);
/* The signatures in the store: a manifest, each of whose layers is one. E_NOTFOUND: none. */
int simple_load(const struct store *s, const struct ref *ref, const struct digest *manifest,
		struct manifest *ret, struct desc *ret_desc, struct err *e);
/* Layer i of it: its payload, and its annotations (borrowed, may be NULL). */
int simple_layer(const struct store *s, const struct manifest *m, size_t i, struct buf *ret_payload,
		 const json_t **ret_annotations, struct err *e);
/* Adds a signature, base64, to those of the manifest. The caller knows that it is a new one. */
int simple_add(struct store *s, const struct ref *ref, const struct digest *manifest,
	       struct str payload, const char *signature, struct desc *ret, struct err *e);
/* Whether a descriptor is of a payload, as far as it tells. */
bool simple_is_layer(const struct desc *layer);
/* Whether an array of layers has this one: the same payload with the same signature. */
bool simple_has_layer(const json_t *layers, const json_t *want);
/* Adds the layers of another such manifest that are not there yet, and are payloads which the store
 * has; *ret_changed (may be NULL). Past LIMIT_SIGNATURES none is added. */
int simple_merge(struct store *s, const struct ref *ref, const struct digest *manifest,
		 const struct manifest *other, bool *ret_changed, struct err *e);
