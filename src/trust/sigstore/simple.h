/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/*
 * cosign's simple signing (signing.md 2.1): a payload that names a repository and a manifest, kept
 * as a layer of a manifest of its own (tag.h). The signature is an annotation of the layer.
 */
#define DSSE_LAYER_TYPE "application/vnd.dsse.envelope.v1+json"
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
/* Whether a payload's "optional" says all of want, an object of strings. E_VERIFY. */
int simple_says(struct str payload, const json_t *want, struct err *e);
/* The same of any object: E_VERIFY names the first that it does not say. */
int says_all(const json_t *o, const json_t *want, struct err *e);
/* E_VERIFY when it is of another manifest, or of another repository than the one given (NULL: any):
 * a tag or digest in the reference is not compared. */
int simple_check(const struct simple *p, const struct digest *manifest, const char *repository,
		 struct err *e);
