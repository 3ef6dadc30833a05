/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * The compact form of advisories, on disk and between processes: numbers of seven bits a byte, the
 * lowest first, and strings that end with NUL, so that a reader points into the bytes.
 */
void pack_u64(struct buf *b, uint64_t v);
void pack_str(struct buf *b, const char *s);  /* NULL is "" */
void pack_block(struct buf *b, struct str s); /* its length, then its bytes */

/*
 * Reads what others wrote. Whatever is wrong (cut short, a number above max, no NUL) makes it bad
 * for good: then all further reads give 0, "" or nothing, and the caller looks once, at the end.
 */
struct unpack {
	const char *p, *end;
	bool bad;
};
static inline struct unpack unpack_of(struct str s)
{
	return (struct unpack){ s.p, s.p + s.n, false };
}
uint64_t unpack_u64(struct unpack *u, uint64_t max);
const char *unpack_str(struct unpack *u);
struct str unpack_block(struct unpack *u);
struct str unpack_bytes(struct unpack *u, uint64_t n);
static inline uint32_t unpack_u32(struct unpack *u)
{
	return (uint32_t)unpack_u64(u, UINT32_MAX);
}
/* E_FORMAT when it is bad. */
int unpack_check(const struct unpack *u, const char *what, struct err *e);

/*
 * Groups of ids, each the names of one vulnerability: how many, and the ids, most of which are
 * "CVE-2024-12345" and go as year and number. *year is what goes before, 0 at first.
 */
int pack_group(struct buf *b, const char *ids, unsigned *year, struct err *e); /* by spaces */
struct id_groups {
	struct unpack at;
	unsigned year;
};
/* 1 and the ids, separated by spaces; they stand in buf, valid until it is used again. 0 where
 * there are no more bytes. */
int id_groups_next(struct id_groups *g, struct buf *buf, const char **ret, struct err *e);
/* Steps over one group; the unpack is bad after what is none. */
void id_groups_skip(struct id_groups *g);
