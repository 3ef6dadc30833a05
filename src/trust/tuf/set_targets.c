/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "trust/tuf/set_internal.h"

/* Targets files in the set (TUF 5.6), and what the trusted metadata says. */

static int role_by(const struct tuf_set *s, const char *role, const char *delegator,
		   struct tuf_role *ret, struct err *e)
{
	const struct tuf_doc *by;

	if (strcmp(role, "targets") == 0)
		return tuf_root_role(s->root, role, ret, e);
	if (!s->dialect->versions && !notary1_is_child(role, delegator))
		return FAIL(e, E_VERIFY, "'%.80s' may not delegate to it", delegator);
	by = set_targets_of(s, delegator);
	if (!by)
		return FAIL(e, E_INTERNAL, "the delegator '%.80s' is not there", delegator);
	return tuf_delegated_role(by, role, ret, e);
}

static int add_targets(struct tuf_set *s, const char *role, struct tuf_doc *d, struct err *e)
{
	void *v;
	char *name;

	for (size_t i = 0; i < s->targets_n; i++)
		if (strcmp(s->targets[i].role, role) == 0) {
			set_replace(&s->targets[i].doc, d);
			return 0;
		}
	v = reallocarray(s->targets, s->targets_n + 1, sizeof(*s->targets));
	if (v)
		s->targets = v;
	name = v ? strdup(role) : NULL;
	if (!name) {
		tuf_doc_free(d);
		return FAIL_NOMEM(e);
	}
	s->targets[s->targets_n].role = name;
	s->targets[s->targets_n++].doc = d;
	return 0;
}

/* Against what was kept of the role, if tuf_targets_before() was told. */
static int check_before(const struct tuf_set *s, const char *role, uint64_t version, struct err *e)
{
	uint64_t had = (uint64_t)json_integer_value(json_object_get(s->before, role));

	if (version < had)
		return set_fail_rollback(role, version, had, e);
	if (version == had)
		return FAIL(e, E_VERIFY, "another file of version %llu was here",
			    (unsigned long long)version);
	return 0;
}

static int targets(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	const json_t *meta = set_meta_of(s->snapshot, st->role);
	struct tuf_role role;
	int r;

	if (!meta)
		return FAIL(e, E_VERIFY, "the snapshot does not list it");
	if ((r = tuf_check_bytes(st->bytes, meta, e)) < 0 ||
	    (r = tuf_doc_parse(st->s->dialect, st->bytes, TUF_TARGETS, &d, e)) < 0 ||
	    (r = role_by(s, st->role, st->delegator, &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	r = check_before(s, st->role, d->version, e);
	if (r < 0)
		return r;
	if (s->dialect->versions && d->version != set_version_of(meta))
		return FAIL(e, E_VERIFY, "it is version %llu, the snapshot names %llu",
			    (unsigned long long)d->version,
			    (unsigned long long)set_version_of(meta));
	r = set_check_expiry(s, d, st->role, e);
	return r < 0 ? r : add_targets(s, st->role, TAKE(d), e);
}

static int targets_before(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	const json_t *meta = st->s->snapshot ? set_meta_of(st->s->snapshot, st->role) : NULL;
	struct tuf_role role;
	int r;

	if ((r = tuf_doc_parse(st->s->dialect, st->bytes, TUF_TARGETS, &d, e)) < 0 ||
	    (r = role_by(st->s, st->role, st->delegator, &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	/* The very file that is listed: it was no good for another reason, which is to be told. */
	if (meta && tuf_check_bytes(st->bytes, meta, NULL) == 0)
		return 0;
	return json_put_u64(st->s->before, st->role, d->version, e);
}

int tuf_targets_before(struct tuf_set *s, const char *role, const char *delegator, struct str bytes,
		       struct err *e)
{
	if (s->dialect->versions)
		return 0;
	return set_run_step(&(struct step){ .s = s,
					    .bytes = bytes,
					    .role = role,
					    .delegator = delegator,
					    .run = targets_before },
			    e);
}

int tuf_targets(struct tuf_set *s, const char *role, const char *delegator, struct str bytes,
		struct err *e)
{
	struct step st = {
		.s = s, .bytes = bytes, .role = role, .delegator = delegator, .run = targets
	};
	int r = tuf_timestamp_final(s, e);

	if (r == 0 && (!s->snapshot || !s->snapshot_final || strlen(role) > LIMIT_TUF_NAME))
		r = FAIL(e, E_INTERNAL, "targets out of their turn");
	r = r < 0 ? r : set_run_step(&st, e);
	return r < 0 ? WRAP(e, r, "role '%.80s'", role) : 0;
}

/* What is trusted. */

uint64_t tuf_root_version(const struct tuf_set *s)
{
	return s->root->version;
}

const json_t *tuf_signed_of(const struct tuf_set *s, const char *role)
{
	const struct tuf_doc *d = strcmp(role, "root") == 0	   ? s->root
				  : strcmp(role, "timestamp") == 0 ? s->timestamp
				  : strcmp(role, "snapshot") == 0  ? s->snapshot
								   : set_targets_of(s, role);

	return d ? d->body : NULL;
}

bool tuf_consistent(const struct tuf_set *s)
{
	return json_is_true(json_object_get(s->root->body, "consistent_snapshot"));
}

int tuf_listed(const struct tuf_set *s, const char *role, uint64_t *ret_version, uint64_t *ret_max,
	       struct err *e)
{
	bool snap = strcmp(role, "snapshot") == 0;
	const struct tuf_doc *by = snap ? s->timestamp : s->snapshot;
	const json_t *meta = by && strlen(role) <= LIMIT_TUF_NAME ? set_meta_of(by, role) : NULL;
	uint64_t max = snap ? LIMIT_TUF_SNAPSHOT : LIMIT_TUF_TARGETS;
	const json_t *length = json_object_get(meta, "length");

	if (!meta)
		return FAIL(e, E_VERIFY, "the %s does not list role '%.80s'",
			    snap ? "timestamp" : "snapshot", role);
	if (length && (uint64_t)json_integer_value(length) < max)
		max = (uint64_t)json_integer_value(length);
	*ret_version = set_version_of(meta);
	*ret_max = max;
	return 0;
}

bool tuf_find(const struct tuf_set *s, const char *role, const char *path, struct tuf_target *ret)
{
	const struct tuf_doc *d = set_targets_of(s, role);
	const json_t *t = d ? json_object_get(json_object_get(d->body, "targets"), path) : NULL;

	if (!t)
		return false;
	ret->length = (uint64_t)json_integer_value(json_object_get(t, "length"));
	ret->hashes = json_object_get(t, "hashes");
	return true;
}

int tuf_delegates(const struct tuf_set *s, const char *role, const char *path, struct strv *ret,
		  bool *ret_last, struct err *e)
{
	const struct tuf_doc *d = set_targets_of(s, role);

	if (!d)
		return FAIL(e, E_INTERNAL, "role '%.80s' is not there", role);
	return tuf_delegates_of(d, path, ret, ret_last, e);
}

const char *tuf_listed_hash(const struct tuf_set *s, const char *role)
{
	bool snap = strcmp(role, "snapshot") == 0;
	const struct tuf_doc *by = snap ? s->timestamp : s->snapshot;
	const json_t *meta = by && strlen(role) <= LIMIT_TUF_NAME ? set_meta_of(by, role) : NULL;

	return json_string_or_null(json_object_get(meta, "hashes"), "sha256");
}
