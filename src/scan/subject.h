/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/clock.h"
#include "oci/ref.h"
#include "oci/store.h"

/* What a package list is of, as documents name it. */
struct subject {
	char name[LIMIT_REF + 128]; /* HOST/NAME:TAG, or only the digest; UTF-8 */
	char digest[72];	    /* of its manifest, "sha256:…"; "" when unknown */
	char arch[64];		    /* "amd64"; "" when unknown */
	char created[RFC3339_MAX];
};

/*
 * The subject of an image in the store: its manifest for this machine's platform, and the time when
 * it was created, or epoch (unix seconds) where that is not negative. ref is what
 * store_lookup() made of the user's word.
 */
int subject_of_image(const struct store *store, const struct ref *ref, const struct desc *image,
		     int64_t epoch, struct subject *ret, struct err *e);

/* The image as a purl of type oci; nothing when it has no name or digest. Appends. */
void subject_purl(const struct subject *s, struct buf *ret);
