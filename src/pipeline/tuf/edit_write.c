/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a TUF repository as a change leaves them: what is signed anew, and what stays. */
#include <string.h>

#include "base/clock.h"
#include "pipeline/tuf/edit_internal.h"

/* Above this, a version was taken there by somebody who wanted that none follows. */
#define FAST_FORWARDED ((json_int_t)1 << 31)

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
	return tuf_edit_put_file(x, role, tuf_body_version(body),
				 (struct str){ bytes->p, bytes->n }, e);
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
		     : tuf_edit_put_file(x, "root", tuf_body_version(x->root),
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
