/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/catalog/rpm.h"

/*
 * Packages.db of rpm's "ndb": a header and slots at the front, 16 bytes a slot, then blobs in
 * blocks of 16 bytes, each with a head that repeats its package's number and a tail that repeats
 * its length. Numbers are little-endian. The checksum in the tail is for rpm's own repairs: it does
 * not look at it when it reads.
 */
enum {
	HEADER = 32,
	SLOT = 16,
	PAGE = 4096,
	BLOCK = 16,
	BLOB_HEAD = 16,
	BLOB_TAIL = 12,
};

struct slot {
	uint32_t package, block, blocks;
};

bool rpm_is_ndb(struct str file)
{
	return str_starts(file, "RpmP");
}

static int read_slot(struct str file, size_t at, uint32_t first_block, struct slot *ret,
		     struct err *e)
{
	const char *p = file.p + at;
	struct slot s = { rpm_le32(p + 4), rpm_le32(p + 8), rpm_le32(p + 12) };

	if (memcmp(p, "Slot", 4) != 0)
		return FAIL(e, E_FORMAT, "no slot at byte %zu", at);
	if (s.block && (!s.package || !s.blocks || s.block < first_block ||
			(uint64_t)s.block + s.blocks > file.n / BLOCK))
		return FAIL(e, E_FORMAT, "package %u is said to be in %u blocks from %u on, of %zu",
			    s.package, s.blocks, s.block, file.n / BLOCK);
	*ret = s;
	return 0;
}

static int by_block(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->block < y->block ? -1 : x->block > y->block;
}

/* The slots in use, in the order of their blocks, which do not overlap. Owned by the caller. */
static int read_slots(struct str file, struct slot **ret, size_t *ret_n, struct err *e)
{
	uint32_t pages = rpm_le32(file.p + 12);
	auto_free struct slot *slots = NULL;
	size_t n = 0;

	if (!pages || pages > file.n / PAGE)
		return FAIL(e, E_FORMAT, "%u pages of slots in a file of %zu bytes", pages, file.n);
	slots = calloc((size_t)pages * (PAGE / SLOT), sizeof(*slots));
	if (!slots)
		return FAIL_NOMEM(e);
	for (size_t at = HEADER; at < (size_t)pages * PAGE; at += SLOT) {
		int r = read_slot(file, at, pages * (PAGE / BLOCK), &slots[n], e);

		if (r < 0)
			return r;
		n += slots[n].block != 0;
	}
	qsort(slots, n, sizeof(*slots), by_block);
	for (size_t i = 1; i < n; i++)
		if (slots[i].block - slots[i - 1].block < slots[i - 1].blocks)
			return FAIL(e, E_FORMAT, "packages %u and %u overlap", slots[i - 1].package,
				    slots[i].package);
	*ret = TAKE(slots);
	*ret_n = n;
	return 0;
}

static int read_blob(struct str file, const struct slot *s, struct str *ret, struct err *e)
{
	const char *head = file.p + (size_t)s->block * BLOCK;
	const char *tail = head + (size_t)s->blocks * BLOCK - BLOB_TAIL;
	uint64_t size, blocks;

	if (s->blocks < 2 || memcmp(head, "BlbS", 4) != 0 || rpm_le32(head + 4) != s->package)
		return FAIL(e, E_FORMAT, "package %u is not in block %u", s->package, s->block);
	size = rpm_le32(head + 12);
	blocks = (BLOB_HEAD + size + BLOB_TAIL + BLOCK - 1) / BLOCK;
	if (size > LIMIT_RPM_HEADER)
		return FAIL(e, E_FORMAT, "package %u of %llu bytes, at most %d are read",
			    s->package, (unsigned long long)size, LIMIT_RPM_HEADER);
	if (blocks != s->blocks || memcmp(tail + 8, "BlbE", 4) != 0 || rpm_le32(tail + 4) != size)
		return FAIL(e, E_FORMAT, "package %u of %llu bytes in %u blocks does not end there",
			    s->package, (unsigned long long)size, s->blocks);
	*ret = (struct str){ head + BLOB_HEAD, (size_t)size };
	return 0;
}

int rpm_ndb_read(struct str file, rpm_blob_fn fn, void *arg, struct err *e)
{
	auto_free struct slot *slots = NULL;
	struct str blob;
	size_t n = 0;
	int r;

	if (!rpm_is_ndb(file) || file.n < PAGE || file.n % BLOCK)
		return FAIL(e, E_FORMAT, "an ndb database of %zu bytes", file.n);
	if (rpm_le32(file.p + 4) != 0)
		return FAIL(e, E_FORMAT, "an ndb database of version %u", rpm_le32(file.p + 4));
	r = read_slots(file, &slots, &n, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = read_blob(file, &slots[i], &blob, e);
		r = r < 0 ? r : fn(arg, blob, e);
	}
	return r;
}
