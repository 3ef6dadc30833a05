/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trail/tile.h"

/*
 * The right edge of a tree: at every level the hashes of the tile that is not full yet. It is all
 * that an append needs of the tree before it, and what a verifier keeps while it walks the entries.
 */
struct edge {
	struct hash h[TILE_LEVELS][TILE_WIDTH];
	unsigned w[TILE_LEVELS];
};

int edge_new(struct edge **ret, struct err *e); /* of an empty tree; free() it */

/* Called for a tile that a push filled, lowest level first, before it is emptied. */
typedef int (*edge_full_fn)(void *ctx, int level, const struct hash tile[static TILE_WIDTH],
			    struct err *e);
/* Adds the next leaf. */
int edge_push(struct edge *t, const struct hash *leaf, edge_full_fn full, void *ctx, struct err *e);
void edge_root(const struct edge *t, struct hash *ret);
