/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "oci/tar_format.h"

struct tar_reader {
	tar_read_fn read;
	void *arg;
	uint64_t left;	  /* data of the current entry not yet read */
	unsigned padding; /* after it */
	uint64_t entries, max_entries;
	struct tar_entry entry;
	struct buf name, link; /* cleaned, for entry */
	/* What extended headers said of the entry to come; kept until the one after it. */
	bool has_pax;
	struct tar_pax pax;
	struct buf pax_text, long_name, long_link;
};

int tar_reader_new(struct tar_reader **ret, tar_read_fn read, void *arg, struct err *e)
{
	struct tar_reader *t = calloc(1, sizeof(*t));

	if (!t)
		return FAIL_NOMEM(e);
	*t = (struct tar_reader){
		.read = read,
		.arg = arg,
		.max_entries = LIMIT_TAR_ENTRIES,
		.name = BUF_INIT(LIMIT_TAR_NAME),
		.link = BUF_INIT(LIMIT_TAR_NAME),
		.pax_text = BUF_INIT(LIMIT_TAR_PAX),
		.long_name = BUF_INIT(LIMIT_TAR_PAX),
		.long_link = BUF_INIT(LIMIT_TAR_PAX),
	};
	*ret = t;
	return 0;
}

void tar_reader_free(struct tar_reader *t)
{
	if (!t)
		return;
	tar_pax_free(&t->pax);
	buf_free(&t->name);
	buf_free(&t->link);
	buf_free(&t->pax_text);
	buf_free(&t->long_name);
	buf_free(&t->long_link);
	free(t);
}

void tar_reader_max_entries(struct tar_reader *t, uint64_t max)
{
	t->max_entries = max;
}

/* Reads n bytes, or fewer only at the end of the stream; returns how many. */
static int64_t read_full(struct tar_reader *t, void *p, size_t n, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		int64_t got = t->read(t->arg, (char *)p + have, n - have, e);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (int64_t)have;
}

static int skip(struct tar_reader *t, uint64_t n, struct err *e)
{
	char chunk[16384];

	while (n) {
		size_t want = n < sizeof(chunk) ? (size_t)n : sizeof(chunk);
		int64_t got = read_full(t, chunk, want, e);

		if (got < 0)
			return (int)got;
		if ((size_t)got < want)
			return FAIL(e, E_FORMAT, "the archive is cut short");
		n -= want;
	}
	return 0;
}

/* --- numbers and names of a header --- */

static int parse_octal(const char *p, size_t n, const char *what, uint64_t *ret, struct err *e)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 60)
			return FAIL(e, E_FORMAT, "%s is too large", what);
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return FAIL(e, E_FORMAT, "%s is not an octal number", what);
	*ret = v;
	return 0;
}

/* GNU's base-256: the top bit marks it, the rest is a two's complement number. */
static int parse_base256(const char *p, size_t n, const char *what, int64_t *ret, struct err *e)
{
	bool minus = (p[0] & 0x40) != 0;
	uint64_t v = minus ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (i == 0)
			c = (unsigned char)(minus ? c | 0x80 : c & 0x7f);
		if (n - i > 8 ? c != (minus ? 0xff : 0) : false)
			return FAIL(e, E_FORMAT, "%s is too large", what);
		v = v << 8 | c;
	}
	if (minus != (v >> 63 != 0))
		return FAIL(e, E_FORMAT, "%s is too large", what);
	*ret = (int64_t)v;
	return 0;
}

static int parse_number(const char *p, size_t n, const char *what, int64_t *ret, struct err *e)
{
	uint64_t v = 0;
	int r;

	if (p[0] & 0x80)
		return parse_base256(p, n, what, ret, e);
	r = parse_octal(p, n, what, &v, e);
	if (r == 0)
		*ret = (int64_t)v;
	return r;
}

/* A number that is neither negative nor over max: from the pax record when there is one. */
static int parse_field(const char *p, size_t n, struct str pax, const char *what, uint64_t max,
		       uint64_t *ret, struct err *e)
{
	int64_t v = 0;
	int r = 0;

	if (pax.p) {
		if (str_u64(pax, max, ret, NULL) < 0)
			return FAIL(e, E_FORMAT, "pax %s '%.*s' is not a number up to %llu", what,
				    (int)(pax.n < 40 ? pax.n : 40), pax.p, (unsigned long long)max);
		return 0;
	}
	r = parse_number(p, n, what, &v, e);
	if (r < 0)
		return r;
	if (v < 0)
		return FAIL(e, E_FORMAT, "%s is negative", what);
	if ((uint64_t)v > max)
		return FAIL(e, E_FORMAT, "%s is too large", what);
	*ret = (uint64_t)v;
	return 0;
}
#define FIELD(h, field) (h)->field, sizeof((h)->field)

static struct str field_str(const char *p, size_t n)
{
	return (struct str){ p, strnlen(p, n) };
}

int tar_clean_name(struct str name, struct buf *ret, bool *ret_folder, struct err *e)
{
	struct str rest = name, part;

	buf_reset(ret);
	if (name.n == 0)
		return FAIL(e, E_FORMAT, "empty name");
	if (memchr(name.p, '\0', name.n))
		return FAIL(e, E_FORMAT, "name with a NUL");
	while (str_cut(&rest, '/', &part)) {
		if (part.n == 0 || str_eqz(part, "."))
			continue;
		if (str_eqz(part, ".."))
			return FAIL(e, E_FORMAT, "name '%.*s' climbs out with '..'",
				    (int)(name.n < 200 ? name.n : 200), name.p);
		if (part.n > LIMIT_TAR_PART)
			return FAIL(e, E_FORMAT, "a part of a name is longer than %d bytes",
				    LIMIT_TAR_PART);
		if (ret->n)
			buf_putc(ret, '/');
		buf_put(ret, part.p, part.n);
	}
	if (ret->n == 0)
		buf_putc(ret, '.');
	*ret_folder = name.p[name.n - 1] == '/';
	return ret->failed ? FAIL(e, E_FORMAT, "a name is longer than %d bytes", LIMIT_TAR_NAME)
			   : 0;
}

/* --- extended headers --- */

/* The data of an extended header, whole, into ret. */
static int read_extension(struct tar_reader *t, uint64_t size, struct buf *ret, struct err *e)
{
	char chunk[4096];

	buf_reset(ret);
	if (size > LIMIT_TAR_PAX)
		return FAIL(e, E_FORMAT, "an extended header is larger than %d bytes",
			    LIMIT_TAR_PAX);
	for (uint64_t left = size; left;) {
		size_t want = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		int64_t got = read_full(t, chunk, want, e);

		if (got < 0)
			return (int)got;
		if ((size_t)got < want)
			return FAIL(e, E_FORMAT, "the archive is cut short");
		buf_put(ret, chunk, want);
		left -= want;
	}
	if (ret->failed)
		return buf_check(ret, "extended header", e);
	return skip(t, -size % TAR_BLOCK_SIZE, e);
}

/* GNU 'L' and 'K': the name, and at least one NUL. */
static int read_long(struct tar_reader *t, uint64_t size, struct buf *ret, struct err *e)
{
	int r;

	if (ret->n)
		return FAIL(e, E_FORMAT, "two long names for one member");
	r = read_extension(t, size, ret, e);
	if (r < 0)
		return r;
	while (ret->n && ret->p[ret->n - 1] == '\0')
		ret->n--;
	if (ret->n == 0)
		return FAIL(e, E_FORMAT, "empty long name");
	return 0;
}

static int read_pax(struct tar_reader *t, uint64_t size, bool global, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TAR_PAX);
	struct tar_pax ignored = { 0 };
	int r;

	if (global) {
		r = read_extension(t, size, &text, e);
		r = r < 0 ? r
			  : tar_pax_parse((struct str){ buf_str(&text), text.n }, true, &ignored,
					  e);
		tar_pax_free(&ignored);
		return r;
	}
	if (t->has_pax)
		return FAIL(e, E_FORMAT, "two pax headers for one member");
	t->has_pax = true;
	r = read_extension(t, size, &t->pax_text, e);
	return r < 0 ? r
		     : tar_pax_parse((struct str){ buf_str(&t->pax_text), t->pax_text.n }, false,
				     &t->pax, e);
}

/* 1 when the header was an extended one and has been taken in. */
static int take_extension(struct tar_reader *t, const struct tar_header *h, struct err *e)
{
	uint64_t size = 0;
	int r;

	if (!h->type || !strchr("xgLK", h->type))
		return 0;
	r = parse_field(FIELD(h, size), (struct str){ 0 }, "size of an extended header", INT64_MAX,
			&size, e);
	if (r < 0)
		return r;
	switch (h->type) {
	case 'L': r = read_long(t, size, &t->long_name, e); break;
	case 'K': r = read_long(t, size, &t->long_link, e); break;
	default: r = read_pax(t, size, h->type == 'g', e);
	}
	return r < 0 ? r : 1;
}

/* --- members --- */

static int member_type(const struct tar_header *h, bool folder, enum tar_type *ret, struct err *e)
{
	switch (h->type) {
	case '\0':
	case '0':
	case '7': *ret = folder ? TAR_DIR : TAR_FILE; return 0; /* BSD marks a folder by its "/" */
	case '1': *ret = TAR_HARDLINK; return 0;
	case '2': *ret = TAR_SYMLINK; return 0;
	case '3': *ret = TAR_CHAR; return 0;
	case '4': *ret = TAR_BLOCK; return 0;
	case '5': *ret = TAR_DIR; return 0;
	case '6': *ret = TAR_FIFO; return 0;
	case 'S': return FAIL(e, E_FORMAT, "sparse files are not supported");
	default: return FAIL(e, E_FORMAT, "unknown member type 0x%02x", (unsigned char)h->type);
	}
}

/* Whose word counts for a name: pax, else GNU's long name, else the header. Both: ambiguous. */
static int choose(struct str pax, const struct buf *gnu, struct str header, struct str *ret,
		  struct err *e)
{
	if (pax.p && gnu->n)
		return FAIL(e, E_FORMAT, "a pax name and a GNU long name for one member");
	if (pax.p)
		*ret = pax;
	else
		*ret = gnu->n ? (struct str){ gnu->p, gnu->n } : header;
	return 0;
}

static int member_name(struct tar_reader *t, const struct tar_header *h, bool *ret_folder,
		       struct err *e)
{
	auto_buf joined = BUF_INIT(sizeof(h->name) + sizeof(h->prefix) + 1);
	bool posix = memcmp(h->magic, "ustar", 6) == 0;
	/* star keeps times in the last 24 bytes of the prefix and says so at the end. */
	bool star = posix && memcmp(h->pad + 8, "tar", 4) == 0;
	struct str name = field_str(FIELD(h, name));
	int r;

	if (posix && h->prefix[0]) {
		struct str prefix = field_str(h->prefix, star ? 131 : sizeof(h->prefix));

		buf_put(&joined, prefix.p, prefix.n);
		buf_putc(&joined, '/');
		buf_put(&joined, name.p, name.n);
		r = buf_check(&joined, "name", e);
		if (r < 0)
			return r;
		name = (struct str){ joined.p, joined.n };
	}
	r = choose(t->pax.path, &t->long_name, name, &name, e);
	return r < 0 ? r : tar_clean_name(name, &t->name, ret_folder, e);
}

static int member_link(struct tar_reader *t, const struct tar_header *h, struct err *e)
{
	struct str link = field_str(FIELD(h, link));
	bool folder;
	int r = choose(t->pax.linkpath, &t->long_link, link, &link, e);

	buf_reset(&t->link);
	if (r < 0 || (t->entry.type != TAR_HARDLINK && t->entry.type != TAR_SYMLINK))
		return r;
	if (t->entry.type == TAR_HARDLINK) {
		r = tar_clean_name(link, &t->link, &folder, e);
		if (r == 0 && strcmp(t->link.p, ".") == 0)
			r = FAIL(e, E_FORMAT, "to the root");
		return r < 0 ? WRAP(e, r, "hard link") : 0;
	}
	if (link.n == 0 || memchr(link.p, '\0', link.n))
		return FAIL(e, E_FORMAT, "symbolic link: bad target");
	buf_put(&t->link, link.p, link.n);
	return t->link.failed ? FAIL(e, E_FORMAT, "a link is longer than %d bytes", LIMIT_TAR_NAME)
			      : 0;
}

static int member_numbers(struct tar_reader *t, const struct tar_header *h, struct err *e)
{
	const struct str none = { 0 };
	struct tar_entry *m = &t->entry;
	bool device = m->type == TAR_CHAR || m->type == TAR_BLOCK;
	uint64_t mode = 0, uid = 0, gid = 0, major = 0, minor = 0;
	/* (uid_t)-1 means "leave it" to chown. */
	int r = parse_field(FIELD(h, uid), t->pax.uid, "uid", UINT32_MAX - 1, &uid, e);

	r = r < 0 ? r : parse_field(FIELD(h, gid), t->pax.gid, "gid", UINT32_MAX - 1, &gid, e);
	r = r < 0 ? r : parse_field(FIELD(h, mode), none, "mode", INT64_MAX, &mode, e);
	r = r < 0 ? r : parse_field(FIELD(h, size), t->pax.size, "size", INT64_MAX, &m->size, e);
	if (r == 0 && t->pax.mtime.p)
		r = tar_pax_time(t->pax.mtime, &m->mtime, &m->mtime_ns, e);
	else if (r == 0)
		r = parse_number(FIELD(h, mtime), "mtime", &m->mtime, e);
	if (r == 0 && device) {
		r = parse_field(FIELD(h, major), none, "device number", 0xfff, &major, e);
		r = r < 0 ? r
			  : parse_field(FIELD(h, minor), none, "device number", 0xfffff, &minor, e);
	}
	if (r < 0)
		return r;
	m->mode = (mode_t)(mode & 07777);
	m->uid = (uid_t)uid;
	m->gid = (gid_t)gid;
	m->dev_major = (uint32_t)major;
	m->dev_minor = (uint32_t)minor;
	return 0;
}

static int take_member(struct tar_reader *t, const struct tar_header *h, struct err *e)
{
	bool folder = false;
	int r = member_name(t, h, &folder, e);

	t->entry = (struct tar_entry){ 0 };
	r = r < 0 ? r : member_type(h, folder, &t->entry.type, e);
	r = r < 0 ? r : member_link(t, h, e);
	r = r < 0 ? r : member_numbers(t, h, e);
	if (r < 0)
		return t->name.n ? WRAP(e, r, "'%.200s'", t->name.p) : r;
	t->entry.name = t->name.p;
	t->entry.link = t->link.n ? t->link.p : NULL;
	t->entry.xattrs = t->pax.xattrs;
	t->entry.xattrs_n = t->pax.xattrs_n;
	/* Tools disagree on whether data follows then. */
	if (t->entry.type != TAR_FILE && t->entry.size)
		return FAIL(e, E_FORMAT, "'%s': not a file, and yet a size", t->entry.name);
	if (t->entry.type != TAR_DIR && strcmp(t->entry.name, ".") == 0)
		return FAIL(e, E_FORMAT, "the root is not a folder");
	t->left = t->entry.size;
	t->padding = (unsigned)(-t->entry.size % TAR_BLOCK_SIZE);
	return 0;
}

static void forget_extensions(struct tar_reader *t)
{
	t->has_pax = false;
	tar_pax_free(&t->pax);
	buf_reset(&t->pax_text);
	buf_reset(&t->long_name);
	buf_reset(&t->long_link);
}

static bool is_zero(const void *p, size_t n)
{
	const unsigned char *c = p;

	return n == 0 || (c[0] == 0 && memcmp(c, c + 1, n - 1) == 0);
}

/* After a block of zeros nothing but zeros may follow: other tools would find further members. */
static int expect_end(struct tar_reader *t, struct err *e)
{
	char chunk[16384];
	int64_t n;

	while ((n = read_full(t, chunk, sizeof(chunk), e)) > 0)
		if (!is_zero(chunk, (size_t)n))
			return FAIL(e, E_FORMAT, "data after the end of the archive");
	return (int)n;
}

/* 1 and a header whose checksum holds, 0 at the end. */
static int read_header(struct tar_reader *t, struct tar_header *h, struct err *e)
{
	int64_t n = read_full(t, h, sizeof(*h), e);
	uint64_t sum = 0;
	int r;

	if (n < 0)
		return (int)n;
	if (n != 0 && n != TAR_BLOCK_SIZE)
		return FAIL(e, E_FORMAT, "the archive is cut short");
	if (n == 0 || is_zero(h, sizeof(*h))) {
		if (t->has_pax || t->long_name.n || t->long_link.n)
			return FAIL(e, E_FORMAT, "an extended header without its member");
		return n == 0 ? 0 : expect_end(t, e);
	}
	r = parse_octal(FIELD(h, checksum), "checksum", &sum, e);
	if (r < 0)
		return r;
	if (sum != tar_checksum(h))
		return FAIL(e, E_FORMAT, "a header's checksum is wrong");
	if (++t->entries > t->max_entries)
		return FAIL(e, E_FORMAT, "more than %llu members",
			    (unsigned long long)t->max_entries);
	return 1;
}

int tar_next(struct tar_reader *t, const struct tar_entry **ret, struct err *e)
{
	struct tar_header h;
	int r = skip(t, t->left, e);

	r = r < 0 ? r : skip(t, t->padding, e);
	if (r < 0)
		return r;
	t->left = t->padding = 0;
	forget_extensions(t);
	do {
		r = read_header(t, &h, e);
		if (r <= 0)
			return r;
		r = take_extension(t, &h, e);
	} while (r == 1);
	r = r < 0 ? r : take_member(t, &h, e);
	if (r < 0)
		return r;
	*ret = &t->entry;
	return 1;
}

int64_t tar_read(struct tar_reader *t, void *p, size_t n, struct err *e)
{
	int64_t got;

	if (n > t->left)
		n = (size_t)t->left;
	if (n == 0)
		return 0;
	got = t->read(t->arg, p, n, e);
	if (got == 0)
		return FAIL(e, E_FORMAT, "the archive is cut short");
	if (got > 0)
		t->left -= (uint64_t)got;
	return got;
}
