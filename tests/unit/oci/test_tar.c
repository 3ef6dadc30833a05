/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader over crafted archives: what it takes, and what it must refuse. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"
#include "tar_build.h"

TAP_MAIN()

/* Reads a whole archive; one line a member into ret. Returns the members or the error. */
static int list_step(const struct buf *archive, size_t step, struct buf *ret, struct err *e)
{
	struct memory m = { .p = buf_str(archive), .n = archive->n, .step = step };
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *entry;
	int n = 0, r = tar_reader_new(&t, memory_read, &m, e);

	while (r == 0 && (r = tar_next(t, &entry, e)) > 0) {
		char data[300];
		int64_t got;

		buf_printf(ret, "%d %s", (int)entry->type, entry->name);
		if (entry->link)
			buf_printf(ret, " -> %s", entry->link);
		buf_printf(ret, " %o %u:%u %llu @%lld.%u", (unsigned)entry->mode, entry->uid,
			   entry->gid, (unsigned long long)entry->size, (long long)entry->mtime,
			   entry->mtime_ns);
		for (size_t i = 0; i < entry->xattrs_n; i++)
			buf_printf(ret, " %s=%.*s", entry->xattrs[i].name,
				   (int)entry->xattrs[i].value_n, entry->xattrs[i].value);
		if (entry->size && entry->size < sizeof(data)) {
			buf_putc(ret, ' ');
			while ((got = tar_read(t, data, sizeof(data), e)) > 0)
				buf_put(ret, data, (size_t)got);
			if (got < 0)
				return (int)got;
		}
		buf_putc(ret, '\n');
		n++;
		r = 0;
	}
	return r < 0 ? r : n;
}

static int list(const struct buf *archive, struct buf *ret, struct err *e)
{
	auto_buf again = BUF_INIT(ARCHIVE_MAX);
	struct err e2 = ERR_INIT;
	int r = list_step(archive, 0, ret, e);

	/* The same, whatever the sizes of the reads. */
	CHECK(list_step(archive, 7, &again, &e2) == r);
	CHECK_STR(buf_str(&again), buf_str(ret));
	return r;
}

static void expect(const struct buf *archive, const char *want)
{
	auto_buf got = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	CHECK(list(archive, &got, &e) >= 0);
	CHECK_STR(e.msg, "");
	CHECK_STR(buf_str(&got), want);
}

static void refuse(const struct buf *archive, const char *why)
{
	auto_buf got = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	CHECK(list(archive, &got, &e) == E_FORMAT);
	if (!strstr(e.msg, why))
		CHECK_STR(e.msg, why);
}

TEST(plain_members)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_member(&b, "./", '5', "");
	put_member(&b, "a/b//./c", '0', "hello");
	put_member(&b, "/etc/", '0', "");
	put_member(&b, "old", '\0', "x");
	put_link(&b, "h", '1', "./a/b/c");
	put_link(&b, "s", '2', "../../etc/passwd");
	put_member(&b, "f", '6', "");
	put_end(&b);
	expect(&b, "5 . 644 0:0 0 @0.0\n0 a/b/c 644 0:0 5 @0.0 hello\n5 etc 644 0:0 0 @0.0\n"
		   "0 old 644 0:0 1 @0.0 x\n1 h -> a/b/c 644 0:0 0 @0.0\n"
		   "2 s -> ../../etc/passwd 644 0:0 0 @0.0\n6 f 644 0:0 0 @0.0\n");
}

TEST(endings)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX), one = BUF_INIT(ARCHIVE_MAX), none = BUF_INIT(10);
	const char zero[TAR_BLOCK_SIZE] = "";

	expect(&none, "");
	put_member(&b, "a", '0', "x");
	expect(&b, "0 a 644 0:0 1 @0.0 x\n"); /* no closing zeros */
	buf_put(&one, b.p, b.n);
	buf_put(&one, zero, sizeof(zero));
	expect(&one, "0 a 644 0:0 1 @0.0 x\n");
	put_end(&b);
	for (int i = 0; i < 40; i++)
		put_end(&b);
	expect(&b, "0 a 644 0:0 1 @0.0 x\n");
	put_member(&b, "hidden", '0', "x");
	refuse(&b, "data after the end");
	buf_reset(&b);
	put_pax(&b, "9 uid=10\n");
	refuse(&b, "without its member");
	put_end(&b);
	refuse(&b, "without its member");
}

TEST(cut_anywhere_is_refused)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_pax(&b, "9 uid=10\n");
	put_member(&b, "a", '0', "hello");
	for (size_t n = 1; n < b.n; n++) {
		struct buf cut = { .p = b.p, .n = n, .cap = b.cap };
		auto_buf got = BUF_INIT(1000);
		struct err e = ERR_INIT;

		CHECK(list_step(&cut, 0, &got, &e) == E_FORMAT);
	}
}

TEST(every_header_bit_is_covered_by_the_checksum)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_member(&b, "a", '0', "");
	for (size_t i = 0; i < sizeof(struct tar_header); i++) {
		auto_buf got = BUF_INIT(1000);
		struct err e = ERR_INIT;

		b.p[i] ^= 1;
		/* A digit of the checksum itself may change into a space or NUL beside it. */
		CHECK(list_step(&b, 0, &got, &e) == E_FORMAT || (i >= 154 && i < 156));
		b.p[i] ^= 1;
	}
}

static void refuse_name(const char *name, const char *why)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(ARCHIVE_MAX);

	put_member(&b, name, '0', "");
	refuse(&b, why);
	buf_reset(&b);
	pax_record(&pax, "path", name, strlen(name));
	put_pax(&b, buf_str(&pax));
	put_member(&b, "fine", '0', "");
	if (*name) /* empty: takes the record back */
		refuse(&b, why);
	buf_reset(&b);
	put_ext(&b, 'L', name, strlen(name) + 1);
	put_member(&b, "fine", '0', "");
	refuse(&b, *name ? why : "empty long name");
	buf_reset(&b);
	put_link(&b, "link", '1', name);
	refuse(&b, why);
}

TEST(bad_names)
{
	refuse_name("..", "climbs out");
	refuse_name("../etc/passwd", "climbs out");
	refuse_name("a/../b", "climbs out");
	refuse_name("a/..", "climbs out");
	refuse_name("/..", "climbs out");
	refuse_name("/../etc", "climbs out");
	refuse_name("", "empty name");
	refuse_name(".", "root");
	refuse_name("./.", "root");
}

TEST(dots_that_are_names)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_member(&b, "...", '0', "");
	put_member(&b, "..a/.b/c..", '0', "");
	expect(&b, "0 ... 644 0:0 0 @0.0\n0 ..a/.b/c.. 644 0:0 0 @0.0\n");
}

TEST(nul_in_names)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(1000);

	put_ext(&b, 'L', "a\0b", 4);
	put_member(&b, "fine", '0', "");
	refuse(&b, "NUL");
	buf_reset(&b);
	pax_record(&pax, "path", "a\0b", 3);
	put_ext(&b, 'x', pax.p, pax.n);
	put_member(&b, "fine", '0', "");
	refuse(&b, "NUL");
	buf_reset(&b);
	buf_reset(&pax);
	pax_record(&pax, "linkpath", "a\0b", 3);
	put_ext(&b, 'x', pax.p, pax.n);
	put_link(&b, "fine", '2', "x");
	refuse(&b, "NUL");
}

static void long_name(struct buf *b, size_t n)
{
	auto_buf name = BUF_INIT(ARCHIVE_MAX);

	while (name.n < n)
		buf_putc(&name, name.n % 200 == 199 ? '/' : 'n');
	if (name.p[n - 1] == '/')
		name.p[n - 1] = 'n';
	put_ext(b, 'L', name.p, n + 1);
	put_member(b, "short", '0', "");
}

TEST(name_at_the_limit_and_one_past)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX), got = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	long_name(&b, LIMIT_TAR_NAME);
	CHECK(list(&b, &got, &e) == 1);
	CHECK(got.n > LIMIT_TAR_NAME);
	buf_reset(&b);
	long_name(&b, LIMIT_TAR_NAME + 1);
	refuse(&b, "longer than 4096");
}

TEST(name_part_at_the_limit_and_one_past)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX), got = BUF_INIT(ARCHIVE_MAX);
	char part[LIMIT_TAR_PART + 2];
	struct err e = ERR_INIT;

	memset(part, 'p', sizeof(part));
	put_ext(&b, 'L', part, LIMIT_TAR_PART);
	put_member(&b, "short", '0', "");
	CHECK(list(&b, &got, &e) == 1);
	buf_reset(&b);
	put_ext(&b, 'L', part, LIMIT_TAR_PART + 1);
	put_member(&b, "short", '0', "");
	refuse(&b, "longer than 255");
}

TEST(ustar_prefix)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct tar_header h = header("file", '0', 0), gnu = h, star = h;

	memcpy(h.prefix, "some/folder", 11);
	put_header(&b, &h);
	/* GNU's old header keeps times where the prefix would be. */
	memcpy(gnu.magic, "ustar ", 6);
	memcpy(gnu.version, " ", 2);
	memcpy(gnu.prefix, "14523306263", 11);
	put_header(&b, &gnu);
	memset(star.prefix, 'p', 131);
	memcpy(star.prefix + 131, "14523306263 14523306263 ", 24);
	memcpy(star.pad + 8, "tar", 4);
	put_header(&b, &star);

	auto_buf want = BUF_INIT(1000);

	buf_puts(&want, "0 some/folder/file 644 0:0 0 @0.0\n0 file 644 0:0 0 @0.0\n0 ");
	buf_put(&want, star.prefix, 131);
	buf_puts(&want, "/file 644 0:0 0 @0.0\n");
	expect(&b, buf_str(&want));
}

TEST(numbers)
{
	static const struct {
		const char field[13];
		size_t n;
		const char *why; /* NULL: taken */
	} t[] = {
		{ "00000000001", 12, NULL },
		{ " 1 ", 12, NULL },
		{ "1", 12, NULL },
		{ "0000000001\0\0", 12, NULL },
		{ "000000000001", 12, NULL }, /* no terminator */
		{ "00000000009", 12, "not an octal" },
		{ "-0000000001", 12, "not an octal" },
		{ "1 1", 12, "not an octal" },
		{ "\200\0\0\0\0\0\0\0\0\0\0\001", 12, NULL },
		{ "\377\377\377\377\377\377\377\377\377\377\377\377", 12, "negative" },
		{ "\300\0\0\0\0\0\0\0\0\0\0\001", 12, "too large" },
		{ "\200\0\0\0\200\0\0\0\0\0\0\0", 12, "too large" },
		{ "\200\0\0\001\0\0\0\0\0\0\0\0", 12, "too large" },
		{ "\277\377\377\377\377\377\377\377\377\377\377\377", 12, "too large" },
		{ "\200\0\0\0\177\377\377\377\377\377\377\377", 12, "cut short" },
		{ "777777777777", 12, "cut short" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX);
		struct tar_header h = header("a", '0', 1);

		memcpy(h.size, t[i].field, sizeof(h.size));
		put_header(&b, &h);
		put_data(&b, "x", 1);
		if (t[i].why)
			refuse(&b, t[i].why);
		else
			expect(&b, "0 a 644 0:0 1 @0.0 x\n");
	}
}

TEST(owners_and_times_in_base_256)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct tar_header h = header("a", '0', 0);

	memcpy(h.uid, "\200\0\0\0\377\377\377\376", 8);
	memcpy(h.mtime, "\377\377\377\377\377\377\377\377\377\377\377\376", 12);
	put_header(&b, &h);
	expect(&b, "0 a 644 4294967294:0 0 @-2.0\n");
	buf_reset(&b);
	memcpy(h.uid, "\200\0\0\0\377\377\377\377", 8); /* -1 means "leave it" to chown */
	put_header(&b, &h);
	refuse(&b, "uid is too large");
	buf_reset(&b);
	memcpy(h.uid, "\377\377\377\377\377\377\377\377", 8);
	put_header(&b, &h);
	refuse(&b, "uid is negative");
}

TEST(pax_overrides)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(10000);
	struct tar_header h = header("short", '0', 77);

	pax_record(&pax, "path", "long/\303\244", 7);
	pax_record(&pax, "size", "2", 1);
	pax_record(&pax, "uid", "4294967294", 10);
	pax_record(&pax, "gid", "70000000", 8);
	pax_record(&pax, "mtime", "-1.25", 5);
	pax_record(&pax, "SCHILY.xattr.user.b", "1", 1);
	pax_record(&pax, "SCHILY.xattr.user.a", "old", 3);
	pax_record(&pax, "SCHILY.xattr.user.a", "new", 3);
	pax_record(&pax, "comment", "unheard", 7);
	pax_record(&pax, "atime", "12", 2);
	put_pax(&b, buf_str(&pax));
	put_header(&b, &h);
	put_data(&b, "hi", 2);
	put_member(&b, "next", '0', ""); /* is not touched by it */
	expect(&b,
	       "0 long/\303\244 644 4294967294:70000000 2 @-2.750000000 user.b=1 user.a=new hi\n"
	       "0 next 644 0:0 0 @0.0\n");
}

TEST(pax_records_that_are_refused)
{
	static const struct {
		const char *records, *why;
	} t[] = {
		{ "9 uid=10", "length" },
		{ "11 uid=10\n", "length" },
		{ "8 uid=10\n", "newline" },
		{ "0 uid=10\n", "length" },
		{ "-9 uid=1\n", "length" },
		{ "9uid=10\n", "length" },
		{ "99999999999999999999 a=b\n", "length" },
		{ "18446744073709551615 a=b\n", "length" },
		{ "5 =1\n", "without a key" },
		{ "7 uid1\n", "without a key" },
		{ "9 uid=-1\n", "not a number" },
		{ "18 uid=4294967295\n", "not a number" },
		{ "11 size=-1\n", "not a number" },
		{ "28 size=9223372036854775808\n", "not a number" },
		{ "16 size=1e1000\n\n", "not a number" },
		{ "15 mtime=later\n", "not a number" },
		{ "12 mtime=.5\n", "not a number" },
		{ "22 GNU.sparse.major=1\n", "sparse" },
		{ "24 SCHILY.realsize=1000\n", "sparse" },
		{ "18 SCHILY.xattr.=\n", "extended attribute" },
		{ "19 hdrcharset=EBCD\n", "character set" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX);

		put_pax(&b, t[i].records);
		put_member(&b, "a", '0', "");
		refuse(&b, t[i].why);
	}
}

TEST(pax_value_taken_back)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_pax(&b, "9 uid=10\n7 uid=\n10 path=b\n8 path=\n");
	put_member(&b, "a", '0', "");
	expect(&b, "0 a 644 0:0 0 @0.0\n");
}

TEST(pax_at_the_limit_and_one_past)
{
	auto_free char *junk = malloc(LIMIT_TAR_PAX);

	CHECK(junk != NULL);
	memset(junk, 'j', LIMIT_TAR_PAX);
	for (int past = 0; past < 2; past++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(ARCHIVE_MAX);

		pax_record(&pax, "comment", junk, (size_t)(LIMIT_TAR_PAX - 17 + past));
		CHECK(pax.n == (size_t)(LIMIT_TAR_PAX + past));
		put_ext(&b, 'x', pax.p, pax.n);
		put_member(&b, "a", '0', "");
		if (past)
			refuse(&b, "larger than 1048576");
		else
			expect(&b, "0 a 644 0:0 0 @0.0\n");
	}
	/* A bomb only claims its size. */
	auto_buf bomb = BUF_INIT(ARCHIVE_MAX);
	struct tar_header h = header("ext", 'x', (uint64_t)8 << 30);

	put_header(&bomb, &h);
	refuse(&bomb, "larger than 1048576");
}

TEST(xattrs_at_the_limit_and_one_past)
{
	for (int past = 0; past < 2; past++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(ARCHIVE_MAX),
			 got = BUF_INIT(ARCHIVE_MAX);
		struct err e = ERR_INIT;

		for (int i = 0; i < LIMIT_TAR_XATTRS + past; i++) {
			char key[64];

			(void)snprintf(key, sizeof(key), "SCHILY.xattr.user.x%d", i);
			pax_record(&pax, key, "v", 1);
		}
		put_ext(&b, 'x', pax.p, pax.n);
		put_member(&b, "a", '0', "");
		if (past)
			refuse(&b, "more than 128");
		else
			CHECK(list(&b, &got, &e) == 1);
	}
}

TEST(xattr_value_at_the_limit_and_one_past)
{
	auto_free char *value = calloc(1, LIMIT_TAR_XATTR + 1); /* NULs are fine in a value */

	for (size_t past = 0; past < 2; past++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX), pax = BUF_INIT(ARCHIVE_MAX),
			 got = BUF_INIT(ARCHIVE_MAX);
		struct err e = ERR_INIT;

		pax_record(&pax, "SCHILY.xattr.user.x", value, LIMIT_TAR_XATTR + past);
		put_ext(&b, 'x', pax.p, pax.n);
		put_member(&b, "a", '0', "");
		if (past)
			refuse(&b, "too long");
		else
			CHECK(list(&b, &got, &e) == 1);
	}
}

TEST(entries_at_the_limit_and_one_past)
{
	for (uint64_t max = 3; max >= 2; max--) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX);
		struct memory m = { 0 };
		auto_release(tar_reader_free) struct tar_reader *t = NULL;
		const struct tar_entry *entry;
		struct err e = ERR_INIT;
		int r;

		for (int i = 0; i < 3; i++)
			put_member(&b, "a", '0', "");
		m = (struct memory){ .p = b.p, .n = b.n };
		CHECK(tar_reader_new(&t, memory_read, &m, &e) == 0);
		tar_reader_max_entries(t, max);
		while ((r = tar_next(t, &entry, &e)) > 0)
			continue;
		CHECK(r == (max == 3 ? 0 : E_FORMAT));
	}
}

TEST(types_that_are_refused)
{
	static const char types[] = "SDMVNXABz8\377";

	for (const char *p = types; *p; p++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX);

		put_member(&b, "a", *p, "");
		refuse(&b, *p == 'S' ? "sparse" : "unknown member type");
	}
}

TEST(sizes_where_none_belong)
{
	for (const char *p = "123456"; *p; p++) {
		auto_buf b = BUF_INIT(ARCHIVE_MAX);
		struct tar_header h = header("a", *p, 5);

		memcpy(h.link, "target", 6);
		put_header(&b, &h);
		put_data(&b, "hello", 5);
		refuse(&b, "not a file, and yet a size");
	}
}

TEST(gnu_long_names)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_ext(&b, 'K', "where/it/points", 16);
	put_ext(&b, 'L', "long/name", 10);
	put_link(&b, "short", '2', "nowhere");
	expect(&b, "2 long/name -> where/it/points 644 0:0 0 @0.0\n");
	buf_reset(&b);
	put_ext(&b, 'L', "one", 4);
	put_ext(&b, 'L', "two", 4);
	put_member(&b, "short", '0', "");
	refuse(&b, "two long names");
	buf_reset(&b);
	put_ext(&b, 'L', "one", 4);
	put_pax(&b, "12 path=two\n");
	put_member(&b, "short", '0', "");
	refuse(&b, "and a GNU long name");
	buf_reset(&b);
	put_pax(&b, "9 uid=10\n");
	put_pax(&b, "9 uid=11\n");
	put_member(&b, "short", '0', "");
	refuse(&b, "two pax headers");
}

TEST(global_headers)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_ext(&b, 'g', "20 comment=from git\n", 20);
	put_member(&b, "a", '0', "");
	expect(&b, "0 a 644 0:0 0 @0.0\n");
	buf_reset(&b);
	put_ext(&b, 'g', "16 path=hijack\n\n", 16);
	put_member(&b, "a", '0', "");
	refuse(&b, "sets 'path' for all");
}

TEST(devices)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct tar_header h = header("dev/null", '3', 0);

	memcpy(h.major, "0000001", 8);
	memcpy(h.minor, "0000003", 8);
	put_header(&b, &h);
	expect(&b, "3 dev/null 644 0:0 0 @0.0\n");
	buf_reset(&b);
	memcpy(h.major, "0010000", 8);
	put_header(&b, &h);
	refuse(&b, "device number is too large");
}

TEST(empty_symlink)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);

	put_link(&b, "a", '2', "");
	refuse(&b, "bad target");
	buf_reset(&b);
	put_link(&b, "a", '1', "");
	refuse(&b, "empty name");
}
