/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/db.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "scan/advisory/sql.h"
#include "scan/range.h"
#include "scan/severity.h"

/*
 * The database is never changed in place. Its rows are spread out in a stage in memory, the units
 * that come in replace those of their name there, and a new file is written from the stage, sorted,
 * so that neither the order of the imports nor their history shows in its bytes.
 */
static const char stage_sql[] =
	"ATTACH ':memory:' AS stage;"
	"CREATE TABLE stage.source(name TEXT PRIMARY KEY, imported INTEGER) WITHOUT ROWID;"
	"CREATE TABLE stage.ecosystem(name TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE stage.unit(name TEXT PRIMARY KEY, source TEXT, modified INTEGER, hash TEXT,"
	" url TEXT) WITHOUT ROWID;"
	"CREATE TABLE stage.brought(name TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE stage.replaces(prefix TEXT PRIMARY KEY) WITHOUT ROWID;"
	"CREATE TABLE stage.fact(unit TEXT, id TEXT, kev TEXT, ransomware INTEGER, epss INTEGER,"
	" pct INTEGER, PRIMARY KEY(unit, id)) WITHOUT ROWID;"
	"CREATE TABLE stage.row(unit TEXT, ecosystem TEXT, package TEXT, id TEXT, aliases TEXT,"
	" title TEXT, severity INTEGER, score INTEGER, ranges TEXT, status TEXT, vector TEXT,"
	" PRIMARY KEY(unit, ecosystem, package, id, ranges)) WITHOUT ROWID;";

static const char load_sql[] =
	"INSERT INTO stage.source SELECT name, imported FROM old.source;"
	"INSERT INTO stage.ecosystem SELECT name FROM old.ecosystem;"
	"INSERT INTO stage.unit SELECT name, source, modified, hash, url FROM old.unit;"
	"INSERT INTO stage.fact SELECT u.name, f.id, f.kev, f.ransomware, f.epss, f.pct"
	" FROM old.fact f JOIN old.unit u ON u.n = f.unit;"
	"INSERT INTO stage.row SELECT u.name, e.name, f.package, a.id, a.aliases, a.title,"
	" a.severity, a.score, f.ranges, f.status, f.vector FROM old.affected f JOIN old.unit u ON "
	"u.n = f.unit"
	" JOIN old.ecosystem e ON e.n = f.ecosystem JOIN old.advisory a ON a.n = f.advisory;";

static const char schema_sql[] =
	"CREATE TABLE source(name TEXT PRIMARY KEY, advisories INTEGER, newest INTEGER,"
	" imported INTEGER) WITHOUT ROWID;"
	"CREATE TABLE ecosystem(n INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	"CREATE TABLE unit(n INTEGER PRIMARY KEY, name TEXT, source TEXT, modified INTEGER,"
	" hash TEXT, url TEXT);"
	"CREATE TABLE fact(id TEXT, unit INTEGER, kev TEXT, ransomware INTEGER, epss INTEGER,"
	" pct INTEGER, PRIMARY KEY(id, unit)) WITHOUT ROWID;"
	"CREATE TABLE advisory(n INTEGER PRIMARY KEY, id TEXT, aliases TEXT, title TEXT,"
	" severity INTEGER, score INTEGER);"
	"CREATE TABLE affected(ecosystem INTEGER, package TEXT, advisory INTEGER, unit INTEGER,"
	" ranges TEXT, status TEXT, vector TEXT,"
	" PRIMARY KEY(ecosystem, package, advisory, unit, ranges)) WITHOUT ROWID;";

static const char replace_sql[] =
	"CREATE TABLE stage.gone AS SELECT name FROM stage.unit u WHERE EXISTS (SELECT 1 FROM"
	" stage.replaces r WHERE substr(u.name, 1, length(r.prefix)) = r.prefix)"
	" AND name NOT IN (SELECT name FROM stage.brought);"
	"DELETE FROM stage.row WHERE unit IN (SELECT name FROM stage.gone);"
	"DELETE FROM stage.fact WHERE unit IN (SELECT name FROM stage.gone);"
	"DELETE FROM stage.unit WHERE name IN (SELECT name FROM stage.gone);";

static const char write_sql[] =
	"INSERT INTO main.source SELECT s.name,"
	" (SELECT count(DISTINCT r.id) FROM stage.row r JOIN stage.unit u ON u.name = r.unit"
	"  WHERE u.source = s.name),"
	" (SELECT max(u.modified) FROM stage.unit u WHERE u.source = s.name), s.imported"
	" FROM stage.source s ORDER BY 1;"
	"INSERT INTO main.ecosystem(name) SELECT name FROM stage.ecosystem ORDER BY 1;"
	"INSERT INTO main.unit(name, source, modified, hash, url)"
	" SELECT name, source, modified, hash, url FROM stage.unit ORDER BY 1;"
	"INSERT INTO main.fact SELECT f.id, u.n, f.kev, f.ransomware, f.epss, f.pct"
	" FROM stage.fact f JOIN main.unit u ON u.name = f.unit ORDER BY 1, 2;"
	"CREATE TABLE stage.advisory(n INTEGER PRIMARY KEY, id TEXT, aliases TEXT, title TEXT,"
	" severity INTEGER, score INTEGER, UNIQUE(id, aliases, title, severity, score));"
	"INSERT INTO stage.advisory(id, aliases, title, severity, score)"
	" SELECT DISTINCT id, aliases, title, severity, score FROM stage.row"
	" ORDER BY 1, 2, 3, 4, 5;"
	"INSERT INTO main.advisory SELECT * FROM stage.advisory ORDER BY n;"
	"CREATE TABLE stage.number(name TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;"
	"INSERT INTO stage.number SELECT name, n FROM main.unit;"
	"INSERT INTO main.affected SELECT e.n, r.package, a.n, u.n, r.ranges, r.status, r.vector"
	" FROM stage.row r"
	" CROSS JOIN main.ecosystem e ON e.name = r.ecosystem"
	" CROSS JOIN stage.advisory a ON a.id = r.id AND a.aliases = r.aliases"
	"  AND a.title = r.title AND a.severity = r.severity AND a.score = r.score"
	" CROSS JOIN stage.number u ON u.name = r.unit ORDER BY 1, 2, 3, 4;";

enum { LIMIT_ROWS_OF_UNIT = 4 * 1000 * 1000 };

struct advisory_build {
	const struct state *state;
	int64_t now;
	int lock;
	char temp[64]; /* name in the state folder; "" once it is gone */
	sqlite3 *db;
	sqlite3_stmt *find_unit, *drop_rows, *put_unit, *put_row, *put_source, *put_ecosystem;
	sqlite3_stmt *put_brought, *put_replaces, *drop_facts, *put_fact;
};

void advisory_build_free(struct advisory_build *b)
{
	if (!b)
		return;
	sqlite3_stmt *const statements[] = { b->find_unit,   b->drop_rows,    b->put_unit,
					     b->put_row,     b->put_source,   b->put_ecosystem,
					     b->put_brought, b->put_replaces, b->drop_facts,
					     b->put_fact };

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
		(void)sqlite3_finalize(statements[i]);
	(void)sqlite3_close(b->db);
	if (*b->temp)
		(void)unlinkat(b->state->fd, b->temp, 0);
	if (b->lock >= 0)
		(void)close(b->lock);
	free(b);
}

/* What a killed import left behind. Under the lock, so that nobody is writing it. */
static void sweep(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		(void)close(fd);
	for (const struct dirent *ent; d && (ent = readdir(d));)
		if (starts_with(ent->d_name, ".advisories-"))
			(void)unlinkat(dir, ent->d_name, 0);
}

static int attach_old(struct advisory_build *b, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *check = NULL;
	auto_buf path = BUF_INIT(8192);
	auto_stmt *attach = NULL;
	int r;

	if (!fs_exists(b->state->fd, ADVISORY_DB))
		return 0;
	r = advisory_db_open(&check, b->state, e);
	if (r < 0)
		return r;
	buf_printf(&path, "%s/" ADVISORY_DB, b->state->path);
	auto_free char *uri = sql_uri(buf_str(&path), "immutable=1");

	if (!uri)
		return FAIL_NOMEM(e);
	r = sql_prepare(b->db, "ATTACH ?1 AS old", &attach, e);
	r = r < 0 ? r : sql_run(attach, e, "s", uri);
	return r < 0 ? r : sql_exec(b->db, load_sql, e);
}

static int prepare(struct advisory_build *b, struct err *e)
{
	const struct {
		sqlite3_stmt **st;
		const char *sql;
	} all[] = {
		{ &b->find_unit, "SELECT modified, hash FROM stage.unit WHERE name = ?1" },
		{ &b->drop_rows, "DELETE FROM stage.row WHERE unit = ?1" },
		{ &b->drop_facts, "DELETE FROM stage.fact WHERE unit = ?1" },
		{ &b->put_unit, "INSERT OR REPLACE INTO stage.unit VALUES(?1, ?2, ?3, ?4, ?5)" },
		{ &b->put_row, "INSERT OR REPLACE INTO stage.row"
			       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)" },
		{ &b->put_fact,
		  "INSERT OR REPLACE INTO stage.fact VALUES(?1, ?2, ?3, ?4, ?5, ?6)" },
		{ &b->put_source, "INSERT OR REPLACE INTO stage.source VALUES(?1, ?2)" },
		{ &b->put_ecosystem, "INSERT OR IGNORE INTO stage.ecosystem VALUES(?1)" },
		{ &b->put_brought, "INSERT OR IGNORE INTO stage.brought VALUES(?1)" },
		{ &b->put_replaces, "INSERT OR IGNORE INTO stage.replaces VALUES(?1)" },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && r == 0; i++)
		r = sql_prepare(b->db, all[i].sql, all[i].st, e);
	return r;
}

static int open_temp(struct advisory_build *b, struct err *e)
{
	auto_buf path = BUF_INIT(8192);
	int r = fs_temp_name(".advisories-", b->temp, sizeof(b->temp), e);

	if (r < 0)
		return r;
	buf_printf(&path, "%s/%s", b->state->path, b->temp);
	auto_free char *uri = sql_uri(buf_str(&path), "mode=rwc");

	if (!uri)
		return FAIL_NOMEM(e);
	if (sqlite3_open_v2(uri, &b->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
			    NULL) != SQLITE_OK)
		return b->db ? sql_fail(b->db, buf_str(&path), e) : FAIL_NOMEM(e);
	return sql_exec(b->db,
			"PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;"
			"PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;",
			e);
}

int advisory_build_begin(struct advisory_build **ret, const struct state *state, int64_t now,
			 struct err *e)
{
	auto_release(advisory_build_free) struct advisory_build *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return FAIL_NOMEM(e);
	b->state = state;
	b->now = now;
	b->lock = fs_lock(state->fd, "advisories.lock", 60 * 1000, e);
	if (b->lock < 0)
		return WRAP(e, b->lock, "another import is running");
	sweep(state->fd);
	r = open_temp(b, e);
	r = r < 0 ? r : sql_exec(b->db, stage_sql, e);
	r = r < 0 ? r : attach_old(b, e);
	r = r < 0 ? r : prepare(b, e);
	r = r < 0 ? r : sql_exec(b->db, "BEGIN", e);
	if (r < 0)
		return r;
	*ret = TAKE(b);
	return 0;
}

/* The names of a vulnerability but the first, separated by spaces. */
static void put_aliases(const json_t *names, struct buf *ret)
{
	for (size_t i = 1; i < json_array_size(names); i++)
		buf_printf(ret, "%s%s", i > 1 ? " " : "",
			   json_string_value(json_array_get(names, i)));
}

/* Single versions that the ranges cover already say nothing: Debian's advisories list hundreds. */
static int put_ranges(const json_t *row, const char *ecosystem, struct buf *ret, struct err *e)
{
	const struct version_order *order = version_order_of(str_of(ecosystem));
	auto_json *kept = json_array(), *out = json_object();
	json_t *events = json_object_get(row, "r"), *v;
	auto_ranges ranges = { 0 };
	struct range_answer a;
	size_t i;
	int r = ranges_of_json(row, &ranges, e);

	if (!kept || !out)
		return FAIL_NOMEM(e);
	if (r < 0)
		return r;
	ranges.versions_n = 0;
	json_array_foreach(json_object_get(row, "v"), i, v)
	{
		a.affected = false;
		if (order && order->valid(str_of(json_string_value(v))))
			range_match(order, &ranges, json_string_value(v), &a);
		if (!a.affected && json_array_append(kept, v) < 0)
			return FAIL_NOMEM(e);
	}
	if (json_array_size(events) && json_object_set(out, "r", events) < 0)
		return FAIL_NOMEM(e);
	if (json_array_size(kept) && json_object_set(out, "v", kept) < 0)
		return FAIL_NOMEM(e);
	return json_canonical(out, ret, e);
}

static const char *string_or_empty(const json_t *o, const char *key)
{
	const char *s = json_string_or_null(o, key);

	return s ? s : "";
}

static int put_row(struct advisory_build *b, const json_t *unit, const json_t *row, size_t *total,
		   struct err *e)
{
	const char *ecosystem = json_string_or_null(row, "e");
	const char *package = json_string_or_null(row, "p");
	const char *title = json_string_or_null(row, "t");
	const json_t *ids = json_object_get(row, "ids");
	auto_buf ranges = BUF_INIT(SIZE_MAX);
	size_t i;
	json_t *names;
	int r;

	if (!ecosystem || !package)
		return FAIL(e, E_INTERNAL, "a row without package");
	r = put_ranges(row, ecosystem, &ranges, e);
	json_array_foreach(ids ? ids : json_object_get(unit, "ids"), i, names)
	{
		auto_buf aliases = BUF_INIT(SIZE_MAX);

		if (r < 0)
			return r;
		if (++*total > LIMIT_ROWS_OF_UNIT)
			return FAIL(e, E_FORMAT, "more than %d rows", LIMIT_ROWS_OF_UNIT);
		put_aliases(names, &aliases);
		r = buf_check(&aliases, "aliases", e);
		r = r < 0 ? r
			  : sql_run(b->put_row, e, "ssssssiisss", json_string_or_null(unit, "unit"),
				    ecosystem, package, json_string_value(json_array_get(names, 0)),
				    buf_str(&aliases),
				    title ? title : json_string_or_null(unit, "title"),
				    (int64_t)json_integer_value(json_object_get(row, "s")),
				    (int64_t)json_integer_value(json_object_get(row, "c")),
				    buf_str(&ranges), string_or_empty(row, "st"),
				    string_or_empty(row, "vec"));
	}
	return r;
}

static int put_fact(struct advisory_build *b, const char *unit, const json_t *fact, struct err *e)
{
	const char *id = json_string_or_null(fact, "id");
	const json_t *epss = json_object_get(fact, "epss"), *pct = json_object_get(fact, "pct");

	if (!id)
		return FAIL(e, E_INTERNAL, "a fact without id");
	return sql_run(b->put_fact, e, "sssiii", unit, id, string_or_empty(fact, "kev"),
		       (int64_t)json_is_true(json_object_get(fact, "ransomware")),
		       epss ? (int64_t)json_integer_value(epss) : (int64_t)-1,
		       pct ? (int64_t)json_integer_value(pct) : (int64_t)-1);
}

/* True when the unit is new to us: not there, or another one and not older. */
static int is_news(struct advisory_build *b, const char *name, int64_t modified, const char *hash,
		   bool *ret, struct err *e)
{
	int r = sql_bind(b->find_unit, e, "s", name);

	r = r < 0 ? r : sql_step(b->find_unit, e);
	*ret = r == 0;
	if (r > 0)
		*ret = modified >= sqlite3_column_int64(b->find_unit, 0) &&
		       strcmp(hash, sql_text(b->find_unit, 1)) != 0;
	(void)sqlite3_reset(b->find_unit);
	return r < 0 ? r : 0;
}

int advisory_build_unit(struct advisory_build *b, const json_t *unit, struct str text,
			struct err *e)
{
	const char *name = json_string_or_null(unit, "unit");
	const char *source = json_string_or_null(unit, "source");
	const char *replaces = json_string_or_null(unit, "replaces");
	int64_t modified = json_integer_value(json_object_get(unit, "modified"));
	struct digest digest;
	char hash[33];
	bool news;
	size_t i, total = 0;
	json_t *v;
	int r;

	if (replaces && *replaces) {
		r = sql_run(b->put_replaces, e, "s", replaces);
		if (r < 0 || !name)
			return r;
	}
	if (!name || !source || !json_string_or_null(unit, "title"))
		return FAIL(e, E_INTERNAL, "a unit without name, source or title");
	r = sql_run(b->put_brought, e, "s", name);
	if (r < 0)
		return r;
	digest_of(text.p, text.n, &digest);
	(void)snprintf(hash, sizeof(hash), "%.32s", digest_hex(&digest));
	r = is_news(b, name, modified, hash, &news, e);
	if (r < 0 || !news)
		return r;
	r = sql_run(b->drop_rows, e, "s", name);
	r = r < 0 ? r : sql_run(b->drop_facts, e, "s", name);
	r = r < 0 ? r
		  : sql_run(b->put_unit, e, "ssiss", name, source, modified, hash,
			    string_or_empty(unit, "url"));
	r = r < 0 ? r : sql_run(b->put_source, e, "si", source, b->now);
	json_array_foreach(json_object_get(unit, "ecosystems"), i, v) r =
		r < 0 ? r : sql_run(b->put_ecosystem, e, "s", json_string_value(v));
	json_array_foreach(json_object_get(unit, "rows"), i, v) r =
		r < 0 ? r : put_row(b, unit, v, &total, e);
	json_array_foreach(json_object_get(unit, "facts"), i, v) r =
		r < 0 ? r : put_fact(b, name, v, e);
	return r < 0 ? WRAP(e, r, "%s", name) : 0;
}

static int write_new(struct advisory_build *b, struct err *e)
{
	char pragma[128];
	int r;

	(void)snprintf(pragma, sizeof(pragma),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d;", ADVISORY_DB_ID,
		       ADVISORY_DB_SCHEMA);
	r = sql_exec(b->db, pragma, e);
	r = r < 0 ? r : sql_exec(b->db, schema_sql, e);
	r = r < 0 ? r : sql_exec(b->db, replace_sql, e);
	r = r < 0 ? r : sql_exec(b->db, write_sql, e);
	return r < 0 ? r : sql_exec(b->db, "COMMIT", e);
}

static int digest_file(int fd, struct digest *ret, struct err *e)
{
	auto_release(sha256_free) struct sha256 *h = NULL;
	unsigned char raw[SHA256_LEN];
	char chunk[64 * 1024];
	ssize_t n;
	int r = sha256_new(&h, e);

	if (r < 0)
		return r;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		sha256_update(h, chunk, (size_t)n);
	if (n < 0)
		return FAIL_SYS(e, "read the advisories");
	sha256_final(h, raw);
	digest_from_raw(raw, ret);
	return 0;
}

static int same_as_old(struct advisory_build *b, int new_fd, bool *ret, struct err *e)
{
	struct digest new_digest, old_digest;
	int r;

	*ret = false;
	if (!fs_exists(b->state->fd, ADVISORY_DB))
		return 0;
	auto_close int old = fs_open(b->state->fd, ADVISORY_DB, O_RDONLY, 0, e);

	if (old < 0)
		return old;
	r = digest_file(new_fd, &new_digest, e);
	r = r < 0 ? r : digest_file(old, &old_digest, e);
	*ret = r == 0 && digest_eq(&new_digest, &old_digest);
	return r;
}

int advisory_build_commit(struct advisory_build *b, bool *ret_changed, struct err *e)
{
	bool same;
	int r = write_new(b, e);

	if (r < 0)
		return r;
	auto_close int fd = fs_open(b->state->fd, b->temp, O_RDONLY, 0, e);

	if (fd < 0)
		return fd;
	r = same_as_old(b, fd, &same, e);
	if (r < 0)
		return r;
	*ret_changed = !same;
	if (same)
		return 0;
	if (fchmod(fd, 0644) < 0 || fsync(fd) < 0)
		return FAIL_SYS(e, "write the advisories");
	if (renameat(b->state->fd, b->temp, b->state->fd, ADVISORY_DB) < 0)
		return FAIL_SYS(e, "replace %s/" ADVISORY_DB, b->state->path);
	b->temp[0] = '\0';
	return fsync(b->state->fd) < 0 ? FAIL_SYS(e, "write %s", b->state->path) : 0;
}
