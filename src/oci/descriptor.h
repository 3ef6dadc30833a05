/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "crypto/digest.h"

/* Media types (image-spec media-types.md; docker's in use beside them). */
#define MT_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MT_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MT_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MT_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MT_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MT_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MT_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MT_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MT_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MT_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MT_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar.gzip"

#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define ANNOTATION_CREATED "org.opencontainers.image.created"

enum { LIMIT_MEDIA_TYPE = 255, LIMIT_MANIFEST = 4 * 1024 * 1024, LIMIT_LAYERS = 512 };
#define LIMIT_BLOB ((uint64_t)64 * 1024 * 1024 * 1024)

/* A descriptor (image-spec descriptor.md). Flat; annotations stay in the JSON it came from. */
struct desc {
	char media_type[LIMIT_MEDIA_TYPE + 1];
	char artifact_type[LIMIT_MEDIA_TYPE + 1]; /* "" when none */
	struct digest digest;
	uint64_t size;
};

int desc_parse(const json_t *j, const char *what, struct desc *ret, struct err *e);
/* mediaType, digest, size (and artifactType) as a fresh object, owned. NULL: out of memory. */
json_t *desc_json(const struct desc *d);
bool desc_is_index(const struct desc *d);
bool desc_is_manifest(const struct desc *d);
/* An object with the digests of all descriptors of a list as its keys. Owned. */
int desc_digests(const json_t *list, json_t **ret, struct err *e);
/* Those of the entries whose digest no descriptor of list (may be NULL) has, each digest once, as a
 * fresh array, owned. */
int desc_missing(const json_t *list, const json_t *entries, json_t **ret, struct err *e);
/* The descriptor of bytes that we hold. */
void desc_of(const char *media_type, const void *p, size_t n, struct desc *ret);
