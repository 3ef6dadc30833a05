/* SPDX-License-Identifier: Apache-2.0 */
/* Inflating what other tools made and what was damaged; the gzip writer's bytes. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "oci/compress.h"
#include "tap.h"
#include "tar_build.h"

TAP_MAIN()

/* Bytes that compress somewhat and never repeat exactly. */
static void fill(struct buf *b, size_t n)
{
	uint32_t x = 12345;

	while (b->n < n) {
		x = x * 1664525 + 1013904223;
		buf_printf(b, "line %u of the text %u\n", x >> 20, x);
	}
	b->n = n;
}

static int inflate(const struct buf *b, size_t step, size_t out_step, struct buf *ret,
		   struct err *e)
{
	struct memory m = { .p = buf_str(b), .n = b->n, .step = step };
	auto_release(inflater_free) struct inflater *i = NULL;
	auto_free char *out = malloc(out_step);
	int64_t n;
	int r = inflater_new(&i, compression_detect(buf_str(b), b->n), memory_read, &m, e);

	if (r < 0)
		return r;
	while ((n = inflater_read(i, out, out_step, e)) > 0)
		buf_put(ret, out, (size_t)n);
	if (n == 0) /* the end stays the end */
		n = inflater_read(i, out, out_step, e);
	CHECK(n <= 0);
	return (int)n;
}

static void expect(const struct buf *packed, const struct buf *plain, size_t step, size_t out_step)
{
	auto_buf got = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	CHECK(inflate(packed, step, out_step, &got, &e) == 0);
	CHECK_STR(e.msg, "");
	CHECK(got.n == plain->n && memcmp(buf_str(&got), buf_str(plain), got.n) == 0);
}

static void refuse(const struct buf *packed, const char *why)
{
	auto_buf got = BUF_INIT(ARCHIVE_MAX);
	struct err e = ERR_INIT;

	CHECK(inflate(packed, 0, 65536, &got, &e) == E_FORMAT);
	if (!strstr(e.msg, why))
		CHECK_STR(e.msg, why);
}

static void gzip(const void *p, size_t n, struct buf *ret)
{
	const char *const argv[] = { "gzip", "-6nc", NULL };
	auto_close int fd = memfd_create("plain", MFD_CLOEXEC);
	struct err e = ERR_INIT;

	CHECK(fs_write_all(fd, p, n, &e) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(proc_run(argv, fd, ret, &e) == 0);
}

TEST(gzip_in_all_steps)
{
	auto_buf plain = BUF_INIT(ARCHIVE_MAX), packed = BUF_INIT(ARCHIVE_MAX);

	fill(&plain, 100000);
	gzip(plain.p, plain.n, &packed);
	for (size_t step = 1; step < 20; step += 3) {
		expect(&packed, &plain, step, 65536);
		expect(&packed, &plain, 0, step);
		expect(&packed, &plain, step, step);
	}
	expect(&packed, &plain, 0, 1 << 20);
}

TEST(gzip_of_nothing)
{
	auto_buf plain = BUF_INIT(1), packed = BUF_INIT(1000);

	gzip("", 0, &packed);
	expect(&packed, &plain, 1, 10);
	gzip("", 0, &packed);
	expect(&packed, &plain, 1, 10);
}

TEST(gzip_members_and_padding)
{
	auto_buf plain = BUF_INIT(ARCHIVE_MAX), packed = BUF_INIT(ARCHIVE_MAX);
	char zeros[1000] = "";

	fill(&plain, 50000);
	for (size_t at = 0; at < plain.n; at += 1000)
		gzip(plain.p + at, 1000, &packed);
	for (size_t step = 1; step < 2000; step = step * 3 + 1)
		expect(&packed, &plain, step, 700);
	buf_put(&packed, zeros, sizeof(zeros));
	for (size_t step = 1; step < 2000; step = step * 3 + 1)
		expect(&packed, &plain, step, 700);
	buf_puts(&packed, "x");
	refuse(&packed, "data after the end");
	packed.n--;
	gzip("x", 1, &packed);
	refuse(&packed, "data after the end");
}

TEST(gzip_with_all_header_fields)
{
	/* FHCRC, FEXTRA, FNAME and FCOMMENT, by hand around a deflate stream. */
	static const char head[] = "\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x04\0abcdname\0comment\0hc";
	auto_buf plain = BUF_INIT(1000), member = BUF_INIT(1000), packed = BUF_INIT(1000);

	buf_puts(&plain, "hello");
	gzip("hello", 5, &member);
	buf_put(&packed, head, sizeof(head) - 1);
	buf_put(&packed, member.p + 10, member.n - 10);
	expect(&packed, &plain, 0, 100);
	expect(&packed, &plain, 1, 1);
	expect(&packed, &plain, 3, 2);
	packed.p[3] = (char)0x20; /* a reserved flag */
	refuse(&packed, "not a gzip header");
}

TEST(gzip_cut_anywhere)
{
	auto_buf plain = BUF_INIT(ARCHIVE_MAX), packed = BUF_INIT(ARCHIVE_MAX);

	fill(&plain, 3000);
	gzip(plain.p, plain.n, &packed);
	for (size_t n = 2; n < packed.n; n++) {
		struct buf cut = { .p = packed.p, .n = n, .cap = packed.cap };

		refuse(&cut, "cut short");
	}
}

TEST(gzip_every_bit_counts)
{
	auto_buf plain = BUF_INIT(ARCHIVE_MAX), packed = BUF_INIT(ARCHIVE_MAX);

	fill(&plain, 1000);
	gzip(plain.p, plain.n, &packed);
	for (size_t i = 10; i < packed.n; i++) {
		auto_buf got = BUF_INIT(ARCHIVE_MAX);
		struct err e = ERR_INIT;

		packed.p[i] = (char)(packed.p[i] ^ 1);
		CHECK(inflate(&packed, 0, 65536, &got, &e) == E_FORMAT);
		packed.p[i] = (char)(packed.p[i] ^ 1);
	}
}

TEST(zstd_in_all_steps)
{
	auto_buf plain = BUF_INIT(ARCHIVE_MAX), packed = BUF_INIT(ARCHIVE_MAX);
	auto_free char *out = malloc(200000);

	fill(&plain, 100000);
	for (size_t at = 0; at < plain.n; at += 50000) /* two frames */
		buf_put(&packed, out, ZSTD_compress(out, 200000, plain.p + at, 50000, 3));
	for (size_t step = 1; step < 20; step += 6) {
		expect(&packed, &plain, step, 65536);
		expect(&packed, &plain, 0, step);
	}
	for (size_t n = 4; n < packed.n; n += 97) {
		struct buf cut = { .p = packed.p, .n = n, .cap = packed.cap };
		auto_buf got = BUF_INIT(ARCHIVE_MAX);
		struct err e = ERR_INIT;
		int r = inflate(&cut, 0, 65536, &got, &e);

		CHECK(r == E_FORMAT || (r == 0 && got.n == 50000));
	}
}

TEST(zstd_window_at_the_limit_and_one_past)
{
	for (int log = LIMIT_ZSTD_WINDOW_LOG; log <= LIMIT_ZSTD_WINDOW_LOG + 1; log++) {
		auto_buf packed = BUF_INIT(ARCHIVE_MAX), got = BUF_INIT(ARCHIVE_MAX);
		/* A frame header by hand: no single segment, no size, that window; then one
		 * run-length block of 1000 bytes. */
		unsigned char f[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, (unsigned char)((log - 10) << 3),
				      0x43, 0x1f, 0,	'x' };
		struct err e = ERR_INIT;

		buf_put(&packed, f, sizeof(f));
		if (log == LIMIT_ZSTD_WINDOW_LOG)
			CHECK(inflate(&packed, 0, 65536, &got, &e) == 0 && got.n == 1000);
		else
			refuse(&packed, "memory");
	}
}

TEST(detection)
{
	CHECK(compression_detect("\x1f\x8b\x08", 3) == COMPRESSION_GZIP);
	CHECK(compression_detect("\x1f", 1) == COMPRESSION_NONE);
	CHECK(compression_detect("\x28\xb5\x2f\xfd", 4) == COMPRESSION_ZSTD);
	CHECK(compression_detect("\x50\x2a\x4d\x18", 4) == COMPRESSION_ZSTD);
	CHECK(compression_detect("BZh9", 4) == COMPRESSION_BZIP2);
	CHECK(compression_detect("\xfd"
				 "7zXZ\0",
				 6) == COMPRESSION_XZ);
	CHECK(compression_detect("hello", 5) == COMPRESSION_NONE);
}

static int pack(const struct buf *plain, unsigned threads, size_t step, struct buf *ret,
		struct err *e)
{
	auto_release(gzip_writer_free) struct gzip_writer *w = NULL;
	int r = gzip_writer_new(&w, threads, buf_write, ret, e);

	for (size_t at = 0; r == 0 && at < plain->n; at += step)
		r = gzip_writer_write(w, plain->p + at, plain->n - at < step ? plain->n - at : step,
				      e);
	return r < 0 ? r : gzip_writer_end(w, e);
}

TEST(writer_gives_the_same_bytes)
{
	static const size_t sizes[] = {
		0, 1, GZIP_CHUNK - 1, GZIP_CHUNK, GZIP_CHUNK + 1, 9 * GZIP_CHUNK + 5
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		auto_buf plain = BUF_INIT(ARCHIVE_MAX), one = BUF_INIT(ARCHIVE_MAX);
		struct err e = ERR_INIT;

		if (sizes[i])
			fill(&plain, sizes[i]);
		CHECK(pack(&plain, 0, 100000, &one, &e) == 0);
		expect(&one, &plain, 0, 65536);
		for (unsigned threads = 1; threads <= 3; threads++) {
			auto_buf other = BUF_INIT(ARCHIVE_MAX);

			CHECK(pack(&plain, threads, 77777, &other, &e) == 0);
			CHECK(other.n == one.n && memcmp(other.p, one.p, one.n) == 0);
		}
		/* No name, time 0, no XFL (RFC 1952, 2.3.1). */
		CHECK(memcmp(one.p, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10) == 0);
	}
}

static int fail_write(void *arg, const void *p, size_t n, struct err *e)
{
	(void)p, (void)n;
	return ++*(int *)arg == 3 ? FAIL(e, E_SYSTEM, "disk full") : 0;
}

TEST(writer_that_fails_or_is_dropped)
{
	for (unsigned threads = 0; threads < 3; threads += 2) {
		auto_buf plain = BUF_INIT(ARCHIVE_MAX);
		auto_release(gzip_writer_free) struct gzip_writer *w = NULL;
		struct err e = ERR_INIT;
		int writes = 0, r;

		fill(&plain, 12 * GZIP_CHUNK);
		CHECK(gzip_writer_new(&w, threads, fail_write, &writes, &e) == 0);
		r = gzip_writer_write(w, plain.p, plain.n, &e);
		CHECK(r == E_SYSTEM);
	}
}

TEST(gzip_program_reads_it)
{
	const char *const argv[] = { "gzip", "-dc", NULL };
	auto_buf plain = BUF_INIT(ARCHIVE_MAX), packed = BUF_INIT(ARCHIVE_MAX),
		 got = BUF_INIT(ARCHIVE_MAX);
	char path[] = "compress.XXXXXX";
	auto_close int fd = mkostemp(path, O_CLOEXEC);
	struct err e = ERR_INIT;

	CHECK(fd >= 0 && unlink(path) == 0);
	fill(&plain, 3 * GZIP_CHUNK + 7);
	CHECK(pack(&plain, 2, 65536, &packed, &e) == 0);
	CHECK(fs_write_all(fd, packed.p, packed.n, &e) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(proc_run(argv, fd, &got, &e) == 0);
	CHECK(got.n == plain.n && memcmp(got.p, plain.p, got.n) == 0);
}
