/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "oci/store.h"

/* A root filesystem archive (tar; gzip, bzip2, xz or zstd) as an image of one layer. path "-":
 * standard input. */
int import_rootfs(struct store *s, const char *path, struct progress *p, struct desc *ret,
		  struct err *e);

/* An image of an OCI layout folder; name is its org.opencontainers.image.ref.name, NULL for the
 * only one. Of an index, the image for this machine. */
int import_layout(struct store *s, const char *path, const char *name, struct progress *p,
		  struct desc *ret, struct err *e);
