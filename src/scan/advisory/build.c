/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "scan/advisory/compile.h"
#include "scan/advisory/known.h"

/*
 * The database is never changed in place. What comes in waits, to be sorted, in files without a
 * name, and a new database is compiled from what there was and what came (compile.h).
 */
enum {
	MEMORY_UNITS = 24 * 1024 * 1024, /* before they go to the file */
	MEMORY_PACKAGES = 48 * 1024 * 1024,
	MEMORY_FACTS = 8 * 1024 * 1024,
};

struct advisory_build {
	const struct state *state;
	int64_t now;
	int lock;
	char temp[64]; /* name in the state folder; "" once it is gone */
	struct advisory_db *old;
	struct known *known;
	struct sorter *units, *packages, *facts;
	unsigned char *old_flags, *new_flags; /* UNIT_* of compile.h */
	size_t old_n, new_n, new_alloc;
	struct strv replaces;
	json_t *imported; /* source -> when it last changed */
};

void advisory_build_free(struct advisory_build *b)
{
	if (!b)
		return;
	advisory_db_close(b->old);
	known_free(b->known);
	sorter_free(b->units);
	sorter_free(b->packages);
	sorter_free(b->facts);
	free(b->old_flags);
	free(b->new_flags);
	strv_free(&b->replaces);
	json_decref(b->imported);
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

static int know_old(struct advisory_build *b, const struct walk *w, struct err *e)
{
	struct unit_head head;
	struct known_unit *unit;
	int r = unit_head_open(w->value, &head, e);

	r = r < 0 ? r : known_find(b->known, w->key, &unit, e);
	if (r < 0)
		return r;
	unit->modified = head.modified;
	unit->number = w->number;
	unit->used = true;
	memcpy(unit->hash, head.hash.p, sizeof(unit->hash));
	b->old_n = (size_t)w->number + 1;
	return 0;
}

/* When each source last changed. */
static int read_imported(struct advisory_build *b, struct err *e)
{
	struct str bytes = STR("");
	struct db_source source;
	struct unpack u;
	int r = db_find(b->old, KIND_META, META_SOURCES, &bytes, e);

	u = unpack_of(bytes);
	while (r >= 0 && db_next_source(&u, &source))
		r = json_put_u64(b->imported, source.name, source.imported, e);
	return r < 0 ? r : unpack_check(&u, "sources", e);
}

static int read_old(struct advisory_build *b, struct err *e)
{
	auto_walk w = { 0 };
	int r;

	if (!fs_exists(b->state->fd, ADVISORY_DB))
		return 0;
	r = advisory_db_open(&b->old, b->state, e);
	r = r < 0 ? r : walk_open(&w, b->old, KIND_UNITS, e);
	while (r >= 0 && (r = walk_next(&w, e)) > 0)
		r = know_old(b, &w, e);
	return r < 0 ? r : read_imported(b, e);
}

static int begin(struct advisory_build *b, struct err *e)
{
	int r = known_new(&b->known, e);

	b->imported = json_object();
	if (r == 0 && !b->imported)
		r = FAIL_NOMEM(e);
	r = r < 0 ? r : sorter_new(&b->units, b->state, MEMORY_UNITS, e);
	r = r < 0 ? r : sorter_new(&b->packages, b->state, MEMORY_PACKAGES, e);
	r = r < 0 ? r : sorter_new(&b->facts, b->state, MEMORY_FACTS, e);
	r = r < 0 ? r : read_old(b, e);
	if (r < 0)
		return r;
	b->old_flags = calloc(b->old_n + 1, 1);
	return b->old_flags ? 0 : FAIL_NOMEM(e);
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
	r = begin(b, e);
	if (r < 0)
		return r;
	*ret = TAKE(b);
	return 0;
}

/* Gives the unit the next number by arrival. */
static int arrive(struct advisory_build *b, struct err *e)
{
	if (b->new_n >= UINT32_MAX - 1)
		return FAIL(e, E_FORMAT, "too many units");
	if (b->new_n == b->new_alloc) {
		size_t alloc = b->new_alloc ? 2 * b->new_alloc : 1024;
		unsigned char *more = realloc(b->new_flags, alloc);

		if (!more)
			return FAIL_NOMEM(e);
		b->new_flags = more;
		b->new_alloc = alloc;
	}
	b->new_flags[b->new_n++] = 0;
	return 0;
}

/* Whether the unit is new to us: not there, or another edition and not older. Then the one that it
 * replaces is dead, and it has a number. */
static int take_unit(struct advisory_build *b, const struct record *record,
		     const struct unit_head *head, bool *ret, struct err *e)
{
	struct known_unit *unit;
	int r = known_find(b->known, record->name, &unit, e);

	*ret = false;
	if (r < 0)
		return r;
	if (unit->used && !unit->arrived)
		b->old_flags[unit->number] |= UNIT_BROUGHT;
	if (unit->used && (head->modified < unit->modified ||
			   memcmp(unit->hash, head->hash.p, sizeof(unit->hash)) == 0))
		return 0;
	r = arrive(b, e);
	if (r < 0)
		return r;
	if (unit->used)
		(unit->arrived ? b->new_flags : b->old_flags)[unit->number] |= UNIT_DEAD;
	unit->modified = head->modified;
	memcpy(unit->hash, head->hash.p, sizeof(unit->hash));
	unit->number = (uint32_t)(b->new_n - 1);
	unit->arrived = unit->used = *ret = true;
	return 0;
}

/* A value with the number of its unit before it. */
static int put_sorted(struct advisory_build *b, struct sorter *to, struct str key, struct str value,
		      struct err *e)
{
	auto_buf bytes = BUF_INIT(LIMIT_RECORD);
	const uint32_t arrival = (uint32_t)(b->new_n - 1);
	int r;

	buf_put(&bytes, &arrival, sizeof(arrival));
	buf_put(&bytes, value.p, value.n);
	r = buf_check(&bytes, "a unit", e);
	return r < 0 ? r : sorter_put(to, key, (struct str){ bytes.p, bytes.n }, e);
}

static int put_packages(struct advisory_build *b, struct record *record, struct err *e)
{
	auto_buf key = BUF_INIT(LIMIT_RECORD);
	const char *ecosystem, *package;
	struct str rows;
	int r;

	while ((r = record_package(record, &ecosystem, &package, &rows, e)) > 0) {
		buf_reset(&key);
		db_package_key(ecosystem, package, &key);
		buf_putc(&key, '\0');
		buf_puts(&key, ecosystem);
		r = buf_check(&key, "a package", e);
		r = r < 0 ? r : put_sorted(b, b->packages, (struct str){ key.p, key.n }, rows, e);
		if (r < 0)
			return r;
	}
	return r;
}

static int put_facts(struct advisory_build *b, struct record *record, struct err *e)
{
	const char *id;
	struct str fact;
	int r;

	while ((r = record_fact(record, &id, &fact, e)) > 0) {
		r = put_sorted(b, b->facts, str_of(id), fact, e);
		if (r < 0)
			return r;
	}
	return r;
}

/* The unit that we have, if we have it, counts as brought. */
static int keep_unit(struct advisory_build *b, const char *name, struct err *e)
{
	struct known_unit *unit;
	int r = known_find(b->known, name, &unit, e);

	if (r == 0 && unit->used && !unit->arrived)
		b->old_flags[unit->number] |= UNIT_BROUGHT;
	return r;
}

int advisory_build_record(struct advisory_build *b, struct str bytes, struct err *e)
{
	struct record record;
	struct unit_head head;
	bool news;
	int r = record_open(bytes, &record, e);

	if (r == 0 && *record.replaces && !strv_has(&b->replaces, record.replaces))
		r = strv_add(&b->replaces, record.replaces, e);
	if (r < 0 || !*record.name)
		return r;
	if (!record.head.n)
		return keep_unit(b, record.name, e);
	r = unit_head_open(record.head, &head, e);
	r = r < 0 ? r : take_unit(b, &record, &head, &news, e);
	if (r < 0 || !news)
		return r;
	r = json_put(b->imported, head.source, json_integer(b->now), e);
	r = r < 0 ? r : put_sorted(b, b->units, str_of(record.name), record.head, e);
	r = r < 0 ? r : put_packages(b, &record, e);
	r = r < 0 ? r : put_facts(b, &record, e);
	return r < 0 ? WRAP(e, r, "%.200s", record.name) : 0;
}

static int open_temp(struct advisory_build *b, sqlite3 **ret, struct err *e)
{
	auto_buf path = BUF_INIT(8192);
	int r = fs_temp_name(".advisories-", b->temp, sizeof(b->temp), e);

	if (r < 0)
		return r;
	buf_printf(&path, "%s/%s", b->state->path, b->temp);
	auto_free char *uri = sql_uri(buf_str(&path), "mode=rwc");

	if (!uri)
		return FAIL_NOMEM(e);
	if (sqlite3_open_v2(uri, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
			    NULL) != SQLITE_OK) {
		r = *ret ? sql_fail(*ret, buf_str(&path), e) : FAIL_NOMEM(e);
		(void)sqlite3_close(*ret);
		*ret = NULL;
		return r;
	}
	return sql_exec(*ret, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", e);
}

static int write_new(struct advisory_build *b, struct err *e)
{
	const struct compile c = {
		.state = b->state,
		.old = b->old,
		.units = b->units,
		.packages = b->packages,
		.facts = b->facts,
		.old_flags = b->old_flags,
		.new_flags = b->new_flags,
		.old_n = b->old_n,
		.new_n = b->new_n,
		.replaces = &b->replaces,
		.imported = b->imported,
	};
	sqlite3 *db = NULL;
	int r = open_temp(b, &db, e);

	known_free(TAKE(b->known));
	r = r < 0 ? r : compile_db(&c, db, e);
	if (sqlite3_close(db) != SQLITE_OK && r == 0)
		r = FAIL(e, E_INTERNAL, "the new database could not be closed");
	return r;
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
	r = digest_of_fd(new_fd, &new_digest, NULL, e);
	r = r < 0 ? r : digest_of_fd(old, &old_digest, NULL, e);
	if (r < 0)
		return WRAP(e, r, ADVISORY_DB);
	*ret = digest_eq(&new_digest, &old_digest);
	return 0;
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
