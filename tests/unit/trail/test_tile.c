/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"
#include "trail/tile.h"

TAP_MAIN()

static void check_path(int level, uint64_t n, unsigned width, const char *want)
{
	char path[LIMIT_TILE_PATH];

	tile_path(level, n, width, path);
	CHECK_STR(path, want);
}

TEST(paths)
{
	check_path(0, 0, 256, "tile/0/000");
	check_path(0, 0, 1, "tile/0/000.p/1");
	check_path(1, 999, 255, "tile/1/999.p/255");
	check_path(0, 1000, 256, "tile/0/x001/000");
	check_path(0, 1234067, 256, "tile/0/x001/x234/067"); /* the specification's example */
	check_path(TILE_ENTRIES, 1234067, 8, "tile/entries/x001/x234/067.p/8");
	check_path(2, 999999, 256, "tile/2/x999/999");
	check_path(TILE_ENTRIES, LIMIT_TREE_SIZE / TILE_WIDTH, 255,
		   "tile/entries/x018/x014/x398/x509/x481/984.p/255");
}

/* What a tree of a size has, as tlog-tiles tells it. */
TEST(sizes)
{
	static const struct {
		uint64_t size;
		struct {
			uint64_t full;
			unsigned partial;
		} level[3];
	} cases[] = {
		{ 0, { { 0, 0 }, { 0, 0 }, { 0, 0 } } },
		{ 1, { { 0, 1 }, { 0, 0 }, { 0, 0 } } },
		{ 255, { { 0, 255 }, { 0, 0 }, { 0, 0 } } },
		{ 256, { { 1, 0 }, { 0, 1 }, { 0, 0 } } },
		{ 257, { { 1, 1 }, { 0, 1 }, { 0, 0 } } },
		{ 65536, { { 256, 0 }, { 1, 0 }, { 0, 1 } } },
		{ 70000, { { 273, 112 }, { 1, 17 }, { 0, 1 } } }, /* the specification's example */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int l = 0; l < 3; l++) {
			CHECK(tile_full(cases[i].size, l) == cases[i].level[l].full);
			CHECK(tile_partial(cases[i].size, l) == cases[i].level[l].partial);
		}
	CHECK(tile_full(70000, TILE_ENTRIES) == 273 && tile_partial(70000, TILE_ENTRIES) == 112);
	CHECK(tile_full(UINT64_MAX, TILE_LEVELS) == 0 &&
	      tile_partial(UINT64_MAX, TILE_LEVELS) == 0);
}

TEST(width_of_a_tile)
{
	CHECK(tile_width(70000, 0, 272) == 256);
	CHECK(tile_width(70000, 0, 273) == 112);
	CHECK(tile_width(70000, 0, 274) == 0);
	CHECK(tile_width(70000, 1, 0) == 256);
	CHECK(tile_width(70000, 1, 1) == 17);
	CHECK(tile_width(70000, 2, 0) == 1);
	CHECK(tile_width(70000, 3, 0) == 0);
	CHECK(tile_width(256, 0, 1) == 0);
}

TEST(bundles)
{
	static const char b[] = "\0\3one\0\0\0\2to";
	struct str s = { b, sizeof(b) - 1 };
	size_t at[TILE_WIDTH + 1];

	CHECK(bundle_index(s, 3, at, NULL) == 0);
	CHECK(str_eqz(bundle_entry(s, at, 0), "one"));
	CHECK(bundle_entry(s, at, 1).n == 0);
	CHECK(str_eqz(bundle_entry(s, at, 2), "to"));
	CHECK(bundle_index(s, 2, at, NULL) == E_VERIFY); /* bytes left over */
	CHECK(bundle_index(s, 4, at, NULL) == E_VERIFY); /* too few */
	for (size_t n = 0; n < s.n; n++)
		CHECK(bundle_index((struct str){ b, n }, 3, at, NULL) == E_VERIFY);
	CHECK(bundle_index((struct str){ b, 0 }, 0, at, NULL) == 0);
}

TEST(the_largest_bundle)
{
	auto_free char *b = calloc(1, LIMIT_BUNDLE);
	size_t at[TILE_WIDTH + 1];

	CHECK(b);
	for (size_t i = 0; b && i < TILE_WIDTH; i++)
		memset(b + i * 65537, 0xff, 2);
	CHECK(bundle_index((struct str){ b, LIMIT_BUNDLE }, TILE_WIDTH, at, NULL) == 0);
	CHECK(bundle_entry((struct str){ b, LIMIT_BUNDLE }, at, 255).n == 65535);
	CHECK(bundle_index((struct str){ b, LIMIT_BUNDLE - 1 }, TILE_WIDTH, at, NULL) == E_VERIFY);
}
