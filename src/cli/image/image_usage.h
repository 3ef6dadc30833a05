/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "cli/filters.h"
#include "oci/store.h"

/*
 * What images take on the disk. The images that have a name, each once, in the order of their
 * names: [{"digest", "names": [...], "created" (seconds, 0: not known), "size", "labels",
 * "containers": [names], "blobs": {digest: size}}]. One that is damaged has no blobs. Owned.
 */
int image_usage(struct cli *c, const struct store *s, json_t **ret, struct err *e);

/* Bytes of all their blobs, each counted once; used_only: of those that containers have. */
uint64_t image_usage_bytes(const json_t *images, bool used_only);

/*
 * Removes the names of those that no container has and that pass the filters until, label and
 * label! (all), and what no name reaches any more. untagged gets names, gone digests.
 */
int prune_images(struct cli *c, struct store *s, bool all, const struct filters *f,
		 struct strv *untagged, struct strv *gone, uint64_t *bytes, struct err *e);

extern const struct command image_prune_command;
