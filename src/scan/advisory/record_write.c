/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "crypto/digest.h"
#include "scan/advisory/record.h"
#include "scan/advisory/rows.h"
#include "scan/severity.h"

struct recorder {
	const json_t *unit;
	json_t *rating_numbers; /* those that were written, by their text */
	json_t *ecosystems;	/* of the rows */
	struct buf ratings, key, packages;
	uint32_t ratings_n, packages_n;
	struct rows_writer *rows;
};

static void recorder_release(struct recorder *r)
{
	json_decref(r->rating_numbers);
	json_decref(r->ecosystems);
	buf_free(&r->ratings);
	buf_free(&r->key);
	buf_free(&r->packages);
	rows_writer_free(r->rows);
}

/* The number under which a text was written before; false when it is new, and is n now. */
static bool number_of(json_t *numbers, const char *key, uint32_t *n, struct err *e, int *ret_error)
{
	const json_t *at = json_object_get(numbers, key);

	*ret_error = 0;
	if (at) {
		*n = (uint32_t)json_integer_value(at);
		return true;
	}
	*ret_error = json_put_u64(numbers, key, *n, e);
	return false;
}

/* A list of ids, the names of one vulnerability. */
static int put_group(struct buf *to, const json_t *list, unsigned *year, struct err *e)
{
	auto_buf ids = BUF_INIT(LIMIT_RECORD);
	size_t i;
	json_t *id;
	int r;

	json_array_foreach(list, i, id)
	{
		if (!json_is_string(id))
			return FAIL(e, E_INTERNAL, "an id is not a string");
		buf_printf(&ids, "%s%s", i ? " " : "", json_string_value(id));
	}
	r = buf_check(&ids, "ids", e);
	return r < 0 ? r : pack_group(to, buf_str(&ids), year, e);
}

static int put_groups(struct buf *to, const json_t *groups, struct err *e)
{
	unsigned year = 0;
	size_t i;
	json_t *group;
	int r = 0;

	json_array_foreach(groups, i, group) r = r < 0 ? r : put_group(to, group, &year, e);
	return r;
}

static int put_rating(struct recorder *r, const json_t *row, uint32_t *ret, struct err *e)
{
	const int64_t severity = json_integer_value(json_object_get(row, "s"));
	const json_t *c = json_object_get(row, "c");
	const int64_t score = json_is_integer(c) ? json_integer_value(c) : -1;
	const char *vector = json_string_or_null(row, "vec");
	const char *title = json_string_or_null(row, "t");
	int error;

	*ret = 0;
	if (severity == SEVERITY_UNKNOWN && score < 0 && !vector && !title)
		return 0;
	if (severity < 0 || severity >= SEVERITIES || score < -1 || score > 100)
		return FAIL(e, E_INTERNAL, "a rating out of bounds");
	buf_reset(&r->key);
	buf_printf(&r->key, "%d %d %s\n%s", (int)severity, (int)score, vector ? vector : "",
		   title ? title : "");
	error = buf_check(&r->key, "a rating", e);
	*ret = r->ratings_n + 1;
	if (error < 0 || number_of(r->rating_numbers, buf_str(&r->key), ret, e, &error))
		return error;
	r->ratings_n++;
	pack_u64(&r->ratings, (uint64_t)severity);
	pack_u64(&r->ratings, (uint64_t)(score + 1));
	pack_str(&r->ratings, vector);
	pack_str(&r->ratings, title);
	return error < 0 ? error : buf_check(&r->ratings, "ratings", e);
}

struct item {
	const json_t *row;
	const char *ecosystem, *package, *id; /* id: the first of its own, or "" */
	size_t index;
};

static const char *first_id(const json_t *row)
{
	const json_t *group = json_array_get(json_object_get(row, "ids"), 0);
	const char *id = json_string_value(json_array_get(group, 0));

	return id ? id : "";
}

static int by_package(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = strcmp(x->ecosystem, y->ecosystem);

	r = r ? r : strcmp(x->package, y->package);
	/* Old before new: what releases of a distribution say then begins alike. */
	r = r ? r : strcmp(x->id, y->id);
	return r ? r : (x->index > y->index) - (x->index < y->index);
}

/* Single versions that the ranges cover already say nothing: Debian's advisories list hundreds. */
static void prune_versions(const char *ecosystem, struct ranges *r)
{
	const struct version_order *order = version_order_of(str_of(ecosystem));
	const char **kept = (const char **)(uintptr_t)r->versions;
	const size_t n = r->versions_n;
	struct range_answer a;

	if (!order || !r->events_n)
		return;
	r->versions_n = 0;
	for (size_t i = 0, at = 0; i < n; i++) {
		const struct ranges only = { .events = r->events, .events_n = r->events_n };

		a.affected = false;
		if (order->valid(str_of(kept[i])))
			range_match(order, &only, kept[i], &a);
		if (!a.affected)
			kept[at++] = kept[i];
		r->versions_n = at;
	}
}

static int put_row(struct recorder *r, const struct item *item, struct err *e)
{
	const char *status = json_string_or_null(item->row, "st");
	const char *platforms = json_string_or_null(item->row, "on");
	const json_t *ids = json_object_get(item->row, "ids");
	struct row row = { .groups = (uint32_t)json_array_size(ids),
			   .status = status ? status : "",
			   .platforms = platforms ? platforms : "" };
	auto_buf groups = BUF_INIT(LIMIT_RECORD);
	auto_ranges ranges = { 0 };
	int error = put_groups(&groups, ids, e);

	row.ids.at = unpack_of((struct str){ groups.p, groups.n });
	error = error < 0 ? error : put_rating(r, item->row, &row.rating, e);
	error = error < 0 ? error : ranges_of_json(item->row, &ranges, e);
	if (error < 0)
		return error;
	prune_versions(item->ecosystem, &ranges);
	row.ranges = ranges;
	return rows_writer_put(r->rows, &row, e);
}

/* The rows of one package. */
static int put_package(struct recorder *r, const struct item *items, size_t n, struct err *e)
{
	auto_buf rows = BUF_INIT(LIMIT_RECORD);
	uint32_t base; /* 0: a record's rows are all of its own unit */
	int error = 0;

	for (size_t i = 0; i < n && error == 0; i++)
		error = put_row(r, &items[i], e);
	error = error < 0 ? error : rows_writer_finish(r->rows, &rows, &base, e);
	if (error < 0)
		return WRAP(e, error, "%s", items[0].package);
	pack_str(&r->packages, items[0].ecosystem);
	pack_str(&r->packages, items[0].package);
	pack_block(&r->packages, (struct str){ rows.p, rows.n });
	r->packages_n++;
	error = json_put(r->ecosystems, items[0].ecosystem, json_true(), e);
	return error < 0 ? error : buf_check(&r->packages, "rows", e);
}

static int put_packages(struct recorder *r, struct err *e)
{
	const json_t *list = json_object_get(r->unit, "rows");
	size_t n = json_array_size(list), i;
	auto_free struct item *items = calloc(n + 1, sizeof(*items));
	json_t *row;
	int error = 0;

	if (!items)
		return FAIL_NOMEM(e);
	if (n > LIMIT_ROWS_OF_UNIT)
		return FAIL(e, E_FORMAT, "more than %d rows", LIMIT_ROWS_OF_UNIT);
	json_array_foreach(list, i, row)
	{
		items[i] = (struct item){ .row = row,
					  .ecosystem = json_string_or_null(row, "e"),
					  .package = json_string_or_null(row, "p"),
					  .id = first_id(row),
					  .index = i };
		if (!items[i].ecosystem || !items[i].package)
			return FAIL(e, E_INTERNAL, "a row without package");
	}
	if (n)
		qsort(items, n, sizeof(*items), by_package);
	for (size_t from = 0, to; from < n && error == 0; from = to) {
		for (to = from + 1; to < n && strcmp(items[from].package, items[to].package) == 0 &&
				    strcmp(items[from].ecosystem, items[to].ecosystem) == 0;)
			to++;
		error = put_package(r, items + from, to - from, e);
	}
	return error;
}

/* Those that the unit names, and those of its rows: the database numbers no other. */
static int put_ecosystems(const struct recorder *r, struct buf *ret, struct err *e)
{
	const char *name;
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(r->unit, "ecosystems"), i, v)
	{
		if (!json_is_string(v))
			return FAIL(e, E_INTERNAL, "an ecosystem is not a string");
		pack_str(ret, json_string_value(v));
		(void)json_object_del(r->ecosystems, json_string_value(v));
	}
	json_object_foreach(r->ecosystems, name, v) pack_str(ret, name);
	return buf_check(ret, "ecosystems", e);
}

static uint64_t ppm_of(const json_t *fact, const char *key)
{
	const json_t *v = json_object_get(fact, key);

	return json_is_integer(v) ? (uint64_t)json_integer_value(v) + 1 : 0;
}

static int put_facts(const json_t *unit, struct buf *ret, struct err *e)
{
	auto_buf one = BUF_INIT(4096);
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(unit, "facts"), i, v)
	{
		const char *id = json_string_or_null(v, "id");
		int r;

		if (!id)
			return FAIL(e, E_INTERNAL, "a fact without id");
		buf_reset(&one);
		pack_str(&one, json_string_or_null(v, "kev"));
		pack_u64(&one, json_is_true(json_object_get(v, "ransomware")));
		pack_u64(&one, ppm_of(v, "epss"));
		pack_u64(&one, ppm_of(v, "pct"));
		r = buf_check(&one, "a fact", e);
		if (r < 0)
			return r;
		pack_str(ret, id);
		pack_block(ret, (struct str){ one.p, one.n });
	}
	return buf_check(ret, "facts", e);
}

/* Source, title, url and when, of the head; the hash and what is written after it follow. */
static int put_names(const json_t *unit, struct buf *ret, struct err *e)
{
	const int64_t modified = json_integer_value(json_object_get(unit, "modified"));
	const char *source = json_string_or_null(unit, "source");
	const char *title = json_string_or_null(unit, "title");

	if (!source || !title)
		return FAIL(e, E_INTERNAL, "a unit without source or title");
	pack_str(ret, source);
	pack_str(ret, title);
	pack_str(ret, json_string_or_null(unit, "url"));
	pack_u64(ret, modified > 0 ? (uint64_t)modified : 0);
	return buf_check(ret, "a unit's head", e);
}

static int put_head_end(struct recorder *r, struct buf *ret, struct err *e)
{
	auto_buf ecosystems = BUF_INIT(LIMIT_RECORD), groups = BUF_INIT(LIMIT_RECORD);
	int error = put_ecosystems(r, &ecosystems, e);

	error = error < 0 ? error : put_groups(&groups, json_object_get(r->unit, "ids"), e);

	pack_block(ret, (struct str){ r->ratings.p, r->ratings.n });
	pack_block(ret, (struct str){ ecosystems.p, ecosystems.n });
	pack_block(ret, (struct str){ groups.p, groups.n });
	return error < 0 ? error : buf_check(ret, "a unit's head", e);
}

/* names + hash + end is the head; the hash is over everything else. */
static int put_record(const struct recorder *r, struct str names, struct str end, struct str facts,
		      struct buf *ret, struct err *e)
{
	auto_buf body = BUF_INIT(LIMIT_RECORD), head = BUF_INIT(LIMIT_RECORD);
	unsigned char raw[SHA256_LEN];
	int error;

	pack_u64(&body, r->packages_n);
	pack_block(&body, (struct str){ r->packages.p, r->packages.n });
	pack_u64(&body, json_array_size(json_object_get(r->unit, "facts")));
	pack_block(&body, facts);
	buf_put(&head, names.p, names.n);
	buf_put(&head, end.p, end.n);
	buf_put(&head, body.p, body.n);
	error = buf_check(&head, "a unit", e);
	if (error < 0)
		return error;
	sha256_once(head.p, head.n, raw);
	buf_reset(&head);
	buf_put(&head, names.p, names.n);
	buf_put(&head, raw, UNIT_HASH);
	buf_put(&head, end.p, end.n);

	auto_buf record = BUF_INIT(LIMIT_RECORD);

	pack_str(&record, json_string_or_null(r->unit, "unit"));
	pack_str(&record, json_string_or_null(r->unit, "replaces"));
	pack_block(&record, (struct str){ head.p, head.n });
	buf_put(&record, body.p, body.n);
	error = buf_check(&record, "a unit", e);
	if (error == 0)
		pack_block(ret, (struct str){ record.p, record.n });
	return error < 0 ? error : buf_check(ret, "advisories", e);
}

static int put_unit(struct recorder *r, struct buf *ret, struct err *e)
{
	auto_buf names = BUF_INIT(LIMIT_RECORD), end = BUF_INIT(LIMIT_RECORD);
	auto_buf facts = BUF_INIT(LIMIT_RECORD);
	int error = rows_writer_new(&r->rows, e);

	r->rating_numbers = json_object();
	r->ecosystems = json_object();
	if (error == 0 && (!r->rating_numbers || !r->ecosystems))
		error = FAIL_NOMEM(e);
	error = error < 0 ? error : put_names(r->unit, &names, e);
	error = error < 0 ? error : put_packages(r, e);
	error = error < 0 ? error : put_head_end(r, &end, e);
	error = error < 0 ? error : put_facts(r->unit, &facts, e);
	return error < 0 ? error
			 : put_record(r, (struct str){ names.p, names.n },
				      (struct str){ end.p, end.n },
				      (struct str){ facts.p, facts.n }, ret, e);
}

/* A document that only says what an import replaces, or which unit it keeps. */
static int put_bare(const char *name, const char *replaces, struct buf *ret, struct err *e)
{
	auto_buf record = BUF_INIT(4096);
	int r;

	pack_str(&record, name);
	pack_str(&record, replaces);
	for (int i = 0; i < 5; i++) /* no head, packages nor facts */
		pack_u64(&record, 0);
	r = buf_check(&record, "a prefix", e);
	if (r == 0)
		pack_block(ret, (struct str){ record.p, record.n });
	return r;
}

int record_of_unit(const json_t *unit, struct buf *ret, struct err *e)
{
	const char *name = json_string_or_null(unit, "unit");
	const char *replaces = json_string_or_null(unit, "replaces");
	const char *keep = json_string_or_null(unit, "keep");
	__attribute__((cleanup(recorder_release))) struct recorder r = {
		.unit = unit,
		.ratings = BUF_INIT(LIMIT_RECORD),
		.key = BUF_INIT(LIMIT_RECORD),
		.packages = BUF_INIT(LIMIT_RECORD),
	};
	int error;

	if ((!name || !*name) && replaces && *replaces)
		return put_bare("", replaces, ret, e);
	if ((!name || !*name) && keep && *keep)
		return put_bare(keep, "", ret, e);
	if (!name || !*name)
		return FAIL(e, E_INTERNAL, "a unit without name");
	error = put_unit(&r, ret, e);
	return error < 0 ? WRAP(e, error, "%s", name) : 0;
}
