/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf_client.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "pipeline/tuf_internal.h"

/* The workflow of TUF's section 5. */
struct update {
	const struct tuf_client *c;
	struct fetch *fetch;
	struct tuf_set *set;
	struct strv visited; /* roles that were asked for the target */
	int dir, lock;
};

static void update_release(struct update *u)
{
	fetch_free(u->fetch);
	tuf_set_free(u->set);
	strv_free(&u->visited);
	if (u->lock >= 0)
		(void)close(u->lock);
	if (u->dir >= 0)
		(void)close(u->dir);
}
#define auto_update __attribute__((cleanup(update_release))) struct update

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

/* VERSION.ROLE.json, or ROLE.json for version 0. */
static int fetch_role(struct update *u, const char *role, uint64_t version, uint64_t max,
		      struct buf *ret, struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_URL);
	auto_buf url = BUF_INIT(2 * LIMIT_URL);
	int r;

	if (version)
		buf_printf(&name, "%llu.", (unsigned long long)version);
	tuf_quote(str_of(role), false, &name);
	buf_puts(&name, ".json");
	tuf_url(u->c->metadata_url, buf_str(&name), &url);
	r = buf_check(&url, "URL", e);
	return r < 0 ? r : tuf_fetch(u->fetch, buf_str(&url), max, ret, e);
}

/* Root: 5.3. */

static int load_root(struct update *u, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);
	int r = tuf_files_load(u->dir, "root", &kept, e);

	if (r == E_NOTFOUND) {
		r = FAIL(e, E_NOTFOUND, "no root is trusted in '%s'", u->c->metadata_dir);
		return err_hint(e, r, "plimsoll trust tuf-client --metadata-dir '%.200s' init ROOT",
				u->c->metadata_dir);
	}
	r = r < 0 ? r : tuf_first_root(u->set, bytes_of(&kept), e);
	return r < 0 ? WRAP(e, r, "the root in '%s'", u->c->metadata_dir) : 0;
}

/* 1 when there is no next one. */
static int next_root(struct update *u, struct err *e)
{
	auto_buf got = BUF_INIT(LIMIT_TUF_ROOT + 1);
	uint64_t version = tuf_root_version(u->set) + 1;
	int r = fetch_role(u, "root", version, LIMIT_TUF_ROOT, &got, e);

	if (r == E_NOTFOUND)
		return 1;
	r = r < 0 ? r : tuf_next_root(u->set, bytes_of(&got), e);
	return r < 0 ? r : tuf_files_keep_root(u->dir, version, bytes_of(&got), e);
}

static int update_root(struct update *u, struct err *e)
{
	struct err none = ERR_INIT;
	int r = 0;

	for (int n = 0; r == 0 && n < LIMIT_TUF_ROOTS; n++) {
		none = (struct err)ERR_INIT;
		r = next_root(u, &none);
	}
	if (r < 0) {
		if (e)
			*e = none;
		return r;
	}
	if (tuf_recovers(u->set) && ((r = tuf_files_drop(u->dir, "timestamp", e)) < 0 ||
				     (r = tuf_files_drop(u->dir, "snapshot", e)) < 0))
		return r;
	return tuf_root_final(u->set, e);
}

/* Timestamp: 5.4. What was kept only has to be no newer; it may be expired, broken, or signed by
 * keys that are trusted no more. */
static int update_timestamp(struct update *u, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TIMESTAMP + 1);
	auto_buf got = BUF_INIT(LIMIT_TUF_TIMESTAMP + 1);
	int r;

	if (tuf_files_load(u->dir, "timestamp", &kept, NULL) == 0)
		(void)tuf_timestamp(u->set, bytes_of(&kept), TUF_KEPT, NULL);
	r = fetch_role(u, "timestamp", 0, LIMIT_TUF_TIMESTAMP, &got, e);
	r = r < 0 ? r : tuf_timestamp(u->set, bytes_of(&got), TUF_FETCHED, e);
	if (r < 0)
		return r;
	return r == 0 ? tuf_files_keep(u->dir, "timestamp", bytes_of(&got), e)
		      : tuf_timestamp_final(u->set, e);
}

/* A file that another one lists: its version and how large it may be. */
static int fetch_listed(struct update *u, const char *role, struct buf *ret, struct err *e)
{
	uint64_t version, max;
	int r = tuf_listed(u->set, role, &version, &max, e);

	return r < 0 ? r : fetch_role(u, role, tuf_consistent(u->set) ? version : 0, max, ret, e);
}

/* Snapshot: 5.5. */
static int update_snapshot(struct update *u, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_SNAPSHOT + 1);
	auto_buf got = BUF_INIT(LIMIT_TUF_SNAPSHOT + 1);
	int r;

	if (tuf_files_load(u->dir, "snapshot", &kept, NULL) == 0 &&
	    tuf_snapshot(u->set, bytes_of(&kept), TUF_KEPT, NULL) == 0)
		return 0;
	r = fetch_listed(u, "snapshot", &got, e);
	r = r < 0 ? r : tuf_snapshot(u->set, bytes_of(&got), TUF_FETCHED, e);
	return r < 0 ? r : tuf_files_keep(u->dir, "snapshot", bytes_of(&got), e);
}

/* Targets, and every delegated role: 5.6. What was kept is verified anew, by who delegates now. */
static int update_targets(struct update *u, const char *role, const char *delegator, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	auto_buf got = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	int r;

	if (tuf_files_load(u->dir, role, &kept, NULL) == 0 &&
	    tuf_targets(u->set, role, delegator, bytes_of(&kept), NULL) == 0)
		return 0;
	r = fetch_listed(u, role, &got, e);
	r = r < 0 ? r : tuf_targets(u->set, role, delegator, bytes_of(&got), e);
	return r < 0 ? r : tuf_files_keep(u->dir, role, bytes_of(&got), e);
}

static int begin(const struct tuf_client *c, struct update *u, struct err *e)
{
	int r;

	*u = (struct update){ .c = c, .dir = -1, .lock = -1 };
	u->dir = tuf_files_open(c->metadata_dir, false, e);
	if (u->dir < 0)
		return WRAP(e, u->dir, "metadata");
	u->lock = tuf_files_lock(u->dir, e);
	if (u->lock < 0)
		return WRAP(e, u->lock, "metadata");
	r = fetch_new(&u->fetch, e);
	return r < 0 ? r : tuf_set_new(clock_now(), &u->set, e);
}

static int refresh(struct update *u, struct err *e)
{
	int r;

	if ((r = load_root(u, e)) < 0 || (r = update_root(u, e)) < 0 ||
	    (r = update_timestamp(u, e)) < 0 || (r = update_snapshot(u, e)) < 0)
		return r;
	return update_targets(u, "targets", "root", e);
}

int tuf_client_refresh(const struct tuf_client *c, struct err *e)
{
	auto_update u = { .dir = -1, .lock = -1 };
	int r = begin(c, &u, e);

	return r < 0 ? r : refresh(&u, e);
}

/* The search for a target: pre-order, each role once (5.6.7). */
enum found { FOUND_NOTHING, FOUND_IT, FOUND_END /* nobody else may be asked */ };

static int search(struct update *u, const char *role, const char *path, struct tuf_target *ret,
		  struct err *e);

static int search_delegates(struct update *u, const char *role, const char *path,
			    struct tuf_target *ret, struct err *e)
{
	auto_strv names = { 0 };
	bool last;
	int r = tuf_delegates(u->set, role, path, &names, &last, e);

	for (size_t i = 0; r == FOUND_NOTHING && i < names.n; i++) {
		if (strv_has(&u->visited, names.v[i]))
			continue;
		if (u->visited.n >= LIMIT_TUF_VISITS)
			return FOUND_END;
		r = update_targets(u, names.v[i], role, e);
		r = r < 0 ? r : search(u, names.v[i], path, ret, e);
	}
	return r == FOUND_NOTHING && last ? FOUND_END : r;
}

static int search(struct update *u, const char *role, const char *path, struct tuf_target *ret,
		  struct err *e)
{
	int r = strv_add(&u->visited, role, e);

	if (r < 0)
		return r;
	if (tuf_find(u->set, role, path, ret))
		return FOUND_IT;
	return search_delegates(u, role, path, ret, e);
}

int tuf_client_download(const struct tuf_client *c, const struct tuf_download *d, struct err *e)
{
	auto_update u = { .dir = -1, .lock = -1 };
	struct tuf_target target;
	int r = begin(c, &u, e);

	r = r < 0 ? r : refresh(&u, e);
	r = r < 0 ? r : search(&u, "targets", d->name, &target, e);
	if (r < 0)
		return r;
	if (r != FOUND_IT)
		return FAIL(e, E_NOTFOUND, "no role that may lists the target '%.300s'", d->name);
	return tuf_target_get(u.fetch, d, &target, tuf_consistent(u.set), e);
}

/* init */

/* 0 when the folder began with these very bytes, E_NOTFOUND when it is new. */
static int begun_with(int dir, uint64_t version, struct str root, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);

	if (!fs_exists(dir, "root.json"))
		return FAIL(e, E_NOTFOUND, "no root yet");
	if (tuf_files_load_root(dir, version, &kept, NULL) == 0 && kept.n == root.n &&
	    memcmp(buf_str(&kept), root.p, root.n) == 0)
		return 0;
	return FAIL(e, E_USAGE, "the folder began with another root; take a new folder for this");
}

int tuf_client_init(const char *metadata_dir, const char *root_file, struct err *e)
{
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 1);
	auto_release(tuf_set_free) struct tuf_set *set = NULL;
	auto_close int dir = -1;
	auto_close int lock = -1;
	int r;

	if ((r = fs_read_user(root_file, LIMIT_TUF_ROOT, &root, e)) < 0 ||
	    (r = tuf_set_new(clock_now(), &set, e)) < 0 ||
	    (r = tuf_first_root(set, bytes_of(&root), e)) < 0)
		return WRAP(e, r, "trust '%s'", root_file);
	dir = tuf_files_open(metadata_dir, true, e);
	if (dir < 0)
		return dir;
	lock = tuf_files_lock(dir, e);
	if (lock < 0)
		return lock;
	r = begun_with(dir, tuf_root_version(set), bytes_of(&root), e);
	return r == E_NOTFOUND ? tuf_files_keep_root(dir, tuf_root_version(set), bytes_of(&root), e)
			       : r;
}
