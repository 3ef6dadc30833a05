/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/layer_index.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/siphash.h"

enum { BLOCK = 64 * 1024, LIMIT_TEXT = 8192 };

static const char marks_magic[] = "plimsoll.marks/1", owned_magic[] = "plimsoll.owned/1";
#define MAGIC (sizeof(marks_magic) - 1)

/* --- writing --- */

struct index_out {
	int fd;
	uint64_t total; /* bytes put */
	unsigned char key[16];
	char last_package[LIMIT_TEXT], last_path[LIMIT_TEXT]; /* of the record before */
	size_t last_package_n, last_path_n;
	size_t n;
	char block[BLOCK];
};

int index_out_new(struct index_out **ret, int fd, struct err *e)
{
	struct index_out *o = calloc(1, sizeof(*o));

	if (!o)
		return FAIL_NOMEM(e);
	o->fd = fd;
	*ret = o;
	return 0;
}

void index_out_free(struct index_out *o)
{
	free(o);
}

static int flush(struct index_out *o, struct err *e)
{
	size_t n = o->n;

	o->n = 0;
	return fs_write_all(o->fd, o->block, n, e);
}

static int put(struct index_out *o, const void *p, size_t n, struct err *e)
{
	const char *c = p;
	int r = 0;

	o->total += n;
	if (o->total > LIMIT_INDEX_BYTES)
		return FAIL(e, E_FORMAT, "its paths are over %d bytes", LIMIT_INDEX_BYTES);
	while (n && r == 0) {
		size_t room = sizeof(o->block) - o->n, part = n < room ? n : room;

		memcpy(o->block + o->n, c, part);
		o->n += part;
		c += part;
		n -= part;
		if (o->n == sizeof(o->block))
			r = flush(o, e);
	}
	return r;
}

int index_out_end(struct index_out *o, uint64_t *ret_bytes, struct err *e)
{
	*ret_bytes = o->total;
	return flush(o, e);
}

static size_t common(const char *a, size_t a_n, const char *b, size_t b_n)
{
	size_t n = 0;

	while (n < a_n && n < b_n && a[n] == b[n])
		n++;
	return n;
}

int marks_begin(struct index_out *o, const unsigned char key[static 16], struct err *e)
{
	int r = put(o, marks_magic, MAGIC, e);

	memcpy(o->key, key, sizeof(o->key));
	return r < 0 ? r : put(o, key, sizeof(o->key), e);
}

static uint64_t mark_word(const unsigned char key[static 16], const char *path, size_t n)
{
	return siphash(key, path, n) & ~(uint64_t)1;
}

static int put_word(struct index_out *o, const char *path, size_t n, enum mark mark, struct err *e)
{
	uint64_t w = mark_word(o->key, path, n) | (uint64_t)mark;
	unsigned char raw[8];

	for (unsigned i = 0; i < 8; i++)
		raw[i] = (unsigned char)(w >> 8 * i);
	return put(o, raw, sizeof(raw), e);
}

/* The folders above, as far as the entry before is not beneath them, too. */
static int put_folders(struct index_out *o, const char *path, size_t n, struct err *e)
{
	size_t same = common(o->last_path, o->last_path_n, path, n);
	int r = 0;

	for (size_t i = same; i < n && r == 0; i++)
		if (path[i] == '/')
			r = put_word(o, path, i, MARK_FOLDER, e);
	n = n < sizeof(o->last_path) ? n : sizeof(o->last_path);
	memcpy(o->last_path, path, n);
	o->last_path_n = n;
	return r;
}

int marks_put(struct index_out *o, const char *path, size_t n, enum mark mark, struct err *e)
{
	int r = put_folders(o, path, n, e);

	return r < 0 ? r : put_word(o, path, n, mark, e);
}

int owned_begin(struct index_out *o, struct err *e)
{
	static const char zeros[INDEX_HEADER - MAGIC];
	int r = put(o, owned_magic, MAGIC, e);

	return r < 0 ? r : put(o, zeros, sizeof(zeros), e);
}

int owned_put_database(struct index_out *o, const char *catalog, const char *path, struct err *e)
{
	int r = put(o, "D", 1, e);

	o->last_package_n = o->last_path_n = 0;
	r = r < 0 ? r : put(o, catalog, strlen(catalog), e);
	r = r < 0 ? r : put(o, ":", 1, e);
	return r < 0 ? r : put(o, path, strlen(path) + 1, e);
}

static int put_package(struct index_out *o, struct str package, struct err *e)
{
	int r;

	if (package.n > sizeof(o->last_package))
		return FAIL(e, E_INTERNAL, "a package's name of %zu bytes", package.n);
	if (package.n == o->last_package_n && memcmp(package.p, o->last_package, package.n) == 0)
		return 0;
	memcpy(o->last_package, package.p, package.n);
	o->last_package_n = package.n;
	r = put(o, "P", 1, e);
	r = r < 0 ? r : put(o, package.p, package.n, e);
	return r < 0 ? r : put(o, "", 1, e);
}

int owned_put_file(struct index_out *o, struct str package, struct str path, struct err *e)
{
	size_t all = common(o->last_path, o->last_path_n, path.p, path.n),
	       same = all < 255 ? all : 255;
	unsigned char shared = (unsigned char)same;
	int r = put_package(o, package, e);

	if (r == 0 && path.n > sizeof(o->last_path))
		r = FAIL(e, E_INTERNAL, "a path of %zu bytes", path.n);
	if (r < 0)
		return r;
	memcpy(o->last_path, path.p, path.n);
	o->last_path_n = path.n;
	r = put(o, "F", 1, e);
	r = r < 0 ? r : put(o, &shared, 1, e);
	r = r < 0 ? r : put(o, path.p + same, path.n - same, e);
	return r < 0 ? r : put(o, "", 1, e);
}

/* --- reading --- */

struct index_in {
	int fd;
	size_t at, n;
	unsigned char block[BLOCK];
};

/* 1 and a byte, or 0 at the end. */
static int next_byte(struct index_in *in, unsigned char *ret, struct err *e)
{
	if (in->at == in->n) {
		ssize_t got;

		do {
			got = read(in->fd, in->block, sizeof(in->block));
		} while (got < 0 && errno == EINTR);
		if (got < 0)
			return FAIL_SYS(e, "read what a layer holds");
		in->at = 0;
		in->n = (size_t)got;
		if (!got)
			return 0;
	}
	*ret = in->block[in->at++];
	return 1;
}

static int read_header(struct index_in *in, const char *magic, unsigned char key[static 16],
		       struct err *e)
{
	unsigned char header[INDEX_HEADER];
	int r = 1;

	for (size_t i = 0; i < sizeof(header) && r == 1; i++)
		r = next_byte(in, &header[i], e);
	if (r == 0 || (r == 1 && memcmp(header, magic, MAGIC) != 0))
		return FAIL(e, E_FORMAT, "what a layer holds: not %s", magic);
	memcpy(key, header + MAGIC, 16);
	return r < 0 ? r : 0;
}

static int in_new(struct index_in **ret, int fd, const char *magic, unsigned char key[static 16],
		  struct err *e)
{
	auto_free struct index_in *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return FAIL_NOMEM(e);
	in->fd = fd;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "rewind");
	r = read_header(in, magic, key, e);
	if (r < 0)
		return r;
	*ret = TAKE(in);
	return 0;
}

/* --- marks --- */

/* The paths that are asked for and the folders above them, by their words: a hash table of places,
 * each with a chain of the paths that it stands for. */
struct place {
	uint64_t word;
	bool above;	    /* of folders above those paths */
	struct link *first; /* NULL: nothing left to hide */
	bool used;
};

struct link {
	struct hidden *path;
	struct link *next;
};

struct table {
	struct place *places;
	size_t mask;
	struct link *links;
	size_t links_n;
};

static void table_release(struct table *t)
{
	free(t->places);
	free(t->links);
}

static struct place *table_find(const struct table *t, uint64_t word, bool above)
{
	size_t i = (word >> 1) & t->mask;

	while (t->places[i].used && (t->places[i].word != word || t->places[i].above != above))
		i = (i + 1) & t->mask;
	return &t->places[i];
}

static void table_add(struct table *t, uint64_t word, bool above, struct hidden *path)
{
	struct place *p = table_find(t, word, above);
	struct link *link = &t->links[t->links_n++];

	*link = (struct link){ path, p->first };
	*p = (struct place){ .word = word, .above = above, .first = link, .used = true };
}

static size_t depth(const struct hidden *h)
{
	size_t n = 1;

	for (size_t i = 0; i < h->n; i++)
		n += h->path[i] == '/';
	return n;
}

/* A path, each folder above it, and the root. */
static int table_make(struct table *t, const unsigned char key[static 16], struct hidden *paths,
		      size_t n, struct err *e)
{
	size_t count = 1, size = 16;

	for (size_t i = 0; i < n; i++)
		count += depth(&paths[i]) + 1;
	while (size < 2 * count)
		size *= 2;
	t->places = calloc(size, sizeof(*t->places));
	t->links = calloc(count, sizeof(*t->links));
	if (!t->places || !t->links)
		return FAIL_NOMEM(e);
	t->mask = size - 1;
	for (size_t i = 0; i < n; i++) {
		table_add(t, mark_word(key, paths[i].path, paths[i].n), false, &paths[i]);
		for (size_t at = paths[i].n; at-- > 0;)
			if (paths[i].path[at] == '/')
				table_add(t, mark_word(key, paths[i].path, at), true, &paths[i]);
		table_add(t, mark_word(key, ".", 1), true, &paths[i]);
	}
	return 0;
}

/* Hides what a place stands for; the chain has done its duty then. */
static void hide(struct place *p)
{
	for (; p->first; p->first = p->first->next)
		p->first->path->hidden = true;
}

static void apply_mark(const struct table *t, uint64_t word)
{
	enum mark mark = (enum mark)(word & 1);

	word &= ~(uint64_t)1;
	hide(table_find(t, word, false));
	if (mark == MARK_OTHER)
		hide(table_find(t, word, true));
}

int marks_hide(int fd, struct hidden *paths, size_t n, struct err *e)
{
	auto_free struct index_in *in = NULL;
	__attribute__((cleanup(table_release))) struct table t = { 0 };
	unsigned char key[16], byte = 0;
	uint64_t word = 0;
	unsigned have = 0;
	int r = in_new(&in, fd, marks_magic, key, e);

	r = r < 0 ? r : table_make(&t, key, paths, n, e);
	if (r < 0)
		return r;
	while ((r = next_byte(in, &byte, e)) == 1) {
		word |= (uint64_t)byte << 8 * have++;
		if (have < 8)
			continue;
		apply_mark(&t, word);
		word = have = 0;
	}
	return r == 0 && have ? FAIL(e, E_FORMAT, "what a layer holds: cut short") : r;
}

/* --- owned files --- */

/* Appends up to the next NUL. */
static int next_text(struct index_in *in, struct buf *ret, struct err *e)
{
	unsigned char c = 1;
	int r;

	while ((r = next_byte(in, &c, e)) == 1 && c)
		buf_putc(ret, (char)c);
	if (r == 0)
		return FAIL(e, E_FORMAT, "what a layer holds: cut short");
	return r < 0 ? r : buf_check(ret, "a path", e);
}

static int next_path(struct index_in *in, struct buf *path, struct err *e)
{
	unsigned char shared = 0;
	int r = next_byte(in, &shared, e);

	if (r == 0 || (r == 1 && shared > path->n))
		return FAIL(e, E_FORMAT, "what a layer holds: not a path");
	path->n = r < 0 ? path->n : shared;
	return r < 0 ? r : next_text(in, path, e);
}

static bool wants(const struct owned_reader *reader, const struct buf *database)
{
	struct str path = { database->p, database->n }, catalog = STR("");

	(void)str_cut(&path, ':', &catalog);
	return path.n && reader->database(reader->arg, catalog, path.p);
}

static int read_records(struct index_in *in, const struct owned_reader *reader, struct err *e)
{
	auto_buf database = BUF_INIT(LIMIT_TEXT), package = BUF_INIT(LIMIT_TEXT),
		 path = BUF_INIT(LIMIT_TEXT);
	unsigned char kind = 0;
	bool wanted = false;
	int r;

	while ((r = next_byte(in, &kind, e)) == 1) {
		switch (kind) {
		case 'D':
			buf_reset(&database);
			buf_reset(&package);
			buf_reset(&path);
			r = next_text(in, &database, e);
			wanted = r == 0 && wants(reader, &database);
			break;
		case 'P':
			buf_reset(&package);
			r = next_text(in, &package, e);
			break;
		case 'F':
			r = next_path(in, &path, e);
			if (r == 0 && wanted)
				r = reader->file(reader->arg,
						 (struct str){ buf_str(&package), package.n },
						 (struct str){ buf_str(&path), path.n }, e);
			break;
		default: r = FAIL(e, E_FORMAT, "what a layer holds: not a record");
		}
		if (r < 0)
			return r;
	}
	return r;
}

int owned_read(int fd, const struct owned_reader *reader, struct err *e)
{
	auto_free struct index_in *in = NULL;
	unsigned char key[16];
	int r = in_new(&in, fd, owned_magic, key, e);

	return r < 0 ? r : read_records(in, reader, e);
}
