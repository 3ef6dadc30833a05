/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/progress.h"
#include "base/str.h"
#include "oci/store.h"
#include "pipeline/import/archive.h"

/*
 * What comes in by the one door, turned into an image of the store: not yet scanned, named or
 * signed. path is for messages; name picks one of several images, NULL is the only one.
 */

/* A root filesystem archive (tar; gzip, bzip2, xz or zstd) as an image of one layer. */
int import_rootfs(struct store *s, const struct archive *a, const char *path, struct progress *p,
		  struct desc *ret, struct err *e);

/* An image of docker's archive (docker save, podman save, skopeo's docker-archive): its
 * configuration byte for byte, its layers' tars byte for byte, compressed where they were not. */
int import_docker(struct store *s, const struct archive *a, const char *path, const char *name,
		  struct progress *p, struct desc *ret, struct err *e);

/* An image of an OCI layout: a folder, or the archive of one. Of an index, the image for this
 * machine. Manifest, configuration and layers stay as they are. */
int import_layout(struct store *s, const char *path, const char *name, struct progress *p,
		  struct desc *ret, struct err *e);
int import_oci_archive(struct store *s, const struct archive *a, const char *path, const char *name,
		       struct progress *p, struct desc *ret, struct err *e);

/*
 * An image that somebody else made, now in the store, looked at as a whole: one diff ID for each
 * layer, every blob and diff ID as stated, every layer unpacked. E_FORMAT, E_VERIFY.
 */
int import_check(const struct state *state, const struct store *s, const struct desc *image,
		 struct progress *p, struct err *e);

/* import_name.c: "web", "web:latest" and "docker.io/library/web:latest" are one name. */
bool import_same_name(const char *a, const char *b);
/* E_NOTFOUND and E_USAGE, with the names that there are. */
int import_no_image(const char *path, const char *name, const struct strv *have, struct err *e);
int import_many_images(const char *path, const struct strv *have, struct err *e);
