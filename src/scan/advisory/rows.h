/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "scan/advisory/pack.h"
#include "scan/range.h"

/*
 * The rows of one package of one ecosystem in their compact form: a table of the strings that they
 * speak of (versions, statuses), then the rows by unit. A row says of which unit it is, which
 * vulnerabilities it is about (those of the whole unit, or its own), how it is rated, and what is
 * affected.
 */
enum { LIMIT_ROWS_BYTES = 16 * 1024 * 1024 }; /* of one package */

struct row {
	uint32_t unit;
	uint32_t rating;		/* of the unit's */
	uint32_t groups;		/* of ids of its own; 0: those of the whole unit */
	struct id_groups ids;		/* where groups is not 0 */
	const char *status, *platforms; /* unit.h, "st" and "on" */
	struct ranges ranges;
};

/* Reads rows. The bytes must outlive it; what it gives is valid until the next call. */
struct rows {
	struct unpack at;
	uint32_t left, unit;
	unsigned year; /* of id_groups_next() */
	const char **strings, **versions;
	struct range_event *events;
	size_t strings_n, strings_alloc, seen, versions_alloc,
		events_alloc; /* seen: strings that rows used */
};
/* ret is zeroed, or was opened before: then its memory is used again. base: what
 * rows_writer_finish() gave. Damaged bytes are E_FORMAT, here and in rows_next(). */
int rows_open(struct rows *ret, struct str bytes, uint32_t base, struct err *e);
/* 1 a row, 0 the end. */
int rows_next(struct rows *r, struct row *ret, struct err *e);
void rows_free(struct rows *r);
static inline void rows_release(struct rows *r)
{
	rows_free(r);
}
#define auto_rows __attribute__((cleanup(rows_release))) struct rows

/* Writes rows, which come by unit. */
struct rows_writer;
int rows_writer_new(struct rows_writer **ret, struct err *e);
uint32_t rows_writer_rows(const struct rows_writer *w); /* how many since it began */
int rows_writer_put(struct rows_writer *w, const struct row *row, struct err *e);
/* Appends what rows_open() reads, and begins anew. Units are counted from the first one, which is
 * given apart: then what two releases say of a package is often the same. */
int rows_writer_finish(struct rows_writer *w, struct buf *ret, uint32_t *ret_base, struct err *e);
void rows_writer_free(struct rows_writer *w);
DEFINE_RELEASE_VOID(struct rows_writer, rows_writer_free)
