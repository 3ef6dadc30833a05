/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/tile.h"

#include <stdio.h>

#include "base/str.h"

void tile_path(int level, uint64_t n, unsigned width, char ret[static LIMIT_TILE_PATH])
{
	unsigned groups[8];
	int count = 0, at;

	do {
		groups[count++] = (unsigned)(n % 1000);
		n /= 1000;
	} while (n && count < 8);
	at = level == TILE_ENTRIES ? snprintf(ret, LIMIT_TILE_PATH, "tile/entries")
				   : snprintf(ret, LIMIT_TILE_PATH, "tile/%d", level);
	while (count--)
		at += snprintf(ret + at, (size_t)(LIMIT_TILE_PATH - at), "/%s%03u",
			       count ? "x" : "", groups[count]);
	if (width < TILE_WIDTH)
		(void)snprintf(ret + at, (size_t)(LIMIT_TILE_PATH - at), ".p/%u", width);
}

/* How many hashes a level has in all: one for every 256^level leaves. */
static uint64_t hashes(uint64_t size, int level)
{
	return level >= TILE_LEVELS ? 0 : size >> (level <= 0 ? 0 : level * TILE_HEIGHT);
}

uint64_t tile_full(uint64_t size, int level)
{
	return hashes(size, level) / TILE_WIDTH;
}

unsigned tile_partial(uint64_t size, int level)
{
	return (unsigned)(hashes(size, level) % TILE_WIDTH);
}

unsigned tile_width(uint64_t size, int level, uint64_t n)
{
	uint64_t full = tile_full(size, level);

	if (n < full)
		return TILE_WIDTH;
	return n == full ? tile_partial(size, level) : 0;
}

int bundle_index(struct str bundle, unsigned count, size_t *ret_at, struct err *e)
{
	size_t at = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t n;

		ret_at[i] = at;
		if (bundle.n - at < 2)
			return FAIL(e, E_VERIFY, "ends in entry %u of %u", i, count);
		n = (size_t)(unsigned char)bundle.p[at] << 8 | (unsigned char)bundle.p[at + 1];
		at += 2;
		if (bundle.n - at < n)
			return FAIL(e, E_VERIFY, "ends in entry %u of %u", i, count);
		at += n;
	}
	ret_at[count] = at;
	return at == bundle.n ? 0
			      : FAIL(e, E_VERIFY, "%zu bytes after the last entry", bundle.n - at);
}

struct str bundle_entry(struct str bundle, const size_t *at, unsigned i)
{
	return (struct str){ bundle.p + at[i] + 2, at[i + 1] - at[i] - 2 };
}
