/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/* What one command signs: an image, and with it each image of an index. */
enum { LIMIT_SIGN_TARGETS = 256, LIMIT_SIGN_DEPTH = 4 };

struct sign_targets {
	struct desc *v; /* owned; the image first */
	size_t n;
};

/* All of them have to be in the store: E_NOTFOUND with a hint. With recursive false, the image
 * alone. */
int sign_targets(const struct store *s, const struct desc *image, bool recursive,
		 struct sign_targets *ret, struct err *e);
void sign_targets_free(struct sign_targets *t);
#define auto_sign_targets __attribute__((cleanup(sign_targets_free))) struct sign_targets
