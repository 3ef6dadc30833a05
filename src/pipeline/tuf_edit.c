/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf_edit.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "oci/store.h"

enum { EDIT_TRIES = 5 };
/* Above this, a version was taken there by somebody who wanted that none follows. */
#define FAST_FORWARDED ((json_int_t)1 << 31)

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

	if ((r = tuf_seen_load(&x->scope, &seen, e)) < 0 ||
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
	x->files = json_copy(x->remote.files);
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

/* Writing. */

static uint64_t version_of(const json_t *body)
{
	return (uint64_t)json_integer_value(json_object_get(body, "version"));
}

/* A file among the files, in the place of the role's older one (but roots stay, all of them). */
static int put_file(struct tuf_edit *x, const char *role, uint64_t version, struct str bytes,
		    struct err *e)
{
	auto_buf title = BUF_INIT(4 * LIMIT_TUF_NAME), bare = BUF_INIT(4 * LIMIT_TUF_NAME);
	bool root = strcmp(role, "root") == 0, timestamp = strcmp(role, "timestamp") == 0;
	const char *name;
	json_t *v, *layer;
	struct desc d;
	void *tmp;
	int r = store_blob_put(x->road->store, TUF_LAYER_TYPE, bytes.p, bytes.n, &d, e);

	if (r < 0)
		return r;
	tuf_file_name(role, 0, &bare);
	json_object_foreach_safe(x->files, tmp, name, v)
	{
		size_t digits = strspn(name, "0123456789");

		if (!root && digits && name[digits] == '.' &&
		    strcmp(name + digits + 1, buf_str(&bare)) == 0)
			(void)json_object_del(x->files, name);
	}
	tuf_file_name(role, timestamp ? 0 : version, &title);
	layer = desc_json(&d);
	r = layer ? json_put(layer, "annotations", json_pack("{ss}", TUF_TITLE, buf_str(&title)), e)
		  : FAIL_NOMEM(e);
	if (r < 0) {
		json_decref(layer);
		return r;
	}
	return json_put(x->files, buf_str(&title), layer, e);
}

static int write_role(struct tuf_edit *x, const char *role, const json_t *by, json_t *body,
		      enum tuf_top kind, struct err *e)
{
	struct buf *bytes = &x->bytes[x->written_n];
	int r;

	*bytes = BUF_INIT(LIMIT_TUF_TARGETS);
	x->written[x->written_n++] = role;
	if ((r = tuf_body_bump(body, tuf_edit_expires(&x->scope, kind), e)) < 0 ||
	    (r = tuf_sign_file(&x->signer, by, role, body, bytes, e)) < 0)
		return r;
	return put_file(x, role, version_of(body), (struct str){ bytes->p, bytes->n }, e);
}

static int note_meta(json_t *in, const char *role, const json_t *body, const struct buf *bytes,
		     struct err *e)
{
	return tuf_body_meta(in, role, version_of(body), (struct str){ bytes->p, bytes->n }, e);
}

/* Whether a file that stays as it is would still be trusted by the root that comes. */
static bool holds(const struct tuf_edit *x, const char *role)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	auto_json *envelope = NULL;
	struct tuf_signed n;

	return tuf_files_load(x->u.dir, role, &kept, NULL) == 0 &&
	       json_parse(buf_str(&kept), kept.n, role, &envelope, NULL) == 0 &&
	       tuf_signed_by(x->root, role, envelope, &n, NULL) == 0 && n.have >= n.need;
}

bool tuf_edit_near_end(const struct tuf_edit *x, const json_t *body, enum tuf_top kind)
{
	const char *text = json_string_or_null(body, "expires");
	int64_t at;

	return !text || clock_parse_rfc3339(str_of(text), &at, NULL) < 0 ||
	       at < clock_now() + (int64_t)x->scope.days[kind] * 86400 / 2;
}

/* A role whose keys are elsewhere is for others to renew; the timestamp must not wait for them. */
static bool renews(const struct tuf_edit *x, const char *role, const json_t *body,
		   enum tuf_top kind)
{
	const json_t *o = tuf_role_of(x->root, role);
	uint64_t here = 0;

	return x->renew && tuf_edit_near_end(x, body, kind) &&
	       tuf_keys_of_role(x->road->state, x->root, role, &here, NULL) == 0 &&
	       here >= (uint64_t)json_integer_value(json_object_get(o, "threshold"));
}

static bool has_keyid(const json_t *keyids, const char *keyid)
{
	const json_t *v;
	size_t i;

	json_array_foreach(keyids, i, v)
	{
		if (strcmp(json_string_value(v), keyid) == 0)
			return true;
	}
	return false;
}

/* A key of the role is gone with the root that comes. */
static bool lost_key(const struct tuf_edit *x, const char *role)
{
	const json_t *was = tuf_role_of(tuf_signed_of(x->u.set, "root"), role), *v;
	const json_t *is = json_object_get(tuf_role_of(x->root, role), "keyids");
	size_t i;

	json_array_foreach(json_object_get(was, "keyids"), i, v)
	{
		if (!has_keyid(is, json_string_value(v)))
			return true;
	}
	return false;
}

/* Clients forget both roles when a key of either goes, and only then, so they may begin anew below
 * the number that a thief of the key took them to. */
static int begin_anew(struct tuf_edit *x, struct err *e)
{
	json_t *both[] = { x->snapshot, x->timestamp };
	int r = 0;

	if (!lost_key(x, "snapshot") && !lost_key(x, "timestamp"))
		return 0;
	for (size_t i = 0; r == 0 && i < 2; i++)
		if (json_integer_value(json_object_get(both[i], "version")) > FAST_FORWARDED)
			r = json_put_u64(both[i], "version", 0, e);
	return r;
}

static int write_root(struct tuf_edit *x, struct err *e)
{
	struct buf *bytes = &x->bytes[x->written_n];
	int r;

	*bytes = BUF_INIT(LIMIT_TUF_ROOT);
	x->written[x->written_n++] = "root";
	json_decref(x->root);
	x->root = json_incref(json_object_get(x->root_file, "signed"));
	r = json_canonical(x->root_file, bytes, e);
	return r < 0 ? r
		     : put_file(x, "root", version_of(x->root), (struct str){ bytes->p, bytes->n },
				e);
}

static int write_all(struct tuf_edit *x, struct err *e)
{
	bool snapshot;
	int r = x->root_file ? write_root(x, e) : 0;

	r = r < 0 ? r : begin_anew(x, e);
	x->targets_changed |=
		!holds(x, "targets") || renews(x, "targets", x->targets, TUF_TOP_TARGETS);
	snapshot = x->targets_changed || x->role || !holds(x, "snapshot") ||
		   renews(x, "snapshot", x->snapshot, TUF_TOP_SNAPSHOT);
	if (r == 0 && x->role) {
		r = write_role(x, x->role_name, x->targets, x->role, TUF_TOP_TARGETS, e);
		r = r < 0 ? r
			  : note_meta(x->snapshot, x->role_name, x->role,
				      &x->bytes[x->written_n - 1], e);
	}
	if (r == 0 && x->targets_changed) {
		r = write_role(x, "targets", x->root, x->targets, TUF_TOP_TARGETS, e);
		r = r < 0 ? r
			  : note_meta(x->snapshot, "targets", x->targets,
				      &x->bytes[x->written_n - 1], e);
	}
	if (r == 0 && snapshot) {
		r = write_role(x, "snapshot", x->root, x->snapshot, TUF_TOP_SNAPSHOT, e);
		r = r < 0 ? r
			  : note_meta(x->timestamp, "snapshot", x->snapshot,
				      &x->bytes[x->written_n - 1], e);
	}
	return r < 0 ? r : write_role(x, "timestamp", x->root, x->timestamp, TUF_TOP_TIMESTAMP, e);
}

/* The files of a first publication: whatever is kept. */
static int put_kept(struct tuf_edit *x, const char *role, uint64_t version, struct err *e)
{
	auto_buf kept = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	int r = strcmp(role, "root") == 0 ? tuf_files_load_root(x->u.dir, version, &kept, e)
					  : tuf_files_load(x->u.dir, role, &kept, e);

	return r < 0 ? r : put_file(x, role, version, (struct str){ buf_str(&kept), kept.n }, e);
}

static bool is_listed_so(const struct buf *file, const json_t *meta)
{
	auto_json *envelope = NULL;

	return tuf_check_bytes((struct str){ buf_str(file), file->n }, meta, NULL) == 0 &&
	       json_parse(buf_str(file), file->n, "role", &envelope, NULL) == 0 &&
	       version_of(json_object_get(envelope, "signed")) == version_of(meta);
}

/* A file that the snapshot lists. Of a role that nobody asked for lately an older one is kept; what
 * the registry has in the place that is taken may still be the right one. */
static int put_listed(struct tuf_edit *x, const char *role, const json_t *meta, struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	struct tuf_remote was = x->remote;
	uint64_t version = version_of(meta);

	was.files = x->replaced;
	if ((tuf_files_load(x->u.dir, role, &file, NULL) < 0 || !is_listed_so(&file, meta)) &&
	    (tuf_remote_get(&was, role, version, LIMIT_TUF_TARGETS, &file, NULL) < 0 ||
	     !is_listed_so(&file, meta)))
		return FAIL(e, E_NOTFOUND,
			    "version %llu of role '%.80s' is neither kept here nor in the registry",
			    (unsigned long long)version, role);
	return put_file(x, role, version, (struct str){ buf_str(&file), file.n }, e);
}

static int put_all_kept(struct tuf_edit *x, struct err *e)
{
	json_t *meta = json_object_get(tuf_signed_of(x->u.set, "snapshot"), "meta"), *v;
	uint64_t root = tuf_root_version(x->u.set);
	const char *name;
	int r = put_kept(x, "snapshot", version_of(x->snapshot), e);

	for (uint64_t i = 1; r == 0 && i <= root; i++)
		r = put_kept(x, "root", i, e);
	json_object_foreach(meta, name, v)
	{
		char role[LIMIT_TUF_NAME + 1];

		(void)snprintf(role, sizeof(role), "%.*s", (int)(strlen(name) - strlen(".json")),
			       name);
		r = r < 0 ? r : put_listed(x, role, v, e);
	}
	return r;
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

/* Who is killed in here fetches the same files the next time. */
static int keep_all(struct tuf_edit *x, struct err *e)
{
	const struct tuf_seen seen = { x->remote.manifest.digest, clock_now() };
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->written_n; i++) {
		struct str bytes = { x->bytes[i].p, x->bytes[i].n };

		r = strcmp(x->written[i], "root") == 0
			    ? tuf_files_keep_root(x->u.dir, version_of(x->root), bytes, e)
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

	if (r == 0 && x.u.kept_only)
		r = put_all_kept(&x, e);
	if (r == 0 && change)
		r = change(&x, arg, e);
	r = r < 0 ? r : write_all(&x, e);
	if (r == 0 && (r = check_all(&x, e)) < 0)
		r = WRAP(e, r, "what would be published is not what a client accepts");
	if ((r = r < 0 ? r : tuf_remote_write(&x.remote, x.files, e)) < 0 ||
	    (r = keep_all(&x, e)) < 0)
		return r;
	if (ret)
		*ret = (struct tuf_versions){ version_of(x.root), version_of(x.timestamp),
					      version_of(x.snapshot), version_of(x.targets) };
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
