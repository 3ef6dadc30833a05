/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "trail/merkle.h"

/*
 * C2SP tlog-tiles: where hashes and entries stand. A tile of level L holds up to 256 hashes; hash i
 * of tile n is the root of the 256^L leaves that begin at (256 n + i) * 256^L. Level 0 has the leaf
 * hashes. A bundle holds the entries under one tile of level 0, each after its length in two bytes.
 */
enum {
	TILE_HEIGHT = 8,
	TILE_WIDTH = 256,
	TILE_LEVELS = 8,   /* 256^8 leaves are more than can be counted */
	TILE_ENTRIES = -1, /* as a level: the entry bundles */
	LIMIT_BUNDLE = TILE_WIDTH * (2 + 65535),
	LIMIT_TILE_PATH = 64,
};

/* "tile/0/x001/067" or with width < 256 "tile/0/x001/067.p/112". Sizes up to LIMIT_TREE_SIZE fit.
 */
void tile_path(int level, uint64_t n, unsigned width, char ret[static LIMIT_TILE_PATH]);

/* In a tree of size leaves: how many full tiles a level has, and how wide the partial one after
 * them is (0: there is none). */
uint64_t tile_full(uint64_t size, int level);
unsigned tile_partial(uint64_t size, int level);

/* How wide tile n of a level is in a tree of size leaves: 256, a partial width, or 0. */
unsigned tile_width(uint64_t size, int level, uint64_t n);

/* A bundle of exactly count entries: E_VERIFY otherwise. ret_at[i] is where the length of entry i
 * stands; ret_at has count + 1 places, the last is the end. */
int bundle_index(struct str bundle, unsigned count, size_t *ret_at, struct err *e);
struct str bundle_entry(struct str bundle, const size_t *at, unsigned i);
