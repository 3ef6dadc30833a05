/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/edit.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/tuf/edit_internal.h"

enum { EDIT_TRIES = 5 };

static void edit_release(struct tuf_edit *x)
{
	tuf_update_release(&x->u);
	tuf_remote_close(&x->remote);
	tuf_scope_close(&x->scope);
	json_decref(x->root);
	json_decref(x->targets);
	json_decref(x->snapshot);
	json_decref(x->timestamp);
	json_decref(x->root_file);
	json_decref(x->role);
	json_decref(x->files);
	json_decref(x->replaced);
	for (size_t i = 0; i < x->written_n; i++)
		buf_free(&x->bytes[i]);
}
#define auto_edit __attribute__((cleanup(edit_release))) struct tuf_edit

int64_t tuf_edit_expires(const struct tuf_scope *s, enum tuf_top role)
{
	return clock_now() + (int64_t)s->days[role] * 86400;
}

/* Reading. */

static int ask(struct tuf_edit *x, bool again, struct err *e)
{
	struct err own = ERR_INIT;
	struct tuf_seen seen;
	int r;

	/* By a clock that is behind, what is signed expires before others take it. */
	if ((r = tuf_seen_load(&x->scope, &seen, e)) < 0 ||
	    (!again && (r = tuf_seen_check(&seen, clock_now(), e)) < 0) ||
	    (r = tuf_remote_open(x->road, &x->scope.at, &x->remote, e)) < 0)
		return r;
	r = tuf_remote_read(&x->remote, &own);
	if (again && (r == E_FORMAT || r == E_VERIFY)) { /* something else is there */
		own = (struct err)ERR_INIT;
		r = registry_resolve(x->remote.reg, &x->scope.at, &x->remote.manifest, &own);
	}
	if (r == 0 && again) /* whatever is there, only its place is taken */
		r = E_NOTFOUND;
	if (r == 0) {
		x->source = (struct tuf_source){ tuf_remote_get, &x->remote };
		x->u.source = &x->source;
		return 0;
	}
	if (r == E_NOTFOUND && (again || !seen.at)) { /* the first time */
		x->u.kept_only = true;
		x->replaced = x->remote.files;
		x->remote.files = json_object();
		return x->remote.files ? 0 : FAIL_NOMEM(e);
	}
	if (e)
		*e = own;
	return r == E_NOTFOUND
		       ? err_hint(e, r, "plimsoll trust tuf publish --again %s", x->scope.scope)
		       : r;
}

static int copy_bodies(struct tuf_edit *x, struct err *e)
{
	x->root = json_deep_copy(tuf_signed_of(x->u.set, "root"));
	x->targets = json_deep_copy(tuf_signed_of(x->u.set, "targets"));
	x->snapshot = json_deep_copy(tuf_signed_of(x->u.set, "snapshot"));
	x->timestamp = json_deep_copy(tuf_signed_of(x->u.set, "timestamp"));
	x->files = json_object();
	return x->root && x->targets && x->snapshot && x->timestamp && x->files ? 0 : FAIL_NOMEM(e);
}

static int read_all(struct tuf_edit *x, const struct tuf_edit_opts *o, struct err *e)
{
	int r = tuf_scope_open(x->road->state, o->scope, &x->scope, e);

	if (r < 0)
		return r;
	x->u.where = x->scope.scope;
	x->u.dir = fs_open(x->scope.dir, ".", O_RDONLY | O_DIRECTORY, 0, e);
	if (x->u.dir < 0)
		return x->u.dir;
	/* Time 0: what is expired is what most needs to be signed anew. */
	if ((r = tuf_update_begin(&x->u, 0, e)) < 0 || (r = ask(x, o->again, e)) < 0 ||
	    (r = tuf_update_run(&x->u, e)) < 0)
		return r;
	return copy_bodies(x, e);
}

int tuf_edit_role(struct tuf_edit *x, const char *role, json_t **ret, struct err *e)
{
	uint64_t version, max;
	int r;

	if (x->role && strcmp(x->role_name, role) != 0)
		return FAIL(e, E_INTERNAL, "two delegated roles in one change");
	if (!x->role) {
		if (strlen(role) > LIMIT_TUF_NAME)
			return FAIL(e, E_USAGE, "'%.80s' is too long for a role", role);
		(void)snprintf(x->role_name, sizeof(x->role_name), "%s", role);
		if (tuf_listed(x->u.set, role, &version, &max, NULL) < 0)
			version = 0;
		if (!version || !tuf_role_of(tuf_signed_of(x->u.set, "targets"), role)) {
			/* Of a role that was there once, the versions go on. */
			r = tuf_targets_new(&x->role, e);
			r = r < 0 ? r : json_put_u64(x->role, "version", version, e);
		} else {
			r = tuf_update_targets(&x->u, role, "targets", e);
			x->role = r < 0 ? NULL : json_deep_copy(tuf_signed_of(x->u.set, role));
		}
		if (r < 0)
			return r;
		if (!x->role)
			return FAIL_NOMEM(e);
	}
	*ret = x->role;
	return 0;
}

/* Verifying, as a client that has the root of before will. */

static struct str bytes_of(const struct tuf_edit *x, const char *role, struct buf *kept)
{
	for (size_t i = 0; i < x->written_n; i++)
		if (strcmp(x->written[i], role) == 0)
			return (struct str){ x->bytes[i].p, x->bytes[i].n };
	(void)tuf_files_load(x->u.dir, role, kept, NULL);
	return (struct str){ buf_str(kept), kept->n };
}

static int check_all(const struct tuf_edit *x, struct err *e)
{
	auto_release(tuf_set_free) struct tuf_set *set = NULL;
	auto_buf root = BUF_INIT(LIMIT_TUF_ROOT + 1), snapshot = BUF_INIT(LIMIT_TUF_SNAPSHOT + 1),
		 targets = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	int r;

	if ((r = tuf_files_load(x->u.dir, "root", &root, e)) < 0 ||
	    (r = tuf_set_new(clock_now(), &set, e)) < 0 ||
	    (r = tuf_first_root(set, (struct str){ buf_str(&root), root.n }, e)) < 0)
		return r;
	if (x->root_file)
		r = tuf_next_root(set, bytes_of(x, "root", &root), e);
	if (r < 0 || (r = tuf_root_final(set, e)) < 0 ||
	    (r = tuf_timestamp(set, bytes_of(x, "timestamp", &snapshot), TUF_FETCHED, e)) < 0 ||
	    (r = tuf_snapshot(set, bytes_of(x, "snapshot", &snapshot), TUF_FETCHED, e)) < 0 ||
	    (r = tuf_targets(set, "targets", "root", bytes_of(x, "targets", &targets), e)) < 0)
		return r;
	return x->role ? tuf_targets(set, x->role_name, "targets",
				     bytes_of(x, x->role_name, &targets), e)
		       : 0;
}

/* Who is killed in here fetches the same files the next time: the root, which was written first, is
 * kept last, so that by the one before it is known what its rotation makes to be forgotten. */
static int keep_all(struct tuf_edit *x, struct err *e)
{
	const struct tuf_seen seen = { x->remote.manifest.digest, clock_now() };
	int r = 0;

	for (size_t i = x->written_n; r == 0 && i-- > 0;) {
		struct str bytes = { x->bytes[i].p, x->bytes[i].n };

		r = strcmp(x->written[i], "root") == 0
			    ? tuf_files_keep_root(x->u.dir, tuf_body_version(x->root), bytes, e)
			    : tuf_files_keep(x->u.dir, x->written[i], bytes, e);
	}
	return r < 0 ? r : tuf_seen_save(&x->scope, &seen, e);
}

static int run_once(const struct road *road, const struct tuf_edit_opts *o,
		    int (*change)(struct tuf_edit *x, void *arg, struct err *e), void *arg,
		    struct tuf_versions *ret, struct err *e)
{
	auto_edit x = { .road = road,
			.signer = { road->state, o->passphrase },
			.scope = TUF_SCOPE_INIT,
			.u = TUF_UPDATE_INIT,
			.renew = o->renew };
	int r = read_all(&x, o, e);

	if (r == 0)
		r = tuf_edit_put_files(&x, e);
	if (r == 0 && change)
		r = change(&x, arg, e);
	r = r < 0 ? r : tuf_edit_write(&x, e);
	if (r == 0 && (r = check_all(&x, e)) < 0)
		r = WRAP(e, r, "what would be published is not what a client accepts");
	if ((r = r < 0 ? r : tuf_remote_write(&x.remote, x.files, e)) < 0 ||
	    (r = keep_all(&x, e)) < 0)
		return r;
	if (ret)
		*ret = (struct tuf_versions){ tuf_body_version(x.root),
					      tuf_body_version(x.timestamp),
					      tuf_body_version(x.snapshot),
					      tuf_body_version(x.targets) };
	return 0;
}

int tuf_edit_run(const struct road *road, const struct tuf_edit_opts *o,
		 int (*change)(struct tuf_edit *x, void *arg, struct err *e), void *arg,
		 struct tuf_versions *ret, struct err *e)
{
	struct err own = ERR_INIT;
	int r = E_POLICY;

	for (int i = 0; r == E_POLICY && i < EDIT_TRIES; i++) {
		own = ERR_INIT;
		r = run_once(road, o, change, arg, ret, &own);
	}
	if (r < 0 && e)
		*e = own;
	return r < 0 ? WRAP(e, r, "TUF repository of '%s'", o->scope) : 0;
}
