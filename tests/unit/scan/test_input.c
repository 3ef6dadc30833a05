/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/input.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scan/advisory/unit.h"
#include "tap.h"

TAP_MAIN()

static int file_of(const void *p, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	return fd;
}

/* A member stored or deflated by hand. "hello" deflated is one stored block. */
struct parts {
	unsigned method, flags, crc;
	size_t size, packed;
	const char *name;
};

static void put16(struct buf *b, unsigned v)
{
	buf_putc(b, (char)v);
	buf_putc(b, (char)(v >> 8));
}

static void put32(struct buf *b, size_t v)
{
	put16(b, (unsigned)v & 0xffff);
	put16(b, (unsigned)(v >> 16) & 0xffff);
}

static void make_zip(const struct parts *p, const char *data, size_t data_n, unsigned entries,
		     struct buf *b)
{
	size_t directory, name_n = strlen(p->name);

	buf_put(b, "PK\3\4\24\0", 6);
	put16(b, p->flags), put16(b, p->method), put32(b, 0), put32(b, p->crc);
	put32(b, p->packed), put32(b, p->size), put16(b, (unsigned)name_n), put16(b, 0);
	buf_put(b, p->name, name_n);
	buf_put(b, data, data_n);
	directory = b->n;
	buf_put(b, "PK\1\2\24\0\24\0", 8);
	put16(b, p->flags), put16(b, p->method), put32(b, 0), put32(b, p->crc);
	put32(b, p->packed), put32(b, p->size), put16(b, (unsigned)name_n), put16(b, 0);
	put16(b, 0), put16(b, 0), put16(b, 0), put32(b, 0), put32(b, 0);
	buf_put(b, p->name, name_n);
	size_t size = b->n - directory;

	buf_put(b, "PK\5\6\0\0\0\0", 8);
	put16(b, entries), put16(b, entries), put32(b, size), put32(b, directory), put16(b, 0);
}

/* What the members hold, or the error. */
static int unzip(const void *p, size_t n, struct buf *ret)
{
	auto_release(zip_free) struct zip *z = NULL;
	auto_close int fd = file_of(p, n);
	struct err e = ERR_INIT;
	const char *name;
	char chunk[3];
	int64_t got;
	int r = zip_open(&z, fd, &e);

	while (r >= 0 && (r = zip_next(z, &name, &e)) > 0) {
		buf_printf(ret, "%s:", name);
		while ((got = zip_read(z, chunk, sizeof(chunk), &e)) > 0)
			buf_put(ret, chunk, (size_t)got);
		if (got < 0)
			return (int)got;
	}
	return r;
}

TEST(zip)
{
	static const char stored[] = "\1\5\0\xfa\xffhello";
	static const struct {
		struct parts p;
		const char *data;
		size_t data_n;
		int want;
	} cases[] = {
		{ { 0, 0, 0x3610a686, 5, 5, "a" }, "hello", 5, 0 },
		{ { 8, 0, 0x3610a686, 5, 10, "a" }, stored, 10, 0 },
		{ { 0, 0, 0x3610a687, 5, 5, "a" }, "hello", 5, E_FORMAT },   /* CRC */
		{ { 8, 0, 0x3610a687, 5, 10, "a" }, stored, 10, E_FORMAT },  /* CRC */
		{ { 8, 0, 0x3610a686, 4, 10, "a" }, stored, 10, E_FORMAT },  /* size */
		{ { 8, 0, 0x3610a686, 5, 9, "a" }, stored, 10, E_FORMAT },   /* cut */
		{ { 8, 0, 0x3610a686, 5, 200, "a" }, stored, 10, E_FORMAT }, /* beyond the end */
		{ { 0, 0, 0x3610a686, 5, 4, "a" }, "hello", 5, E_FORMAT },
		{ { 8, 1, 0x3610a686, 5, 10, "a" }, stored, 10, E_FORMAT }, /* encrypted */
		{ { 12, 0, 0x3610a686, 5, 10, "a" }, stored, 10, E_FORMAT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_buf b = BUF_INIT(64 * 1024), got = BUF_INIT(64 * 1024);
		int r;

		make_zip(&cases[i].p, cases[i].data, cases[i].data_n, 1, &b);
		r = unzip(buf_str(&b), b.n, &got);
		CHECK(r == cases[i].want);
		CHECK(r < 0 || strcmp(buf_str(&got), "a:hello") == 0);
		if (r != cases[i].want)
			printf("# case %zu: %d %s\n", i, r, buf_str(&got));
	}
}

/* Cut anywhere, or with one byte changed, it is refused or reads as something; it never breaks. */
TEST(zip_damaged)
{
	static const struct parts p = { 8, 0, 0x3610a686, 5, 10, "a" };
	auto_buf b = BUF_INIT(64 * 1024);

	make_zip(&p, "\1\5\0\xfa\xffhello", 10, 1, &b);
	for (size_t n = 0; n < b.n; n++) {
		auto_buf got = BUF_INIT(64 * 1024);

		CHECK(unzip(b.p, n, &got) == E_FORMAT);
	}
	for (size_t i = 0; i < b.n; i++) {
		auto_buf got = BUF_INIT(64 * 1024);

		b.p[i] ^= (char)0xff;
		(void)unzip(b.p, b.n, &got);
		b.p[i] ^= (char)0xff;
	}
	b.n = 0;
	make_zip(&p, "\1\5\0\xfa\xffhello", 10, 2, &b); /* a second entry that is not there */
	auto_buf got = BUF_INIT(64 * 1024);

	CHECK(unzip(b.p, b.n, &got) == E_FORMAT);
}

TEST(head_and_bytes)
{
	auto_free char *text = calloc(1, 3 * INPUT_HEAD), *got = calloc(1, 3 * INPUT_HEAD);
	auto_release(input_free) struct input *in = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;
	int64_t more;

	for (size_t i = 0; i < 3 * INPUT_HEAD; i++)
		text[i] = (char)('a' + i % 23);
	auto_close int fd = file_of(text, 3 * INPUT_HEAD);

	CHECK(input_open(&in, fd, &e) == 0);
	CHECK(input_head(in).n == INPUT_HEAD && memcmp(input_head(in).p, text, INPUT_HEAD) == 0);
	while ((more = input_read(in, got + n, 1000, &e)) > 0)
		n += (size_t)more;
	CHECK(n == 3 * INPUT_HEAD && memcmp(text, got, n) == 0);
}

/* A line at its limit, and one byte more. */
TEST(line_limit)
{
	for (size_t n = LIMIT_ADVISORY_LINE; n <= LIMIT_ADVISORY_LINE + 1; n++) {
		auto_buf text = BUF_INIT(256 * 1024), emit = BUF_INIT(64 * 1024);
		struct err e = ERR_INIT;

		buf_puts(&text, "#model_version:");
		while (text.n < n)
			buf_putc(&text, 'x');
		buf_puts(&text, "\ncve,epss,percentile\nCVE-2024-0001,0.1,0.1");
		auto_close int fd = file_of(text.p, text.n);

		CHECK(advisory_parse_file(fd, "test", &emit, &e) ==
		      (n > LIMIT_ADVISORY_LINE ? E_FORMAT : 0));
	}
}

TEST(other_compressions)
{
	auto_close int xz = file_of("\xfd"
				    "7zXZ\0\0",
				    7);
	struct input *in = NULL;
	struct err e = ERR_INIT;

	CHECK(input_open(&in, xz, &e) == E_FORMAT);
	CHECK(strstr(e.hint, "xz -dk"));
}
