/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a TUF repository as a change leaves them: what is signed anew, and what stays. */
#include <string.h>

#include "base/clock.h"
#include "oci/store.h"
#include "pipeline/tuf_edit_internal.h"

/* Above this, a version was taken there by somebody who wanted that none follows. */
#define FAST_FORWARDED ((json_int_t)1 << 31)

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
	return put_file(x, role, tuf_body_version(body), (struct str){ bytes->p, bytes->n }, e);
}

static int note_meta(json_t *in, const char *role, const json_t *body, const struct buf *bytes,
		     struct err *e)
{
	return tuf_body_meta(in, role, tuf_body_version(body), (struct str){ bytes->p, bytes->n },
			     e);
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
		     : put_file(x, "root", tuf_body_version(x->root),
				(struct str){ bytes->p, bytes->n }, e);
}

int tuf_edit_write(struct tuf_edit *x, struct err *e)
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
	       tuf_body_version(json_object_get(envelope, "signed")) == tuf_body_version(meta);
}

/* A file that the snapshot lists. Of a role that nobody asked for lately an older one is kept; what
 * the registry has in the place that is taken may still be the right one. */
static int put_listed(struct tuf_edit *x, const char *role, const json_t *meta, struct err *e)
{
	auto_buf file = BUF_INIT(LIMIT_TUF_TARGETS + 1);
	struct tuf_remote was = x->remote;
	uint64_t version = tuf_body_version(meta);

	was.files = x->replaced;
	if ((tuf_files_load(x->u.dir, role, &file, NULL) < 0 || !is_listed_so(&file, meta)) &&
	    (tuf_remote_get(&was, role, version, LIMIT_TUF_TARGETS, &file, NULL) < 0 ||
	     !is_listed_so(&file, meta)))
		return FAIL(e, E_NOTFOUND,
			    "version %llu of role '%.80s' is neither kept here nor in the registry",
			    (unsigned long long)version, role);
	return put_file(x, role, version, (struct str){ buf_str(&file), file.n }, e);
}

int tuf_edit_put_kept(struct tuf_edit *x, struct err *e)
{
	json_t *meta = json_object_get(tuf_signed_of(x->u.set, "snapshot"), "meta"), *v;
	uint64_t root = tuf_root_version(x->u.set);
	const char *name;
	int r = put_kept(x, "snapshot", tuf_body_version(x->snapshot), e);

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
