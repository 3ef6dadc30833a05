/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/ratings.h"

#include <stdlib.h>

enum { MEMORY_RATINGS = 16 * 1024 * 1024 }; /* before they go to the file */

struct ratings {
	struct sorter *all; /* id -> struct candidate */
	struct buf ids;
};

struct candidate {
	uint32_t unit, rating; /* rating: which of the unit's, from 1 */
	int32_t score, severity;
	uint32_t single; /* the unit is about this vulnerability alone */
};

int ratings_new(struct ratings **ret, const struct state *state, struct err *e)
{
	auto_release(ratings_free) struct ratings *r = calloc(1, sizeof(*r));
	int error = r ? 0 : FAIL_NOMEM(e);

	if (r)
		r->ids = BUF_INIT(LIMIT_RECORD);
	error = error < 0 ? error : sorter_new(&r->all, state, MEMORY_RATINGS, e);
	if (error == 0)
		*ret = TAKE(r);
	return error;
}

void ratings_free(struct ratings *r)
{
	if (!r)
		return;
	sorter_free(r->all);
	buf_free(&r->ids);
	free(r);
}

/*
 * A rating of this vulnerability alone before that of an erratum, which is as grave as the worst
 * that it mends; then the highest score, the gravest word, and of equals the first by its record's
 * name.
 */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	if (a->single != b->single)
		return a->single > b->single;
	if (a->score != b->score)
		return a->score > b->score;
	if (a->severity != b->severity)
		return a->severity > b->severity;
	return a->unit < b->unit;
}

/* The gravest of a unit's; rating 0: it has none. */
static int gravest(const struct unit_head *head, struct candidate *ret, struct err *e)
{
	struct unpack u = unpack_of(head->ratings);

	ret->rating = 0;
	for (uint32_t n = 1; u.p < u.end && !u.bad; n++) {
		const struct unit_rating one = unit_rating_next(&u);
		struct candidate c = *ret;

		c.rating = n;
		c.score = one.score;
		c.severity = one.severity;
		if ((one.score >= 0 || one.severity) && (!ret->rating || is_better(&c, ret)))
			*ret = c;
	}
	return unpack_check(&u, "ratings of a unit", e);
}

static bool has_one_group(struct str groups)
{
	struct id_groups g = { unpack_of(groups), 0 };

	id_groups_skip(&g);
	return g.at.p == g.at.end;
}

int ratings_add(struct ratings *r, const struct unit_head *head, uint32_t unit, struct err *e)
{
	struct id_groups groups = { unpack_of(head->groups), 0 };
	struct candidate c = { .unit = unit };
	const char *ids;
	int error = gravest(head, &c, e);

	if (error < 0 || !c.rating || !head->groups.n)
		return error;
	c.single = has_one_group(head->groups);
	while ((error = id_groups_next(&groups, &r->ids, &ids, e)) > 0) {
		const struct str id = { ids, strcspn(ids, " ") };

		error = sorter_put(r->all, id, (struct str){ (const char *)&c, sizeof(c) }, e);
		if (error < 0)
			return error;
	}
	return error;
}

static int put(struct spool *to, const char *id, const struct candidate *c, struct err *e)
{
	auto_buf value = BUF_INIT(64);

	pack_u64(&value, c->unit);
	pack_u64(&value, c->rating);
	return spool_put(to, id, (struct str){ value.p, value.n }, e);
}

int ratings_store(struct ratings *r, struct spool *to, struct err *e)
{
	struct candidate best = { 0 };
	auto_buf id = BUF_INIT(LIMIT_RECORD);
	struct str key, value;
	int error = sorter_sort(r->all, e);

	while (error >= 0 && (error = sorter_next(r->all, &key, &value, e)) > 0) {
		struct candidate c;

		memcpy(&c, value.p, sizeof(c));
		if (best.rating && str_eqz(key, buf_str(&id))) {
			best = is_better(&c, &best) ? c : best;
			continue;
		}
		error = best.rating ? put(to, buf_str(&id), &best, e) : 0;
		best = c;
		buf_reset(&id);
		buf_put(&id, key.p, key.n);
		error = error < 0 ? error : buf_check(&id, "an id", e);
	}
	return error < 0 || !best.rating ? error : put(to, buf_str(&id), &best, e);
}
