/* SPDX-License-Identifier: Apache-2.0 */
/* The advisories' database: its parts, and whole ones that were damaged. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "scan/advisory/block.h"
#include "scan/advisory/db_internal.h"
#include "scan/advisory/rows.h"
#include "scan/advisory/sorter.h"
#include "tap.h"

TAP_MAIN()

static struct state new_state(void)
{
	struct state s = { .fd = -1 };
	char path[] = "/tmp/plimsoll-test.XXXXXX";
	struct err e = ERR_INIT;

	if (!mkdtemp(path) || state_open(&s, path, &e) < 0)
		abort();
	return s;
}

static void end_state(struct state *s)
{
	(void)fs_remove_tree(AT_FDCWD, s->path, NULL);
	if (fs_exists(s->fd, ADVISORY_DB))
		(void)unlinkat(s->fd, ADVISORY_DB, 0);
	if (fs_exists(s->fd, "advisories.lock"))
		(void)unlinkat(s->fd, "advisories.lock", 0);
	(void)rmdir(s->path);
	state_close(s);
}

/* Packing. */

TEST(numbers)
{
	static const uint64_t all[] = { 0,     1,	   127,	      128,	 16383,
					16384, UINT32_MAX, INT64_MAX, UINT64_MAX };
	auto_buf b = BUF_INIT(1024);
	struct unpack u;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		pack_u64(&b, all[i]);
	u = unpack_of((struct str){ b.p, b.n });
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		CHECK(unpack_u64(&u, UINT64_MAX) == all[i]);
	CHECK(!u.bad && u.p == u.end);
}

static bool is_bad(const char *p, size_t n, uint64_t max)
{
	struct unpack u = unpack_of((struct str){ p, n });

	return unpack_u64(&u, max) == 0 && u.bad && u.p == u.end;
}

TEST(bad_numbers)
{
	CHECK(is_bad("", 0, UINT64_MAX));
	CHECK(is_bad("\x80", 1, UINT64_MAX)); /* cut */
	CHECK(is_bad("\x05", 1, 4));	      /* above max */
	CHECK(!is_bad("\x04", 1, 4));
	CHECK(is_bad("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, UINT64_MAX)); /* 65 bits */
	CHECK(is_bad("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, UINT64_MAX));
}

TEST(strings_and_blocks)
{
	auto_buf b = BUF_INIT(1024);
	struct unpack u;
	struct str s;

	pack_str(&b, "one");
	pack_str(&b, NULL);
	pack_block(&b, STR("two"));
	u = unpack_of((struct str){ b.p, b.n });
	CHECK_STR(unpack_str(&u), "one");
	CHECK_STR(unpack_str(&u), "");
	s = unpack_block(&u);
	CHECK(str_eqz(s, "two") && !u.bad && u.p == u.end);
	CHECK_STR(unpack_str(&u), "");
	CHECK(u.bad);
	u = unpack_of(STR("no end"));
	CHECK_STR(unpack_str(&u), "");
	CHECK(u.bad);
	u = unpack_of(STR("\x07"
			  "longer"));
	CHECK(unpack_block(&u).n == 0 && u.bad);
}

/* Ids again as they were; and stepping over a group ends where reading it does. */
TEST(ids)
{
	static const char *const groups[] = {
		"CVE-2024-0001",
		"CVE-2024-12345 GHSA-xxxx-yyyy-zzzz CVE-2019-7",
		"CVE-1999-0001 CVE-99-1 CVE-2024-00012 CVE-20244-1 cve-2024-1",
		"CVE-2024-9999999999 CVE- CVE-2024-",
		"CVE-2201-1 CVE-1989-0001",
	};
	auto_buf b = BUF_INIT(4096), buf = BUF_INIT(4096);
	struct id_groups read, skip;
	unsigned year = 0;
	struct err e = ERR_INIT;
	const char *ids;

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		CHECK(pack_group(&b, groups[i], &year, &e) == 0);
	CHECK(pack_group(&b, "", &year, &e) == E_FORMAT);
	read = skip = (struct id_groups){ unpack_of((struct str){ b.p, b.n - 1 }), 0 };
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		CHECK(id_groups_next(&read, &buf, &ids, &e) == 1);
		CHECK_STR(ids, groups[i]);
		id_groups_skip(&skip);
		CHECK(skip.at.p == read.at.p && skip.year == read.year);
	}
	CHECK(id_groups_next(&read, &buf, &ids, &e) == 0);
}

/* Rows. */

static const char *pick(const char *const *of, size_t n, unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return of[(*seed >> 16) % n];
}

enum { ROWS = 300, MOST = 6 };

struct made {
	struct row row;
	struct range_event events[MOST];
	const char *versions[MOST];
	struct buf ids;
	char text[256];
};

static void make_row(struct made *m, unsigned i, unsigned *seed)
{
	static const char *const words[] = { "0",      "1.2-1", "1.2-1+deb12u1", "3:4~rc1", "",
					     "no-dsa", "9.9.9", "1.10",		 "v1.2.3" };
	static const char *const kinds[] = { "i", "f", "l", "u" };
	struct err e = ERR_INIT;
	unsigned year = 0;

	memset(m, 0, sizeof(*m));
	m->row.unit = i / 3 + 1000 * (i / 50);
	m->row.rating = *seed >> 20 & 3;
	m->row.status = *seed & 1 << 18 ? "no-dsa" : "";
	m->row.platforms = *seed & 1 << 17 ? "windows js/wasm" : "";
	m->row.ranges.events_n = *seed >> 13 & 3;
	m->row.ranges.versions_n = *seed & 1 << 11 ? *seed >> 9 & 3 : 0;
	for (size_t k = 0; k < m->row.ranges.events_n; k++)
		m->events[k] =
			(struct range_event){ *pick(kinds, 4, seed), k == 0 || *seed & 1 << 19,
					      pick(words, 9, seed) };
	for (size_t k = 0; k < m->row.ranges.versions_n; k++) /* each once */
		m->versions[k] = words[(k + i) % 9];
	m->row.ranges.events = m->events;
	m->row.ranges.versions = m->versions;
	m->row.groups = i % 4;
	m->ids = BUF_INIT(4096);
	for (unsigned k = 0; k < m->row.groups; k++) {
		(void)snprintf(m->text, sizeof(m->text), "CVE-20%02u-%04u X-%u", i % 30, i, k);
		CHECK(pack_group(&m->ids, m->text, &year, &e) == 0);
	}
	m->row.ids.at = unpack_of((struct str){ m->ids.p, m->ids.n });
}

static bool same_groups(const struct row *a, const struct row *b)
{
	struct id_groups x = a->ids, y = b->ids;
	auto_buf p = BUF_INIT(4096), q = BUF_INIT(4096);
	const char *s, *t;
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < a->groups; i++)
		if (id_groups_next(&x, &p, &s, &e) != 1 || id_groups_next(&y, &q, &t, &e) != 1 ||
		    strcmp(s, t) != 0)
			return false;
	return x.at.p == x.at.end && y.at.p == y.at.end;
}

static bool same_row(const struct row *a, const struct row *b)
{
	if (a->unit != b->unit || a->rating != b->rating || a->groups != b->groups ||
	    strcmp(a->status, b->status) != 0 || strcmp(a->platforms, b->platforms) != 0 ||
	    a->ranges.events_n != b->ranges.events_n ||
	    a->ranges.versions_n != b->ranges.versions_n || !same_groups(a, b))
		return false;
	for (size_t i = 0; i < a->ranges.events_n; i++) {
		const struct range_event *x = &a->ranges.events[i], *y = &b->ranges.events[i];

		if (x->kind != y->kind || x->first != y->first || strcmp(x->version, y->version))
			return false;
	}
	for (size_t i = 0; i < a->ranges.versions_n; i++)
		if (strcmp(a->ranges.versions[i], b->ranges.versions[i]) != 0)
			return false;
	return true;
}

TEST(rows_again_as_they_were)
{
	auto_release(rows_writer_free) struct rows_writer *w = NULL;
	struct made *all = calloc(ROWS, sizeof(*all));
	struct err e = ERR_INIT;
	unsigned seed = 7;

	CHECK(rows_writer_new(&w, &e) == 0);
	for (unsigned i = 0; i < ROWS; i++)
		make_row(&all[i], i, &seed);
	for (int round = 0; round < 2; round++) { /* a writer begins anew */
		auto_buf b = BUF_INIT(1 << 20);
		auto_rows rows = { 0 };
		struct row row;
		uint32_t base;

		for (unsigned i = 0; i < ROWS; i++)
			CHECK(rows_writer_put(w, &all[i].row, &e) == 0);
		CHECK(rows_writer_rows(w) == ROWS);
		CHECK(rows_writer_finish(w, &b, &base, &e) == 0);
		CHECK(rows_open(&rows, (struct str){ b.p, b.n }, base, &e) == 0);
		for (unsigned i = 0; i < ROWS; i++)
			CHECK(rows_next(&rows, &row, &e) == 1 && same_row(&row, &all[i].row));
		CHECK(rows_next(&rows, &row, &e) == 0);
	}
	CHECK(rows_writer_put(w, &all[ROWS - 1].row, &e) == 0);
	CHECK(rows_writer_put(w, &all[0].row, &e) == E_INTERNAL); /* an earlier unit */
	for (unsigned i = 0; i < ROWS; i++)
		buf_free(&all[i].ids);
	free(all);
}

/* Whatever the bytes, reading them ends, within them. */
TEST(damaged_rows)
{
	auto_release(rows_writer_free) struct rows_writer *w = NULL;
	auto_buf b = BUF_INIT(1 << 20);
	struct err e = ERR_INIT;
	unsigned seed = 3, read = 0;
	uint32_t base;

	CHECK(rows_writer_new(&w, &e) == 0);
	for (unsigned i = 0; i < 40; i++) {
		struct made m;

		make_row(&m, i, &seed);
		CHECK(rows_writer_put(w, &m.row, &e) == 0);
		buf_free(&m.ids);
	}
	CHECK(rows_writer_finish(w, &b, &base, &e) == 0);
	for (size_t i = 0; i < b.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			auto_free char *copy = malloc(b.n);
			auto_rows rows = { 0 };
			struct row row;

			memcpy(copy, b.p, b.n);
			copy[i] = (char)(copy[i] ^ 1 << bit);
			if (rows_open(&rows, (struct str){ copy, b.n }, base, &e) == 0)
				while (rows_next(&rows, &row, &e) > 0)
					read++;
		}
	CHECK(read > 0);
	for (size_t n = 0; n < b.n; n++) { /* cut */
		auto_free char *copy = malloc(n + 1);
		auto_rows rows = { 0 };
		struct row row;
		int r;

		memcpy(copy, b.p, n);
		r = rows_open(&rows, (struct str){ copy, n }, base, &e);
		while (r >= 0 && (r = rows_next(&rows, &row, &e)) > 0)
			;
		CHECK(r == E_FORMAT);
	}
}

/* Sorting. */

static void sort_with(size_t memory, unsigned n)
{
	struct state state = new_state();
	auto_release(sorter_free) struct sorter *s = NULL;
	struct err e = ERR_INIT;
	struct str key, value;
	char last[32] = "", text[32];
	unsigned seed = 1, count = 0, last_value = 0;

	CHECK(sorter_new(&s, &state, memory, &e) == 0);
	for (unsigned i = 0; i < n; i++) {
		seed = seed * 1103515245U + 12345U;
		(void)snprintf(text, sizeof(text), "%u", seed >> 16 & 1023);
		CHECK(sorter_put(s, str_of(text), (struct str){ (char *)&i, sizeof(i) }, &e) == 0);
	}
	CHECK(sorter_sort(s, &e) == 0);
	while (sorter_next(s, &key, &value, &e) > 0) {
		unsigned at;

		memcpy(&at, value.p, sizeof(at));
		(void)snprintf(text, sizeof(text), "%.*s", (int)key.n, key.p);
		CHECK(strcmp(last, text) < 0 || (strcmp(last, text) == 0 && last_value < at));
		(void)snprintf(last, sizeof(last), "%s", text);
		last_value = at;
		count++;
	}
	CHECK(count == n);
	end_state(&state);
}

TEST(sorting)
{
	sort_with(1 << 20, 0);
	sort_with(1 << 20, 1);
	sort_with(1 << 20, 3000);
	sort_with(4096, 3000); /* in many runs */
	sort_with(1, 50);      /* one each */
}

/* Blocks. */

TEST(blocks)
{
	auto_release(block_dictionary_free) struct block_dictionary *d = NULL;
	auto_release(block_reader_free) struct block_reader *r = NULL;
	struct block_writer *w = block_writer_new();
	auto_buf packed = BUF_INIT(1 << 20), raw = BUF_INIT(LIMIT_BLOCK + 1);
	struct err e = ERR_INIT;

	CHECK(block_dictionary_new(&d, STR(""), 19, &e) == 0 &&
	      block_reader_new(&r, STR(""), &e) == 0);
	CHECK(block_compress(w, d, STR("what is said"), &packed, &e) == 0);
	CHECK(block_decompress(r, (struct str){ packed.p, packed.n }, &raw, &e) == 0);
	CHECK(str_eqz((struct str){ raw.p, raw.n }, "what is said"));
	CHECK(block_decompress(r, (struct str){ packed.p, packed.n - 1 }, &raw, &e) == E_FORMAT);
	CHECK(block_decompress(r, STR(""), &raw, &e) == E_FORMAT);
	CHECK(block_decompress(r, STR("nonsense"), &raw, &e) == E_FORMAT);
	block_writer_free(w);
}

/* A block says its size: one over the limit is refused before anything is decompressed. */
TEST(block_limit)
{
	auto_release(block_dictionary_free) struct block_dictionary *d = NULL;
	auto_release(block_reader_free) struct block_reader *r = NULL;
	struct block_writer *w = block_writer_new();
	auto_buf packed = BUF_INIT(1 << 20), raw = BUF_INIT(LIMIT_BLOCK + 1);
	auto_free char *zeros = calloc(LIMIT_BLOCK + 1, 1);
	struct err e = ERR_INIT;
	/* A zstd frame of RFC 8878, 3.1.1: single segment, four bytes of size, one raw block. */
	char bomb[] = "\x28\xb5\x2f\xfd\xa0\x01\x00\x00\x02\x01\x00\x00";

	CHECK(block_dictionary_new(&d, STR(""), 19, &e) == 0 &&
	      block_reader_new(&r, STR(""), &e) == 0);
	CHECK(block_compress(w, d, (struct str){ zeros, LIMIT_BLOCK }, &packed, &e) == 0);
	CHECK(block_decompress(r, (struct str){ packed.p, packed.n }, &raw, &e) == 0);
	CHECK(raw.n == LIMIT_BLOCK);
	CHECK(block_compress(w, d, (struct str){ zeros, LIMIT_BLOCK + 1 }, &packed, &e) ==
	      E_FORMAT);
	CHECK(block_decompress(r, (struct str){ bomb, sizeof(bomb) - 1 }, &raw, &e) == E_FORMAT);
	CHECK(strstr(e.msg, "too large") != NULL);
	block_writer_free(w);
}

/* Whole databases. */

static int put_unit(struct advisory_build *b, unsigned i, const char *edition, struct err *e)
{
	auto_buf record = BUF_INIT(1 << 20);
	auto_json *unit = NULL;
	char id[32], name[32], fixed[32];
	struct unpack u;

	(void)snprintf(id, sizeof(id), "CVE-2024-%04u", i);
	(void)snprintf(name, sizeof(name), "x/%u", i);
	(void)snprintf(fixed, sizeof(fixed), "%u.%s-1", i % 7, edition);
	unit = json_pack("{ss ss si ss s[s] s[[ss]] s[{ss ss s[[ssss]] s[] si si ss}] s[{ss ss}]}",
			 "unit", name, "source", i % 2 ? "odd" : "even", "modified",
			 (int)(1000 + i), "title", "What is wrong", "ecosystems",
			 i % 3 ? "Debian:12" : "Debian:11", "ids", id, "X-1", "rows", "e",
			 i % 3 ? "Debian:12" : "Debian:11", "p", i % 5 ? "openssl" : "curl", "r",
			 "i", "0", "f", fixed, "v", "s", 3, "c", 75, "vec", "CVSS:3.1/AV:N",
			 "facts", "id", id, "kev", "2026-01-02");
	if (!unit || record_of_unit(unit, &record, e) < 0)
		return E_INTERNAL;
	u = unpack_of((struct str){ record.p, record.n });
	return advisory_build_record(b, unpack_block(&u), e);
}

/* A database of units from..to, which come in that order or backwards, in so many imports. */
static void make_db(const struct state *s, unsigned n, bool backwards, unsigned imports)
{
	struct err e = ERR_INIT;

	for (unsigned k = 0; k < imports; k++) {
		auto_release(advisory_build_free) struct advisory_build *b = NULL;
		bool changed;

		CHECK(advisory_build_begin(&b, s, 5000, &e) == 0);
		for (unsigned i = 0; i < n; i++) {
			unsigned at = backwards ? n - 1 - i : i;

			if (at % imports == k)
				CHECK(put_unit(b, at, "1", &e) == 0);
		}
		CHECK(advisory_build_commit(b, &changed, &e) == 0 && changed);
	}
}

static int read_db(const struct state *s, struct buf *ret)
{
	struct err e = ERR_INIT;

	return fs_read(s->fd, ADVISORY_DB, 1 << 24, ret, &e);
}

TEST(the_same_units_give_the_same_bytes)
{
	struct state one = new_state(), two = new_state();
	auto_buf a = BUF_INIT(1 << 24), b = BUF_INIT(1 << 24);

	make_db(&one, 500, false, 1);
	make_db(&two, 500, true, 3);
	CHECK(read_db(&one, &a) == 0 && read_db(&two, &b) == 0);
	CHECK(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
	end_state(&one);
	end_state(&two);
}

static int count_row(void *arg, const struct advisory_row *row, struct err *e)
{
	(void)e;
	if (!starts_with(row->id, "CVE-2024-") || strcmp(row->aliases, "X-1") != 0 ||
	    strcmp(row->title, "What is wrong") != 0 || row->score != 75 || row->severity != 3 ||
	    strcmp(row->vector, "CVSS:3.1/AV:N") != 0 || !starts_with(row->unit, "x/") ||
	    (strcmp(row->source, "odd") != 0 && strcmp(row->source, "even") != 0))
		return E_INTERNAL;
	++*(unsigned *)arg;
	return 0;
}

static unsigned rows_of(struct advisory_db *db, const char *ecosystem, const char *package)
{
	struct err e = ERR_INIT;
	unsigned n = 0;

	CHECK(advisory_db_rows(db, ecosystem, package, NULL, count_row, &n, &e) == 0);
	return n;
}

TEST(what_was_put_is_found)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	struct state s = new_state();
	struct advisory_fact fact;
	struct err e = ERR_INIT;
	bool covers = false;

	make_db(&s, 300, false, 2);
	CHECK(advisory_db_open(&db, &s, &e) == 0);
	CHECK(rows_of(db, "Debian:12", "openssl") + rows_of(db, "Debian:12", "curl") == 200);
	CHECK(rows_of(db, "Debian:11", "openssl") + rows_of(db, "Debian:11", "curl") == 100);
	CHECK(rows_of(db, "Debian:12", "open") == 0 && rows_of(db, "Debian:12", "zlib") == 0);
	CHECK(rows_of(db, "Debian:12", "") == 0 && rows_of(db, "Debian:13", "curl") == 0);
	CHECK(advisory_db_covers(db, "Debian:11", &covers, &e) == 0 && covers);
	CHECK(advisory_db_covers(db, "Debian:10", &covers, &e) == 0 && !covers);
	CHECK(advisory_db_fact(db, "CVE-2024-0017", &fact, &e) == 0 && fact.exploited);
	CHECK_STR(fact.kev_date, "2026-01-02");
	CHECK(advisory_db_fact(db, "CVE-2024-9999", &fact, &e) == 0 && !fact.exploited);
	end_state(&s);
}

/* Everything that a scan reads of a database, whatever is in it. */
static void use_db(const struct state *s)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_release(advisory_build_free) struct advisory_build *b = NULL;
	auto_json *sources = NULL;
	struct advisory_fact fact;
	struct err e = ERR_INIT;
	int64_t date;
	bool changed;
	unsigned n = 0;

	if (advisory_db_open(&db, s, &e) == 0) {
		(void)advisory_db_rows(db, "Debian:12", "openssl", NULL, count_row, &n, &e);
		(void)advisory_db_rows(db, "Debian:11", "curl", NULL, count_row, &n, &e);
		(void)advisory_db_fact(db, "CVE-2024-0007", &fact, &e);
		(void)advisory_db_date(db, &date, &e);
		(void)advisory_db_sources(db, &sources, &e);
	}
	/* An import on top of it. */
	if (advisory_build_begin(&b, s, 6000, &e) == 0 && put_unit(b, 1, "2", &e) == 0)
		(void)advisory_build_commit(b, &changed, &e);
}

/* No address sanitizer's report, no hang: that is the test. */
TEST(damaged_databases)
{
	struct state s = new_state();
	auto_buf whole = BUF_INIT(1 << 24);
	struct err e = ERR_INIT;
	unsigned seed = 11, tries = 0;

	make_db(&s, 200, false, 1);
	CHECK(read_db(&s, &whole) == 0);
	for (; tries < 300; tries++) {
		auto_free char *copy = malloc(whole.n);
		size_t n = whole.n;

		memcpy(copy, whole.p, n);
		for (unsigned k = 0; k <= tries % 4; k++) {
			seed = seed * 1103515245U + 12345U;
			copy[(seed >> 8) % n] = (char)(seed >> 4);
		}
		if (tries % 10 == 9)
			n = (seed >> 8) % n;
		CHECK(fs_write_file(s.fd, ADVISORY_DB, copy, n, 0644, &e) == 0);
		use_db(&s);
	}
	CHECK(tries == 300);
	end_state(&s);
}
