/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/manifest.h"
#include "pipeline/road.h"
#include "pipeline/tuf/internal.h"
#include "registry/registry.h"

/*
 * A repository's metadata in the registry: one OCI artifact whose layers are the files, named by
 * their titles as they would be on a web server ("2.root.json", "timestamp.json"). A reader takes
 * all from one manifest; what is in them is for the workflow to judge.
 */
#define TUF_ARTIFACT_TYPE "application/vnd.plimsoll.tuf.v1+json"
#define TUF_LAYER_TYPE "application/vnd.tuf+json"
#define TUF_TITLE "org.opencontainers.image.title"

struct tuf_remote {
	const struct road *road;
	struct ref at;
	struct registry *reg;
	struct desc manifest; /* digest "": there is none yet */
	struct manifest m;
	json_t *files; /* title -> descriptor, as the manifest has it; owned */
};
/* The registry, and nothing asked yet. */
int tuf_remote_open(const struct road *road, const struct ref *at, struct tuf_remote *ret,
		    struct err *e);
/* What it has now. E_NOTFOUND: no metadata there; E_FORMAT: something else. */
int tuf_remote_read(struct tuf_remote *t, struct err *e);
void tuf_remote_close(struct tuf_remote *t);
#define auto_remote __attribute__((cleanup(tuf_remote_close))) struct tuf_remote

/* get of a struct tuf_source; arg is the struct tuf_remote. */
int tuf_remote_get(void *arg, const char *role, uint64_t version, uint64_t max, struct buf *ret,
		   struct err *e);

/* Sends the files (title -> descriptor; the bytes are in the store, or in the registry already) and
 * moves the tag to them, if it is still where tuf_remote_read() found it: E_POLICY otherwise. */
int tuf_remote_write(struct tuf_remote *t, json_t *files, struct err *e);
