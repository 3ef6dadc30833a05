/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "scan/catalog/go.h"

/*
 * Finds the build information in a program that comes as a stream (cmd/link/internal/ld,
 * "buildinfo", and debug/buildinfo, which reads it back). It begins with a magic text at a multiple
 * of 16 bytes. Since Go 1.18 the two texts follow: that is all. Before, addresses of two string
 * headers follow, which stand in the data after it, and point to texts among the constants before
 * it: those are noted as they pass, the module information by the frame that it has, versions by
 * how they begin.
 *
 * Where a program carries another, or is one that looks for the magic itself, more than one place
 * may fit: the one in writable memory is the program's own.
 */

static const unsigned char magic[16] = "\xff Go buildinf:";
enum {
	MAGIC = 14,
	HEADER = 32,
	CHUNK = 64 * 1024,
	/* All that is ever looked at in one piece: a header, a version, information; and a chunk.
	 */
	WINDOW = HEADER + 2 * 10 + LIMIT_GO_VERSION + LIMIT_GO_INFO + 2 * CHUNK,
	OVERLAP = 128, /* what stays in the window when it moves on */
	LIMIT_VERSIONS = 1024,
	VERSION_TEXT = 64,
	FRAME = 16,
};

static const unsigned char frame_start[FRAME] = { 0x30, 0x77, 0xaf, 0x0c, 0x92, 0x74, 0x08, 0x02,
						  0x41, 0xe1, 0xc1, 0x07, 0xe6, 0xd6, 0x18, 0xe6 };
static const unsigned char frame_end[FRAME] = { 0xf9, 0x32, 0x43, 0x31, 0x86, 0x18, 0x20, 0x72,
						0x00, 0x82, 0x42, 0x10, 0x41, 0x16, 0xd8, 0xf2 };

/* A text that may be a version, where it stood. */
struct noted {
	uint64_t offset;
	char text[VERSION_TEXT];
};

struct go_reader {
	const struct catalog_stream *in;
	struct go_headers headers;
	/* The window: n bytes from base on. */
	unsigned char *window;
	size_t n;
	uint64_t base;
	bool ended;
	/* What was noted of constants, until noted_to. */
	uint64_t noted_to;
	struct noted *versions;
	size_t versions_n;
	struct buf info; /* with its frame */
	uint64_t info_at;
	bool info_open;
	/* The best that was found. */
	struct buf version, modules;
	bool found;
};

int go_reader_new(struct go_reader **ret, struct err *e)
{
	struct go_reader *g = calloc(1, sizeof(*g));

	if (!g)
		return FAIL_NOMEM(e);
	/* Pages that are not touched cost nothing. */
	g->window = malloc(WINDOW);
	g->versions = malloc(LIMIT_VERSIONS * sizeof(*g->versions));
	g->info = g->modules = BUF_INIT(LIMIT_GO_INFO);
	g->version = BUF_INIT(LIMIT_GO_VERSION);
	if (!g->window || !g->versions) {
		go_reader_free(g);
		return FAIL_NOMEM(e);
	}
	*ret = g;
	return 0;
}

void go_reader_free(struct go_reader *g)
{
	if (!g)
		return;
	free(g->window);
	free(g->versions);
	buf_free(&g->info);
	buf_free(&g->version);
	buf_free(&g->modules);
	free(g);
}

static void start(struct go_reader *g, const struct catalog_stream *in)
{
	buf_reset(&g->info);
	buf_reset(&g->version);
	buf_reset(&g->modules);
	g->info.failed = g->version.failed = g->modules.failed = 0;
	g->in = in;
	g->n = g->versions_n = 0;
	g->base = g->noted_to = 0;
	g->ended = g->info_open = g->found = false;
}

/* --- the window --- */

/* Reads on, at most max bytes; 0 at the end. */
static int read_more(struct go_reader *g, size_t max, struct err *e)
{
	int64_t got;

	if (max > WINDOW - g->n)
		max = WINDOW - g->n;
	got = g->ended ? 0 : g->in->read(g->in->arg, g->window + g->n, max, e);
	if (got < 0)
		return (int)got;
	g->ended = got == 0;
	g->n += (size_t)got;
	return got > 0;
}

/* Lets go of what is before an offset within the window, or at its end. */
static void move_to(struct go_reader *g, uint64_t offset)
{
	size_t gone = (size_t)(offset - g->base);

	memmove(g->window, g->window + gone, g->n - gone);
	g->n -= gone;
	g->base = offset;
}

/* Up to n bytes at an offset that has not been let go of, fewer only at the end of the file;
 * nothing when that is before it. */
static int look_at(struct go_reader *g, uint64_t offset, size_t n, struct str *ret, struct err *e)
{
	int r = 1;

	while (r > 0 && g->base + g->n < offset) {
		move_to(g, g->base + g->n);
		r = read_more(g, CHUNK, e);
	}
	if (r > 0 && offset - g->base + n > WINDOW)
		move_to(g, offset);
	while (r > 0 && g->base + g->n < offset + n)
		r = read_more(g, CHUNK, e);
	if (r < 0)
		return r;
	*ret = STR("");
	if (offset >= g->base && offset < g->base + g->n) {
		size_t at = (size_t)(offset - g->base), room = g->n - at;

		*ret = (struct str){ (const char *)g->window + at, n < room ? n : room };
	}
	return 0;
}

/* --- what it says --- */

static bool is_version(struct str v)
{
	return v.n && v.n <= LIMIT_GO_VERSION && str_utf8(v) &&
	       (str_starts(v, "go") || str_starts(v, "devel"));
}

static struct str without_frame(struct str info)
{
	if (info.n < 2 * FRAME + 1 || info.p[info.n - FRAME - 1] != '\n')
		return STR("");
	return (struct str){ info.p + FRAME, info.n - 2 * FRAME };
}

static int keep(struct go_reader *g, struct str version, struct str info, struct err *e)
{
	int r;

	info = without_frame(info);
	buf_reset(&g->version);
	buf_reset(&g->modules);
	buf_put(&g->version, version.p, version.n);
	buf_put(&g->modules, info.p, info.n);
	r = buf_check(&g->version, "a version of Go", e);
	r = r < 0 ? r : buf_check(&g->modules, "build information", e);
	g->found = r == 0;
	return r;
}

/* A length in Go's variable form (encoding/binary.Uvarint), taken off the text. */
static bool take_length(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s->n && i < 9; i++) {
		unsigned char c = (unsigned char)s->p[i];

		v |= (uint64_t)(c & 0x7f) << 7 * i;
		if (c & 0x80)
			continue;
		*s = (struct str){ s->p + i + 1, s->n - i - 1 };
		*ret = v;
		return true;
	}
	return false;
}

/* The form since Go 1.18. 1 and kept, 0 when it only looks like it. */
static int read_inline(struct go_reader *g, uint64_t at, struct err *e)
{
	const size_t before = HEADER + 2 * 10 + LIMIT_GO_VERSION;
	struct str all, version;
	uint64_t n = 0;
	size_t used;
	int r = look_at(g, at, before, &all, e);

	if (r < 0)
		return r;
	version = (struct str){ all.p + HEADER, all.n > HEADER ? all.n - HEADER : 0 };
	if (!take_length(&version, &n) || n > version.n ||
	    !is_version((struct str){ version.p, n }))
		return 0;
	used = (size_t)(version.p - all.p) + n;
	r = look_at(g, at, used + 10 + LIMIT_GO_INFO, &all, e);
	if (r < 0)
		return r;
	version = (struct str){ all.p + used - n, n };
	all = (struct str){ all.p + used, all.n - used };
	n = 0;
	if (!take_length(&all, &n) || (n > all.n && n <= LIMIT_GO_INFO))
		return FAIL(e, E_FORMAT, "cut short in its build information");
	if (n > LIMIT_GO_INFO)
		return FAIL(e, E_FORMAT, "build information of more than %d bytes", LIMIT_GO_INFO);
	r = keep(g, version, (struct str){ all.p, n }, e);
	return r < 0 ? r : 1;
}

/* --- the form before Go 1.18 --- */

static uint64_t load(const char *p, unsigned size, bool big)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)(unsigned char)p[i] << 8 * (big ? size - 1 - i : i);
	return v;
}

/* The header of a string: where its text is in the file, and how long. */
static int read_string(struct go_reader *g, uint64_t address, unsigned word, bool big,
		       uint64_t *ret_offset, uint64_t *ret_n, struct err *e)
{
	uint64_t at;
	struct str s = STR("");
	int r = go_offset(&g->headers, address, &at) ? look_at(g, at, 2 * word, &s, e) : 0;

	if (r < 0)
		return r;
	if (s.n < 2 * word)
		return FAIL(e, E_FORMAT, "its build information leads nowhere");
	*ret_n = load(s.p + word, word, big);
	if (*ret_n && !go_offset(&g->headers, load(s.p, word, big), ret_offset))
		return FAIL(e, E_FORMAT, "its build information leads nowhere");
	return 0;
}

static struct str noted_version(const struct go_reader *g, uint64_t offset, uint64_t n)
{
	for (size_t i = 0; i < g->versions_n && n <= VERSION_TEXT; i++)
		if (g->versions[i].offset == offset)
			return (struct str){ g->versions[i].text, n };
	return STR("");
}

static int read_pointers(struct go_reader *g, uint64_t at, struct err *e)
{
	uint64_t version_at = 0, version_n = 0, info_at = 0, info_n = 0, a, b;
	struct str s, version, info = STR("");
	unsigned word;
	bool big;
	int r = look_at(g, at, HEADER, &s, e);

	if (r < 0)
		return r;
	word = s.n == HEADER ? (unsigned char)s.p[MAGIC] : 0;
	if ((word != 4 && word != 8) || (unsigned char)s.p[MAGIC + 1] > 1)
		return 0;
	big = s.p[MAGIC + 1] == 1;
	a = load(s.p + 16, word, big);
	b = load(s.p + 16 + word, word, big);
	/* In the order of the file: what was passed is gone. */
	r = a < b ? read_string(g, a, word, big, &version_at, &version_n, e)
		  : read_string(g, b, word, big, &info_at, &info_n, e);
	if (r == 0)
		r = a < b ? read_string(g, b, word, big, &info_at, &info_n, e)
			  : read_string(g, a, word, big, &version_at, &version_n, e);
	if (r < 0)
		return r;
	version = noted_version(g, version_at, version_n);
	if (info_n && !g->info_open && g->info_at == info_at && g->info.n == info_n)
		info = (struct str){ g->info.p, g->info.n };
	if (!is_version(version) || (info_n && !info.n))
		return FAIL(e, E_FORMAT, "its build information leads nowhere");
	r = keep(g, version, info, e);
	return r < 0 ? r : 1;
}

/* Adds bytes to the module information; it is whole when its frame ends. */
static void note_info(struct go_reader *g, const unsigned char *p, size_t n)
{
	size_t before = g->info.n > FRAME ? g->info.n - FRAME : 0;
	size_t room = LIMIT_GO_INFO - g->info.n;
	const char *end;

	buf_put(&g->info, p, n < room ? n : room);
	end = g->info.failed ? NULL
			     : memmem(g->info.p + before, g->info.n - before, frame_end, FRAME);
	if (end) {
		g->info.n = (size_t)(end - g->info.p) + FRAME;
		g->info_open = false;
	} else if (g->info.failed || n > room) { /* too long for one */
		buf_reset(&g->info);
		g->info.failed = 0;
		g->info_open = false;
	}
}

/* Of the texts that begin in the first n bytes; `all` are there. */
static void note_versions(struct go_reader *g, const unsigned char *p, size_t n, size_t all,
			  const char *start)
{
	const unsigned char *at = p, *hit;

	while (g->versions_n < LIMIT_VERSIONS &&
	       (hit = memmem(at, all - (size_t)(at - p), start, strlen(start)))) {
		struct noted *v = &g->versions[g->versions_n];
		size_t before = (size_t)(hit - p), left = all - before;

		if (before >= n)
			return;
		*v = (struct noted){ .offset = g->noted_to + before };
		memcpy(v->text, hit, left < VERSION_TEXT ? left : VERSION_TEXT);
		g->versions_n++;
		at = hit + 1;
	}
}

/* Notes what is new in the window, but for its end, which comes again with what follows. */
static void note(struct go_reader *g)
{
	uint64_t to = g->base + g->n;
	const unsigned char *p, *hit;
	size_t all, n;

	if (g->noted_to < g->base) { /* a jump: what was begun is not whole */
		g->noted_to = g->base;
		g->info_open = false;
		buf_reset(&g->info);
	}
	p = g->window + (g->noted_to - g->base);
	all = (size_t)(to - g->noted_to);
	if (!g->headers.surely_go || (!g->ended && all <= OVERLAP))
		return;
	n = g->ended ? all : all - OVERLAP;
	note_versions(g, p, n, all, "go1.");
	note_versions(g, p, n, all, "devel ");
	if (g->info_open) {
		note_info(g, p, n);
	} else if (!g->info.n && (hit = memmem(p, all, frame_start, FRAME)) && hit < p + n) {
		g->info_open = true;
		g->info_at = g->noted_to + (uint64_t)(hit - p);
		note_info(g, hit, n - (size_t)(hit - p));
	}
	g->noted_to += n;
}

/* --- the search --- */

static bool is_writable(const struct go_headers *h, uint64_t offset)
{
	for (size_t i = 0; i < h->ranges_n; i++)
		if (h->ranges[i].writable && offset >= h->ranges[i].offset &&
		    offset - h->ranges[i].offset < h->ranges[i].size)
			return true;
	return false;
}

/* 1 when this is the program's own, and kept; 0 to search on. */
static int try_at(struct go_reader *g, uint64_t at, struct err *e)
{
	bool own = is_writable(&g->headers, at);
	struct err why = ERR_INIT;
	struct str s;
	int r = look_at(g, at, HEADER, &s, e);

	if (r < 0 || s.n < HEADER)
		return r;
	if (!(s.p[MAGIC + 1] & 2)) {
		/* The constants before it may end just here. */
		r = own ? look_at(g, at, HEADER + OVERLAP, &s, e) : 0;
		note(g);
		return r < 0 || !own ? r : read_pointers(g, at, e);
	}
	if (!own && g->found)
		return 0;
	r = read_inline(g, at, &why);
	if (r >= 0 || (r == E_FORMAT && !own))
		return r > 0 && own;
	if (e)
		*e = why;
	return r;
}

static int search(struct go_reader *g, struct err *e)
{
	uint64_t at = 0; /* a multiple of 16 */
	int r = 0;

	for (;;) {
		for (; at + sizeof(magic) <= g->base + g->n; at += sizeof(magic)) {
			const unsigned char *p = g->window + (at - g->base);

			if (*p != *magic || memcmp(p, magic, MAGIC) != 0)
				continue;
			note(g);
			r = try_at(g, at, e);
			if (r != 0)
				return r;
		}
		note(g);
		move_to(g, g->headers.surely_go && g->noted_to < at ? g->noted_to : at);
		r = read_more(g, CHUNK, e);
		if (r < 0)
			return r;
		if (r == 0) {
			note(g);
			return 0;
		}
	}
}

/* A Go program whose build information is not there: what the file's size tells of the reason. */
static int fail_missing(const struct go_reader *g, struct err *e)
{
	if (g->headers.end > g->base + g->n)
		return FAIL(e, E_FORMAT, "a Go program, cut short: %llu of %llu bytes",
			    (unsigned long long)(g->base + g->n),
			    (unsigned long long)g->headers.end);
	return FAIL(e, E_FORMAT, "a Go program without build information");
}

int catalog_go(struct go_reader *g, const struct catalog_stream *in, struct catalog_out *out,
	       struct err *e)
{
	int r;

	start(g, in);
	do {
		r = read_more(g, g->n < GO_MAGIC ? GO_MAGIC - g->n : CHUNK - g->n, e);
		if (r < 0)
			return r;
		if (g->n >= GO_MAGIC && !go_may_be_program(g->window))
			return 0;
	} while (r > 0 && g->n < CHUNK);
	go_headers_read((struct str){ (const char *)g->window, g->n }, &g->headers);
	if (!g->headers.program)
		return 0;
	r = search(g, e);
	if (r < 0)
		return r;
	if (!g->found)
		return g->headers.surely_go && !ends_with(out->path, ".debug") ? fail_missing(g, e)
									       : 0;
	r = go_add_packages((struct str){ buf_str(&g->version), g->version.n },
			    (struct str){ buf_str(&g->modules), g->modules.n }, out, e);
	return r < 0 ? r : 1;
}
