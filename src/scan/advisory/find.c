/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scan/advisory/db_internal.h"
#include "scan/advisory/rows.h"

/* Where an id stands, whatever the package. There is no index of ids: nothing but an explanation
 * asks, and it may read the database once from end to end. */

static const char blocks_sql[] = "SELECT b.data FROM start s JOIN block b ON b.n = s.n"
				 " WHERE s.kind = ?1 ORDER BY s.key";

struct finder {
	struct advisory_db *db;
	const char *id;
	unsigned char *units; /* a bit for each unit that is about it as a whole */
	uint32_t units_n, units_alloc;
	advisory_place_fn fn;
	void *arg;
};

static void finder_release(struct finder *f)
{
	free(f->units);
}

/* 1 when one of the groups has the id. */
static int has_id(struct finder *f, struct id_groups groups, struct err *e)
{
	const char *ids;
	int r;

	while ((r = id_groups_next(&groups, &f->db->ids, &ids, e)) > 0)
		if (has_word_any_case(ids, f->id))
			return 1;
	return r;
}

static int note_unit(struct finder *f, struct str head_bytes, struct err *e)
{
	struct unit_head head;
	int r = unit_head_open(head_bytes, &head, e);

	if (f->units_n / 8 >= f->units_alloc) {
		uint32_t alloc = f->units_alloc ? 2 * f->units_alloc : 4096;
		unsigned char *more = realloc(f->units, alloc);

		if (!more)
			return FAIL_NOMEM(e);
		memset(more + f->units_alloc, 0, alloc - f->units_alloc);
		f->units = more;
		f->units_alloc = alloc;
	}
	r = r < 0 ? r : has_id(f, (struct id_groups){ unpack_of(head.groups), 0 }, e);
	if (r > 0)
		f->units[f->units_n / 8] |= (unsigned char)(1U << f->units_n % 8);
	f->units_n++;
	return r < 0 ? r : 0;
}

static bool is_of_unit(const struct finder *f, uint32_t n)
{
	return n < f->units_n && f->units[n / 8] & 1U << n % 8;
}

static int look_at_rows(struct finder *f, const char *package, const struct package_rows *at,
			struct err *e)
{
	auto_rows rows = { 0 };
	const char *ecosystem;
	struct row row;
	int r = rows_open(&rows, at->bytes, at->base, e);

	if (r == 0 && at->ecosystem >= f->db->ecosystems.n)
		r = FAIL(e, E_FORMAT, "damaged: no ecosystem of this number");
	ecosystem = r < 0 ? "" : f->db->ecosystems.v[at->ecosystem];
	r = r < 0 ? r : db_check_text(ecosystem, e);
	while (r >= 0 && (r = rows_next(&rows, &row, e)) > 0) {
		bool here = !row.groups && is_of_unit(f, row.unit);

		if (row.groups)
			r = has_id(f, row.ids, e);
		if (r < 0 || !(row.groups ? r > 0 : here))
			continue;
		r = db_find_unit(f->db, row.unit, e);
		r = r < 0 ? r : f->fn(f->arg, ecosystem, package, f->db->unit.name, e);
		if (r < 0)
			return r;
	}
	return r;
}

/* An entry's key is "family\npackage". */
static int look_at_package(struct finder *f, const char *key, struct str value, struct err *e)
{
	const char *package = strchr(key, '\n');
	struct package_walk walk = package_walk_of(value);
	int r = package ? db_check_text(package, e) : FAIL(e, E_FORMAT, "damaged: a package's key");

	while (r == 0 && package_next(&walk))
		r = look_at_rows(f, package + 1, &walk.at, e);
	return r < 0 ? r : unpack_check(&walk.from, "a package", e);
}

/* All entries of a kind, one block in memory at a time. */
static int each_entry(struct finder *f, unsigned kind, struct err *e)
{
	auto_stmt *st = NULL;
	auto_buf raw = BUF_INIT(LIMIT_BLOCK + 1);
	int r = sql_prepare(f->db->db, blocks_sql, &st, e);

	r = r < 0 ? r : sql_bind(st, e, "i", (int64_t)kind);
	while (r >= 0 && (r = sql_step(st, e)) > 0) {
		struct unpack u;

		buf_reset(&raw);
		r = db_unblock(f->db, kind, sql_blob(st, 0), &raw, e);
		u = unpack_of((struct str){ raw.p, raw.n });
		while (r == 0 && u.p < u.end && !u.bad) {
			const char *key = unpack_str(&u);
			struct str value = unpack_block(&u);

			if (u.bad)
				break;
			r = kind == KIND_UNITS ? note_unit(f, value, e)
					       : look_at_package(f, key, value, e);
		}
		r = r < 0 ? r : unpack_check(&u, "a block", e);
	}
	return r;
}

int advisory_db_places(struct advisory_db *db, const char *id, advisory_place_fn fn, void *arg,
		       struct err *e)
{
	__attribute__((cleanup(
		finder_release))) struct finder f = { .db = db, .id = id, .fn = fn, .arg = arg };
	int r = each_entry(&f, KIND_UNITS, e);

	return r < 0 ? r : each_entry(&f, KIND_PACKAGES, e);
}
