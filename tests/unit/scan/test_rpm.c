/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/rpm.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/proc.h"
#include "tap.h"

TAP_MAIN()

/* What a catalog makes of bytes: lines of "name|version|arch|source|source_version|module|license",
 * and of files; or "error: " and why. */
struct result {
	struct buf packages, files;
	bool failed;
};

static void result_release(struct result *r)
{
	buf_free(&r->packages);
	buf_free(&r->files);
}
#define auto_result __attribute__((cleanup(result_release))) struct result

static int keep_file(void *arg, struct str package, struct str path, struct err *e)
{
	struct result *r = arg;

	(void)e;
	buf_printf(&r->files, "%.*s /%.*s\n", (int)package.n, package.p, (int)path.n, path.p);
	return 0;
}

static const char *text_of(const json_t *package, const char *key)
{
	const char *s = json_string_or_null(package, key);

	return s ? s : "";
}

static void read_with(catalog_parse_fn parse, struct str file, struct result *ret)
{
	/* An exact allocation, so that the sanitizer sees a byte read past the end. */
	auto_free char *exact = malloc(file.n ? file.n : 1);
	auto_json *packages = json_array();
	struct err e = ERR_INIT;
	struct catalog_out out = {
		.path = "x/a-1-1/files", .packages = packages, .file = keep_file, .arg = ret
	};
	size_t i;
	json_t *p;

	*ret = (struct result){ .packages = BUF_INIT(1 << 20), .files = BUF_INIT(1 << 24) };
	if (file.n)
		memcpy(exact, file.p, file.n);
	if (parse((struct str){ exact, file.n }, &out, &e) < 0) {
		ret->failed = true;
		buf_printf(&ret->packages, "error: %s", e.msg);
		return;
	}
	json_array_foreach(packages, i, p) buf_printf(
		&ret->packages, "%s|%s|%s|%s|%s|%s|%s\n", text_of(p, "name"), text_of(p, "version"),
		text_of(p, "arch"), text_of(p, "source"), text_of(p, "source_version"),
		text_of(p, "module"), text_of(p, "license"));
}

/* Valid until the next call. */
static const char *packages_of(catalog_parse_fn parse, struct str file)
{
	static char out[8192];
	auto_result r = { .failed = false };

	read_with(parse, file, &r);
	(void)snprintf(out, sizeof(out), "%s", buf_str(&r.packages));
	return out;
}

static bool refused(struct str file, const char *why)
{
	const char *got = packages_of(catalog_rpm, file);

	if (starts_with(got, "error: ") && strstr(got, why))
		return true;
	printf("# not '%s' but: %.300s\n", why, got);
	return false;
}

/* --- headers made by hand --- */

static void put_be32(struct buf *b, uint32_t v)
{
	const char bytes[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	buf_put(b, bytes, 4);
}

struct header {
	struct buf index, data;
	uint32_t tags;
};

static void header_release(struct header *h)
{
	buf_free(&h->index);
	buf_free(&h->data);
}
#define auto_header __attribute__((cleanup(header_release))) struct header
#define HEADER_INIT { .index = BUF_INIT(1 << 20), .data = BUF_INIT(1 << 22) }

static void put_entry(struct header *h, uint32_t tag, uint32_t type, uint32_t offset,
		      uint32_t count)
{
	put_be32(&h->index, tag);
	put_be32(&h->index, type);
	put_be32(&h->index, offset);
	put_be32(&h->index, count);
	h->tags++;
}

static void put_strings(struct header *h, uint32_t tag, uint32_t type, uint32_t count,
			struct str text)
{
	put_entry(h, tag, type, (uint32_t)h->data.n, count);
	buf_put(&h->data, text.p, text.n);
	buf_putc(&h->data, '\0');
}

static void put_numbers(struct header *h, uint32_t tag, uint32_t count, const uint32_t *v)
{
	while (h->data.n % 4)
		buf_putc(&h->data, '\0');
	put_entry(h, tag, 4, (uint32_t)h->data.n, count);
	for (uint32_t i = 0; i < count; i++)
		put_be32(&h->data, v[i]);
}

static void put_package(struct header *h, struct str name, struct str version, struct str release)
{
	put_strings(h, 1000, 6, 1, name);
	put_strings(h, 1001, 6, 1, version);
	put_strings(h, 1002, 6, 1, release);
}

static void finish(const struct header *h, struct buf *ret)
{
	put_be32(ret, h->tags);
	put_be32(ret, (uint32_t)h->data.n);
	buf_put(ret, h->index.p, h->index.n);
	buf_put(ret, h->data.p, h->data.n);
}

/* The header, and its files, as catalogs read them. */
static int parse_header(struct str blob, struct catalog_out *out, struct err *e)
{
	struct rpm_header h;
	int r = rpm_header_parse(blob, &h, e);

	r = r < 0 ? r : rpm_add(out, &h, e);
	return r < 0 ? r : rpm_header_files(&h, out, e);
}

static const char *header_says(const struct header *h)
{
	auto_buf blob = BUF_INIT(1 << 22);

	finish(h, &blob);
	return packages_of(parse_header, (struct str){ blob.p, blob.n });
}

TEST(header_of_a_package)
{
	auto_header h = HEADER_INIT;

	put_package(&h, STR("nodejs"), STR("18.1"), STR("1.el9"));
	CHECK_STR(header_says(&h), "nodejs|18.1-1.el9||nodejs|18.1-1.el9||\n");
	put_numbers(&h, 1003, 1, (const uint32_t[]){ 4294967295 });
	put_strings(&h, 1022, 6, 1, STR("x86_64"));
	put_strings(&h, 1014, 6, 1, STR("MIT"));
	put_strings(&h, 1044, 6, 1, STR("node-js-18.1-1.el9.src.rpm"));
	put_strings(&h, 5096, 6, 1, STR("nodejs:18:8090:a7"));
	CHECK_STR(header_says(&h), "nodejs|4294967295:18.1-1.el9|x86_64|node-js|"
				   "4294967295:18.1-1.el9|nodejs:18:8090:a7|MIT\n");
	/* What comes later counts. */
	put_numbers(&h, 1003, 1, (const uint32_t[]){ 0 });
	put_strings(&h, 1014, 6, 1, STR("\xff is no licence"));
	CHECK_STR(header_says(&h),
		  "nodejs|18.1-1.el9|x86_64|node-js|18.1-1.el9|nodejs:18:8090:a7|\n");
}

TEST(header_names_of_sources)
{
	static const char *const names[][2] = {
		{ "a-1-2.nosrc.rpm", "x|1-2||a|1-2||\n" },
		{ "a-b-1~rc1-2.el9.src.rpm", "x|1-2||a-b|1~rc1-2.el9||\n" },
		{ "-1-2.src.rpm", "x|1-2||x|1-2||\n" },
		{ "1-2.src.rpm", "x|1-2||x|1-2||\n" },
		{ "nothing", "x|1-2||x|1-2||\n" },
		{ ".src.rpm", "x|1-2||x|1-2||\n" },
		{ "", "x|1-2||x|1-2||\n" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		auto_header h = HEADER_INIT;

		put_package(&h, STR("x"), STR("1"), STR("2"));
		put_strings(&h, 1044, 6, 1, str_of(names[i][0]));
		CHECK_STR(header_says(&h), names[i][1]);
	}
}

TEST(header_that_lies)
{
	static const struct {
		uint32_t tag, type, offset, count;
		const char *why;
	} lies[] = {
		{ 1014, 10, 0, 1, "of type 10" },
		{ 1014, 6, 0x7fffffff, 1, "at 2147483647 of" },
		{ 1014, 6, 0, 0, "not a string" },
		{ 1014, 4, 0, 1, "not a string" },
		{ 1003, 4, 0, 2, "epoch is not one number" },
		{ 1003, 4, 1, 1, "epoch is not one number" },
		{ 1003, 4, 8, 1, "epoch is not one number" },
		{ 1117, 8, 0, 0x80000000, "not a list" },
		{ 1116, 4, 0, 3, "not a list" },
		{ 1116, 4, 1, 1, "not a list" },
		{ 1118, 4, 0, 1, "not a list" },
		{ 1117, 8, 0, 1, "but 0 folder numbers" },
		{ 1027, 8, 0, 5, "string does not end" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		auto_header h = HEADER_INIT;

		put_package(&h, STR("nam"), STR("1"), STR("2"));
		put_entry(&h, lies[i].tag, lies[i].type, lies[i].offset, lies[i].count);
		CHECK(strstr(header_says(&h), lies[i].why));
		if (!strstr(header_says(&h), lies[i].why))
			printf("# tag %u: %s\n", lies[i].tag, header_says(&h));
	}
}

TEST(header_whose_strings_do_not_end)
{
	auto_header h = HEADER_INIT;

	put_package(&h, STR("nam"), STR("1"), STR("2"));
	h.data.n--;
	CHECK(strstr(header_says(&h), "string does not end"));
	h.data.n++;
	put_entry(&h, 1014, 6, (uint32_t)h.data.n, 1); /* just past the end */
	CHECK(strstr(header_says(&h), "string does not end"));
}

TEST(header_without_what_it_must_have)
{
	for (int i = 0; i < 3; i++) {
		auto_header h = HEADER_INIT;

		put_package(&h, i == 0 ? STR("") : STR("a"), i == 1 ? STR("") : STR("1"),
			    i == 2 ? STR("") : STR("2"));
		CHECK(strstr(header_says(&h), "without name, version or release"));
	}
}

TEST(header_files)
{
	static const uint32_t folders[] = { 1, 0, 2 };
	auto_header h = HEADER_INIT, old = HEADER_INIT;
	auto_buf blob = BUF_INIT(4096), old_blob = BUF_INIT(4096);
	auto_result r = { .failed = false }, x = { .failed = false };

	put_package(&h, STR("a"), STR("1"), STR("2"));
	put_numbers(&h, 1116, 3, folders);
	put_strings(&h, 1117, 8, 3, STR("b\0c\0d"));
	put_strings(&h, 1118, 8, 3, STR("/usr/bin/\0/\0/opt/"));
	finish(&h, &blob);
	read_with(parse_header, (struct str){ blob.p, blob.n }, &r);
	CHECK_STR(buf_str(&r.files), "a /b\na /usr/bin/c\na /opt/d\n");
	put_strings(&h, 1118, 8, 2, STR("/usr/bin/\0/"));
	CHECK(strstr(header_says(&h), "a file in folder 2 of 2"));

	put_package(&old, STR("a"), STR("1"), STR("2"));
	put_strings(&old, 1027, 8, 2, STR("/bin/x\0/bin/y"));
	finish(&old, &old_blob);
	read_with(parse_header, (struct str){ old_blob.p, old_blob.n }, &x);
	CHECK_STR(buf_str(&x.files), "a /bin/x\na /bin/y\n");
}

TEST(limit_of_folders)
{
	static char nothing[LIMIT_RPM_FOLDERS + 1];

	for (uint32_t n = LIMIT_RPM_FOLDERS; n <= LIMIT_RPM_FOLDERS + 1; n++) {
		auto_header h = HEADER_INIT;

		put_package(&h, STR("a"), STR("1"), STR("2"));
		put_numbers(&h, 1116, 1, (const uint32_t[]){ n - 1 });
		put_strings(&h, 1117, 8, 1, STR("file"));
		put_strings(&h, 1118, 8, n, (struct str){ nothing, n - 1 });
		if (n == LIMIT_RPM_FOLDERS)
			CHECK_STR(header_says(&h), "a|1-2||a|1-2||\n");
		else
			CHECK(strstr(header_says(&h), "1000001 folders, at most 1000000"));
	}
}

/* A header that says it has that many tags and bytes, of what is not there. */
static const char *claims(uint32_t tags, uint32_t length, size_t n)
{
	auto_buf blob = BUF_INIT(2 << 20);

	put_be32(&blob, tags);
	put_be32(&blob, length);
	while (blob.n < n)
		buf_putc(&blob, '\0');
	return packages_of(parse_header, (struct str){ blob.p, n });
}

TEST(header_claims)
{
	CHECK(strstr(claims(0, 0, 8), "claims 0 tags"));
	CHECK(strstr(claims(1, 0, 7), "a header of 7 bytes"));
	CHECK(strstr(claims(1, 0, 8), "claims 1 tags"));
	CHECK(strstr(claims(1, 0, 25), "claims 1 tags"));
	CHECK(strstr(claims(1, 0x80000000, 24), "claims 1 tags and 2147483648"));
	CHECK(strstr(claims(0x10000000, 8, 24), "claims 268435456 tags"));
	CHECK(strstr(claims(LIMIT_RPM_TAGS, 0, 8 + 16 * LIMIT_RPM_TAGS), "without name"));
	CHECK(strstr(claims(LIMIT_RPM_TAGS + 1, 0, 8 + 16 * (LIMIT_RPM_TAGS + 1)), "claims 65536"));
}

TEST(manifest)
{
	static const char good[] =
		"filesystem\t1.1-19.azl3\t1\t1\tMicrosoft\t(none)\t7596\tx86_64\t0\t"
		"filesystem-1.1-19.azl3.src.rpm\n"
		"openssl-libs\t3.3.0-1\t1\t1\tMicrosoft\t1\t1\tx86_64\t1\topenssl-3.3.0-1.src.rpm\n"
		"gpg-pubkey\t1-2\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n";

	CHECK_STR(packages_of(catalog_rpm_manifest, str_of(good)),
		  "filesystem|1.1-19.azl3|x86_64|filesystem|1.1-19.azl3||\n"
		  "openssl-libs|1:3.3.0-1|x86_64|openssl|1:3.3.0-1||\n");
	/* Of two of the source's version, the one of its name knows the epoch. */
	CHECK_STR(packages_of(catalog_rpm_manifest,
			      STR("x-libs\t1-1\t\t\t\t\t\t\t2\tx-1-1.src.rpm\n"
				  "x\t1-1\t\t\t\t\t\t\t1\tx-1-1.src.rpm\n"
				  "x-doc\t1-1\t\t\t\t\t\t\t3\tx-1-1.src.rpm\n"
				  "x-sub\t5-1\t\t\t\t\t\t\t0\tx-1-1.src.rpm\n")),
		  "x-libs|2:1-1||x|1:1-1||\nx|1:1-1||x|1:1-1||\nx-doc|3:1-1||x|1:1-1||\n"
		  "x-sub|5-1||x|1:1-1||\n");
	CHECK_STR(packages_of(catalog_rpm_manifest, STR("a\t1-2\n")),
		  "error: line 1: 2 fields, not 10");
	CHECK_STR(packages_of(catalog_rpm_manifest, STR("a\t12\t\t\t\t\t\t\t0\tx\n")),
		  "error: line 1: no name, or no version and release");
	CHECK(strstr(packages_of(catalog_rpm_manifest, STR("a\t1-2\t\t\t\t\t\t\t4294967296\tx\n")),
		     "error: line 1: the epoch"));
	CHECK_STR(packages_of(catalog_rpm_manifest, STR("")), "");
}

TEST(pacman)
{
	static const char desc[] = "%NAME%\nlibz\n\n%VERSION%\n1:1.3-1\n\n%BASE%\nzlib\n\n"
				   "%DESC%\nA line\n\n%ARCH%\nx86_64\n\n%LICENSE%\nZlib\nMIT\n\n";
	auto_result r = { .failed = false };

	CHECK_STR(packages_of(catalog_pacman_desc, str_of(desc)),
		  "libz|1:1.3-1|x86_64|zlib|1:1.3-1||Zlib AND MIT\n");
	CHECK_STR(packages_of(catalog_pacman_desc, STR("%NAME%\na\n")),
		  "error: a package without %NAME% or %VERSION%");
	CHECK_STR(packages_of(catalog_pacman_desc, STR("%NAME%\na\nb\n")),
		  "error: line 3: a second value");
	CHECK_STR(packages_of(catalog_pacman_desc, STR("nonsense\n")),
		  "error: line 1: not a field");
	read_with(catalog_pacman_files, STR("%FILES%\nusr/\nusr/a\n\n%BACKUP%\netc/x\tabc\n"), &r);
	CHECK_STR(buf_str(&r.files), "a /usr/a\n");
	CHECK(catalog_of("var/lib/pacman/local/a-1-1/desc")->parse == catalog_pacman_desc);
	CHECK(!catalog_of("var/lib/pacman/local/a-1-1/mtree"));
}

/* --- containers made by hand --- */

static void patch(struct buf *b, size_t at, const void *p, size_t n)
{
	memcpy(b->p + at, p, n);
}

static void patch_be32(struct buf *b, size_t at, uint32_t v)
{
	const char bytes[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	patch(b, at, bytes, 4);
}

static void patch_le32(struct buf *b, size_t at, uint32_t v)
{
	const char bytes[4] = { (char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24) };

	patch(b, at, bytes, 4);
}

/* Pages of 512 bytes: the first has a schema with the table Packages, whose root is the second.
 * That one and those after it are the caller's. */
enum { SQLITE_PAGE = 512 };
static void put_sqlite(struct buf *ret, uint32_t pages)
{
	static const char cell[] = "\x1c\x01\x06\x17\x1d\x1d\x01\x0dtablePackagesPackages\x02";
	static const char leaf[] = "\x0d\0\0\0\x01\x01\xe2\0\x01\xe2"; /* one row, at 482 */

	*ret = BUF_INIT(1 << 20);
	for (size_t i = 0; i < (size_t)pages * SQLITE_PAGE; i++)
		buf_putc(ret, '\0');
	patch(ret, 0, "SQLite format 3\0\x02\x00\x02\x02\x00\x40\x20\x20", 24);
	patch_be32(ret, 28, pages);
	patch_be32(ret, 56, 1);
	patch(ret, 100, leaf, sizeof(leaf) - 1);
	patch(ret, 482, cell, sizeof(cell) - 1);
}

/* A page with one row, whose cell is at byte 100 of it. */
static void put_leaf(struct buf *b, uint32_t page, struct str cell)
{
	size_t at = (page - 1) * (size_t)SQLITE_PAGE;

	patch(b, at, "\x0d\0\0\0\x01\0\x64\0\0\x64", 10);
	patch(b, at + 100, cell.p, cell.n);
}

/* A page without rows of its own, above another. */
static void put_interior(struct buf *b, uint32_t page, uint32_t child)
{
	size_t at = (page - 1) * (size_t)SQLITE_PAGE;

	patch(b, at, "\x05\0\0\0\0\0\0\0", 8);
	patch_be32(b, at + 8, child);
}

static bool sqlite_refused(struct str cell, const char *why)
{
	auto_buf b = BUF_INIT(1);

	put_sqlite(&b, 3);
	put_leaf(&b, 2, cell);
	return refused((struct str){ b.p, b.n }, why);
}

TEST(sqlite_rows)
{
	/* A record of 70 bytes: NULL and a blob of 66, which is no header. */
	CHECK(sqlite_refused(STR("\x46\x01\x04\0\x81\x10"), "page 2: a header of 66 bytes"));
	CHECK(sqlite_refused(STR("\x46\x01\x04\0\x81\x11"), "without a blob"));
	CHECK(sqlite_refused(STR("\x46\x01\x04\0\x82\x10"), "a column longer than its record"));
	CHECK(sqlite_refused(STR("\x46\x01\x02\0\x81\x10"), "a record of 1 columns"));
	CHECK(sqlite_refused(STR("\x46\x01\x7f\0\x81\x10"), "a head of 127 bytes"));
	CHECK(sqlite_refused(STR("\x46\x01\0\0\x81\x10"), "a head of 0 bytes"));
	/* 2^63 bytes; 64 MiB, which are not there; one more. */
	CHECK(sqlite_refused(STR("\xc0\x80\x80\x80\x80\x80\x80\x80\x80\x01"), "at most 67108864"));
	CHECK(sqlite_refused(STR("\xa0\x80\x80\x00\x01\x04\0\x81\x10"), "a page numbered 0"));
	CHECK(sqlite_refused(STR("\xa0\x80\x80\x01\x01\x04\0\x81\x10"), "at most 67108864"));
}

TEST(sqlite_overflow)
{
	/* 1000 bytes, of which 39 are on the leaf: 39 + (1000 - 39) % 508 would be too many. */
	static const char cell[] = "\x87\x68\x01\x04\0\x8f\x54";
	const size_t next = SQLITE_PAGE + 100 + 3 + 39;
	auto_buf b = BUF_INIT(1);
	struct str file;

	put_sqlite(&b, 4);
	file = (struct str){ b.p, b.n };
	patch(&b, SQLITE_PAGE, "\x0d\0\0\0\x01\x01\xe0\0\x01\xe0", 10);
	patch(&b, SQLITE_PAGE + 480, cell, sizeof(cell) - 1);
	CHECK(refused(file, "that its page ends in"));
	put_leaf(&b, 2, (struct str){ cell, sizeof(cell) - 1 });
	CHECK(refused(file, "a page numbered 0"));
	/* Two pages more: 508 bytes on the first, and the rest. */
	patch_be32(&b, next, 3);
	CHECK(refused(file, "a page numbered 0"));
	patch_be32(&b, (size_t)2 * SQLITE_PAGE, 4);
	CHECK(refused(file, "a header of 996 bytes"));
	patch_be32(&b, (size_t)2 * SQLITE_PAGE, 3);
	CHECK(refused(file, "page 3 is part of two things"));
	patch_be32(&b, next, 2);
	CHECK(refused(file, "page 2 is part of two things"));
	patch_be32(&b, next, 5);
	CHECK(refused(file, "page 5 of 5"));
	patch_be32(&b, next, 0xffffffff);
	CHECK(refused(file, "page 4294967295 of 5"));
}

TEST(sqlite_depth_and_loops)
{
	for (uint32_t depth = LIMIT_RPM_DEPTH; depth <= LIMIT_RPM_DEPTH + 1; depth++) {
		auto_buf b = BUF_INIT(1);

		put_sqlite(&b, depth + 2);
		for (uint32_t i = 0; i < depth; i++)
			put_interior(&b, 2 + i, 3 + i);
		patch(&b, (size_t)(depth + 1) * SQLITE_PAGE, "\x0d\0\0\0\0\0\0\0", 8);
		if (depth == LIMIT_RPM_DEPTH)
			CHECK_STR(packages_of(catalog_rpm, (struct str){ b.p, b.n }), "");
		else
			CHECK(refused((struct str){ b.p, b.n }, "more than 20 pages deep"));
	}

	auto_buf loop = BUF_INIT(1);

	put_sqlite(&loop, 3);
	put_interior(&loop, 2, 2);
	CHECK(refused((struct str){ loop.p, loop.n }, "page 2 is part of two things"));
	put_interior(&loop, 2, 1);
	CHECK(refused((struct str){ loop.p, loop.n }, "page 1 is part of two things"));
}

TEST(sqlite_heads)
{
	static const struct {
		size_t at;
		struct str bytes;
		const char *why;
	} heads[] = {
		{ 16, { "\0\0", 2 }, "pages of 0 bytes" },
		{ 16, { "\x02\x01", 2 }, "pages of 513 bytes" },
		{ 16, { "\x01\0", 2 }, "pages of 256 bytes" },
		{ 16, { "\x80\0", 2 }, "3 pages of 32768 bytes" },
		{ 20, { "\x40", 1 }, "of which 448 bytes" },
		{ 28, { "\0\0\0\x04", 4 }, "4 pages of 512 bytes" },
		{ 56, { "\0\0\0\x02", 4 }, "encoding 2" },
		{ 100, { "\x0a", 1 }, "page 1: of type 10" },
		{ 103, { "\xff\xff", 2 }, "page 1: 65535 rows" },
		{ 108, { "\0\x10", 2 }, "page 1: a row at byte 16" },
		{ 108, { "\x02\0", 2 }, "page 1: a row at byte 512" },
		{ 490, { "Table", 5 }, "no table named Packages" },
		{ 511, { "\x01", 1 }, "has no root page" },
		{ 511, { "\x09", 1 }, "page 9 of 4" },
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		auto_buf b = BUF_INIT(1);

		put_sqlite(&b, 3);
		patch(&b, heads[i].at, heads[i].bytes.p, heads[i].bytes.n);
		CHECK(refused((struct str){ b.p, b.n }, heads[i].why));
	}
	CHECK(refused(STR("SQLite format 3\0"), "not an SQLite database"));
	CHECK(refused(STR("something else"), "neither SQLite, ndb nor Berkeley DB"));
	CHECK_STR(packages_of(catalog_rpm, STR("")), "");
}

/* One page of slots, and a blob of that size that says what it should, but for its content. */
static void put_ndb(struct buf *ret, uint32_t size)
{
	uint32_t blocks = (16 + size + 12 + 15) / 16;

	*ret = BUF_INIT((size_t)1 << 28);
	buf_put(ret, "RpmP\0\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
	while (ret->n < 4096)
		buf_put(ret, "Slot\0\0\0\0\0\0\0\0\0\0\0", 16);
	for (size_t i = 0; i < (size_t)blocks * 16; i++)
		buf_putc(ret, '\0');
	patch_le32(ret, 32 + 4, 1);
	patch_le32(ret, 32 + 8, 256);
	patch_le32(ret, 32 + 12, blocks);
	patch(ret, 4096, "BlbS", 4);
	patch_le32(ret, 4096 + 4, 1);
	patch_le32(ret, 4096 + 12, size);
	patch_le32(ret, ret->n - 8, size);
	patch(ret, ret->n - 4, "BlbE", 4);
}

TEST(ndb_claims)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *why;
	} lies[] = {
		{ 4, 1, "of version 1" },
		{ 12, 0, "0 pages of slots" },
		{ 12, 2, "2 pages of slots" },
		{ 12, 0xffffffff, "4294967295 pages of slots" },
		{ 32, 0, "no slot at byte 32" },
		{ 32 + 4, 0, "package 0 is said" },
		{ 32 + 4, 2, "package 2 is not in block 256" },
		{ 32 + 8, 255, "in 3 blocks from 255 on" },
		{ 32 + 8, 0xffffffff, "from 4294967295 on" },
		{ 32 + 8, 257, "from 257 on" },
		{ 32 + 12, 0, "in 0 blocks" },
		{ 32 + 12, 0xffffffff, "in 4294967295 blocks" },
		{ 32 + 12, 1, "not in block" },
		{ 32 + 12, 2, "does not end there" },
		{ 4096, 0, "not in block" },
		{ 4096 + 12, 0x7fffffff, "at most 67108864" },
		{ 4096 + 12, 4, "does not end there" },
		{ 4096 + 40, 0, "does not end there" },
		{ 4096 + 44, 0, "does not end there" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		auto_buf b = BUF_INIT(1);

		put_ndb(&b, 20);
		CHECK(refused((struct str){ b.p, b.n }, "claims 0 tags"));
		patch_le32(&b, lies[i].at, lies[i].value);
		CHECK(refused((struct str){ b.p, b.n }, lies[i].why));
	}

	auto_buf twice = BUF_INIT(1);

	put_ndb(&twice, 20);
	patch(&twice, 48, twice.p + 32, 16);
	CHECK(refused((struct str){ twice.p, twice.n }, "packages 1 and 1 overlap"));
	CHECK(refused((struct str){ twice.p, 4095 }, "an ndb database of 4095 bytes"));
	CHECK(refused((struct str){ twice.p, 4097 }, "an ndb database of 4097 bytes"));
}

TEST(limit_of_a_header)
{
	auto_buf at = BUF_INIT(1), past = BUF_INIT(1);

	put_ndb(&at, LIMIT_RPM_HEADER);
	CHECK(refused((struct str){ at.p, at.n }, "claims 0 tags"));
	put_ndb(&past, LIMIT_RPM_HEADER + 1);
	CHECK(refused((struct str){ past.p, past.n }, "at most 67108864"));
}

/* --- databases made by rpm --- */

static char made[] = "/tmp/test-rpm-XXXXXX";

/* Makes them once (tests/lib/make_rpmdb.py); false where the tools are missing. */
static bool databases(void)
{
	static int state; /* 0: not tried, 1: there, -1: not */
	static const char *const tools[] = { "/usr/bin/rpm", "/usr/bin/rpmbuild",
					     "/usr/bin/db5.3_load", "/usr/bin/python3" };
	const char *src = getenv("PLIMSOLL_SRC");
	auto_buf script = BUF_INIT(4096), out = BUF_INIT(1 << 16);
	struct err e = ERR_INIT;

	for (size_t i = 0; i < 4 && state == 0; i++)
		if (!src || access(tools[i], X_OK) < 0)
			state = -1;
	if (state == 0) {
		buf_printf(&script, "%s/tests/lib/make_rpmdb.py", src);
		state = mkdtemp(made) &&
					proc_run((const char *const[]){ "python3", buf_str(&script),
									made, NULL },
						 -1, &out, &e) == 0
				? 1
				: -2;
		if (state == -2)
			printf("# %s\n%s\n", e.msg, buf_str(&out));
		CHECK(state == 1);
	}
	return state > 0;
}

__attribute__((destructor)) static void remove_databases(void)
{
	static const char *const argv[] = { "rm", "-rf", made, NULL };
	auto_buf out = BUF_INIT(4096);

	if (access(made, F_OK) == 0)
		(void)proc_run(argv, -1, &out, NULL);
}

static void load(const char *name, struct buf *ret)
{
	auto_buf path = BUF_INIT(4096);
	struct err e = ERR_INIT;

	*ret = BUF_INIT(1 << 24);
	buf_printf(&path, "%s/%s", made, name);
	CHECK(fs_read_user(buf_str(&path), 1 << 24, ret, &e) == 0);
}

static struct str str_of_buf(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

static const char *const forms[] = {
	"sqlite/rpmdb.sqlite", "ndb/Packages.db",  "hash/Packages",
	"btree/Packages",      "hash-be/Packages", "btree-be/Packages"
};
enum { FORMS = sizeof(forms) / sizeof(*forms) };

/* How many lines of `want` are in `got`, whatever their order. */
static size_t lines_in(struct str want, const char *got)
{
	auto_buf padded = BUF_INIT(1 << 25);
	struct str line;
	size_t n = 0;

	buf_printf(&padded, "\n%s", got);
	while (str_line(&want, &line)) {
		auto_buf one = BUF_INIT(8192);

		buf_printf(&one, "\n%.*s\n", (int)line.n, line.p);
		if (strstr(buf_str(&padded), buf_str(&one)))
			n++;
		else
			printf("# missing: %.*s\n", (int)line.n, line.p);
	}
	return n;
}

static size_t count_lines(struct str s)
{
	struct str line;
	size_t n = 0;

	while (str_line(&s, &line))
		n++;
	return n;
}

/* rpm's own words: NAME|EVR|ARCH|SOURCERPM|MODULARITYLABEL|LICENSE, as our line without the
 * source's epoch, which rpm does not know. */
static void our_form(struct str want, struct buf *ret)
{
	struct str line, f[6] = { { NULL, 0 } };

	while (str_line(&want, &line)) {
		const char *dash;

		for (int i = 0; i < 6; i++)
			if (!str_cut(&line, '|', &f[i]))
				f[i] = STR("");
		if (str_starts(f[1], "0:"))
			f[1] = (struct str){ f[1].p + 2, f[1].n - 2 };
		CHECK(str_ends(f[3], ".src.rpm"));
		dash = memrchr(f[3].p, '-', f[3].n);
		dash = memrchr(f[3].p, '-', (size_t)(dash - f[3].p));
		buf_printf(ret, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s\n", (int)f[0].n, f[0].p, (int)f[1].n,
			   f[1].p, (int)f[2].n, f[2].p, (int)(dash - f[3].p), f[3].p, (int)f[4].n,
			   f[4].p, (int)f[5].n, f[5].p);
	}
}

static void drop_source_versions(struct str got, struct buf *ret)
{
	struct str line, f;

	while (str_line(&got, &line)) {
		for (int i = 0; str_cut(&line, '|', &f); i++)
			if (i != 4)
				buf_printf(ret, "%s%.*s", i ? "|" : "", (int)f.n, f.p ? f.p : "");
		buf_putc(ret, '\n');
	}
}

TEST(databases_agree_with_rpm)
{
	auto_buf want = BUF_INIT(1), files = BUF_INIT(1), ours = BUF_INIT(1 << 20);

	if (!databases())
		TAP_SKIP("needs rpm, rpmbuild, db5.3_load and PLIMSOLL_SRC");
	load("want", &want);
	load("want-files", &files);
	our_form(str_of_buf(&want), &ours);
	for (int i = 0; i < FORMS; i++) {
		auto_buf file = BUF_INIT(1), got = BUF_INIT(1 << 20);
		auto_result r = { .failed = false };

		load(forms[i], &file);
		read_with(catalog_rpm, str_of_buf(&file), &r);
		CHECK(!r.failed);
		drop_source_versions(str_of_buf(&r.packages), &got);
		printf("# %s: %zu packages, %zu files%s%s\n", forms[i],
		       count_lines(str_of_buf(&got)), count_lines(str_of_buf(&r.files)),
		       r.failed ? ": " : "", r.failed ? buf_str(&r.packages) : "");
		CHECK(count_lines(str_of_buf(&ours)) > 60);
		CHECK(lines_in(str_of_buf(&ours), buf_str(&got)) == count_lines(str_of_buf(&ours)));
		CHECK(count_lines(str_of_buf(&got)) == count_lines(str_of_buf(&ours)));
		CHECK(lines_in(str_of_buf(&files), buf_str(&r.files)) ==
		      count_lines(str_of_buf(&files)));
		CHECK(count_lines(str_of_buf(&r.files)) == count_lines(str_of_buf(&files)));
		/* The sister of perl's source tells its epoch. */
		CHECK(strstr(buf_str(&r.packages),
			     "perl-File-Path|2.15-422.el8|noarch|perl|4:5.26.3-422.el8|"));
		CHECK(strstr(buf_str(&r.packages), "perl-Exporter|1:5.72-3~rc1^git.el8|noarch|perl|"
						   "4:5.26.3-422.el8|"));
	}
}

/* Refused, or what the whole gave: a page at the end may belong to nothing. */
static bool is_sound(struct str file, const struct result *whole)
{
	auto_result r = { .failed = false };

	read_with(catalog_rpm, file, &r);
	return r.failed || (strcmp(buf_str(&r.packages), buf_str(&whole->packages)) == 0 &&
			    strcmp(buf_str(&r.files), buf_str(&whole->files)) == 0);
}

TEST(databases_cut_at_every_page)
{
	if (!databases())
		TAP_SKIP("needs rpm, rpmbuild, db5.3_load and PLIMSOLL_SRC");
	for (int i = 0; i < FORMS; i++) {
		auto_buf file = BUF_INIT(1);
		auto_result whole = { .failed = false };

		load(forms[i], &file);
		read_with(catalog_rpm, str_of_buf(&file), &whole);
		for (size_t n = 0; n < file.n; n += 4096) {
			CHECK(n == 0 || is_sound((struct str){ file.p, n }, &whole));
			CHECK(is_sound((struct str){ file.p, n + 1 + n % 4095 }, &whole));
		}
		CHECK(is_sound((struct str){ file.p, file.n - 1 }, &whole));
	}
}

TEST(databases_with_broken_bytes)
{
	uint32_t seed = 20261126;

	if (!databases())
		TAP_SKIP("needs rpm, rpmbuild, db5.3_load and PLIMSOLL_SRC");
	for (int i = 0; i < FORMS; i++) {
		auto_buf file = BUF_INIT(1);
		int accepted = 0;

		load(forms[i], &file);
		for (int n = 0; n < 200; n++) {
			auto_result r = { .failed = false };
			size_t at;
			char was;

			seed = seed * 1664525 + 1013904223;
			/* Half of them where the lengths are: at the front of a page. */
			at = (seed >> 8) % file.n;
			at = n % 2 ? at : at - at % 4096 + (seed >> 3) % 128 % (file.n - at);
			was = file.p[at];
			file.p[at] = (char)(n % 3 ? seed >> 24 : 0xff);
			read_with(catalog_rpm, str_of_buf(&file), &r);
			accepted += !r.failed;
			file.p[at] = was;
		}
		printf("# %s: %d of 200 accepted\n", forms[i], accepted);
	}
}

/* Makes every page of that type name itself as the one after it. */
static size_t loop_pages(struct buf *b, unsigned char type, bool big)
{
	size_t n = 0;

	for (uint32_t page = 1; page < b->n / 4096; page++) {
		size_t at = (size_t)page * 4096;

		if ((unsigned char)b->p[at + 25] != type)
			continue;
		if (big)
			patch_be32(b, at + 16, page);
		else
			patch_le32(b, at + 16, page);
		n++;
	}
	return n;
}

TEST(bdb_loops)
{
	enum { HASH = 13, LEAF = 5, OVERFLOW = 7 };
	static const struct {
		const char *form;
		unsigned char type;
		bool big;
	} loops[] = {
		{ "hash/Packages", HASH, false },     { "hash-be/Packages", HASH, true },
		{ "hash/Packages", OVERFLOW, false }, { "btree/Packages", LEAF, false },
		{ "btree-be/Packages", LEAF, true },  { "btree-be/Packages", OVERFLOW, true },
	};

	if (!databases())
		TAP_SKIP("needs rpm, rpmbuild, db5.3_load and PLIMSOLL_SRC");
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		auto_buf file = BUF_INIT(1);

		load(loops[i].form, &file);
		CHECK(loop_pages(&file, loops[i].type, loops[i].big) > 0);
		CHECK(refused(str_of_buf(&file), "is part of two things"));
	}
}

TEST(bdb_heads)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *why;
	} lies[] = {
		{ 16, 7, "of version 7" },
		{ 16, 11, "of version 11" },
		{ 20, 0, "pages of 0 bytes" },
		{ 20, 4095, "pages of 4095 bytes" },
		{ 20, 0x20000, "pages of 131072 bytes" },
		{ 24, 0x0801, "encrypted" },   /* and the type */
		{ 24, 0x010800, "encrypted" }, /* checksums */
		{ 32, 1, "of 2" },
		{ 72, 0x7fffffff, "2147483647 buckets" },
		{ 96, 0, "page 0 is part of two things" },
		{ 96, 0xffffffff, "page 4294967295 of" },
	};

	if (!databases())
		TAP_SKIP("needs rpm, rpmbuild, db5.3_load and PLIMSOLL_SRC");
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		auto_buf file = BUF_INIT(1);

		load("hash/Packages", &file);
		patch_le32(&file, lies[i].at, lies[i].value);
		CHECK(refused(str_of_buf(&file), lies[i].why));
	}
}

TEST(log_beside_a_database)
{
	auto_buf log = BUF_INIT(1);
	size_t frames;

	if (!databases())
		TAP_SKIP("needs rpm, rpmbuild, db5.3_load and PLIMSOLL_SRC");
	load("wal/rpmdb.sqlite-wal", &log);
	frames = (log.n - 32) / (4096 + 24);
	CHECK(frames > 1);
	CHECK(strstr(packages_of(catalog_rpm_wal, str_of_buf(&log)),
		     "error: 1 transactions that are not in the database"));
	/* Without its last frame there is no transaction in it; nor when a checksum fails. */
	CHECK_STR(packages_of(catalog_rpm_wal, (struct str){ log.p, log.n - 1 }), "");
	CHECK_STR(packages_of(catalog_rpm_wal, STR("")), "");
	log.p[100] ^= 1;
	CHECK_STR(packages_of(catalog_rpm_wal, str_of_buf(&log)), "");
	log.p[100] ^= 1;
	patch_be32(&log, 8, 0);
	CHECK_STR(packages_of(catalog_rpm_wal, str_of_buf(&log)), "");
	CHECK(strstr(packages_of(catalog_rpm_wal, STR("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7rest")),
		     "in the middle of a transaction"));
	CHECK(catalog_of("usr/lib/sysimage/rpm/rpmdb.sqlite-wal")->parse == catalog_rpm_wal);
}
