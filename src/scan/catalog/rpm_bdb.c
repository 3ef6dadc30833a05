/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

/*
 * "Packages" of rpm's Berkeley DB: a hash or a B-tree of versions 8 to 10 (BDB 4 to 6), in the byte
 * order of the machine that made it. Page 0 describes the database; every page begins with 26 bytes
 * (its number at 8, the next of its chain at 16, how many items at 20, at 22 where they begin or,
 * on an overflow page, how many bytes it has, its type at 25) and offsets of its items. Keys are
 * the packages' numbers; number 0 holds the next free one.
 */
enum { META = 512, PAGE_HEADER = 26, HASH_MAGIC = 0x061561, BTREE_MAGIC = 0x053162 };
enum page_type {
	P_UNUSED = 0,
	P_HASH_UNSORTED = 2,
	P_BTREE = 3,
	P_BTREE_LEAF = 5,
	P_OVERFLOW = 7,
	P_HASH = 13,
};
enum item_type {
	HASH_DATA = 1,
	HASH_OFFPAGE = 3,
	BTREE_DATA = 1,
	BTREE_OVERFLOW = 3,
	BTREE_DELETED = 0x80,
};

struct database {
	struct str file;
	bool big;  /* byte order */
	bool hash; /* else a B-tree */
	uint32_t page_size;
	struct rpm_pages pages;
	struct buf scratch; /* a value that lies in pieces */
	rpm_blob_fn fn;
	void *arg;
};

static void database_release(struct database *d)
{
	rpm_pages_release(&d->pages);
	buf_free(&d->scratch);
}

static uint32_t u32(const struct database *d, const char *p)
{
	return d->big ? rpm_be32(p) : rpm_le32(p);
}

static uint16_t u16(const struct database *d, const char *p)
{
	return d->big ? rpm_be16(p) : rpm_le16(p);
}

static bool is_magic(uint32_t v)
{
	return v == HASH_MAGIC || v == BTREE_MAGIC;
}

bool rpm_is_bdb(struct str file)
{
	return file.n >= META &&
	       (is_magic(rpm_le32(file.p + 12)) || is_magic(rpm_be32(file.p + 12)));
}

static int open_database(struct str file, struct database *d, struct err *e)
{
	uint32_t version;
	uint64_t pages;

	if (!rpm_is_bdb(file))
		return FAIL(e, E_FORMAT, "not a Berkeley DB");
	d->file = file;
	d->big = is_magic(rpm_be32(file.p + 12));
	version = u32(d, file.p + 16);
	d->hash = u32(d, file.p + 12) == HASH_MAGIC;
	d->page_size = u32(d, file.p + 20);
	if (version < 8 || version > 10)
		return FAIL(e, E_FORMAT, "a Berkeley DB of version %u", version);
	if (d->page_size < 512 || d->page_size > 65536 || (d->page_size & (d->page_size - 1)))
		return FAIL(e, E_FORMAT, "pages of %u bytes", d->page_size);
	if (file.p[24] || file.p[26])
		return FAIL(e, E_FORMAT, "encrypted, with checksums or in partitions");
	/* Those past the last one that page 0 names are not part of it. */
	pages = (uint64_t)u32(d, file.p + 32) + 1;
	if (pages > file.n / d->page_size)
		pages = file.n / d->page_size;
	return rpm_pages_new(&d->pages, (uint32_t)pages, e);
}

static unsigned page_type(const char *page)
{
	return (unsigned char)page[25];
}

/* A page that belongs to nothing else yet. */
static int take_page(struct database *d, uint32_t number, const char **ret, struct err *e)
{
	const char *page;
	int r = rpm_pages_take(&d->pages, number, e);

	if (r < 0)
		return r;
	page = d->file.p + (size_t)number * d->page_size;
	if (page_type(page) != P_UNUSED && u32(d, page + 8) != number)
		return FAIL(e, E_FORMAT, "page %u says that it is page %u", number,
			    u32(d, page + 8));
	*ret = page;
	return 0;
}

/* A value on a chain of pages of its own. */
static int read_overflow(struct database *d, uint32_t number, uint32_t size, struct str *ret,
			 struct err *e)
{
	if (size > LIMIT_RPM_HEADER)
		return FAIL(e, E_FORMAT, "a value of %u bytes, at most %d are read", size,
			    LIMIT_RPM_HEADER);
	buf_reset(&d->scratch);
	while (d->scratch.n < size) {
		const char *page;
		uint32_t n;
		int r = take_page(d, number, &page, e);

		if (r < 0)
			return WRAP(e, r, "a value of %u bytes", size);
		n = u16(d, page + 22);
		if (page_type(page) != P_OVERFLOW || n > d->page_size - PAGE_HEADER ||
		    n > size - d->scratch.n)
			return FAIL(e, E_FORMAT,
				    "page %u of type %u is no part of a value of %u "
				    "bytes",
				    number, page_type(page), size);
		buf_put(&d->scratch, page + PAGE_HEADER, n);
		if (d->scratch.failed)
			return buf_check(&d->scratch, "a value", e);
		number = u32(d, page + 16);
	}
	*ret = (struct str){ d->scratch.p ? d->scratch.p : "", d->scratch.n };
	return 0;
}

/* Item i of a page, bounded by the page; for a B-tree that is only an upper bound. */
static int read_item(const struct database *d, const char *page, uint32_t i, struct str *ret,
		     struct err *e)
{
	uint32_t items = u16(d, page + 20), at = u16(d, page + PAGE_HEADER + 2 * (size_t)i);
	uint32_t end = d->page_size;

	/* The items of a hash page fill it from its end, each up to the one before. */
	if (d->hash && i)
		end = u16(d, page + PAGE_HEADER + 2 * (size_t)(i - 1));
	if (at < PAGE_HEADER + 2 * items || at >= end || end > d->page_size)
		return FAIL(e, E_FORMAT, "item %u is at byte %u of its page", i, at);
	*ret = (struct str){ page + at, end - at };
	return 0;
}

/* The items of a page come in pairs of key and value. */
static int check_items(const struct database *d, const char *page, struct err *e)
{
	uint32_t items = u16(d, page + 20);

	if (items % 2 || PAGE_HEADER + 2 * items > d->page_size)
		return FAIL(e, E_FORMAT, "page %u has %u items", u32(d, page + 8), items);
	return 0;
}

/* Type, three bytes, page, length: or the type and the value itself. */
static int hash_value(struct database *d, struct str item, struct str *ret, struct err *e)
{
	if (item.p[0] == HASH_DATA) {
		*ret = (struct str){ item.p + 1, item.n - 1 };
		return 0;
	}
	if (item.p[0] != HASH_OFFPAGE || item.n != 12)
		return FAIL(e, E_FORMAT, "an item of %zu bytes of type %d", item.n,
			    (unsigned char)item.p[0]);
	return read_overflow(d, u32(d, item.p + 4), u32(d, item.p + 8), ret, e);
}

/* Length, type, the value; or two bytes, type, a byte, page, length. */
static int btree_value(struct database *d, struct str item, struct str *ret, struct err *e)
{
	uint32_t n;

	if (item.n < 3)
		return FAIL(e, E_FORMAT, "an item that its page ends in");
	n = u16(d, item.p);
	if (item.p[2] == BTREE_DATA && n <= item.n - 3) {
		*ret = (struct str){ item.p + 3, n };
		return 0;
	}
	if (item.p[2] != BTREE_OVERFLOW || item.n < 12)
		return FAIL(e, E_FORMAT, "an item of %u bytes of type %d", n,
			    (unsigned char)item.p[2]);
	return read_overflow(d, u32(d, item.p + 4), u32(d, item.p + 8), ret, e);
}

static int read_pair(struct database *d, struct str key, struct str value, struct err *e)
{
	struct str number, blob;
	int r;

	/* Deleted, and kept until a cursor that stood there moves on. */
	if (!d->hash && key.n >= 3 && (key.p[2] & BTREE_DELETED))
		return 0;
	r = d->hash ? hash_value(d, key, &number, e) : btree_value(d, key, &number, e);
	if (r < 0)
		return r;
	if (number.n != 4)
		return FAIL(e, E_FORMAT, "a key of %zu bytes", number.n);
	if (memcmp(number.p, "\0\0\0\0", 4) == 0)
		return 0;
	r = d->hash ? hash_value(d, value, &blob, e) : btree_value(d, value, &blob, e);
	return r < 0 ? r : d->fn(d->arg, blob, e);
}

/* All pairs of the pages from this one along its chain. */
static int read_chain(struct database *d, uint32_t number, struct err *e)
{
	int r = 0;

	for (bool first = true; r == 0 && (first || number); first = false) {
		const char *page;
		struct str key, value;

		r = take_page(d, number, &page, e);
		if (r < 0)
			return r;
		/* A bucket that was set aside and never used. */
		if (d->hash && first && page_type(page) == P_UNUSED)
			return 0;
		if (d->hash ? page_type(page) != P_HASH && page_type(page) != P_HASH_UNSORTED
			    : page_type(page) != P_BTREE_LEAF)
			return FAIL(e, E_FORMAT, "page %u is of type %u", number, page_type(page));
		r = check_items(d, page, e);
		for (uint32_t i = 0; r == 0 && i < u16(d, page + 20); i += 2) {
			r = read_item(d, page, i, &key, e);
			r = r < 0 ? r : read_item(d, page, i + 1, &value, e);
			r = r < 0 ? r : read_pair(d, key, value, e);
		}
		if (r < 0)
			return WRAP(e, r, "page %u", number);
		number = u32(d, page + 16);
	}
	return r;
}

/* Buckets stand in groups that double, each with its first page in a table of page 0. */
static int read_hash(struct database *d, struct err *e)
{
	uint32_t last = u32(d, d->file.p + 72);
	int r = 0;

	if (last >= d->pages.n)
		return FAIL(e, E_FORMAT, "%u buckets in %u pages", last, d->pages.n);
	for (uint32_t bucket = 0, group = 0; r == 0 && bucket <= last; bucket++) {
		/* The least n for which 2^n is more than the bucket's number. */
		while (bucket >> group)
			group++;
		r = read_chain(d, u32(d, d->file.p + 96 + 4 * (size_t)group) + bucket, e);
		if (r < 0)
			return WRAP(e, r, "bucket %u", bucket);
	}
	return r;
}

/* Down the left edge to the first leaf: leaves name the next. */
static int read_btree(struct database *d, struct err *e)
{
	uint32_t number = u32(d, d->file.p + 88);

	for (int depth = 0; depth < LIMIT_RPM_DEPTH; depth++) {
		const char *page;
		struct str item;
		int r;

		if (number >= d->pages.n)
			return FAIL(e, E_FORMAT, "page %u of %u", number, d->pages.n);
		page = d->file.p + (size_t)number * d->page_size;
		if (page_type(page) == P_BTREE_LEAF)
			return read_chain(d, number, e);
		r = take_page(d, number, &page, e);
		if (r == 0 && (page_type(page) != P_BTREE || !u16(d, page + 20)))
			r = FAIL(e, E_FORMAT, "page %u of type %u in a tree", number,
				 page_type(page));
		r = r < 0 ? r : read_item(d, page, 0, &item, e);
		if (r == 0 && item.n < 12)
			r = FAIL(e, E_FORMAT, "page %u ends in its first item", number);
		if (r < 0)
			return r;
		number = u32(d, item.p + 4);
	}
	return FAIL(e, E_FORMAT, "a tree more than %d pages deep", LIMIT_RPM_DEPTH);
}

int rpm_bdb_read(struct str file, rpm_blob_fn fn, void *arg, struct err *e)
{
	__attribute__((cleanup(database_release))) struct database d = {
		.scratch = BUF_INIT(LIMIT_RPM_HEADER), .fn = fn, .arg = arg
	};
	const char *meta;
	int r = open_database(file, &d, e);

	r = r < 0 ? r : take_page(&d, 0, &meta, e);
	if (r < 0)
		return r;
	return d.hash ? read_hash(&d, e) : read_btree(&d, e);
}
