/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "pipeline/tuf/internal.h"

/* The workflow of TUF's section 5, whatever the metadata comes from. */

void tuf_update_release(struct tuf_update *u)
{
	tuf_set_free(u->set);
	strv_free(&u->visited);
	if (u->lock >= 0)
		(void)close(u->lock);
	if (u->dir >= 0)
		(void)close(u->dir);
	*u = TUF_UPDATE_INIT;
}

static struct str bytes_of(const struct buf *b)
{
	return (struct str){ buf_str(b), b->n };
}

/* version 0: the newest, whatever it is. */
static int fetch_role(struct tuf_update *u, const char *role, uint64_t version, uint64_t max,
		      struct buf *ret, struct err *e)
{
	if (!u->source)
		return FAIL(e, E_REMOTE, "role '%.80s' is not kept here, and nobody can be asked",
			    role);
	return u->source->get(u->source->arg, role, version, max, ret, e);
}

/* Root: 5.3. */

static int load_root(struct tuf_update *u, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);
	int r = tuf_files_load(u->dir, "root", &kept, e);

	if (r == E_NOTFOUND)
		return FAIL(e, E_NOTFOUND, "no root is trusted in '%s'", u->where);
	r = r < 0 ? r : tuf_first_root(u->set, bytes_of(&kept), e);
	return r < 0 ? WRAP(e, r, "the root in '%s'", u->where) : 0;
}

/* One that was written, and whose writer was killed before it had its name: it was trusted. */
static bool next_is_here(struct tuf_update *u, uint64_t version)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_ROOT + 1);

	return tuf_files_load_root(u->dir, version, &kept, NULL) == 0 &&
	       tuf_next_root(u->set, bytes_of(&kept), NULL) == 0;
}

/* 5.3.11, at each root that lets a key go, and before it counts: an update that breaks off after
 * it, by whatever, would never know again that it has to be done. */
static int forget_rotated(struct tuf_update *u, struct err *e)
{
	int r = 0;

	if (tuf_recovers(u->set)) {
		r = tuf_files_drop(u->dir, "timestamp", e);
		r = r < 0 ? r : tuf_files_drop(u->dir, "snapshot", e);
	}
	return r;
}

/* 1 when there is no next one. */
static int next_root(struct tuf_update *u, struct err *e)
{
	auto_buf got = BUF_INIT(LIMIT_TUF_ROOT + 1);
	uint64_t version = tuf_root_version(u->set) + 1;
	int r = 0;

	if (!next_is_here(u, version)) {
		r = fetch_role(u, "root", version, LIMIT_TUF_ROOT, &got, e);
		if (r == E_NOTFOUND)
			return 1;
		r = r < 0 ? r : tuf_next_root(u->set, bytes_of(&got), e);
		r = r < 0 ? r : tuf_files_write_root(u->dir, version, bytes_of(&got), e);
	}
	r = r < 0 ? r : forget_rotated(u, e);
	return r < 0 ? r : tuf_files_name_root(u->dir, version, e);
}

static int update_root(struct tuf_update *u, struct err *e)
{
	struct err none = ERR_INIT;
	int r = 0;

	for (int n = 0; r == 0 && !u->kept_only && n < LIMIT_TUF_ROOTS; n++) {
		none = (struct err)ERR_INIT;
		r = next_root(u, &none);
	}
	if (r < 0) {
		if (e)
			*e = none;
		return r;
	}
	return tuf_root_final(u->set, e);
}

bool tuf_is_no_loss(int r)
{
	return r >= 0 || r == E_NOTFOUND || r == E_FORMAT || r == E_VERIFY;
}

static int fail_kept(const char *role, int r, const struct err *own, struct err *e)
{
	if (e)
		*e = *own;
	return WRAP(e, r, "the %s that is kept", role);
}

/* Timestamp: 5.4. What was kept only has to be no newer; it may be expired, broken, or signed by
 * keys that are trusted no more. */
static int update_timestamp(struct tuf_update *u, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TIMESTAMP + 1);
	auto_buf got = BUF_INIT(LIMIT_TUF_TIMESTAMP + 1);
	struct err own = ERR_INIT;
	int r = tuf_files_load(u->dir, "timestamp", &kept, &own);

	r = r < 0 ? r : tuf_timestamp(u->set, bytes_of(&kept), TUF_KEPT, &own);
	if (!tuf_is_no_loss(r))
		return fail_kept("timestamp", r, &own, e);
	if (u->kept_only)
		return tuf_timestamp_final(u->set, e);
	r = fetch_role(u, "timestamp", 0, LIMIT_TUF_TIMESTAMP, &got, e);
	r = r < 0 ? r : tuf_timestamp(u->set, bytes_of(&got), TUF_FETCHED, e);
	if (r < 0)
		return r;
	return r == 0 ? tuf_files_keep(u->dir, "timestamp", bytes_of(&got), e)
		      : tuf_timestamp_final(u->set, e);
}

/* A file that another one lists: its version and how large it may be. */
static int fetch_listed(struct tuf_update *u, const char *role, struct buf *ret, struct err *e)
{
	uint64_t version, max;
	int r = tuf_listed(u->set, role, &version, &max, e);

	if (r == 0 && u->notary && u->source)
		return u->source->get_by_hash(u->source->arg, role, tuf_listed_hash(u->set, role),
					      max, ret, e);
	return r < 0 ? r : fetch_role(u, role, tuf_consistent(u->set) ? version : 0, max, ret, e);
}

/* Snapshot: 5.5. */
static int update_snapshot(struct tuf_update *u, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_SNAPSHOT + 1);
	auto_buf got = BUF_INIT(LIMIT_TUF_SNAPSHOT + 1);
	struct err own = ERR_INIT;
	int r = tuf_files_load(u->dir, "snapshot", &kept, &own);

	r = r < 0 ? r : tuf_snapshot(u->set, bytes_of(&kept), TUF_KEPT, &own);
	if (r == 0)
		return 0;
	if (!tuf_is_no_loss(r))
		return fail_kept("snapshot", r, &own, e);
	r = fetch_listed(u, "snapshot", &got, e);
	r = r < 0 ? r : tuf_snapshot(u->set, bytes_of(&got), TUF_FETCHED, e);
	return r < 0 ? r : tuf_files_keep(u->dir, "snapshot", bytes_of(&got), e);
}

/* Targets, and every delegated role: 5.6. What was kept is verified anew, by who delegates now. */
int tuf_update_targets(struct tuf_update *u, const char *role, const char *delegator, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	auto_buf got = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	struct err own = ERR_INIT;
	int r = tuf_files_load(u->dir, role, &kept, &own);

	if (r == 0 && tuf_targets(u->set, role, delegator, bytes_of(&kept), NULL) == 0)
		return 0;
	r = r < 0 ? r : tuf_targets_before(u->set, role, delegator, bytes_of(&kept), &own);
	if (!tuf_is_no_loss(r))
		return fail_kept(role, r, &own, e);
	r = fetch_listed(u, role, &got, e);
	r = r < 0 ? r : tuf_targets(u->set, role, delegator, bytes_of(&got), e);
	return r < 0 ? r : tuf_files_keep(u->dir, role, bytes_of(&got), e);
}

int tuf_update_begin(struct tuf_update *u, int64_t now, struct err *e)
{
	u->lock = tuf_files_lock(u->dir, e);
	if (u->lock < 0)
		return WRAP(e, u->lock, "metadata");
	return u->notary ? tuf_set_new_notary1(now, u->notary, &u->set, e)
			 : tuf_set_new(now, &u->set, e);
}

int tuf_update_run(struct tuf_update *u, struct err *e)
{
	int r;

	if ((r = load_root(u, e)) < 0 || (r = update_root(u, e)) < 0 ||
	    (r = update_timestamp(u, e)) < 0 || (r = update_snapshot(u, e)) < 0)
		return r;
	return tuf_update_targets(u, "targets", "root", e);
}

/* The search for a target: pre-order, each role once (5.6.7). */
enum found { FOUND_NOTHING, FOUND_IT, FOUND_END /* nobody else may be asked */ };

static int search(struct tuf_update *u, const char *role, const char *path, struct tuf_target *ret,
		  struct err *e);

static int search_delegates(struct tuf_update *u, const char *role, const char *path,
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
		r = tuf_update_targets(u, names.v[i], role, e);
		r = r < 0 ? r : search(u, names.v[i], path, ret, e);
	}
	return r == FOUND_NOTHING && last ? FOUND_END : r;
}

static int search(struct tuf_update *u, const char *role, const char *path, struct tuf_target *ret,
		  struct err *e)
{
	int r = strv_add(&u->visited, role, e);

	if (r < 0)
		return r;
	if (tuf_find(u->set, role, path, ret))
		return FOUND_IT;
	return search_delegates(u, role, path, ret, e);
}

int tuf_update_search(struct tuf_update *u, const char *path, struct tuf_target *ret, struct err *e)
{
	int r;

	strv_free(&u->visited);
	u->visited = (struct strv){ 0 };
	r = search(u, "targets", path, ret, e);
	return r < 0 ? r : r == FOUND_IT ? 1 : 0;
}
