/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/edge.h"

#include <stdlib.h>

int edge_new(struct edge **ret, struct err *e)
{
	struct edge *t = calloc(1, sizeof(*t));

	if (!t)
		return FAIL_NOMEM(e);
	*ret = t;
	return 0;
}

int edge_push(struct edge *t, const struct hash *leaf, edge_full_fn full, void *ctx, struct err *e)
{
	struct hash h = *leaf;

	for (int level = 0; level < TILE_LEVELS; level++) {
		int r;

		t->h[level][t->w[level]++] = h;
		if (t->w[level] < TILE_WIDTH)
			return 0;
		r = full(ctx, level, t->h[level], e);
		if (r < 0)
			return r;
		merkle_root(t->h[level], TILE_WIDTH, &h);
		t->w[level] = 0;
	}
	return FAIL(e, E_FORMAT, "the tree is full");
}

void edge_root(const struct edge *t, struct hash *ret)
{
	struct hash r, part;
	bool have = false;

	/* The full subtrees of the tree, smallest (rightmost) first. */
	for (int level = 0; level < TILE_LEVELS; level++) {
		unsigned at = t->w[level];

		for (unsigned n = 1; n < TILE_WIDTH; n <<= 1) {
			if (!(t->w[level] & n))
				continue;
			at -= n;
			merkle_root(&t->h[level][at], n, &part);
			if (have)
				merkle_node(&part, &r, &r);
			else
				r = part;
			have = true;
		}
	}
	if (have)
		*ret = r;
	else
		merkle_empty(ret);
}
