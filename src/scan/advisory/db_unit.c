/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/advisory/db_internal.h"

/* A unit's head is read when the first of its rows is a finding; many more may follow. */

static int check_head(const struct unit_at_hand *u, struct err *e)
{
	int r = db_check_text(u->name, e);

	r = r < 0 ? r : db_check_text(u->head.source, e);
	r = r < 0 ? r : db_check_text(u->head.title, e);
	return r < 0 ? r : db_check_text(u->head.url, e);
}

/* Finds the unit n in its block, which begins with the unit first. */
static int read_unit(struct unit_at_hand *unit, int64_t first, uint32_t n, struct err *e)
{
	struct unpack u = unpack_of((struct str){ unit->block.raw.p, unit->block.raw.n });
	struct str value = STR("");
	int r;

	if (first > n || n - first > LIMIT_BLOCK)
		return FAIL(e, E_FORMAT, "damaged: no unit of this number");
	for (int64_t i = first; i <= n && !u.bad; i++) {
		unit->name = unpack_str(&u);
		value = unpack_block(&u);
	}
	r = unpack_check(&u, "a block of units", e);
	r = r < 0 ? r : unit_head_open(value, &unit->head, e);
	return r < 0 ? r : check_head(unit, e);
}

int db_find_unit(struct advisory_db *db, uint32_t n, struct err *e)
{
	struct unit_at_hand *unit = &db->unit;
	int64_t first;
	int r;

	if (unit->number == n)
		return 0;
	unit->number = -1;
	unit->ratings_n = 0;
	r = sql_bind(db->find, e, "ii", (int64_t)KIND_UNITS, (int64_t)n);
	r = r < 0 ? r : sql_step(db->find, e);
	first = r > 0 ? sqlite3_column_int64(db->find, 1) : INT64_MAX;
	r = r <= 0 ? r : db_take_block(db, KIND_UNITS, &unit->block, e);
	(void)sqlite3_reset(db->find);
	r = r < 0 ? r : read_unit(unit, first, n, e);
	if (r == 0)
		unit->number = n;
	return r;
}

/* One more of size bytes each. */
static void *grow(void *p, size_t n, size_t *alloc, size_t size)
{
	size_t more = n < *alloc ? *alloc : *alloc ? 2 * *alloc : 16;
	void *q = n < *alloc ? p : reallocarray(p, more, size);

	if (q)
		*alloc = more;
	return q;
}

/* Notes where ratings begin, up to the nth, as far as that was not done before. */
static int index_ratings(struct unit_at_hand *unit, uint32_t n, struct err *e)
{
	struct unpack u = unpack_of(unit->head.ratings);

	if (unit->ratings_n) {
		u = unit->ratings[unit->ratings_n - 1];
		(void)unit_rating_next(&u);
	}
	while (unit->ratings_n < n && u.p < u.end) {
		struct unpack *more =
			grow(unit->ratings, unit->ratings_n, &unit->ratings_alloc, sizeof(*more));

		if (!more)
			return FAIL_NOMEM(e);
		unit->ratings = more;
		more[unit->ratings_n++] = u;
		(void)unit_rating_next(&u);
	}
	return unit->ratings_n < n ? FAIL(e, E_FORMAT, "damaged: a row without its rating")
				   : unpack_check(&u, "ratings of a unit", e);
}

int db_unit_rating(struct advisory_db *db, uint32_t n, struct unit_rating *ret, struct err *e)
{
	struct unpack u;
	int r;

	*ret = (struct unit_rating){ 0, -1, "", "" };
	if (!n)
		return 0;
	r = index_ratings(&db->unit, n, e);
	if (r < 0)
		return r;
	u = db->unit.ratings[n - 1];
	*ret = unit_rating_next(&u);
	r = db_check_text(ret->vector, e);
	return r < 0 ? r : db_check_text(ret->title, e);
}

int advisory_db_rating(struct advisory_db *db, const char *id, struct advisory_rating *ret,
		       struct err *e)
{
	struct unit_rating rating;
	struct str bytes;
	struct unpack u;
	uint32_t unit, n;
	int r = db_find(db, KIND_RATINGS, id, &bytes, e);

	if (r <= 0)
		return r;
	u = unpack_of(bytes);
	unit = unpack_u32(&u);
	n = unpack_u32(&u);
	r = unpack_check(&u, "a rating", e);
	r = r < 0 ? r : db_find_unit(db, unit, e);
	r = r < 0 ? r : db_unit_rating(db, n, &rating, e);
	if (r < 0)
		return r;
	*ret = (struct advisory_rating){ .severity = rating.severity,
					 .score = rating.score,
					 .vector = rating.vector,
					 .unit = db->unit.name };
	return 1;
}
