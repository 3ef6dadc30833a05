/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "oci/store.h"

/*
 * Copies an image manifest (not an index) with its configuration and layers from one layout to
 * another. Every byte is checked against its descriptor on the way (E_VERIFY); blobs that are there
 * already are not copied. No name is given to it.
 */
int store_copy_image(struct store *to, const struct store *from, const struct desc *manifest,
		     struct progress *p, struct err *e);
/* One blob, in the same way. */
int store_copy_blob(struct store *to, const struct store *from, const struct desc *d,
		    struct progress *p, struct err *e);
