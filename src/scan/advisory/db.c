/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/clock.h"
#include "scan/advisory/db_internal.h"

static const char find_sql[] = "SELECT s.n, s.key, b.data FROM start s JOIN block b ON b.n = s.n"
			       " WHERE s.kind = ?1 AND s.key <= ?2 ORDER BY s.key DESC LIMIT 1";

#define LATEST ((uint64_t)253402300799) /* the end of the year 9999 */

static const char dictionary_sql[] =
	"SELECT b.data FROM start s JOIN block b ON b.n = s.n WHERE s.kind = ?1";

void advisory_db_close(struct advisory_db *db)
{
	if (!db)
		return;
	(void)sqlite3_finalize(db->find);
	(void)sqlite3_close(db->db);
	for (size_t i = 0; i < KINDS; i++)
		block_reader_free(db->readers[i]);
	for (size_t i = 0; i < CACHED; i++)
		buf_free(&db->cache[i].raw);
	buf_free(&db->unit.block.raw);
	buf_free(&db->ids);
	rows_free(&db->rows);
	free(db->unit.ratings);
	buf_free(&db->fact_block.raw);
	strv_free(&db->ecosystems);
	free(db);
}

static int get_pragma(sqlite3 *db, const char *sql, int64_t *ret, struct err *e)
{
	auto_stmt *st = NULL;
	int r = sql_prepare(db, sql, &st, e);

	r = r < 0 ? r : sql_step(st, e);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	return r < 0 ? r : 0;
}

static int check_schema(sqlite3 *db, struct err *e)
{
	int64_t id = 0, schema = 0;
	int r = get_pragma(db, "PRAGMA application_id", &id, e);

	r = r < 0 ? r : get_pragma(db, "PRAGMA user_version", &schema, e);
	if (r < 0)
		return r;
	if (id != ADVISORY_DB_ID || schema != ADVISORY_DB_SCHEMA)
		return FAIL(e, E_FORMAT, "not an advisory database of schema %d",
			    ADVISORY_DB_SCHEMA);
	return 0;
}

/*
 * The file may be somebody else's: SQLite is told to trust nothing in it. No view, trigger or
 * function of its schema runs, and a cell that lies about its size is looked for when it is read.
 */
static int harden(sqlite3 *db, struct err *e)
{
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 2 * LIMIT_BLOCK);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	return sql_exec(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;", e);
}

static int read_ecosystems(struct advisory_db *db, struct err *e)
{
	struct str bytes = STR("");
	struct unpack u;
	int r = db_find(db, KIND_META, META_ECOSYSTEMS, &bytes, e);

	u = unpack_of(bytes);
	while (r >= 0 && u.p < u.end) {
		if (db->ecosystems.n >= LIMIT_ECOSYSTEMS)
			return FAIL(e, E_FORMAT, "more than %d ecosystems", LIMIT_ECOSYSTEMS);
		r = strv_add(&db->ecosystems, unpack_str(&u), e);
	}
	return r < 0 ? r : unpack_check(&u, "ecosystems", e);
}

static int open_at(struct advisory_db *db, const char *path, struct err *e)
{
	auto_free char *uri = sql_uri(path, "immutable=1");
	int r;

	if (!uri)
		return FAIL_NOMEM(e);
	if (sqlite3_open_v2(uri, &db->db,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return db->db ? sql_fail(db->db, "open", e) : FAIL_NOMEM(e);
	r = harden(db->db, e);
	r = r < 0 ? r : check_schema(db->db, e);
	r = r < 0 ? r : sql_prepare(db->db, find_sql, &db->find, e);
	return r < 0 ? r : read_ecosystems(db, e);
}

int advisory_db_open(struct advisory_db **ret, const struct state *state, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_buf path = BUF_INIT(8192);
	int r;

	if (!fs_exists(state->fd, ADVISORY_DB)) {
		r = FAIL(e, E_NOTFOUND, "no advisories in %s", state->path);
		return err_hint(e, r, "plimsoll advisories import FILE...");
	}
	db = calloc(1, sizeof(*db));
	if (!db)
		return FAIL_NOMEM(e);
	db->unit.number = -1;
	db->ids = BUF_INIT(LIMIT_BLOCK);
	db->unit.block = db->fact_block = (struct cached_block){ -1, BUF_INIT(LIMIT_BLOCK + 1) };
	for (size_t i = 0; i < CACHED; i++)
		db->cache[i] = (struct cached_block){ -1, BUF_INIT(LIMIT_BLOCK + 1) };
	buf_printf(&path, "%s/" ADVISORY_DB, state->path);
	r = open_at(db, buf_str(&path), e);
	if (r < 0) {
		r = WRAP(e, r, "%s", buf_str(&path));
		return err_hint(e, r, "rm %s && plimsoll advisories import FILE...",
				buf_str(&path));
	}
	*ret = TAKE(db);
	return 0;
}

static int make_reader(struct advisory_db *db, unsigned kind, struct err *e)
{
	auto_stmt *st = NULL;
	struct str bytes = STR("");
	int r = sql_prepare(db->db, dictionary_sql, &st, e);

	r = r < 0 ? r : sql_bind(st, e, "i", (int64_t)KIND_DICTIONARY + kind);
	r = r < 0 ? r : sql_step(st, e);
	if (r > 0)
		bytes = sql_blob(st, 0);
	if (r >= 0 && bytes.n > LIMIT_DICTIONARY)
		r = FAIL(e, E_FORMAT, "damaged: a dictionary");
	return r < 0 ? r : block_reader_new(&db->readers[kind], bytes, e);
}

int db_unblock(struct advisory_db *db, unsigned kind, struct str packed, struct buf *ret,
	       struct err *e)
{
	int r = db->readers[kind] ? 0 : make_reader(db, kind, e);

	return r < 0 ? r : block_decompress(db->readers[kind], packed, ret, e);
}

int db_take_block(struct advisory_db *db, unsigned kind, struct cached_block *to, struct err *e)
{
	const int64_t n = sqlite3_column_int64(db->find, 0);
	int r;

	if (to->n == n)
		return 0;
	to->n = -1;
	r = db_unblock(db, kind, sql_blob(db->find, 2), &to->raw, e);
	if (r == 0)
		to->n = n;
	return r;
}

int db_find(struct advisory_db *db, unsigned kind, const char *key, struct str *ret, struct err *e)
{
	struct cached_block *block;
	struct unpack u;
	int r = sql_bind(db->find, e, "is", (int64_t)kind, key);

	r = r < 0 ? r : sql_step(db->find, e);
	if (r <= 0) {
		(void)sqlite3_reset(db->find);
		return r;
	}
	block = kind == KIND_FACTS
			? &db->fact_block
			: &db->cache[(uint64_t)sqlite3_column_int64(db->find, 0) % CACHED];
	r = db_take_block(db, kind, block, e);
	(void)sqlite3_reset(db->find);
	if (r < 0)
		return r;
	u = unpack_of((struct str){ block->raw.p, block->raw.n });
	while (u.p < u.end) {
		const char *at = unpack_str(&u);
		int order = strcmp(at, key);

		*ret = unpack_block(&u);
		if (u.bad || order >= 0)
			return u.bad ? unpack_check(&u, "a block", e) : order == 0;
	}
	return 0;
}

int db_check_text(const char *s, struct err *e)
{
	return str_utf8(str_of(s)) ? 0 : FAIL(e, E_FORMAT, "damaged: text that is not UTF-8");
}

struct showing {
	struct advisory_db *db;
	advisory_row_fn fn;
	void *arg;
	struct advisory_row row;
};

/* One vulnerability of the row: its ids are "CVE-2024-1 GHSA-…". */
static int show_group(struct showing *s, const char *ids, struct err *e)
{
	const size_t n = strcspn(ids, " ");
	auto_free char *id = strndup(ids, n);
	int r = id ? db_check_text(ids, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	s->row.id = id;
	s->row.aliases = ids[n] ? ids + n + 1 : "";
	return s->fn(s->arg, &s->row, e);
}

static int show_groups(struct showing *s, struct id_groups groups, struct err *e)
{
	const char *ids;
	int r;

	while ((r = id_groups_next(&groups, &s->db->ids, &ids, e)) > 0) {
		r = show_group(s, ids, e);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_row(const struct row *row, struct err *e)
{
	int r = db_check_text(row->status, e);

	r = r < 0 ? r : db_check_text(row->platforms, e);
	for (size_t i = 0; i < row->ranges.events_n && r == 0; i++)
		r = db_check_text(row->ranges.events[i].version, e);
	return r;
}

/* What the unit says of the row. */
static int fill_row(struct showing *s, const struct row *row, struct err *e)
{
	const struct unit_head *h = &s->db->unit.head;
	struct unit_rating rating;
	int r = db_unit_rating(s->db, row->rating, &rating, e);

	if (r < 0)
		return r;
	s->row.title = *rating.title ? rating.title : h->title;
	s->row.url = h->url;
	s->row.source = h->source;
	s->row.unit = s->db->unit.name;
	s->row.severity = rating.severity;
	s->row.score = rating.score;
	s->row.vector = rating.vector;
	return 0;
}

static int show_row(struct showing *s, const struct row *row, enum advisory_want want,
		    struct err *e)
{
	int r = check_row(row, e);

	if (r == 0 && (want == ADVISORY_ALL || !row->groups))
		r = db_find_unit(s->db, row->unit, e);
	if (r == 0 && want == ADVISORY_ALL)
		r = fill_row(s, row, e);
	if (r < 0)
		return r;
	return row->groups
		       ? show_groups(s, row->ids, e)
		       : show_groups(s, (struct id_groups){ unpack_of(s->db->unit.head.groups), 0 },
				     e);
}

static bool number_of(const struct advisory_db *db, const char *ecosystem, unsigned *ret)
{
	for (size_t i = 0; i < db->ecosystems.n; i++)
		if (strcmp(db->ecosystems.v[i], ecosystem) == 0) {
			*ret = (unsigned)i;
			return true;
		}
	return false;
}

void db_package_key(const char *ecosystem, const char *package, struct buf *ret)
{
	buf_put(ret, ecosystem, strcspn(ecosystem, ":"));
	buf_putc(ret, '\n');
	buf_puts(ret, package);
}

/* The rows of a package of an ecosystem: 1, or 0 when there are none. */
static int find_rows(struct advisory_db *db, const char *ecosystem, const char *package,
		     struct package_walk *ret, struct err *e)
{
	auto_buf key = BUF_INIT(LIMIT_RECORD);
	struct str bytes;
	unsigned n;
	int r;

	if (!number_of(db, ecosystem, &n))
		return 0;
	db_package_key(ecosystem, package, &key);
	r = buf_check(&key, "a package", e);
	r = r < 0 ? r : db_find(db, KIND_PACKAGES, buf_str(&key), &bytes, e);
	if (r <= 0)
		return r;
	*ret = package_walk_of(bytes);
	while (package_next(ret))
		if (ret->at.ecosystem == n)
			return 1;
	return unpack_check(&ret->from, "a package", e);
}

int advisory_db_rows(struct advisory_db *db, const char *ecosystem, const char *package,
		     advisory_want_fn want, advisory_row_fn fn, void *arg, struct err *e)
{
	struct showing s = { .db = db, .fn = fn, .arg = arg };
	struct package_walk at;
	struct row row;
	int r = find_rows(db, ecosystem, package, &at, e);

	if (r <= 0)
		return r;
	r = rows_open(&db->rows, at.at.bytes, at.at.base, e);
	while (r >= 0 && (r = rows_next(&db->rows, &row, e)) > 0) {
		enum advisory_want what;

		s.row = (struct advisory_row){ .ranges = &row.ranges,
					       .status = row.status,
					       .platforms = row.platforms,
					       .title = "",
					       .vector = "",
					       .unit = "",
					       .source = "",
					       .url = "",
					       .score = -1 };
		what = want ? want(arg, &s.row) : ADVISORY_ALL;
		if (what != ADVISORY_NOTHING)
			r = show_row(&s, &row, what, e);
	}
	return r;
}

/* What one unit says, added to what others do. */
static int add_fact(struct str bytes, struct advisory_fact *ret, struct err *e)
{
	struct fact f;
	int r = fact_open(bytes, &f, e);

	if (r < 0)
		return r;
	if (*f.kev) {
		ret->exploited = true;
		(void)snprintf(ret->kev_date, sizeof(ret->kev_date), "%.10s", f.kev);
		text_sanitize(ret->kev_date);
	}
	ret->ransomware |= f.ransomware;
	if (f.epss >= 0) {
		ret->epss_ppm = f.epss;
		ret->pct_ppm = f.pct;
	}
	return 0;
}

int advisory_db_fact(struct advisory_db *db, const char *id, struct advisory_fact *ret,
		     struct err *e)
{
	struct advisory_fact f = { .epss_ppm = -1, .pct_ppm = -1 };
	struct unpack u;
	struct str bytes = STR("");
	int r = db_find(db, KIND_FACTS, id, &bytes, e);

	u = unpack_of(bytes);
	while (r > 0 && u.p < u.end) {
		(void)unpack_u32(&u); /* the unit */
		r = add_fact(unpack_block(&u), &f, e);
		r = r < 0 ? r : 1;
	}
	if (r < 0)
		return r;
	*ret = f;
	return 0;
}

int advisory_db_covers(struct advisory_db *db, const char *ecosystem, bool *ret, struct err *e)
{
	unsigned n;

	(void)e;
	*ret = number_of(db, ecosystem, &n);
	return 0;
}

static int put_time(json_t *o, const char *key, uint64_t t, struct err *e)
{
	char text[RFC3339_MAX];

	if (t == 0)
		return 0;
	clock_rfc3339((int64_t)t, text);
	return json_put_string(o, key, text, e);
}

bool db_next_source(struct unpack *u, struct db_source *ret)
{
	if (u->p == u->end)
		return false;
	ret->name = unpack_str(u);
	ret->advisories = unpack_u64(u, INT64_MAX);
	ret->newest = unpack_u64(u, LATEST);
	ret->imported = unpack_u64(u, LATEST);
	return !u->bad;
}

int advisory_db_date(struct advisory_db *db, int64_t *ret, struct err *e)
{
	struct str bytes = STR("");
	struct db_source source;
	struct unpack u;
	int r = db_find(db, KIND_META, META_SOURCES, &bytes, e);

	*ret = 0;
	u = unpack_of(bytes);
	while (r >= 0 && db_next_source(&u, &source))
		if ((int64_t)source.imported > *ret)
			*ret = (int64_t)source.imported;
	return r < 0 ? r : unpack_check(&u, "sources", e);
}

static int put_source(json_t *list, const struct db_source *source, struct err *e)
{
	json_t *o = json_object();
	int r = json_push(list, o, e);

	r = r < 0 ? r : db_check_text(source->name, e);
	r = r < 0 ? r : json_put_string(o, "source", source->name, e);
	r = r < 0 ? r : json_put_u64(o, "advisories", source->advisories, e);
	r = r < 0 ? r : put_time(o, "newest", source->newest, e);
	return r < 0 ? r : put_time(o, "imported", source->imported, e);
}

int advisory_db_sources(struct advisory_db *db, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	struct str bytes = STR("");
	struct db_source source;
	struct unpack u;
	int r = list ? db_find(db, KIND_META, META_SOURCES, &bytes, e) : FAIL_NOMEM(e);

	u = unpack_of(bytes);
	while (r >= 0 && db_next_source(&u, &source))
		r = put_source(list, &source, e);
	r = r < 0 ? r : unpack_check(&u, "sources", e);
	if (r < 0)
		return r;
	*ret = TAKE(list);
	return 0;
}
