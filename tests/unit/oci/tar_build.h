/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Crafts archives byte by byte, good and bad, for tests. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "oci/tar_format.h"

enum { ARCHIVE_MAX = 64 * 1024 * 1024 };

/* As much of s as fits, without its NUL. */
static inline void put_field(char *field, size_t n, const char *s)
{
	size_t len = strlen(s);

	memcpy(field, s, len < n ? len : n);
}

static inline struct tar_header header(const char *name, char type, uint64_t size)
{
	struct tar_header h = { .type = type };
	char digits[32];

	put_field(h.name, sizeof(h.name), name);
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	memcpy(h.mode, "0000644", 8);
	memcpy(h.uid, "0000000", 8);
	memcpy(h.gid, "0000000", 8);
	memcpy(h.mtime, "00000000000", 12);
	(void)snprintf(digits, sizeof(digits), "%011llo", (unsigned long long)size);
	memcpy(h.size, digits, sizeof(h.size));
	return h;
}

static inline void put_header(struct buf *b, struct tar_header *h)
{
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%06o", tar_checksum(h));
	memcpy(h->checksum, digits, sizeof(h->checksum));
	buf_put(b, h, sizeof(*h));
}

static inline void put_data(struct buf *b, const void *p, size_t n)
{
	static const char zero[TAR_BLOCK_SIZE];

	buf_put(b, p, n);
	buf_put(b, zero, -n % TAR_BLOCK_SIZE);
}

static inline void put_member(struct buf *b, const char *name, char type, const char *data)
{
	struct tar_header h = header(name, type, strlen(data));

	put_header(b, &h);
	put_data(b, data, strlen(data));
}

static inline void put_link(struct buf *b, const char *name, char type, const char *target)
{
	struct tar_header h = header(name, type, 0);

	put_field(h.link, sizeof(h.link), target);
	put_header(b, &h);
}

static inline void put_ext(struct buf *b, char type, const void *p, size_t n)
{
	struct tar_header h = header("ext", type, n);

	put_header(b, &h);
	put_data(b, p, n);
}

static inline void put_pax(struct buf *b, const char *records)
{
	put_ext(b, 'x', records, strlen(records));
}

/* One record, its length counted here. */
static inline void pax_record(struct buf *b, const char *key, const void *value, size_t n)
{
	size_t body = strlen(key) + n + 3, total = body + 1;

	while (body + (size_t)snprintf(NULL, 0, "%zu", total) != total)
		total = body + (size_t)snprintf(NULL, 0, "%zu", total);
	buf_printf(b, "%zu %s=", total, key);
	buf_put(b, value, n);
	buf_putc(b, '\n');
}

static inline void put_end(struct buf *b)
{
	static const char zero[2 * TAR_BLOCK_SIZE];

	buf_put(b, zero, sizeof(zero));
}

/* A read function over bytes in memory, giving at most `step` at a time. */
struct memory {
	const char *p;
	size_t n, at, step;
};

static inline int64_t memory_read(void *arg, void *p, size_t n, struct err *e)
{
	struct memory *m = arg;

	(void)e;
	n = n < m->n - m->at ? n : m->n - m->at;
	n = m->step && n > m->step ? m->step : n;
	if (n)
		memcpy(p, m->p + m->at, n);
	m->at += n;
	return (int64_t)n;
}

static inline int buf_write(void *arg, const void *p, size_t n, struct err *e)
{
	buf_put(arg, p, n);
	return buf_check(arg, "archive", e);
}
