/* SPDX-License-Identifier: Apache-2.0 */
/* Reading entries, and proofs of them. */
#include <stdlib.h>

#include "base/encode.h"
#include "trail/log.h"

/* Loads the bundle that holds index, with its entries checked against the tile above. */
static int load(struct trail *t, uint64_t index, struct err *e)
{
	uint64_t n = index / TILE_WIDTH;
	unsigned width = tile_width(t->checkpoint.size, 0, n);
	struct bundle *b = &t->bundle;
	struct hash tile[TILE_WIDTH], leaf;
	int r;

	if (b->width == width && b->n == n)
		return 0;
	if ((r = store_bundle(t->dir, n, width, b, e)) < 0)
		return r;
	if ((r = store_tile(t->dir, 0, n, width, tile, e)) < 0) {
		b->width = 0;
		return r;
	}
	for (unsigned i = 0; i < width; i++) {
		struct str s = bundle_entry((struct str){ b->bytes.p, b->bytes.n }, b->at, i);

		merkle_leaf(s.p, s.n, &leaf);
		if (memcmp(leaf.b, tile[i].b, sizeof(leaf.b)) == 0)
			continue;
		b->width = 0;
		return FAIL(e, E_VERIFY, "entry %llu does not match its hash",
			    (unsigned long long)(n * TILE_WIDTH + i));
	}
	return 0;
}

int trail_read(struct trail *t, uint64_t index, json_t **ret, struct err *e)
{
	const struct bundle *b = &t->bundle;
	struct str s;
	int r;

	if (index >= t->checkpoint.size)
		return FAIL(e, E_NOTFOUND, "trail: entry %llu is not there: it has %llu",
			    (unsigned long long)index, (unsigned long long)t->checkpoint.size);
	if ((r = load(t, index, e)) < 0)
		return err_hint(e, WRAP(e, r, "trail"), "plimsoll trail verify");
	s = bundle_entry((struct str){ b->bytes.p, b->bytes.n }, b->at,
			 (unsigned)(index % TILE_WIDTH));
	r = json_parse(s.p, s.n, "entry", ret, e);
	return r < 0 ? WRAP(e, r, "trail: entry %llu", (unsigned long long)index) : 0;
}

/* merkle_source over the tiles: the root of 2^height leaves is made of hashes of one tile. */
static int subtree(void *ctx, unsigned height, uint64_t index, struct hash *ret, struct err *e)
{
	const struct trail *t = ctx;
	int level = (int)height / TILE_HEIGHT;
	uint64_t first = index << (height % TILE_HEIGHT), n = first / TILE_WIDTH;
	struct hash tile[TILE_WIDTH];
	int r = store_tile(t->dir, level, n, tile_width(t->checkpoint.size, level, n), tile, e);

	if (r == 0)
		merkle_root(&tile[first % TILE_WIDTH], 1U << (height % TILE_HEIGHT), ret);
	return r;
}

int trail_prove(struct trail *t, uint64_t index, struct buf *ret, struct err *e)
{
	const struct merkle_source source = { .subtree = subtree, .ctx = t };
	struct merkle_proof p;
	struct hash leaf;
	struct str s;
	int r;

	if (index >= t->checkpoint.size)
		return FAIL(e, E_NOTFOUND, "trail: entry %llu is not there: it has %llu",
			    (unsigned long long)index, (unsigned long long)t->checkpoint.size);
	if ((r = load(t, index, e)) < 0 ||
	    (r = merkle_prove_inclusion(&source, index, t->checkpoint.size, &p, e)) < 0)
		return WRAP(e, r, "trail: prove entry %llu", (unsigned long long)index);
	s = bundle_entry((struct str){ t->bundle.bytes.p, t->bundle.bytes.n }, t->bundle.at,
			 (unsigned)(index % TILE_WIDTH));
	merkle_leaf(s.p, s.n, &leaf);
	/* A proof that would not hold is worse than none. */
	r = merkle_verify_inclusion(&p, index, t->checkpoint.size, &leaf, &t->checkpoint.root, e);
	if (r < 0)
		return WRAP(e, r, "trail: prove entry %llu", (unsigned long long)index);
	buf_printf(ret, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)index);
	for (size_t i = 0; i < p.n; i++) {
		b64_put(ret, B64_STD, p.h[i].b, sizeof(p.h[i].b));
		buf_putc(ret, '\n');
	}
	buf_printf(ret, "\n%s", buf_str(&t->note));
	return buf_check(ret, "tlog-proof", e);
}
