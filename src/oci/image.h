/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/store.h"

/*
 * Writes an image: the configuration as canonical JSON, then a manifest that names it and the
 * layers in order (image-spec manifest.md, config.md). The same input gives the same bytes. The
 * configuration must hold rootfs.diff_ids already, one for each layer. ret is the manifest's
 * descriptor.
 */
int image_write(struct store *s, const json_t *config, const struct desc *layers, size_t n,
		const json_t *annotations, struct desc *ret, struct err *e);
/* The same for a configuration that is in the store already and stays as it is. */
int image_write_manifest(struct store *s, const struct desc *config, const struct desc *layers,
			 size_t n, const json_t *annotations, struct desc *ret, struct err *e);
