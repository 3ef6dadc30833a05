/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/catalog/go.h"

#include "tap.h"

TAP_MAIN()

/* --- programs made by hand --- */

/* What a made-up ELF program is like. */
struct shape {
	bool wide, big; /* 64 bits; the most significant byte first */
	bool note;	/* the build ID of Go's linker */
	bool read_only; /* all in memory that is not writable */
	size_t gap;	/* zeros before the constants, to go over the edges of blocks */
};

enum { ENTRY = 0x40, NOTE = 0x180, CONSTANTS = 0x400, ADDRESS = 0x10000 };

static void put(struct buf *b, uint64_t v, unsigned size, bool big)
{
	for (unsigned i = 0; i < size; i++)
		buf_putc(b, (char)(v >> 8 * (big ? size - 1 - i : i)));
}

static void pad_to(struct buf *b, size_t n)
{
	while (b->n < n)
		buf_putc(b, '\0');
}

static void put_segment(struct buf *b, const struct shape *s, unsigned type, unsigned flags,
			uint64_t offset, uint64_t size)
{
	unsigned word = s->wide ? 8 : 4;

	put(b, type, 4, s->big);
	if (s->wide)
		put(b, flags, 4, s->big);
	put(b, offset, word, s->big);
	put(b, ADDRESS + offset, word, s->big);
	put(b, ADDRESS + offset, word, s->big);
	put(b, size, word, s->big);
	put(b, size, word, s->big);
	if (!s->wide)
		put(b, flags, 4, s->big);
	put(b, 16, word, s->big);
}

/* Constants end, and data begin, at `data`; the file ends at `end`. */
static void put_headers(struct buf *b, const struct shape *s, size_t data, size_t end)
{
	unsigned word = s->wide ? 8 : 4;

	buf_puts(b, "\x7f"
		    "ELF");
	buf_putc(b, s->wide ? 2 : 1);
	buf_putc(b, s->big ? 2 : 1);
	buf_putc(b, 1);
	pad_to(b, 16);
	put(b, 2, 2, s->big); /* a program to be run */
	put(b, 62, 2, s->big);
	put(b, 1, 4, s->big);
	put(b, ADDRESS, word, s->big);
	put(b, ENTRY, word, s->big);
	put(b, 0, word, s->big);
	put(b, 0, 4, s->big);
	put(b, s->wide ? 64 : 52, 2, s->big);
	put(b, s->wide ? 56 : 32, 2, s->big);
	put(b, 3, 2, s->big);
	pad_to(b, ENTRY);
	put_segment(b, s, 4, 4, NOTE, s->note ? 24 : 0);
	put_segment(b, s, 1, 4, 0, data);
	put_segment(b, s, 1, s->read_only ? 4 : 6, data, end - data);
	pad_to(b, NOTE);
	put(b, 4, 4, s->big);
	put(b, 8, 4, s->big);
	put(b, 4, 4, s->big);
	buf_put(b, "Go\0\0abcdefgh", 12);
	pad_to(b, CONSTANTS + s->gap);
}

static const unsigned char frame_start[] =
	"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
static const unsigned char frame_end[] =
	"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

static void put_frame(struct buf *b, const char *info)
{
	buf_put(b, frame_start, 16);
	buf_puts(b, info);
	buf_put(b, frame_end, 16);
}

static void put_magic(struct buf *b, const struct shape *s, unsigned flags)
{
	pad_to(b, (b->n + 15) / 16 * 16);
	buf_puts(b, "\xff Go buildinf:");
	buf_putc(b, s->wide ? 8 : 4);
	buf_putc(b, (char)flags);
}

static void put_length(struct buf *b, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_putc(b, (char)(n | 0x80));
	buf_putc(b, (char)n);
}

/* As Go's linker does since 1.18. */
static void put_inline(struct buf *b, const struct shape *s, const char *version, const char *info)
{
	auto_buf framed = BUF_INIT(SIZE_MAX);

	put_frame(&framed, info);
	put_magic(b, s, 2);
	pad_to(b, (b->n + 31) / 32 * 32);
	put_length(b, strlen(version));
	buf_puts(b, version);
	put_length(b, *info ? framed.n : 0);
	if (*info)
		buf_put(b, framed.p, framed.n);
}

static void make_inline(struct buf *b, const struct shape *s, const char *version, const char *info)
{
	size_t data = CONSTANTS + s->gap + 16;

	put_headers(b, s, data, data + 4096);
	pad_to(b, data);
	pad_to(b, (b->n + 31) / 32 * 32);
	put_inline(b, s, version, info);
	pad_to(b, data + 4096);
}

/* As it did before: addresses of string headers, which have addresses of texts. */
static void make_pointers(struct buf *b, const struct shape *s, const char *version,
			  const char *info)
{
	unsigned word = s->wide ? 8 : 4;
	size_t version_at, info_at, data, magic;
	auto_buf constants = BUF_INIT(SIZE_MAX);

	version_at = CONSTANTS + s->gap + 20;
	buf_puts(&constants, "go1.17go1.9 and more");
	buf_puts(&constants, version);
	buf_puts(&constants, "more text");
	info_at = CONSTANTS + s->gap + constants.n;
	put_frame(&constants, info);
	buf_puts(&constants, "go1.2");
	data = CONSTANTS + s->gap + (constants.n + 15) / 16 * 16;
	put_headers(b, s, data, data + 4096);
	buf_put(b, constants.p, constants.n);
	pad_to(b, data);
	put_magic(b, s, s->big);
	magic = b->n - 16;
	put(b, ADDRESS + magic + 96, word, s->big);
	put(b, ADDRESS + magic + 64, word, s->big);
	pad_to(b, magic + 64);
	put(b, ADDRESS + info_at, word, s->big);
	put(b, strlen(info) + 32, word, s->big);
	pad_to(b, magic + 96);
	put(b, ADDRESS + version_at, word, s->big);
	put(b, strlen(version), word, s->big);
	pad_to(b, data + 4096);
}

/* --- reading --- */

struct source {
	const struct buf *b;
	size_t at, step; /* bytes a read at most */
};

static int64_t read_source(void *arg, void *p, size_t n, struct err *e)
{
	struct source *s = arg;
	size_t left = s->b->n - s->at;

	(void)e;
	n = n < s->step ? n : s->step;
	n = n < left ? n : left;
	if (n)
		memcpy(p, s->b->p + s->at, n);
	s->at += n;
	return (int64_t)n;
}

/* "NAME VERSION ARCH", by commas; "" for no Go program; "error: …". Valid until the next call. */
static const char *read_program(const struct buf *b, size_t step)
{
	static char out[4096];
	static struct go_reader *reader; /* one for all: it must forget what was before */
	struct source source = { b, 0, step };
	const struct catalog_stream in = { read_source, &source, b->n };
	auto_json *packages = json_array();
	struct catalog_out found = { .path = "app", .packages = packages };
	auto_buf text = BUF_INIT(sizeof(out) - 1);
	struct err e = ERR_INIT;
	json_t *p;
	size_t i;

	if (!reader)
		CHECK(go_reader_new(&reader, &e) == 0);
	if (catalog_go(reader, &in, &found, &e) < 0)
		buf_printf(&text, "error: %s", e.msg);
	else
		json_array_foreach(packages, i, p)
		{
			const char *os = json_string_or_null(p, "os");

			buf_printf(&text, "%s%s %s %s%s%s", i ? "," : "",
				   json_string_or_null(p, "name"),
				   json_string_or_null(p, "version"),
				   json_string_or_null(p, "arch"), os ? " " : "", os ? os : "");
		}
	(void)snprintf(out, sizeof(out), "%s", buf_str(&text));
	return out;
}

#define INFO "path\tx/y/cmd\nmod\tx/y\t(devel)\t\ndep\tz\tv1.2.3\th1:a=\nbuild\tGOARCH=arm\n"
#define READ "stdlib 1.17.13 arm,x/y (devel) arm,z v1.2.3 arm"

typedef void (*make_fn)(struct buf *b, const struct shape *s, const char *version,
			const char *info);

static const char *made(make_fn make, const struct shape *s, const char *version, const char *info,
			size_t step)
{
	auto_buf b = BUF_INIT(SIZE_MAX);

	make(&b, s, version, info);
	return read_program(&b, step);
}

TEST(both_forms_of_all_words)
{
	static const size_t gaps[] = { 0, 65536 - CONSTANTS - 8, 200 * 1000 };
	static const size_t steps[] = { 1 << 20, 4096, 1 };

	for (int i = 0; i < 8; i++)
		for (size_t g = 0; g < 3; g++)
			for (size_t j = 0; j < 3; j++) {
				const struct shape s = {
					.wide = i & 1, .big = i & 2, .note = true, .gap = gaps[g]
				};

				CHECK_STR(made(i & 4 ? make_pointers : make_inline, &s, "go1.17.13",
					       INFO, steps[j]),
					  READ);
			}
}

TEST(without_a_note_only_the_form_that_needs_none)
{
	const struct shape s = { .wide = true };

	CHECK_STR(made(make_inline, &s, "go1.17.13", INFO, 4096), READ);
	CHECK_STR(made(make_pointers, &s, "go1.17.13", INFO, 4096),
		  "error: its build information leads nowhere");
}

TEST(no_modules)
{
	const struct shape s = { .wide = true, .note = true };

	CHECK_STR(made(make_inline, &s, "go1.19", "", 4096), "stdlib 1.19 ");
}

TEST(what_it_was_built_for)
{
	const struct shape s = { .wide = true, .note = true };

	CHECK_STR(made(make_inline, &s, "go1.19",
		       "mod\tx\tv1.0.0\t\nbuild\tGOARCH=arm\nbuild\tGOOS=plan9\n", 4096),
		  "stdlib 1.19 arm plan9,x v1.0.0 arm plan9");
}

/* In memory that is not writable it may be another's, or a constant of one that looks for it. */
TEST(the_programs_own_counts)
{
	struct shape s = { .wide = true, .note = true, .read_only = true };
	auto_buf b = BUF_INIT(SIZE_MAX), other = BUF_INIT(SIZE_MAX);
	size_t data = 8192;

	CHECK_STR(made(make_inline, &s, "go1.20.1", "mod\tx\tv1\n", 4096), "stdlib 1.20.1 ,x v1 ");
	CHECK_STR(made(make_pointers, &s, "go1.17.13", INFO, 4096),
		  "error: a Go program without build information");
	s.read_only = false;
	put_headers(&b, &s, data, data + 4096);
	put_magic(&b, &s, 0x73); /* text follows it by chance */
	buf_puts(&b, "some text");
	put_inline(&b, &s, "go1.2.3", "mod\tother\tv1\n");
	pad_to(&b, data);
	put_inline(&b, &s, "go1.21.4", "mod\tmine\tv1\n");
	pad_to(&b, data + 4096);
	CHECK_STR(read_program(&b, 100), "stdlib 1.21.4 ,mine v1 ");
}

TEST(cut_at_every_length)
{
	const struct shape s = { .wide = true, .note = true };
	auto_buf b = BUF_INIT(SIZE_MAX);
	size_t whole;
	bool read = false, told = false;

	make_pointers(&b, &s, "go1.17.13", INFO);
	whole = b.n;
	for (size_t n = 0; n <= whole; n++) {
		auto_free char *exact = malloc(n ? n : 1); /* for the sanitizer */
		struct buf cut = { .p = exact, .n = n };
		const char *got;

		memcpy(exact, b.p, n);
		got = read_program(&cut, 1000);
		told |= starts_with(got, "error: ");
		read |= *got && !starts_with(got, "error: ");
		/* What was told, or read, is so of all that is longer, but for the one turn. */
		if (n > NOTE + 24)
			CHECK(*got);
		if (read)
			CHECK_STR(got, READ);
	}
	CHECK(told && read);
}

TEST(what_is_no_go_program)
{
	struct buf b = { 0 };
	static const char *const texts[] = { "", "#!/bin/sh\n", "MZ", "\x7f\x45LF",
					     "\xca\xfe\xba\xbe" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		auto_buf t = BUF_INIT(SIZE_MAX);

		buf_puts(&t, texts[i]);
		CHECK_STR(read_program(&t, 4096), "");
		pad_to(&t, 5000);
		buf_puts(&t, "go1.2.3");
		CHECK_STR(read_program(&t, 4096), "");
	}
	CHECK_STR(read_program(&b, 1), "");
}

TEST(limits)
{
	const struct shape s = { .wide = true, .note = true };
	auto_buf info = BUF_INIT(SIZE_MAX);

	buf_puts(&info, "mod\tx\tv1\n");
	while (info.n < LIMIT_GO_INFO - 32 - 1)
		buf_putc(&info, 'x');
	buf_putc(&info, '\n');
	CHECK_STR(made(make_inline, &s, "go1.20.1", buf_str(&info), 70000), "stdlib 1.20.1 ,x v1 ");
	CHECK_STR(made(make_pointers, &s, "go1.17.1", buf_str(&info), 70000),
		  "stdlib 1.17.1 ,x v1 ");
	buf_putc(&info, '\n');
	CHECK_STR(made(make_inline, &s, "go1.20.1", buf_str(&info), 70000),
		  "error: build information of more than 1048576 bytes");
	CHECK_STR(made(make_pointers, &s, "go1.17.1", buf_str(&info), 70000),
		  "error: its build information leads nowhere");
}

/* --- what is said --- */

static const char *packages_of(const char *version, const char *info)
{
	static char out[2048];
	auto_json *packages = json_array();
	struct catalog_out found = { .path = "app", .packages = packages };
	auto_buf text = BUF_INIT(sizeof(out) - 1);
	struct err e = ERR_INIT;
	json_t *p;
	size_t i;

	if (go_add_packages(str_of(version), str_of(info), &found, &e) < 0)
		buf_printf(&text, "error: %s", e.msg);
	else
		json_array_foreach(packages, i, p)
		{
			const char *replaces = json_string_or_null(p, "replaces");

			buf_printf(&text, "%s%s %s%s%s", i ? "," : "",
				   json_string_or_null(p, "name"),
				   json_string_or_null(p, "version"), replaces ? " for " : "",
				   replaces ? replaces : "");
		}
	(void)snprintf(out, sizeof(out), "%s", buf_str(&text));
	return out;
}

TEST(versions_of_the_standard_library)
{
	static const struct {
		const char *go, *want;
	} t[] = {
		{ "go1.22.3", "1.22.3" },
		{ "go1.20", "1.20" },
		{ "go1.20rc1", "1.20.0-rc.1" },
		{ "go1.21beta2", "1.21.0-beta.2" },
		{ "go1.21.0rc3", "1.21.0-rc.3" },
		{ "go1.22.3 X:boringcrypto,arenas", "1.22.3" },
		{ "go1.21.5-fips", "1.21.5" },
		{ "go1.19.8b4", "1.19.8" },
		{ "go1.20.12 (Red Hat 1.20.12-8.el9)", "1.20.12" },
		{ "devel go1.20-2c7856087a Thu Nov 3 2022", "1.20.0-devel" },
		{ "devel +5801e5ac7a Thu Jul 1 2021", "(devel)" },
		{ "go", "(devel)" },
		{ "go1.", "1" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char want[64];

		(void)snprintf(want, sizeof(want), "stdlib %s", t[i].want);
		CHECK_STR(packages_of(t[i].go, ""), want);
	}
}

TEST(modules)
{
	CHECK_STR(packages_of("go1.22.3",
			      "path\ta/cmd\nmod\ta\tv0.1.0\th1:x=\ndep\tb\tv1.0.0\n=>\tc\tv2.0.0"
			      "\th1:y=\ndep\td\tv0.0.0\n=>\t./d\t\ndep\te\tv2.0.0+incompatible\n"
			      "build\t-compiler=gc\nunknown\tline\n"),
		  "stdlib 1.22.3,a v0.1.0,c v2.0.0 for b@v1.0.0,d (devel) for d@v0.0.0,e "
		  "v2.0.0+incompatible");
	CHECK_STR(packages_of("go1.22.3", "=>\ta\tv1\n"),
		  "error: build information, line 1: replaces no module");
	CHECK_STR(packages_of("go1.22.3", "dep\ta\tv1\n=>\tb\tv1\n=>\tc\tv1\n"),
		  "error: build information, line 3: replaces no module");
	CHECK_STR(packages_of("go1.22.3", "dep\ta\tv1\ndep\t\tv1\n"),
		  "error: build information, line 2: a module without a name");
	CHECK_STR(packages_of("go1.22.3", "dep\t\xff\tv1\n"),
		  "error: build information, line 1: a package's name is not UTF-8");
}
