/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/image.h"
#include "scan/layer_list.h"
#include "scan/scan.h"

/* What the files of an image's scan share; not for others. */

/* The layers of an image, each with its list. */
struct image_layers {
	struct manifest manifest;
	struct config config;
	struct layer_list *v; /* as many as the manifest has */
	size_t n;
};
int image_layers_open(struct image_layers *ret, const struct state *state,
		      const struct store *store, const struct desc *image, struct progress *p,
		      struct err *e);
void image_layers_close(struct image_layers *l);
#define auto_image_layers __attribute__((cleanup(image_layers_close))) struct image_layers

/* As scan_package_files(). */
int image_package_files(const struct image_layers *l, package_file_fn fn, void *arg, struct err *e);

/* The path under which a file is known where /bin, /sbin and /lib* are links into /usr. */
void path_in_usr(struct str path, struct buf *ret);
