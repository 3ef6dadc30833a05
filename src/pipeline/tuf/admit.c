/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/admit.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/notary1/notary1.h"
#include "pipeline/tuf/remote.h"
#include "pipeline/tuf/scope.h"

/* One look at a scope. */
struct look {
	const struct road *road;
	const struct ref *ref;
	const struct desc *d;
	struct tuf_scope scope;
	struct tuf_remote remote;
	struct tuf_source source;
	struct tuf_update u;
	bool offline;
	char why[200]; /* it is */
	char path[LIMIT_REF + 1];
	const char *role; /* who lists the target; borrowed from u.visited */
};

static void look_release(struct look *l)
{
	tuf_update_release(&l->u);
	tuf_remote_close(&l->remote);
	tuf_scope_close(&l->scope);
}
#define auto_look __attribute__((cleanup(look_release))) struct look
#define LOOK_INIT ((struct look){ .scope = { .dir = -1 }, .u = { .dir = -1, .lock = -1 } })

/* The registry's metadata, or nobody's when it cannot be reached; opened is what came of
 * tuf_remote_open(), own its error. */
static int ask(struct look *l, bool must, int opened, struct err own, struct err *e)
{
	int r = opened < 0 ? opened : tuf_remote_read(&l->remote, &own);

	if (r == E_REMOTE && !must) {
		(void)snprintf(l->why, sizeof(l->why), "%.199s", own.msg);
		l->offline = true;
		l->u.kept_only = true;
		return 0;
	}
	if (r == 0) {
		l->source = (struct tuf_source){ tuf_remote_get, &l->remote };
		l->u.source = &l->source;
		return 0;
	}
	if (e)
		*e = own;
	return r == E_NOTFOUND ? WRAP(e, r, "the registry serves no TUF metadata") : r;
}

static int refresh(struct look *l, bool must, struct err *e)
{
	int64_t now = clock_now();
	struct err own = ERR_INIT;
	struct tuf_seen seen;
	int r, opened;

	l->u.where = l->scope.scope;
	l->u.dir = fs_open(l->scope.dir, ".", O_RDONLY | O_DIRECTORY, 0, e);
	if (l->u.dir < 0)
		return l->u.dir;
	/* A registry that stalls must not make others wait for the lock. */
	opened = tuf_remote_open(l->road, &l->scope.at, &l->remote, &own);
	if ((r = tuf_update_begin(&l->u, now, e)) < 0 ||
	    (r = tuf_seen_load(&l->scope, &seen, e)) < 0 ||
	    (r = tuf_seen_check(&seen, now, e)) < 0 || (r = ask(l, must, opened, own, e)) < 0 ||
	    (r = tuf_update_run(&l->u, e)) < 0) {
		/* A repository of our own that was begun, and is not out yet. */
		if (r == E_NOTFOUND && fs_exists(l->scope.dir, "next-root"))
			return err_hint(e, r, "plimsoll trust tuf publish %.200s", l->scope.scope);
		return r;
	}
	if (l->offline)
		return 0;
	return tuf_seen_note(&l->scope, &seen, &l->remote.manifest.digest, now, e);
}

static json_int_t version_of(const struct look *l, const char *role)
{
	return json_integer_value(json_object_get(tuf_signed_of(l->u.set, role), "version"));
}

static json_t *detail_of(const struct look *l)
{
	if (!l->u.set)
		return json_pack("{ss}", "scope", l->scope.scope);
	return json_pack("{ss sI sI sI sI ss* ss* sb}", "scope", l->scope.scope, "root",
			 l->u.set && tuf_signed_of(l->u.set, "root") ? version_of(l, "root") : 0,
			 "timestamp", version_of(l, "timestamp"), "snapshot",
			 version_of(l, "snapshot"), "targets", version_of(l, "targets"), "target",
			 l->path[0] ? l->path : NULL, "role", l->role, "offline", l->offline);
}

bool tuf_is_listed_as(const struct tuf_target *t, const struct desc *d)
{
	const char *hex = json_string_or_null(t->hashes, "sha256");

	return hex && t->length == d->size && strcmp(hex, digest_hex(&d->digest)) == 0;
}

int tuf_fail_unlisted(const char *what, uint64_t version, struct err *e)
{
	return FAIL(e, E_VERIFY,
		    "'%s' is not listed (targets version %llu): it was never published, or removed",
		    what, (unsigned long long)version);
}

int tuf_fail_older(const char *what, const struct desc *d, const struct tuf_target *t,
		   const char *role, uint64_t version, const char *name, struct err *e)
{
	const char *hex = json_string_or_null(t->hashes, "sha256");
	int r = FAIL(e, E_VERIFY,
		     "'%s' is %s here, and not what is newest: sha256:%.64s (role '%.80s', targets "
		     "version %llu)",
		     what, d->digest.s, hex ? hex : "?", role, (unsigned long long)version);

	return err_hint(e, r, "plimsoll pull %s", name);
}

int tuf_admitted(int r, const char *root_of, const char *why_offline, struct err *e)
{
	if (r < 0 && why_offline)
		r = WRAP(e, r, "(the registry cannot be reached: by what was seen last; %s)",
			 why_offline);
	if (r == E_FORMAT || r == E_NOTFOUND) {
		r = E_VERIFY;
		if (e)
			e->code = r;
	}
	return r < 0 ? WRAP(e, r, "%s", root_of) : 0;
}

static int check_tag(struct look *l, struct err *e)
{
	struct tuf_target t;
	uint64_t version = (uint64_t)version_of(l, "targets");
	int r = tuf_update_search(&l->u, l->path, &t, e);

	if (r < 0)
		return r;
	if (r == 0)
		return tuf_fail_unlisted(l->path, version, e);
	l->role = l->u.visited.v[l->u.visited.n - 1];
	return tuf_is_listed_as(&t, l->d)
		       ? 0
		       : tuf_fail_older(l->path, l->d, &t, l->role, version, l->road->name, e);
}

/* References by digest: some tag of the repository means it today. */

/* A role that is expired, broken or not to be had is nothing to the tags of others; why the first
 * was not is told if nobody means the digest. */
static bool is_passed_over(int r, const struct err *own, struct err *first)
{
	if (r != E_VERIFY && r != E_FORMAT && r != E_NOTFOUND && r != E_REMOTE)
		return false;
	if (!first->code)
		*first = *own;
	return true;
}

static int search_tags(struct look *l, const char *role, struct err *first, struct err *e)
{
	/* The search verifies roles anew, and frees what was there of them. */
	auto_json *targets = json_incref(json_object_get(tuf_signed_of(l->u.set, role), "targets"));
	json_t *v;
	char prefix[LIMIT_REF];
	const char *path;

	(void)snprintf(prefix, sizeof(prefix), "%s:", l->ref->name);
	json_object_foreach(targets, path, v)
	{
		const char *hex = json_string_or_null(json_object_get(v, "hashes"), "sha256");
		struct err own = ERR_INIT;
		struct tuf_target t;
		int r;

		if (!starts_with(path, prefix) || strlen(path) >= sizeof(l->path) || !hex ||
		    strcmp(hex, digest_hex(&l->d->digest)) != 0)
			continue;
		/* The role lists it; that it may is for the search to say. */
		r = tuf_update_search(&l->u, path, &t, &own);
		if (r < 0 && !is_passed_over(r, &own, first)) {
			if (e)
				*e = own;
			return r;
		}
		if (r == 1 && tuf_is_listed_as(&t, l->d)) {
			(void)snprintf(l->path, sizeof(l->path), "%s", path);
			l->role = l->u.visited.v[l->u.visited.n - 1];
			return 1;
		}
	}
	return 0;
}

/* Every role that targets delegates to, directly or not, that the snapshot lists. */
static int all_roles(struct look *l, struct strv *ret, struct err *first, struct err *e)
{
	int r = strv_add(ret, "targets", e);

	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		json_t *d = json_object_get(tuf_signed_of(l->u.set, ret->v[i]), "delegations");
		json_t *v;
		size_t k;

		json_array_foreach(json_object_get(d, "roles"), k, v)
		{
			const char *name = json_string_or_null(v, "name");
			struct err own = ERR_INIT;
			uint64_t version, max;

			if (strv_has(ret, name) ||
			    tuf_listed(l->u.set, name, &version, &max, NULL) < 0)
				continue;
			if (ret->n >= LIMIT_TUF_VISITS)
				return 0;
			r = tuf_update_targets(&l->u, name, ret->v[i], &own);
			r = r < 0 ? r : strv_add(ret, name, &own);
			if (r < 0 && !is_passed_over(r, &own, first)) {
				if (e)
					*e = own;
				return r;
			}
			r = 0;
		}
	}
	return r;
}

static int check_digest(struct look *l, struct err *e)
{
	struct err first = ERR_INIT;
	auto_strv roles = { 0 };
	int r;

	if (l->scope.any_digest)
		return 0;
	r = all_roles(l, &roles, &first, e);
	for (size_t i = 0; r == 0 && i < roles.n; i++)
		r = search_tags(l, roles.v[i], &first, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (first.code) {
		if (e)
			*e = first;
		return first.code;
	}
	r = FAIL(e, E_VERIFY, "no tag of '%s' means %s now (targets version %llu)", l->ref->name,
		 l->d->digest.s, (unsigned long long)version_of(l, "targets"));
	return err_hint(e, r, "plimsoll trust tuf status %s", l->scope.scope);
}

static int admit_named(const struct road *road, const struct ref *ref, const struct desc *d,
		       json_t **ret, struct err *e)
{
	auto_look l = LOOK_INIT;
	auto_buf repository = BUF_INIT(2 * LIMIT_REF), path = BUF_INIT(LIMIT_REF);
	char root_of[LIMIT_REF + 32];
	int r;

	l.road = road;
	l.ref = ref;
	l.d = d;
	ref_repository(ref, &repository);
	r = tuf_scope_find(road->state, buf_str(&repository), &l.scope, e);
	if (r <= 0)
		return r;
	if (l.scope.notary)
		return notary1_admit(road, &l.scope, ref, d, ret, e);
	r = refresh(&l, false, e);
	if (r == 0 && ref->tag[0]) {
		tuf_path_of(ref, &path);
		(void)snprintf(l.path, sizeof(l.path), "%s", buf_str(&path));
		r = check_tag(&l, e);
	} else if (r == 0) {
		r = check_digest(&l, e);
	}
	if (ret)
		*ret = detail_of(&l);
	(void)snprintf(root_of, sizeof(root_of), "TUF root of '%s'", l.scope.scope);
	return tuf_admitted(r, root_of, l.offline ? l.why : NULL, e);
}

/* An image that is known by its digest alone: as one of the names that it has here. */
static int admit_by_names(const struct road *road, const struct desc *d, json_t **ret,
			  struct err *e)
{
	auto_json *list = NULL, *tuf = NULL;
	struct err first = ERR_INIT;
	const json_t *entry;
	size_t i;
	int r = store_list(road->store, &list, e);

	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_or_null(json_object_get(entry, "annotations"),
						       ANNOTATION_REF_NAME);
		const char *digest = json_string_or_null(entry, "digest");
		struct err own = ERR_INIT;
		struct ref ref;

		if (r < 0 || !name || !digest || strcmp(digest, d->digest.s) != 0 ||
		    ref_parse(name, &ref, NULL) < 0 || !ref.host[0])
			continue;
		json_decref(tuf);
		tuf = NULL;
		r = admit_named(road, &ref, d, &tuf, &own);
		if (r == 0 && tuf) {
			if (ret)
				*ret = TAKE(tuf);
			return 0;
		}
		if (r < 0 && !is_passed_over(r, &own, &first)) {
			if (e)
				*e = own;
			return r;
		}
		r = 0;
	}
	if (r < 0 || !first.code)
		return r;
	if (e)
		*e = first;
	return WRAP(e, first.code, "%.19s", d->digest.s);
}

int tuf_admit(const struct road *road, const struct ref *ref, const struct desc *d, json_t **ret,
	      struct err *e)
{
	return ref->name[0] ? admit_named(road, ref, d, ret, e) : admit_by_names(road, d, ret, e);
}

int tuf_scope_refresh(const struct road *road, const char *scope, json_t **ret, struct err *e)
{
	auto_look l = LOOK_INIT;
	int r;

	l.road = road;
	r = tuf_scope_open(road->state, scope, &l.scope, e);
	r = r < 0 ? r : refresh(&l, true, e);
	if (r == 0)
		*ret = detail_of(&l);
	return r;
}
