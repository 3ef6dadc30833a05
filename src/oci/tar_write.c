/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "oci/tar_format.h"

struct tar_writer {
	tar_write_fn write;
	void *arg;
	uint64_t left; /* data still due for the current entry */
	unsigned padding;
};

/* What fits the octal fields of a header. */
#define MAX_OCTAL7 ((uint64_t)07777777)
#define MAX_OCTAL11 ((uint64_t)077777777777)

static const char zeros[TAR_BLOCK_SIZE];

int tar_writer_new(struct tar_writer **ret, tar_write_fn write, void *arg, struct err *e)
{
	struct tar_writer *t = calloc(1, sizeof(*t));

	if (!t)
		return FAIL_NOMEM(e);
	t->write = write;
	t->arg = arg;
	*ret = t;
	return 0;
}

void tar_writer_free(struct tar_writer *t)
{
	free(t);
}

static void put_octal(char *field, size_t n, uint64_t v)
{
	field[n - 1] = '\0';
	for (size_t i = n - 1; i--; v >>= 3)
		field[i] = (char)('0' + (v & 7));
}
#define PUT_OCTAL(h, field, v) put_octal((h)->field, sizeof((h)->field), (v))

static void seal(struct tar_header *h)
{
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	put_octal(h->checksum, 7, tar_checksum(h));
	h->checksum[7] = ' ';
}

/* --- pax --- */

/* The record's length counts its own digits: try until it is stable. */
static void put_record(struct buf *b, const char *key, const void *value, size_t n)
{
	size_t body = strlen(key) + n + 3, total = body + 1;

	for (;;) {
		size_t digits = (size_t)snprintf(NULL, 0, "%zu", total);

		if (body + digits == total)
			break;
		total = body + digits;
	}
	buf_printf(b, "%zu %s=", total, key);
	buf_put(b, value, n);
	buf_putc(b, '\n');
}

static void put_number(struct buf *b, const char *key, bool fits, int64_t v)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%" PRId64, v);

	if (!fits)
		put_record(b, key, text, (size_t)n);
}

static int compare_xattr(const void *a, const void *b)
{
	const struct tar_xattr *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int put_xattrs(struct buf *b, const struct tar_entry *m, struct err *e)
{
	const struct tar_xattr *sorted[LIMIT_TAR_XATTRS];

	if (m->xattrs_n > LIMIT_TAR_XATTRS)
		return FAIL(e, E_FORMAT, "'%s': more than %d extended attributes", m->name,
			    LIMIT_TAR_XATTRS);
	for (size_t i = 0; i < m->xattrs_n; i++)
		sorted[i] = &m->xattrs[i];
	qsort(sorted, m->xattrs_n, sizeof(*sorted), compare_xattr);
	for (size_t i = 0; i < m->xattrs_n; i++) {
		auto_buf key = BUF_INIT(512);
		int r;

		buf_printf(&key, "SCHILY.xattr.%s", sorted[i]->name);
		r = buf_check(&key, "name of an extended attribute", e);
		if (r < 0)
			return r;
		put_record(b, key.p, sorted[i]->value, sorted[i]->value_n);
	}
	return 0;
}

/* Splits a name over prefix and name; false when it does not fit a ustar header. */
static bool put_name(struct tar_header *h, const char *name, size_t n)
{
	size_t cut;

	if (n <= sizeof(h->name)) {
		memcpy(h->name, name, n);
		return true;
	}
	if (n > sizeof(h->name) + 1 + sizeof(h->prefix))
		return false;
	/* The first "/" that leaves no more than a name's worth behind it. */
	for (cut = n - sizeof(h->name) - 1; cut < n && name[cut] != '/'; cut++)
		continue;
	if (cut == 0 || cut + 1 >= n || cut > sizeof(h->prefix))
		return false;
	memcpy(h->prefix, name, cut);
	memcpy(h->name, name + cut + 1, n - cut - 1);
	return true;
}

static bool is_ascii(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80)
			return false;
	return true;
}

/* Names that a ustar header cannot hold, or whose bytes it leaves undefined, go to pax. */
static void put_names(struct tar_header *h, struct buf *pax, const struct tar_entry *m, bool folder)
{
	char name[LIMIT_TAR_NAME + 2];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s%s", m->name, folder ? "/" : "");
	size_t link_n = m->link ? strlen(m->link) : 0;

	if (!put_name(h, name, n)) {
		memcpy(h->name, name, sizeof(h->name));
		put_record(pax, "path", name, n);
	} else if (!is_ascii(name, n)) {
		put_record(pax, "path", name, n);
	}
	memcpy(h->link, m->link ? m->link : "",
	       link_n < sizeof(h->link) ? link_n : sizeof(h->link));
	if (link_n > sizeof(h->link) || !is_ascii(m->link ? m->link : "", link_n))
		put_record(pax, "linkpath", m->link, link_n);
}

static int write_block_padded(struct tar_writer *t, const char *p, size_t n, struct err *e)
{
	int r = n ? t->write(t->arg, p, n, e) : 0;

	return r < 0 || n % TAR_BLOCK_SIZE == 0
		       ? r
		       : t->write(t->arg, zeros, TAR_BLOCK_SIZE - n % TAR_BLOCK_SIZE, e);
}

static int write_pax(struct tar_writer *t, const struct buf *pax, struct err *e)
{
	struct tar_header h = { .name = "PaxHeader", .type = 'x' };
	int r;

	PUT_OCTAL(&h, mode, 0644);
	PUT_OCTAL(&h, uid, 0);
	PUT_OCTAL(&h, gid, 0);
	PUT_OCTAL(&h, size, pax->n);
	PUT_OCTAL(&h, mtime, 0);
	seal(&h);
	r = t->write(t->arg, &h, sizeof(h), e);
	return r < 0 ? r : write_block_padded(t, pax->p, pax->n, e);
}

static const char type_flag[] = {
	[TAR_FILE] = '0',  [TAR_HARDLINK] = '1', [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
	[TAR_BLOCK] = '4', [TAR_DIR] = '5',	 [TAR_FIFO] = '6'
};

static int check_entry(const struct tar_writer *t, const struct tar_entry *m, struct err *e)
{
	bool link = m->type == TAR_HARDLINK || m->type == TAR_SYMLINK;

	if (t->left)
		return FAIL(e, E_INTERNAL, "'%s': the member before it wants %llu more bytes",
			    m->name, (unsigned long long)t->left);
	if (!*m->name || strlen(m->name) > LIMIT_TAR_NAME || link != (m->link && *m->link) ||
	    (m->link && strlen(m->link) > LIMIT_TAR_NAME))
		return FAIL(e, E_FORMAT, "'%.200s': bad name or link", m->name);
	if (m->type != TAR_FILE && m->size)
		return FAIL(e, E_INTERNAL, "'%s': not a file, and yet a size", m->name);
	return 0;
}

int tar_write_entry(struct tar_writer *t, const struct tar_entry *m, struct err *e)
{
	auto_buf pax = BUF_INIT(LIMIT_TAR_PAX);
	struct tar_header h = { .type = type_flag[m->type] };
	bool time_fits = m->mtime >= 0 && (uint64_t)m->mtime <= MAX_OCTAL11;
	int r = check_entry(t, m, e);

	if (r < 0)
		return r;
	/* pax records in the order of their keys: gid, linkpath, mtime, path, size, uid, xattrs;
	 * put_names gives path before linkpath, which readers take in any order. */
	PUT_OCTAL(&h, mode, m->mode & 07777);
	PUT_OCTAL(&h, uid, m->uid <= MAX_OCTAL7 ? m->uid : 0);
	PUT_OCTAL(&h, gid, m->gid <= MAX_OCTAL7 ? m->gid : 0);
	PUT_OCTAL(&h, size, m->size <= MAX_OCTAL11 ? m->size : 0);
	PUT_OCTAL(&h, mtime, time_fits ? (uint64_t)m->mtime : 0);
	PUT_OCTAL(&h, major, m->dev_major);
	PUT_OCTAL(&h, minor, m->dev_minor);
	put_number(&pax, "gid", m->gid <= MAX_OCTAL7, m->gid);
	put_number(&pax, "mtime", time_fits, m->mtime);
	put_names(&h, &pax, m, m->type == TAR_DIR);
	put_number(&pax, "size", m->size <= MAX_OCTAL11, (int64_t)m->size);
	put_number(&pax, "uid", m->uid <= MAX_OCTAL7, m->uid);
	r = put_xattrs(&pax, m, e);
	r = r < 0 ? r : buf_check(&pax, "pax header", e);
	if (r < 0)
		return WRAP(e, r, "'%s'", m->name);
	if (pax.n)
		r = write_pax(t, &pax, e);
	seal(&h);
	r = r < 0 ? r : t->write(t->arg, &h, sizeof(h), e);
	if (r < 0)
		return r;
	t->left = m->size;
	t->padding = (unsigned)(-m->size % TAR_BLOCK_SIZE);
	return 0;
}

int tar_write_data(struct tar_writer *t, const void *p, size_t n, struct err *e)
{
	int r;

	if (n > t->left)
		return FAIL(e, E_INTERNAL, "more data than the member's size");
	if (n == 0)
		return 0;
	r = t->write(t->arg, p, n, e);
	if (r < 0)
		return r;
	t->left -= n;
	return t->left || !t->padding ? 0 : t->write(t->arg, zeros, t->padding, e);
}

int tar_write_end(struct tar_writer *t, struct err *e)
{
	int r;

	if (t->left)
		return FAIL(e, E_INTERNAL, "the last member wants %llu more bytes",
			    (unsigned long long)t->left);
	r = t->write(t->arg, zeros, sizeof(zeros), e);
	return r < 0 ? r : t->write(t->arg, zeros, sizeof(zeros), e);
}
