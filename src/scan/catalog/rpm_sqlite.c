/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

/*
 * The table "Packages" of an SQLite database (SQLite's "Database File Format"): its root page is
 * named in the schema, which is a table itself and begins on page 1; a row is a record in a cell of
 * a leaf page, and what does not fit there is on a chain of overflow pages.
 */
#define MAGIC "SQLite format 3"
enum { HEADER = 100, LEAF = 0x0d, INTERIOR = 0x05 };

struct database {
	struct str file;
	uint32_t page_size, usable;
	struct rpm_pages pages; /* numbered from 1; number 0 is taken from the start */
	struct buf scratch;	/* a record that lies in pieces */
};

static void database_release(struct database *d)
{
	rpm_pages_release(&d->pages);
	buf_free(&d->scratch);
}

/* Is given the record of each row. */
struct table {
	int (*row)(void *arg, struct str record, struct err *e);
	void *arg;
};

bool rpm_is_sqlite(struct str file)
{
	return file.n >= sizeof(MAGIC) && memcmp(file.p, MAGIC, sizeof(MAGIC)) == 0;
}

static int open_database(struct str file, struct database *d, struct err *e)
{
	uint32_t pages, encoding;

	if (!rpm_is_sqlite(file) || file.n < HEADER)
		return FAIL(e, E_FORMAT, "not an SQLite database");
	d->file = file;
	d->page_size = rpm_be16(file.p + 16);
	if (d->page_size == 1)
		d->page_size = 65536;
	if (d->page_size < 512 || (d->page_size & (d->page_size - 1)))
		return FAIL(e, E_FORMAT, "pages of %u bytes", d->page_size);
	d->usable = d->page_size - (unsigned char)file.p[20];
	if (d->usable < 480)
		return FAIL(e, E_FORMAT, "pages of which %u bytes are used", d->usable);
	encoding = rpm_be32(file.p + 56);
	if (encoding > 1)
		return FAIL(e, E_FORMAT, "text is not UTF-8, but of encoding %u", encoding);
	pages = (uint32_t)(file.n / d->page_size);
	/* The number of pages counts when it was written with the last change. */
	if (rpm_be32(file.p + 24) == rpm_be32(file.p + 92) && rpm_be32(file.p + 28)) {
		if (rpm_be32(file.p + 28) > pages)
			return FAIL(e, E_FORMAT,
				    "%u pages of %u bytes, but the file ends after %zu",
				    rpm_be32(file.p + 28), d->page_size, file.n);
		pages = rpm_be32(file.p + 28);
	}
	if (!pages)
		return FAIL(e, E_FORMAT, "the file ends within its first page");
	return rpm_pages_new(&d->pages, pages + 1, e);
}

/* A page that belongs to nothing else yet. */
static int take_page(struct database *d, uint32_t number, const char **ret, struct err *e)
{
	int r = number ? rpm_pages_take(&d->pages, number, e)
		       : FAIL(e, E_FORMAT, "a page numbered 0");

	if (r == 0)
		*ret = d->file.p + (size_t)(number - 1) * d->page_size;
	return r;
}

/* Seven bits a byte, the highest first; the ninth byte has eight. */
static int take_varint(struct str *s, uint64_t *ret, struct err *e)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 9 && i < s->n; i++) {
		unsigned char c = (unsigned char)s->p[i];

		v = i == 8 ? v << 8 | c : v << 7 | (c & 0x7f);
		if (i == 8 || !(c & 0x80)) {
			*s = (struct str){ s->p + i + 1, s->n - i - 1 };
			*ret = v;
			return 0;
		}
	}
	return FAIL(e, E_FORMAT, "a number that its page ends in");
}

/* The rest of a record of which `local` is on the leaf: pages that each name the next. */
static int read_overflow(struct database *d, struct str local, size_t size, uint32_t page,
			 struct str *ret, struct err *e)
{
	buf_reset(&d->scratch);
	buf_put(&d->scratch, local.p, local.n);
	while (d->scratch.n < size) {
		size_t n = size - d->scratch.n;
		const char *p;
		int r = take_page(d, page, &p, e);

		if (r < 0)
			return WRAP(e, r, "overflow of a record of %zu bytes", size);
		buf_put(&d->scratch, p + 4, n < d->usable - 4 ? n : d->usable - 4);
		if (d->scratch.failed)
			return buf_check(&d->scratch, "a record", e);
		page = rpm_be32(p);
	}
	*ret = (struct str){ d->scratch.p, d->scratch.n };
	return 0;
}

/* How much of a payload is on its leaf page ("Cell payload overflow pages" of the format). */
static size_t local_size(const struct database *d, uint64_t payload)
{
	size_t most = d->usable - 35, least = (d->usable - 12) * 32 / 255 - 23, k;

	if (payload <= most)
		return (size_t)payload;
	k = least + (size_t)((payload - least) % (d->usable - 4));
	return k <= most ? k : least;
}

static int read_cell(struct database *d, struct str cell, const struct table *t, struct err *e)
{
	uint64_t payload, row_id;
	struct str record;
	size_t local;
	int r = take_varint(&cell, &payload, e);

	r = r < 0 ? r : take_varint(&cell, &row_id, e);
	if (r < 0)
		return r;
	if (payload > LIMIT_RPM_HEADER)
		return FAIL(e, E_FORMAT, "a record of %llu bytes, at most %d are read",
			    (unsigned long long)payload, LIMIT_RPM_HEADER);
	local = local_size(d, payload);
	if (local + (local < payload ? 4 : 0) > cell.n)
		return FAIL(e, E_FORMAT, "a record that its page ends in");
	record = (struct str){ cell.p, local };
	if (local < payload)
		r = read_overflow(d, record, (size_t)payload, rpm_be32(cell.p + local), &record, e);
	return r < 0 ? r : t->row(t->arg, record, e);
}

static int read_tree(struct database *d, uint32_t number, int depth, const struct table *t,
		     struct err *e);

static int read_page(struct database *d, uint32_t number, const char *page, int depth,
		     const struct table *t, struct err *e)
{
	size_t start = number == 1 ? HEADER : 0;
	bool leaf = page[start] == LEAF;
	size_t index = start + (leaf ? 8 : 12);
	uint32_t cells = rpm_be16(page + start + 3);
	int r = 0;

	if (!leaf && page[start] != INTERIOR)
		return FAIL(e, E_FORMAT, "page %u: of type %d in a table", number,
			    (unsigned char)page[start]);
	if (index + 2 * (size_t)cells > d->usable)
		return FAIL(e, E_FORMAT, "page %u: %u rows of its own", number, cells);
	for (uint32_t i = 0; r == 0 && i < cells; i++) {
		size_t at = rpm_be16(page + index + 2 * (size_t)i);
		struct str cell = { page + at, at < d->usable ? d->usable - at : 0 };

		if (at < index + 2 * (size_t)cells || cell.n < 4)
			return FAIL(e, E_FORMAT, "page %u: a row at byte %zu", number, at);
		if (!leaf)
			r = read_tree(d, rpm_be32(cell.p), depth + 1, t, e);
		else if ((r = read_cell(d, cell, t, e)) < 0)
			return WRAP(e, r, "page %u", number);
	}
	/* The rows above the last key. */
	return r < 0 || leaf ? r : read_tree(d, rpm_be32(page + start + 8), depth + 1, t, e);
}

static int read_tree(struct database *d, uint32_t number, int depth, const struct table *t,
		     struct err *e)
{
	const char *page;
	int r;

	if (depth > LIMIT_RPM_DEPTH)
		return FAIL(e, E_FORMAT, "a table more than %d pages deep", LIMIT_RPM_DEPTH);
	r = take_page(d, number, &page, e);
	return r < 0 ? r : read_page(d, number, page, depth, t, e);
}

struct column {
	uint64_t type;
	struct str value;
};

/* The length of a column by its serial type; types 10 and 11 are not used. */
static size_t column_size(uint64_t type)
{
	static const uint8_t sizes[12] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	return type < 12 ? sizes[type] : (size_t)((type - 12) / 2);
}

/* The first n columns of a record. */
static int read_record(struct str record, struct column *columns, size_t n, struct err *e)
{
	struct str types = record, values;
	uint64_t header;
	int r = take_varint(&types, &header, e);

	if (r < 0)
		return r;
	if (header > record.n || header < record.n - types.n)
		return FAIL(e, E_FORMAT, "a record with a head of %llu bytes",
			    (unsigned long long)header);
	values = (struct str){ record.p + header, record.n - (size_t)header };
	types.n = (size_t)header - (record.n - types.n);
	for (size_t i = 0; i < n; i++) {
		uint64_t type;

		r = take_varint(&types, &type, e);
		if (r < 0)
			return WRAP(e, r, "a record of %zu columns", i);
		if (column_size(type) > values.n)
			return FAIL(e, E_FORMAT, "a column longer than its record");
		columns[i] = (struct column){ type, { values.p, column_size(type) } };
		values.p += columns[i].value.n;
		values.n -= columns[i].value.n;
	}
	return 0;
}

static bool is_text(const struct column *c)
{
	return c->type >= 13 && c->type % 2 == 1;
}

static bool name_is(struct str s, const char *name)
{
	return s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

/* A big-endian number of one to eight bytes; types 8 and 9 are 0 and 1 themselves. */
static uint64_t integer(const struct column *c)
{
	uint64_t v = c->type == 9;

	for (size_t i = 0; i < c->value.n; i++)
		v = v << 8 | (unsigned char)c->value.p[i];
	return v;
}

/* sqlite_schema: type, name, tbl_name, rootpage, sql. */
static int find_table(void *arg, struct str record, struct err *e)
{
	uint32_t *root = arg;
	struct column c[4];
	int r = read_record(record, c, 4, e);

	if (r < 0)
		return WRAP(e, r, "the schema");
	if (!is_text(&c[0]) || !is_text(&c[1]) || !str_eqz(c[0].value, "table") ||
	    !name_is(c[1].value, "Packages"))
		return 0;
	if (*root)
		return FAIL(e, E_FORMAT, "two tables named Packages");
	if (c[3].type < 1 || c[3].type > 9 || c[3].type == 7 || integer(&c[3]) < 2 ||
	    integer(&c[3]) > UINT32_MAX)
		return FAIL(e, E_FORMAT, "the table Packages has no root page");
	*root = (uint32_t)integer(&c[3]);
	return 0;
}

struct sink {
	rpm_blob_fn fn;
	void *arg;
};

/* Packages: hnum (which is the row's number, and NULL in the record), blob. */
static int read_row(void *arg, struct str record, struct err *e)
{
	const struct sink *s = arg;
	struct column c[2];
	int r = read_record(record, c, 2, e);

	if (r < 0)
		return WRAP(e, r, "the table Packages");
	if (c[1].type < 12 || c[1].type % 2)
		return FAIL(e, E_FORMAT, "a row of Packages without a blob");
	return s->fn(s->arg, c[1].value, e);
}

int rpm_sqlite_read(struct str file, rpm_blob_fn fn, void *arg, struct err *e)
{
	__attribute__((cleanup(
		database_release))) struct database d = { .scratch = BUF_INIT(LIMIT_RPM_HEADER) };
	struct sink sink = { fn, arg };
	uint32_t root = 0;
	int r = open_database(file, &d, e);

	r = r < 0 ? r : read_tree(&d, 1, 0, &(struct table){ find_table, &root }, e);
	if (r < 0)
		return r;
	if (!root)
		return FAIL(e, E_FORMAT, "no table named Packages");
	return read_tree(&d, root, 0, &(struct table){ read_row, &sink }, e);
}
