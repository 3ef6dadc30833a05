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

/*
 * The files that the packages of an image own, as their databases say, those of hidden databases
 * left out: fn is called for each path (without a "/" at its start; any bytes but NUL), package by
 * package, and ends it by failing. Nothing holds them all. The texts are valid during the call.
 */
struct package_file {
	struct str catalog;   /* "dpkg" */
	const char *database; /* the path of the file that says so */
	size_t layer;	      /* which has that file */
	struct str package;   /* its name */
	struct str path;
};
typedef int (*package_file_fn)(void *arg, const struct package_file *f, struct err *e);
int image_package_files(const struct image_layers *l, package_file_fn fn, void *arg, struct err *e);

/* The path under which a file is known where /bin, /sbin and /lib* are links into /usr. */
void path_in_usr(struct str path, struct buf *ret);
