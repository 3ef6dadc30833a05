/* SPDX-License-Identifier: Apache-2.0 */
/* The tar writer: read back by our reader, by GNU tar, and the same bytes every time. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "tap.h"
#include "tar_build.h"

TAP_MAIN()

static int write_all(const struct tar_entry *m, size_t n, struct buf *ret, struct err *e)
{
	auto_release(tar_writer_free) struct tar_writer *t = NULL;
	int r = tar_writer_new(&t, buf_write, ret, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = tar_write_entry(t, &m[i], e);
		for (uint64_t at = 0; r == 0 && at < m[i].size; at++)
			r = tar_write_data(t, "d", 1, e);
	}
	return r < 0 ? r : tar_write_end(t, e);
}

static bool same(const struct tar_entry *a, const struct tar_entry *b)
{
	bool ok = strcmp(a->name, b->name) == 0 && a->type == b->type && a->mode == b->mode &&
		  a->uid == b->uid && a->gid == b->gid && a->size == b->size &&
		  a->mtime == b->mtime && a->dev_major == b->dev_major &&
		  a->dev_minor == b->dev_minor && a->xattrs_n == b->xattrs_n &&
		  strcmp(a->link ? a->link : "", b->link ? b->link : "") == 0;

	for (size_t i = 0; ok && i < a->xattrs_n; i++)
		ok = strcmp(a->xattrs[i].name, b->xattrs[i].name) == 0 &&
		     a->xattrs[i].value_n == b->xattrs[i].value_n &&
		     memcmp(a->xattrs[i].value, b->xattrs[i].value, a->xattrs[i].value_n) == 0;
	return ok;
}

static void round_trip(const struct tar_entry *m, size_t n)
{
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *got;
	struct memory mem = { 0 };
	struct err e = ERR_INIT;

	CHECK(write_all(m, n, &b, &e) == 0);
	mem = (struct memory){ .p = b.p, .n = b.n };
	CHECK(tar_reader_new(&t, memory_read, &mem, &e) == 0);
	for (size_t i = 0; i < n; i++) {
		CHECK(tar_next(t, &got, &e) == 1);
		CHECK_STR(e.msg, "");
		CHECK(same(got, &m[i]));
	}
	CHECK(tar_next(t, &got, &e) == 0);
}

/* A name of n bytes with a "/" every `every`. */
static char *make_name(size_t n, size_t every)
{
	char *p = malloc(n + 1);

	for (size_t i = 0; p && i < n; i++)
		p[i] = i % every == every - 1 && i + 1 < n ? '/' : 'n';
	if (p)
		p[n] = '\0';
	return p;
}

TEST(names_of_every_length)
{
	for (size_t n = 1; n <= 600; n++) {
		for (size_t every = 60; every <= 250; every += 95) {
			auto_free char *name = make_name(n, every);
			struct tar_entry m[] = {
				{ .name = name, .type = TAR_FILE, .size = 3, .mode = 04755 },
				{ .name = name, .type = TAR_DIR, .mode = 01777 },
				{ .name = name, .type = TAR_SYMLINK, .link = name },
				{ .name = name, .type = TAR_HARDLINK, .link = name },
			};

			round_trip(m, 4);
		}
	}
}

TEST(name_at_the_limit_and_one_past)
{
	auto_free char *at = make_name(LIMIT_TAR_NAME, 200),
		       *past = make_name(LIMIT_TAR_NAME + 1, 200);
	struct tar_entry m[] = { { .name = at, .type = TAR_DIR },
				 { .name = at, .type = TAR_SYMLINK, .link = at } };
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	round_trip(m, 2);
	m[0].name = past;
	CHECK(write_all(m, 1, &b, &e) == E_FORMAT);
	m[1].link = past;
	CHECK(write_all(m + 1, 1, &b, &e) == E_FORMAT);
}

TEST(numbers_on_both_sides_of_octal)
{
	char name[] = "a";
	const struct tar_entry m[] = {
		{ .name = name, .uid = 07777777, .gid = 07777777, .mtime = 077777777777 },
		{ .name = name, .uid = 010000000, .gid = 010000000, .mtime = 0100000000000 },
		{ .name = name, .uid = UINT32_MAX - 1, .gid = UINT32_MAX - 1, .mtime = -1 },
		{ .name = name, .type = TAR_CHAR, .dev_major = 0xfff, .dev_minor = 0xfffff },
		{ .name = name, .type = TAR_BLOCK },
		{ .name = name, .type = TAR_FIFO, .mtime = -99999999 },
	};

	round_trip(m, sizeof(m) / sizeof(*m));
}

TEST(big_size_goes_to_pax)
{
	char name[] = "big";
	const struct tar_entry m = { .name = name, .size = (uint64_t)8 << 30 };
	auto_release(tar_writer_free) struct tar_writer *t = NULL;
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	CHECK(tar_writer_new(&t, buf_write, &b, &e) == 0);
	CHECK(tar_write_entry(t, &m, &e) == 0);
	CHECK(b.n == 3 * TAR_BLOCK_SIZE && strstr(b.p + 512, "19 size=8589934592\n"));
	CHECK(tar_write_end(t, &e) == E_INTERNAL); /* its data is due */
}

TEST(xattrs_are_sorted)
{
	char name[] = "a", x[] = "user.x", cap[] = "security.capability", v[] = "\0\1\0=\n",
	     w[] = "";
	struct tar_xattr sorted[] = { { cap, v, 5 }, { x, w, 0 } },
			 turned[] = { { x, w, 0 }, { cap, v, 5 } };
	const struct tar_entry a = { .name = name, .xattrs = sorted, .xattrs_n = 2 },
			       b = { .name = name, .xattrs = turned, .xattrs_n = 2 };
	auto_buf one = BUF_INIT(ARCHIVE_MAX), two = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	round_trip(&a, 1);
	CHECK(write_all(&a, 1, &one, &e) == 0 && write_all(&b, 1, &two, &e) == 0);
	CHECK(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
}

TEST(what_a_caller_must_not_do)
{
	char name[] = "a", link[] = "b", empty[] = "";
	const struct tar_entry m[] = { { .name = name, .type = TAR_SYMLINK },
				       { .name = name, .link = link },
				       { .name = empty },
				       { .name = name, .type = TAR_DIR, .size = 1 } };
	const struct tar_entry small = { .name = name, .size = 1 };
	auto_release(tar_writer_free) struct tar_writer *t = NULL;
	auto_buf b = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	for (size_t i = 0; i < 4; i++)
		CHECK(write_all(&m[i], 1, &b, &e) < 0);
	CHECK(tar_writer_new(&t, buf_write, &b, &e) == 0);
	CHECK(tar_write_entry(t, &small, &e) == 0);
	CHECK(tar_write_data(t, "xy", 2, &e) == E_INTERNAL);
}

/* GNU tar lists what we wrote. */
TEST(gnu_tar_reads_it)
{
	auto_free char *deep = make_name(300, 90), *flat = make_name(240, 250);
	char utf8[] = "sm\303\266rg\303\245s", plain[] = "plain", dir[] = "dir";
	const struct tar_entry m[] = {
		{ .name = dir, .type = TAR_DIR, .mode = 0755, .uid = 3000000000U },
		{ .name = deep, .size = 1000, .mode = 0644, .mtime = 1700000000 },
		{ .name = flat, .size = 1 },
		{ .name = plain, .type = TAR_HARDLINK, .link = deep },
		{ .name = utf8, .type = TAR_SYMLINK, .link = deep },
	};
	const char *const argv[] = { "tar", "-tf", "-", "--quoting-style=literal", NULL };
	auto_buf b = BUF_INIT(ARCHIVE_MAX), out = BUF_INIT(ARCHIVE_MAX), want = BUF_INIT(10000);
	char path[] = "tar_write.XXXXXX";
	struct err e = ERR_INIT;
	auto_close int fd = mkostemp(path, O_CLOEXEC);

	CHECK(fd >= 0 && unlink(path) == 0);
	CHECK(write_all(m, 5, &b, &e) == 0);
	CHECK(fs_write_all(fd, b.p, b.n, &e) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(proc_run(argv, fd, &out, &e) == 0);
	CHECK_STR(e.msg, "");
	buf_printf(&want, "dir/\n%s\n%s\nplain\n%s\n", deep, flat, utf8);
	CHECK_STR(buf_str(&out), buf_str(&want));
}
