/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "oci/descriptor.h"

/*
 * Image manifests and configurations, parsed strictly from the exact bytes whose digest was checked
 * (image-spec manifest.md, config.md; docker schema 2 read alike). Never re-serialised for hashing.
 */
struct manifest {
	json_t *json; /* the whole document, owned */
	char media_type[LIMIT_MEDIA_TYPE + 1];
	char artifact_type[LIMIT_MEDIA_TYPE +
			   1]; /* manifest's own, else config.mediaType when not an image config */
	struct desc config;
	struct desc *layers; /* owned */
	size_t layers_n;
	bool has_subject;
	struct desc subject;
};
int manifest_parse(const char *p, size_t n, const char *what, struct manifest *ret, struct err *e);
void manifest_free(struct manifest *m);
static inline void manifest_release(struct manifest *m)
{
	manifest_free(m);
}
#define auto_manifest __attribute__((cleanup(manifest_release))) struct manifest

/* An index or manifest list: picks the entry for os/architecture ("linux", "amd64"); E_NOTFOUND if
 * none. */
int index_pick(const char *p, size_t n, const char *what, const char *os, const char *arch,
	       struct desc *ret, struct err *e);

/* An image configuration. Members are borrowed from json. */
struct config {
	json_t *json; /* whole, owned */
	const char *os, *architecture;
	const json_t *exec; /* "config": Env, Cmd, Entrypoint, User, WorkingDir...; may be NULL */
	struct digest *diff_ids; /* owned */
	size_t diff_ids_n;
	const json_t *history; /* array or NULL */
};
int config_parse(const char *p, size_t n, const char *what, struct config *ret, struct err *e);
void config_free(struct config *c);
static inline void config_release(struct config *c)
{
	config_free(c);
}
#define auto_config __attribute__((cleanup(config_release))) struct config

/* The history entry (created_by) that made layer i, skipping empty_layer entries; NULL when
 * unknown. Borrowed. */
const char *config_layer_instruction(const struct config *c, size_t layer);

/* Go's and OCI's name of the machine we run on: "amd64", "arm64"... */
const char *oci_architecture(void);
