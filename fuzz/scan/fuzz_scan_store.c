/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the advisories' database, which may be somebody else's. The first byte says which.
 */
#include <stdint.h>

#include "scan/advisory/db_internal.h"
#include "scan/advisory/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_text(const char *s)
{
	/* What a reader points to ends within the bytes. */
	if (strlen(s) == SIZE_MAX)
		__builtin_trap();
}

static void read_groups(struct id_groups g, uint32_t n)
{
	auto_buf buf = BUF_INIT(1 << 20);
	struct id_groups skip = g;
	struct err e = ERR_INIT;
	const char *ids;

	for (uint32_t i = 0; i < n && id_groups_next(&g, &buf, &ids, &e) > 0; i++) {
		use_text(ids);
		id_groups_skip(&skip);
		if (skip.at.p != g.at.p || skip.at.bad || skip.year != g.year)
			__builtin_trap();
	}
}

static void read_rows(struct str bytes, uint32_t base)
{
	auto_rows rows = { 0 };
	struct err e = ERR_INIT;
	struct row row;

	if (rows_open(&rows, bytes, base, &e) < 0)
		return;
	while (rows_next(&rows, &row, &e) > 0) {
		use_text(row.status), use_text(row.platforms);
		for (size_t i = 0; i < row.ranges.events_n; i++)
			use_text(row.ranges.events[i].version);
		for (size_t i = 0; i < row.ranges.versions_n; i++)
			use_text(row.ranges.versions[i]);
		read_groups(row.ids, row.groups);
	}
}

static void read_package(struct str bytes)
{
	struct package_walk w = package_walk_of(bytes);

	while (package_next(&w))
		read_rows(w.at.bytes, w.at.base);
}

static void read_head(struct str bytes)
{
	struct unit_head h;
	struct err e = ERR_INIT;
	struct unpack u;

	if (unit_head_open(bytes, &h, &e) < 0)
		return;
	use_text(h.source), use_text(h.title), use_text(h.url);
	u = unpack_of(h.ratings);
	while (u.p < u.end) {
		struct unit_rating r = unit_rating_next(&u);

		use_text(r.vector), use_text(r.title);
	}
	read_groups((struct id_groups){ unpack_of(h.groups), 0 }, UINT32_MAX);
}

static void read_record(struct str bytes)
{
	const char *ecosystem, *package, *id;
	struct record r;
	struct str part;
	struct fact fact;
	struct err e = ERR_INIT;

	if (record_open(bytes, &r, &e) < 0)
		return;
	use_text(r.name), use_text(r.replaces);
	read_head(r.head);
	while (record_package(&r, &ecosystem, &package, &part, &e) > 0) {
		use_text(ecosystem), use_text(package);
		read_rows(part, 0);
	}
	while (record_fact(&r, &id, &part, &e) > 0)
		if (use_text(id), fact_open(part, &fact, &e) == 0)
			use_text(fact.kev);
}

/* A dictionary with its length in two bytes before it, then a block. */
static void read_block(struct str bytes)
{
	auto_release(block_reader_free) struct block_reader *r = NULL;
	auto_buf raw = BUF_INIT(LIMIT_BLOCK + 1);
	struct err e = ERR_INIT;
	struct unpack u;
	size_t n;

	if (bytes.n < 2)
		return;
	n = (size_t)(unsigned char)bytes.p[0] << 8 | (unsigned char)bytes.p[1];
	n = n < bytes.n - 2 ? n : bytes.n - 2;
	if (block_reader_new(&r, (struct str){ bytes.p + 2, n }, &e) < 0 ||
	    block_decompress(r, (struct str){ bytes.p + 2 + n, bytes.n - 2 - n }, &raw, &e) < 0)
		return;
	u = unpack_of((struct str){ raw.p, raw.n });
	while (u.p < u.end) {
		use_text(unpack_str(&u));
		read_package(unpack_block(&u));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parts[])(struct str) = { read_record, read_head, read_package,
						     read_block };

	if (size)
		parts[*data % 4]((struct str){ (const char *)data + 1, size - 1 });
	return 0;
}
