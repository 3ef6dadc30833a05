/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/image_layers.h"

#include <sys/mman.h>

#include "tap.h"

TAP_MAIN()

/* --- layers made of entries --- */

struct entry {
	const char *name;
	enum tar_type type;
	const char *text; /* or what a link points to */
	size_t n;	  /* of text that has NUL, else 0 */
};

/* A tar of entries, read by the scanner; what it emits is given back, and the descriptors. */
struct layer {
	struct layer_list list;
	struct buf tar;
	size_t at;
};

static int write_tar(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(&((struct layer *)arg)->tar, p, n);
	return 0;
}

static int64_t read_tar(void *arg, void *p, size_t n, struct err *e)
{
	struct layer *l = arg;
	size_t left = l->tar.n - l->at;

	(void)e;
	n = n < left ? n : left;
	memcpy(p, l->tar.p + l->at, n);
	l->at += n;
	return (int64_t)n;
}

static char *mutable(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int make_tar(struct layer *l, const struct entry *entries, struct err *e)
{
	auto_release(tar_writer_free) struct tar_writer *w = NULL;
	int r = tar_writer_new(&w, write_tar, l, e);

	for (; r == 0 && entries->name; entries++) {
		bool file = entries->type == TAR_FILE;
		const struct tar_entry m = { .name = mutable(entries->name),
					     .link = file ? NULL : mutable(entries->text),
					     .type = entries->type,
					     .mode = 0755,
					     .size = !file	  ? 0
						     : entries->n ? entries->n
								  : strlen(entries->text) };

		r = tar_write_entry(w, &m, e);
		if (r == 0 && file)
			r = tar_write_data(w, entries->text, m.size, e);
	}
	return r < 0 ? r : tar_write_end(w, e);
}

/* As layer_read() drives the reader, but in this process. */
static int read_entries(const struct layer_reader *reader, struct layer *l, struct buf *emit,
			struct err *e)
{
	auto_release(tar_reader_free) struct tar_reader *t = NULL;
	const struct tar_entry *m;
	int r = tar_reader_new(&t, read_tar, l, e);

	while (r == 0 && (r = tar_next(t, &m, e)) > 0)
		r = reader->entry(reader->arg, m, t, e);
	return r < 0 ? r : reader->done(reader->arg, emit, e);
}

static int make_layer(struct layer *l, const struct entry *entries, struct err *e)
{
	auto_buf text = BUF_INIT(1 << 20);
	auto_json *doc = NULL;
	struct layer_reader reader;
	struct layer_scan s;
	int r;

	*l = (struct layer){ .list = LAYER_LIST_INIT, .tar = BUF_INIT(1 << 20) };
	l->list.marks = memfd_create("marks", MFD_CLOEXEC);
	l->list.owned = memfd_create("owned", MFD_CLOEXEC);
	r = make_tar(l, entries, e);
	r = r < 0 ? r : layer_scan_begin(&s, &reader, l->list.marks, l->list.owned, e);
	if (r < 0)
		return r;
	r = read_entries(&reader, l, &text, e);
	layer_scan_end(&s);
	r = r < 0 ? r : json_parse(buf_str(&text), text.n, "list", &doc, e);
	if (r == 0)
		l->list.files = json_incref(json_object_get(doc, "files"));
	return r;
}

static void layer_free(struct layer *l)
{
	layer_list_free(&l->list);
	buf_free(&l->tar);
}

#define STANZA(name) "Package: " name "\nStatus: install ok installed\nVersion: 1\n"

static const struct entry base[] = {
	{ "usr/lib/os-release", TAR_FILE, "ID=debian\nVERSION_ID=12\n" },
	{ "etc/os-release", TAR_SYMLINK, "../usr/lib/os-release" },
	{ "var/lib/dpkg/status", TAR_FILE, STANZA("a") },
	{ "var/lib/dpkg/status.d/b", TAR_FILE, "Package: b\nVersion: 1\n" },
	{ "var/lib/dpkg/status.d/c", TAR_FILE, "Package: c\nVersion: 1\n" },
	{ "lib/apk/db/installed", TAR_FILE, "P:d\nV:1\n\n" },
	{ NULL },
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is to be seen after both layers: packages by name, files that could not be read by "!" and
 * their path. Valid until the next call. */
static const char *seen(const struct entry *lower, const struct entry *upper)
{
	static char out[2048];
	auto_json *visible = json_object();
	struct layer layers[2];
	const char *names[64], *bad[8], *key;
	struct err e = ERR_INIT;
	size_t n = 0, bad_n = 0, i;
	json_t *file, *package;
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	bool changed;
	int r = 0;

	for (i = 0; i < 2; i++) {
		int made = make_layer(&layers[i], i ? upper : lower, &e);

		r = r < 0 ? r : made;
		if (r == 0)
			r = layer_list_apply(visible, &layers[i].list, i, &changed, &e);
	}
	json_object_foreach(visible, key, file)
	{
		if (json_object_get(file, "error"))
			bad[bad_n++] = key;
		json_array_foreach(json_object_get(file, "packages"), i, package) names[n++] =
			json_string_or_null(package, "name");
	}
	qsort(bad, bad_n, sizeof(*bad), by_name);
	qsort(names, n, sizeof(*names), by_name);
	for (i = 0; i < bad_n; i++)
		buf_printf(&b, "%s!%s", b.n ? " " : "", bad[i]);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%s%s", b.n ? " " : "", names[i]);
	(void)snprintf(out, sizeof(out), "%s", r < 0 ? e.msg : buf_str(&b));
	layer_free(&layers[0]);
	layer_free(&layers[1]);
	return out;
}

#define NOTHING ""
#define ALL "a b c d"

TEST(what_an_upper_layer_takes_away)
{
	static const struct {
		const char *name;
		enum tar_type type;
		const char *text, *want;
	} t[] = {
		{ "etc/motd", TAR_FILE, "", ALL },
		/* whiteouts: of the file, of folders above it, of its neighbours */
		{ "var/lib/dpkg/.wh.status", TAR_FILE, "", "b c d" },
		{ "var/lib/dpkg/.wh.stat", TAR_FILE, "", ALL },
		{ "var/lib/dpkg/.wh.status.d", TAR_FILE, "", "a d" },
		{ "var/lib/dpkg/status.d/.wh.b", TAR_FILE, "", "a c d" },
		{ "var/lib/.wh.dpkg", TAR_FILE, "", "d" },
		{ "var/.wh.lib", TAR_FILE, "", "d" },
		{ ".wh.var", TAR_FILE, "", "d" },
		{ ".wh.va", TAR_FILE, "", ALL },
		{ ".wh.lib", TAR_FILE, "", "a b c" },
		{ "usr/.wh.var", TAR_FILE, "", ALL },
		/* opaque folders */
		{ ".wh..wh..opq", TAR_FILE, "", NOTHING },
		{ "var/.wh..wh..opq", TAR_FILE, "", "d" },
		{ "var/lib/dpkg/.wh..wh..opq", TAR_FILE, "", "d" },
		{ "var/lib/dpkg/status.d/.wh..wh..opq", TAR_FILE, "", "a d" },
		{ "var/lib/dpkg/status/.wh..wh..opq", TAR_FILE, "", "b c d" },
		{ "usr/.wh..wh..opq", TAR_FILE, "", ALL },
		/* names that hide nothing */
		{ "var/lib/dpkg/.wh.", TAR_FILE, "", ALL },
		{ "var/lib/dpkg/.wh..wh.plnk", TAR_FILE, "", ALL },
		/* the same name anew, and of another kind */
		{ "var/lib/dpkg/status", TAR_FILE, STANZA("e"), "b c d e" },
		{ "var/lib/dpkg/status", TAR_DIR, NULL, "b c d" },
		{ "var/lib/dpkg/status/x", TAR_FILE, "", "b c d" },
		{ "var/lib/dpkg/status/x/.wh.y", TAR_FILE, "", "b c d" },
		{ "var/lib/dpkg/status", TAR_FIFO, NULL, "!var/lib/dpkg/status b c d" },
		{ "var/lib/dpkg/status", TAR_SYMLINK, "s", "!var/lib/dpkg/status b c d" },
		{ "var/lib/dpkg/status", TAR_HARDLINK, "s", "!var/lib/dpkg/status b c d" },
		{ "var/lib/dpkg/status", TAR_FILE, "x", "!var/lib/dpkg/status b c d" },
		/* in a folder's place */
		{ "var/lib/dpkg", TAR_DIR, NULL, ALL },
		{ "var/lib/dpkg", TAR_FILE, "x", "!var/lib/dpkg d" },
		{ "var", TAR_SYMLINK, "/srv", "!var d" },
		{ "var/lib/dpkg/status.d", TAR_SYMLINK, "/srv", "!var/lib/dpkg/status.d a d" },
		/* links to where we look as well, however they are written */
		{ "lib", TAR_SYMLINK, "usr/lib", "a b c" },
		{ "lib", TAR_SYMLINK, "/usr/lib/", "a b c" },
		{ "lib/apk", TAR_SYMLINK, "../usr/lib/apk", "a b c" },
		{ "lib/apk/db", TAR_SYMLINK, "../../usr/lib/apk/./db", "a b c" },
		{ "lib/apk", TAR_SYMLINK, "/usr/apk", "!lib/apk a b c" },
		{ "lib/apk/db", TAR_SYMLINK, "/usr/lib/apk", "!lib/apk/db a b c" },
		{ "lib/apk/db/installed", TAR_SYMLINK, "/usr/lib/apk/db/installed", "a b c" },
		{ "var/lib/dpkg/status", TAR_SYMLINK, "../../../../lib/apk/db/installed", "b c d" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const struct entry upper[] = { { t[i].name, t[i].type, t[i].text }, { NULL } };

		CHECK_STR(seen(base, upper), t[i].want);
	}
}

/* --- programs and their links --- */

enum { PROGRAM = 256 };

/* A program of Go's linker with no more than it needs: an ELF header, one writable segment, and in
 * that the version of the standard library. */
static const char *program(const char *version)
{
	static char made[8][PROGRAM];
	static unsigned n;
	static const unsigned char header[] = "\x7f"
					      "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0";
	char *p = made[n++ % 8];

	memset(p, 0, PROGRAM);
	memcpy(p, header, sizeof(header) - 1);
	p[0x20] = 0x40; /* where the segments are told of; how large, and how many */
	p[0x36] = 0x38;
	p[0x38] = 1;
	p[0x40] = 1; /* to be loaded, writable, 0x80 bytes from 0x80 on */
	p[0x44] = 6;
	p[0x48] = p[0x50] = p[0x60] = p[0x68] = (char)0x80;
	memcpy(p + 0x80, "\xff Go buildinf:\x08\x02", 16);
	p[0xa0] = (char)strlen(version);
	memcpy(p + 0xa1, version, strlen(version));
	return p;
}

#define GO(name, version) { name, TAR_FILE, program(version), PROGRAM }

/* "PATH VERSION" of each program that is to be seen; or the error. */
static const char *programs(const struct entry *entries)
{
	static char out[2048];
	auto_json *visible = json_object();
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	struct layer layer;
	struct err e = ERR_INIT;
	const char *key;
	json_t *file;
	bool changed;
	int r = make_layer(&layer, entries, &e);

	r = r < 0 ? r : layer_list_apply(visible, &layer.list, 0, &changed, &e);
	json_object_foreach(visible, key, file)
	{
		const json_t *p = json_array_get(json_object_get(file, "packages"), 0);

		buf_printf(&b, "%s%s %s", b.n ? ", " : "", key, json_string_or_null(p, "version"));
	}
	(void)snprintf(out, sizeof(out), "%s", r < 0 ? e.msg : buf_str(&b));
	layer_free(&layer);
	return out;
}

TEST(links_to_programs)
{
	const struct entry linked[] = { GO("a", "go1.20"), { "b", TAR_HARDLINK, "a" }, { NULL } };

	CHECK_STR(programs(linked), "a 1.20, b 1.20");
}

/* What was put in the place of a program is not what its links are. */
TEST(links_to_programs_that_were_replaced)
{
	const struct entry by_other[] = {
		GO("a", "go1.20"),
		{ "b", TAR_HARDLINK, "a" },
		GO("a", "go1.21"),
		{ NULL },
	};
	const struct entry by_text[] = {
		GO("a", "go1.20"),
		{ "b", TAR_HARDLINK, "a" },
		{ "a", TAR_FILE, "text" },
		{ "c", TAR_HARDLINK, "b" },
		{ NULL },
	};
	const struct entry twice[] = {
		GO("a", "go1.20"),	    { "b", TAR_HARDLINK, "a" },
		{ "c", TAR_HARDLINK, "a" }, GO("a", "go1.21"),
		{ "d", TAR_HARDLINK, "a" }, { "c", TAR_HARDLINK, "a" },
		GO("a", "go1.22"),	    { NULL },
	};
	const struct entry odd_name[] = {
		GO("\xff", "go1.20"),
		{ "b", TAR_HARDLINK, "\xff" },
		{ "\xff", TAR_FILE, "text" },
		{ NULL },
	};

	CHECK_STR(programs(by_other), "a 1.21, b 1.20");
	CHECK_STR(programs(by_text), "b 1.20, c 1.20");
	CHECK_STR(programs(twice), "a 1.22, b 1.20, c 1.21, d 1.21");
	CHECK_STR(programs(odd_name), "b 1.20");
}

/* --- files that packages own --- */

static int take_path(void *arg, const struct package_file *f, struct err *e)
{
	struct buf *b = arg;

	(void)e;
	buf_printf(b, "%s%.*s:%.*s %.*s %zu", b->n ? "\n" : "", (int)f->catalog.n, f->catalog.p,
		   (int)f->package.n, f->package.p, (int)f->path.n, f->path.p, f->layer);
	return 0;
}

/* "CATALOG:PACKAGE PATH LAYER" by line, of layers over each other; or the error. */
static const char *owned(const struct entry *const *layers, size_t n)
{
	static char out[4096];
	struct layer made[4];
	struct layer_list lists[4];
	struct desc descs[4] = { 0 };
	struct image_layers image = { .v = lists, .n = n };
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	struct err e = ERR_INIT;
	int r = 0;

	image.manifest.layers = descs;
	image.manifest.layers_n = n;
	for (size_t i = 0; i < n; i++) {
		int one = make_layer(&made[i], layers[i], &e);

		r = r < 0 ? r : one;
		lists[i] = made[i].list;
	}
	r = r < 0 ? r : image_package_files(&image, take_path, &b, &e);
	(void)snprintf(out, sizeof(out), "%s", r < 0 ? e.msg : buf_str(&b));
	for (size_t i = 0; i < n; i++)
		layer_free(&made[i]);
	return out;
}

#define INFO "var/lib/dpkg/info/"

TEST(owned_files)
{
	static const struct entry lower[] = {
		{ INFO "a:amd64.list", TAR_FILE, "/.\n/usr\n/usr/bin\n/usr/bin/a\n/usr/bin/a2\n" },
		{ INFO "b.list", TAR_FILE, "/.\n/bin\n/bin/b\n/etc/b.conf" },
		{ "lib/apk/db/installed", TAR_FILE,
		  "P:c\nV:1\nF:usr/bin\nR:c\nF:\nR:root\n\nP:d\nV:1\nF:usr/bin\nR:d\n\n" },
		{ NULL },
	};
	static const struct entry upper[] = {
		{ INFO "a:amd64.list", TAR_FILE, "/usr/bin/a3\n" },
		{ INFO ".wh.b.list", TAR_FILE, "" },
		{ INFO "e.list", TAR_FILE, "/first\n" },
		{ INFO "e.list", TAR_FILE, "/second\n" },
		{ NULL },
	};
	static const struct entry opaque[] = { { INFO ".wh..wh..opq", TAR_FILE, "" }, { NULL } };

	CHECK_STR(owned((const struct entry *const[]){ lower }, 1),
		  "dpkg:a usr/bin/a 0\ndpkg:a usr/bin/a2 0\ndpkg:b bin/b 0\ndpkg:b etc/b.conf 0\n"
		  "apk:c usr/bin/c 0\napk:c root 0\napk:d usr/bin/d 0");
	CHECK_STR(owned((const struct entry *const[]){ lower, upper }, 2),
		  "apk:c usr/bin/c 0\napk:c root 0\napk:d usr/bin/d 0\n"
		  "dpkg:a usr/bin/a3 1\ndpkg:e second 1");
	CHECK_STR(owned((const struct entry *const[]){ upper, lower, opaque }, 3),
		  "apk:c usr/bin/c 1\napk:c root 1\napk:d usr/bin/d 1");
	CHECK_STR(owned((const struct entry *const[]){ opaque, upper }, 2),
		  "dpkg:a usr/bin/a3 1\ndpkg:e second 1");
}

/* --- the two files beside a list --- */

static int give_owned(void *arg, struct str package, struct str path, struct err *e)
{
	(void)e;
	buf_printf(arg, "%.*s=%.*s;", (int)package.n, package.p, (int)path.n, path.p);
	return 0;
}

static bool take_database(void *arg, struct str catalog, const char *path)
{
	buf_printf(arg, "[%.*s:%s]", (int)catalog.n, catalog.p, path);
	return !strstr(path, "unwanted");
}

static const char *read_owned(int fd)
{
	static char out[4096];
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	struct err e = ERR_INIT;
	int r = owned_read(fd, &(struct owned_reader){ take_database, give_owned, &b }, &e);

	(void)snprintf(out, sizeof(out), "%s", r < 0 ? e.msg : buf_str(&b));
	return out;
}

TEST(owned_comes_back)
{
	auto_release(index_out_free) struct index_out *o = NULL;
	auto_close int fd = memfd_create("owned", MFD_CLOEXEC);
	char long_path[400], want[1200];
	struct err e = ERR_INIT;
	uint64_t n = 0;

	memset(long_path, 'x', sizeof(long_path));
	CHECK(index_out_new(&o, fd, &e) == 0 && owned_begin(o, &e) == 0);
	CHECK(owned_put_database(o, "rpm", "p/q", &e) == 0);
	CHECK(owned_put_file(o, STR("a"), STR("usr/bin/a"), &e) == 0);
	CHECK(owned_put_file(o, STR("a"), STR("usr/bin"), &e) == 0);
	CHECK(owned_put_file(o, STR("b"), (struct str){ long_path, 399 }, &e) == 0);
	CHECK(owned_put_file(o, STR("b"), (struct str){ long_path, 400 }, &e) == 0);
	CHECK(owned_put_database(o, "rpm", "unwanted", &e) == 0);
	CHECK(owned_put_file(o, STR("b"), STR("z"), &e) == 0);
	CHECK(owned_put_database(o, "apk", "last", &e) == 0);
	CHECK(owned_put_file(o, STR("b"), STR("\xff\n"), &e) == 0);
	CHECK(index_out_end(o, &n, &e) == 0 && n == (uint64_t)lseek(fd, 0, SEEK_END));
	(void)snprintf(want, sizeof(want),
		       "[rpm:p/q]a=usr/bin/a;a=usr/"
		       "bin;b=%.399s;b=%.400s;[rpm:unwanted][apk:last]b=\xff\n;",
		       long_path, long_path);
	CHECK_STR(read_owned(fd), want);

	/* Cut within a record it is broken; another's file is none. */
	CHECK(ftruncate(fd, (off_t)n - 1) == 0);
	CHECK_STR(read_owned(fd), "what a layer holds: cut short");
	CHECK(ftruncate(fd, INDEX_HEADER) == 0);
	CHECK_STR(read_owned(fd), "");
	CHECK(pwrite(fd, "F\1x", 4, INDEX_HEADER) == 4);
	CHECK_STR(read_owned(fd), "what a layer holds: not a path");
	CHECK(pwrite(fd, "X", 1, INDEX_HEADER) == 1);
	CHECK_STR(read_owned(fd), "what a layer holds: not a record");
	CHECK(ftruncate(fd, INDEX_HEADER - 1) == 0);
	CHECK_STR(read_owned(fd), "what a layer holds: not plimsoll.owned/1");
}

TEST(marks_are_checked)
{
	static const unsigned char key[16] = "a key of sixteen";
	auto_release(index_out_free) struct index_out *o = NULL;
	auto_close int fd = memfd_create("marks", MFD_CLOEXEC);
	struct hidden h[2] = { { .path = "a/b", .n = 3 }, { .path = "c", .n = 1 } };
	struct err e = ERR_INIT;
	uint64_t n = 0;

	CHECK(index_out_new(&o, fd, &e) == 0 && marks_begin(o, key, &e) == 0);
	CHECK(marks_put(o, "a", 1, MARK_OTHER, &e) == 0);
	CHECK(index_out_end(o, &n, &e) == 0 && n == INDEX_HEADER + 8);
	CHECK(marks_hide(fd, h, 2, &e) == 0 && h[0].hidden && !h[1].hidden);
	CHECK(marks_hide(fd, h, 0, &e) == 0);
	CHECK(ftruncate(fd, (off_t)n - 1) == 0);
	CHECK(marks_hide(fd, h, 2, &e) == E_FORMAT);
	CHECK(ftruncate(fd, 0) == 0);
	CHECK(marks_hide(fd, h, 2, &e) == E_FORMAT);
}
