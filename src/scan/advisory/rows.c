/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/advisory/rows_form.h"

/* Room for n of size bytes each. What a row says it has, it has bytes for. */
static void *grow(void *p, size_t *alloc, size_t n, size_t size)
{
	void *more = n > *alloc ? reallocarray(p, n, size) : p;

	if (more && n > *alloc)
		*alloc = n;
	return more;
}

int rows_open(struct rows *r, struct str bytes, uint32_t base, struct err *e)
{
	/* A string has a byte at least, so that the bytes bound the table. */
	struct unpack at = unpack_of(bytes);
	size_t n = unpack_u64(&at, bytes.n);
	const char **strings = grow(r->strings, &r->strings_alloc, n + 1, sizeof(*strings));

	if (!strings)
		return FAIL_NOMEM(e);
	r->strings = strings;
	r->strings_n = n;
	r->seen = 0;
	r->unit = base;
	r->year = 0;
	for (size_t i = 0; i < n && !at.bad; i++)
		strings[i] = unpack_str(&at);
	r->left = (uint32_t)unpack_u64(&at, bytes.n);
	r->at = at;
	return unpack_check(&at, "strings of a package", e);
}

void rows_free(struct rows *r)
{
	free(r->strings);
	free(r->versions);
	free(r->events);
	*r = (struct rows){ 0 };
}

/* The number of a string that is written as v. */
static size_t string_at(struct rows *r, uint64_t v)
{
	if (v == 0 && r->seen < r->strings_n)
		return r->seen++;
	if (v && v <= r->seen)
		return r->seen - (size_t)v;
	r->at.bad = true;
	return 0;
}

static const char *read_string(struct rows *r)
{
	size_t i = string_at(r, unpack_u64(&r->at, UINT32_MAX));

	return r->at.bad ? "" : r->strings[i];
}

static int read_events(struct rows *r, struct ranges *ret, struct err *e)
{
	size_t n = unpack_u64(&r->at, (uint64_t)(r->at.end - r->at.p));
	struct range_event *events = grow(r->events, &r->events_alloc, n, sizeof(*events));

	if (!events && n)
		return FAIL_NOMEM(e);
	r->events = events;
	for (size_t i = 0; i < n && !r->at.bad; i++) {
		uint64_t v = unpack_u64(&r->at, (uint64_t)UINT32_MAX << ROW_EVENT_BITS);
		unsigned kind = (unsigned)v & ROW_KIND;
		size_t at = string_at(r, v >> ROW_EVENT_BITS);

		if (!r->at.bad)
			events[i] = (struct range_event){ .kind = ROW_KINDS[kind],
							  .first = i == 0 || v & ROW_BEGINS,
							  .version = r->strings[at] };
	}
	ret->events = events;
	ret->events_n = n;
	return 0;
}

/* Runs of neighbours in the table of strings. A row names a string once at most. */
static int read_versions(struct rows *r, struct ranges *ret, struct err *e)
{
	size_t runs = unpack_u64(&r->at, (uint64_t)(r->at.end - r->at.p)), n = 0;
	const char **versions = r->versions;

	for (size_t i = 0; i < runs && !r->at.bad; i++) {
		size_t from = string_at(r, unpack_u64(&r->at, UINT32_MAX));
		uint64_t len = unpack_u64(&r->at, UINT32_MAX);

		if (r->at.bad || from + len > r->strings_n || n + len > r->strings_n) {
			r->at.bad = true;
			break;
		}
		versions = grow(r->versions, &r->versions_alloc, r->strings_n, sizeof(*versions));
		if (!versions && r->strings_n)
			return FAIL_NOMEM(e);
		r->versions = versions;
		for (uint64_t k = 0; k < len; k++)
			versions[n++] = r->strings[from + k];
		if (from + len > r->seen)
			r->seen = from + (size_t)len;
	}
	ret->versions = versions;
	ret->versions_n = n;
	return 0;
}

static int read_ranges(struct rows *r, unsigned shape, struct ranges *ret, struct err *e)
{
	static const struct range_event beginning = { 'i', true, "0" };
	int error;

	*ret = (struct ranges){ 0 };
	if (shape == ROW_NOTHING)
		return 0;
	if (shape == ROW_EVERYTHING) {
		ret->events = &beginning;
		ret->events_n = 1;
		return 0;
	}
	if (shape == ROW_GENERAL) {
		error = read_events(r, ret, e);
		return error < 0 ? error : read_versions(r, ret, e);
	}

	struct range_event *events = grow(r->events, &r->events_alloc, 2, sizeof(*events));

	if (!events)
		return FAIL_NOMEM(e);
	r->events = events;
	events[0] = beginning;
	events[1] = (struct range_event){ 'f', false, read_string(r) };
	ret->events = events;
	ret->events_n = 2;
	return 0;
}

/* Steps over the row's own groups, and notes where they are. */
static void read_groups(struct rows *r, unsigned flags, struct row *ret)
{
	struct id_groups g = { r->at, r->year };

	ret->groups = flags & ROW_GROUPS;
	if (ret->groups >= ROW_MANY_GROUPS)
		ret->groups = (uint32_t)unpack_u64(&g.at, (uint64_t)(g.at.end - g.at.p));
	ret->ids = g;
	for (uint32_t i = 0; i < ret->groups && !g.at.bad; i++)
		id_groups_skip(&g);
	ret->ids.at.end = g.at.p;
	r->at = g.at;
	r->year = g.year;
}

int rows_next(struct rows *r, struct row *ret, struct err *e)
{
	struct row row = { .status = "", .platforms = "" };
	unsigned flags;
	int error;

	if (!r->left)
		return r->at.p == r->at.end ? 0 : FAIL(e, E_FORMAT, "damaged: rows of a package");
	row.unit = r->unit + (uint32_t)unpack_u64(&r->at, UINT32_MAX - r->unit);
	flags = (unsigned)unpack_u64(&r->at, ROW_FLAGS);
	read_groups(r, flags, &row);
	if (flags & ROW_HAS_STATUS)
		row.status = read_string(r);
	if (flags & ROW_HAS_PLATFORMS)
		row.platforms = read_string(r);
	if (flags & ROW_HAS_RATING)
		row.rating = unpack_u32(&r->at);
	error = read_ranges(r, flags & ROW_SHAPE, &row.ranges, e);
	if (error < 0)
		return error;
	r->unit = row.unit;
	r->left--;
	*ret = row;
	error = unpack_check(&r->at, "rows of a package", e);
	return error < 0 ? error : 1;
}
