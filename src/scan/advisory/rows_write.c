/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/advisory/rows_form.h"

/* Strings, each once, numbered as they come. Slots hold number + 1. */
struct table {
	struct buf bytes;
	size_t *at; /* where each begins */
	uint32_t *slots;
	uint32_t *taken; /* by which row last, see put_versions() */
	size_t n, alloc, slots_n;
};

struct rows_writer {
	struct table strings;
	struct buf rows;
	uint32_t n, base, unit;
	unsigned year;
	struct buf ids;
	uint32_t serial; /* of the row, over all packages */
};

int rows_writer_new(struct rows_writer **ret, struct err *e)
{
	struct rows_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return FAIL_NOMEM(e);
	w->strings.bytes = BUF_INIT(LIMIT_ROWS_BYTES);
	w->rows = w->ids = BUF_INIT(LIMIT_ROWS_BYTES);
	*ret = w;
	return 0;
}

void rows_writer_free(struct rows_writer *w)
{
	if (!w)
		return;
	buf_free(&w->strings.bytes);
	buf_free(&w->rows);
	buf_free(&w->ids);
	free(w->strings.at);
	free(w->strings.slots);
	free(w->strings.taken);
	free(w);
}

static uint32_t hash_of(const char *s)
{
	uint32_t h = 2166136261U; /* FNV-1a; the table only has to be quick on what is usual */

	for (; *s; s++)
		h = (uint32_t)(((uint64_t)h ^ (unsigned char)*s) * 16777619U);
	return h;
}

static uint32_t *find_slot(const struct table *t, const char *s)
{
	size_t i = hash_of(s) & (t->slots_n - 1);

	while (t->slots[i] && strcmp(t->bytes.p + t->at[t->slots[i] - 1], s) != 0)
		i = (i + 1) & (t->slots_n - 1);
	return &t->slots[i];
}

static int grow(struct table *t, struct err *e)
{
	size_t alloc = t->alloc ? 2 * t->alloc : 64;
	size_t *at = reallocarray(t->at, alloc, sizeof(*at));
	uint32_t *slots, *taken;

	if (!at)
		return FAIL_NOMEM(e);
	t->at = at;
	taken = reallocarray(t->taken, alloc, sizeof(*taken));
	if (!taken)
		return FAIL_NOMEM(e);
	t->taken = taken;
	slots = calloc(2 * alloc, sizeof(*slots));
	if (!slots)
		return FAIL_NOMEM(e);
	free(t->slots);
	t->slots = slots;
	t->slots_n = 2 * alloc;
	t->alloc = alloc;
	for (size_t i = 0; i < t->n; i++)
		*find_slot(t, t->bytes.p + t->at[i]) = (uint32_t)i + 1;
	return 0;
}

/* The number of a string, and how it is written. */
static int put_string(struct table *t, const char *s, uint32_t *ret, uint32_t *ret_written,
		      struct err *e)
{
	uint32_t *slot;
	int r = t->n == t->alloc ? grow(t, e) : 0;

	if (r < 0)
		return r;
	slot = find_slot(t, s);
	*ret_written = *slot ? (uint32_t)t->n - (*slot - 1) : 0;
	if (!*slot) {
		t->taken[t->n] = 0;
		t->at[t->n++] = t->bytes.n;
		pack_str(&t->bytes, s);
		*slot = (uint32_t)t->n;
	}
	*ret = *slot - 1;
	return buf_check(&t->bytes, "the versions of one package", e);
}

static bool is_beginning(const struct range_event *event)
{
	return event->kind == 'i' && strcmp(event->version, "0") == 0;
}

static unsigned shape_of(const struct ranges *r)
{
	if (r->versions_n || r->events_n > 2)
		return ROW_GENERAL;
	if (r->events_n == 0)
		return ROW_NOTHING;
	if (!is_beginning(&r->events[0]))
		return ROW_GENERAL;
	if (r->events_n == 1)
		return ROW_EVERYTHING;
	return r->events[1].kind == 'f' && !r->events[1].first ? ROW_UP_TO : ROW_GENERAL;
}

/* Each once: a reader holds a row to that, so that few bytes cannot stand for many strings. */
static int put_versions(struct rows_writer *w, const struct ranges *r, struct err *e)
{
	auto_buf runs = BUF_INIT(LIMIT_ROWS_BYTES);
	uint32_t from = 0, first = 0, len = 0, at, written;
	uint64_t n = 0;

	for (size_t i = 0; i < r->versions_n; i++) {
		int error = put_string(&w->strings, r->versions[i], &at, &written, e);

		if (error < 0)
			return error;
		if (w->strings.taken[at] == w->serial)
			continue;
		w->strings.taken[at] = w->serial;
		if (len && at == from + len) {
			len++;
			continue;
		}
		if (len)
			n++, pack_u64(&runs, first), pack_u64(&runs, len);
		from = at;
		first = written;
		len = 1;
	}
	if (len)
		n++, pack_u64(&runs, first), pack_u64(&runs, len);
	pack_u64(&w->rows, n);
	buf_put(&w->rows, runs.p, runs.n);
	return buf_check(&runs, "the versions of one package", e);
}

static int put_ranges(struct rows_writer *w, unsigned shape, const struct ranges *r, struct err *e)
{
	uint32_t n, at;
	int error = 0;

	if (shape == ROW_UP_TO) {
		error = put_string(&w->strings, r->events[1].version, &n, &at, e);
		pack_u64(&w->rows, at);
		return error;
	}
	if (shape != ROW_GENERAL)
		return 0;
	pack_u64(&w->rows, r->events_n);
	for (size_t i = 0; i < r->events_n && error == 0; i++) {
		const struct range_event *event = &r->events[i];
		const char *kind = strchr(ROW_KINDS, event->kind);

		error = put_string(&w->strings, event->version, &n, &at, e);
		pack_u64(&w->rows, (uint64_t)at << ROW_EVENT_BITS |
					   (event->first ? ROW_BEGINS : 0U) |
					   (unsigned)(kind ? kind - ROW_KINDS : 0));
	}
	return error < 0 ? error : put_versions(w, r, e);
}

/* The groups again: an id's form depends on those before it. */
static int put_groups(struct rows_writer *w, const struct row *row, struct err *e)
{
	struct id_groups g = row->ids;
	const char *ids;
	int r = 0;

	if (row->groups >= ROW_MANY_GROUPS)
		pack_u64(&w->rows, row->groups);
	for (uint32_t i = 0; i < row->groups && r >= 0; i++) {
		r = id_groups_next(&g, &w->ids, &ids, e);
		if (r == 0)
			return FAIL(e, E_INTERNAL, "a row without its ids");
		if (r > 0)
			r = pack_group(&w->rows, ids, &w->year, e);
	}
	return r < 0 ? r : 0;
}

/* A string that a row may have. */
static int put_text(struct rows_writer *w, const char *s, struct err *e)
{
	uint32_t n, at;
	int r = *s ? put_string(&w->strings, s, &n, &at, e) : 0;

	if (r == 0 && *s)
		pack_u64(&w->rows, at);
	return r;
}

int rows_writer_put(struct rows_writer *w, const struct row *row, struct err *e)
{
	const unsigned shape = shape_of(&row->ranges);
	unsigned flags = row->groups < ROW_MANY_GROUPS ? row->groups : (unsigned)ROW_MANY_GROUPS;
	int error;

	if (!w->n)
		w->base = w->unit = row->unit;
	if (row->unit < w->unit)
		return FAIL(e, E_INTERNAL, "rows out of order");
	flags |= shape | (*row->status ? ROW_HAS_STATUS : 0U) | (row->rating ? ROW_HAS_RATING : 0U);
	flags |= *row->platforms ? ROW_HAS_PLATFORMS : 0U;
	pack_u64(&w->rows, row->unit - w->unit);
	pack_u64(&w->rows, flags);
	error = put_groups(w, row, e);
	w->unit = row->unit;
	w->n++;
	w->serial++;
	error = error < 0 ? error : put_text(w, row->status, e);
	error = error < 0 ? error : put_text(w, row->platforms, e);
	if (row->rating)
		pack_u64(&w->rows, row->rating);
	error = error < 0 ? error : put_ranges(w, shape, &row->ranges, e);
	return error < 0 ? error : buf_check(&w->rows, "what is said of one package", e);
}

uint32_t rows_writer_rows(const struct rows_writer *w)
{
	return w->n;
}

int rows_writer_finish(struct rows_writer *w, struct buf *ret, uint32_t *ret_base, struct err *e)
{
	*ret_base = w->base;
	pack_u64(ret, w->strings.n);
	buf_put(ret, w->strings.bytes.p, w->strings.bytes.n);
	pack_u64(ret, w->n);
	buf_put(ret, w->rows.p, w->rows.n);
	buf_reset(&w->rows);
	buf_reset(&w->strings.bytes);
	if (w->strings.slots)
		memset(w->strings.slots, 0, w->strings.slots_n * sizeof(*w->strings.slots));
	w->strings.n = 0;
	w->n = w->base = w->unit = w->year = 0;
	return buf_check(ret, "what is said of one package", e);
}
