/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/key.h"
#include "sandbox/sandbox.h"
#include "trust/tuf/internal.h"

/* The set of trusted metadata, and the rules by which it grows (TUF 5.3 to 5.6). */
struct tuf_set {
	int64_t now;
	struct tuf_doc *first; /* the root that the update began with */
	struct tuf_doc *root, *timestamp, *snapshot;
	struct {
		char *role;
		struct tuf_doc *doc;
	} *targets;
	size_t targets_n;
	bool snapshot_final; /* not only something to compare with */
};

int tuf_set_new(int64_t now, struct tuf_set **ret, struct err *e)
{
	struct tuf_set *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->now = now;
	*ret = s;
	return 0;
}

void tuf_set_free(struct tuf_set *s)
{
	if (!s)
		return;
	if (s->first != s->root)
		tuf_doc_free(s->first);
	tuf_doc_free(s->root);
	tuf_doc_free(s->timestamp);
	tuf_doc_free(s->snapshot);
	for (size_t i = 0; i < s->targets_n; i++) {
		free(s->targets[i].role);
		tuf_doc_free(s->targets[i].doc);
	}
	free(s->targets);
	free(s);
}

static const struct tuf_doc *targets_of(const struct tuf_set *s, const char *role)
{
	for (size_t i = 0; i < s->targets_n; i++)
		if (strcmp(s->targets[i].role, role) == 0)
			return s->targets[i].doc;
	return NULL;
}

static void replace(struct tuf_doc **at, struct tuf_doc *d)
{
	tuf_doc_free(*at);
	*at = d;
}

static int check_expiry(const struct tuf_set *s, const struct tuf_doc *d, const char *role,
			struct err *e)
{
	char text[RFC3339_MAX], now[RFC3339_MAX];

	if (d->expires > s->now)
		return 0;
	clock_rfc3339(d->expires, text);
	clock_rfc3339(s->now, now);
	return FAIL(e, E_VERIFY, "%.80s version %llu expired at %s (by the clock here it is %s)",
		    role, (unsigned long long)d->version, text, now);
}

/* One step: bytes that somebody says are the next file of a role. */
struct step {
	struct tuf_set *s;
	struct str bytes;
	enum tuf_from from;
	const char *role, *delegator;
	int (*run)(struct step *st, struct err *e);
};

static int run_in_child(void *arg, struct buf *emit, struct err *e)
{
	struct step *st = arg;

	(void)emit;
	return st->run(st, e);
}

/* First in a child that can do nothing else. What it finds good was signed by trusted keys, and
 * only that is parsed here. */
static int run_step(struct step *st, struct err *e)
{
	const struct sandbox box = { .what = "TUF metadata", .write_dir = -1, .cpu_seconds = 60 };
	int r;

	crypto_init();
	r = sandbox_run(&box, run_in_child, st, NULL, e);
	return r < 0 ? r : st->run(st, e);
}

/* Root. */

static int verify_root(const struct tuf_doc *d, const struct tuf_doc *by, struct err *e)
{
	struct tuf_role role;
	int r = tuf_root_role(by, "root", &role, e);

	return r < 0 ? r : tuf_verify(d, &role, e);
}

static int first_root(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	int r = tuf_doc_parse(st->bytes, TUF_ROOT, &d, e);

	r = r < 0 ? r : verify_root(d, d, e);
	if (r < 0)
		return r;
	if (st->s->root)
		return FAIL(e, E_INTERNAL, "a second first root");
	st->s->first = st->s->root = TAKE(d);
	return 0;
}

int tuf_first_root(struct tuf_set *s, struct str bytes, struct err *e)
{
	return run_step(&(struct step){ .s = s, .bytes = bytes, .run = first_root }, e);
}

static int next_root(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	int r = tuf_doc_parse(st->bytes, TUF_ROOT, &d, e);

	if (r < 0)
		return r;
	r = verify_root(d, s->root, e);
	if (r < 0)
		return WRAP(e, r, "by the keys of version %llu",
			    (unsigned long long)s->root->version);
	if (d->version != s->root->version + 1)
		return FAIL(e, E_VERIFY, "root version %llu does not follow version %llu",
			    (unsigned long long)d->version, (unsigned long long)s->root->version);
	r = verify_root(d, d, e);
	if (r < 0)
		return WRAP(e, r, "by its own keys");
	if (s->root != s->first)
		tuf_doc_free(s->root);
	s->root = TAKE(d);
	return 0;
}

int tuf_next_root(struct tuf_set *s, struct str bytes, struct err *e)
{
	if (!s->root || s->timestamp)
		return FAIL(e, E_INTERNAL, "a root out of its turn");
	return run_step(&(struct step){ .s = s, .bytes = bytes, .run = next_root }, e);
}

int tuf_root_final(const struct tuf_set *s, struct err *e)
{
	return check_expiry(s, s->root, "root", e);
}

static bool has_keyid(const struct tuf_role *role, const char *keyid)
{
	size_t i;
	const json_t *v;

	json_array_foreach(role->keyids, i, v)
	{
		if (strcmp(json_string_value(v), keyid) == 0)
			return true;
	}
	return false;
}

static bool lost_key(const struct tuf_doc *before, const struct tuf_doc *now, const char *name)
{
	struct tuf_role a, b;
	size_t i;
	const json_t *v;

	if (tuf_root_role(before, name, &a, NULL) < 0 || tuf_root_role(now, name, &b, NULL) < 0)
		return true;
	json_array_foreach(a.keyids, i, v)
	{
		const char *keyid = json_string_value(v);

		if (!has_keyid(&b, keyid) ||
		    !json_equal(json_object_get(a.keys, keyid), json_object_get(b.keys, keyid)))
			return true;
	}
	return false;
}

bool tuf_recovers(const struct tuf_set *s)
{
	return s->first != s->root && (lost_key(s->first, s->root, "timestamp") ||
				       lost_key(s->first, s->root, "snapshot"));
}

/* Timestamp. */

static const json_t *meta_of(const struct tuf_doc *d, const char *role)
{
	char name[LIMIT_TUF_NAME + 16];

	(void)snprintf(name, sizeof(name), "%s.json", role);
	return json_object_get(json_object_get(d->body, "meta"), name);
}

static uint64_t version_of(const json_t *meta)
{
	return (uint64_t)json_integer_value(json_object_get(meta, "version"));
}

static int fail_rollback(const char *role, uint64_t version, uint64_t had, struct err *e)
{
	return FAIL(e, E_VERIFY, "%.80s version %llu is older than version %llu, which was here",
		    role, (unsigned long long)version, (unsigned long long)had);
}

/* Older than what was trusted before: 5.4.3. 1 when it is of the same version. */
static int compare_timestamp(const struct tuf_doc *had, const struct tuf_doc *d, struct err *e)
{
	uint64_t before = version_of(meta_of(had, "snapshot"));
	uint64_t after = version_of(meta_of(d, "snapshot"));

	if (d->version < had->version)
		return fail_rollback("timestamp", d->version, had->version, e);
	if (d->version == had->version)
		return 1;
	return after < before ? fail_rollback("snapshot", after, before, e) : 0;
}

static int timestamp(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	struct tuf_role role;
	int r;

	if ((r = tuf_doc_parse(st->bytes, TUF_TIMESTAMP, &d, e)) < 0 ||
	    (r = tuf_root_role(s->root, "timestamp", &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	r = s->timestamp ? compare_timestamp(s->timestamp, d, e) : 0;
	if (r)
		return r;
	r = st->from == TUF_FETCHED ? check_expiry(s, d, "timestamp", e) : 0;
	if (r < 0)
		return r;
	replace(&s->timestamp, TAKE(d));
	return 0;
}

int tuf_timestamp(struct tuf_set *s, struct str bytes, enum tuf_from from, struct err *e)
{
	if (!s->root || s->snapshot)
		return FAIL(e, E_INTERNAL, "a timestamp out of its turn");
	return run_step(&(struct step){ .s = s, .bytes = bytes, .from = from, .run = timestamp },
			e);
}

int tuf_timestamp_final(const struct tuf_set *s, struct err *e)
{
	if (!s->timestamp)
		return FAIL(e, E_VERIFY, "there is no timestamp");
	return check_expiry(s, s->timestamp, "timestamp", e);
}

/* Snapshot. */

/* No file that was listed goes away or back: 5.5.5. */
static int compare_snapshot(const struct tuf_doc *had, const struct tuf_doc *d, struct err *e)
{
	json_t *before = json_object_get(had->body, "meta");
	const json_t *after = json_object_get(d->body, "meta");
	const char *name;
	json_t *v;

	json_object_foreach(before, name, v)
	{
		const json_t *now = json_object_get(after, name);

		if (!now)
			return FAIL(e, E_VERIFY, "the snapshot lists %.80s no more", name);
		if (version_of(now) < version_of(v))
			return fail_rollback(name, version_of(now), version_of(v), e);
	}
	return 0;
}

/* The version that the timestamp names, and not expired. */
static int check_snapshot(const struct tuf_set *s, const struct tuf_doc *d, struct err *e)
{
	uint64_t want = version_of(meta_of(s->timestamp, "snapshot"));

	if (d->version != want)
		return FAIL(e, E_VERIFY, "the snapshot is version %llu, the timestamp names %llu",
			    (unsigned long long)d->version, (unsigned long long)want);
	return check_expiry(s, d, "snapshot", e);
}

static int snapshot(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	struct err *why = st->from == TUF_KEPT ? NULL : e;
	struct tuf_role role;
	int r, fits = tuf_check_bytes(st->bytes, meta_of(s->timestamp, "snapshot"), why);

	if (fits < 0 && st->from == TUF_FETCHED)
		return WRAP(e, fits, "snapshot");
	if ((r = tuf_doc_parse(st->bytes, TUF_SNAPSHOT, &d, e)) < 0 ||
	    (r = tuf_root_role(s->root, "snapshot", &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	fits = fits < 0 ? fits : check_snapshot(s, d, why);
	if (fits < 0 && st->from == TUF_FETCHED)
		return fits;
	r = s->snapshot ? compare_snapshot(s->snapshot, d, e) : 0;
	if (r < 0)
		return r;
	replace(&s->snapshot, TAKE(d));
	s->snapshot_final = fits == 0;
	return fits == 0 ? 0 : 1;
}

int tuf_snapshot(struct tuf_set *s, struct str bytes, enum tuf_from from, struct err *e)
{
	int r = tuf_timestamp_final(s, e);

	if (r < 0)
		return r;
	if (s->targets_n)
		return FAIL(e, E_INTERNAL, "a snapshot out of its turn");
	return run_step(&(struct step){ .s = s, .bytes = bytes, .from = from, .run = snapshot }, e);
}

/* Targets. */

static int role_by(const struct tuf_set *s, const char *role, const char *delegator,
		   struct tuf_role *ret, struct err *e)
{
	const struct tuf_doc *by;

	if (strcmp(role, "targets") == 0)
		return tuf_root_role(s->root, role, ret, e);
	by = targets_of(s, delegator);
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
			replace(&s->targets[i].doc, d);
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

static int targets(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	const json_t *meta = meta_of(s->snapshot, st->role);
	struct tuf_role role;
	int r;

	if (!meta)
		return FAIL(e, E_VERIFY, "the snapshot does not list it");
	if ((r = tuf_check_bytes(st->bytes, meta, e)) < 0 ||
	    (r = tuf_doc_parse(st->bytes, TUF_TARGETS, &d, e)) < 0 ||
	    (r = role_by(s, st->role, st->delegator, &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	if (d->version != version_of(meta))
		return FAIL(e, E_VERIFY, "it is version %llu, the snapshot names %llu",
			    (unsigned long long)d->version, (unsigned long long)version_of(meta));
	r = check_expiry(s, d, st->role, e);
	return r < 0 ? r : add_targets(s, st->role, TAKE(d), e);
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
	r = r < 0 ? r : run_step(&st, e);
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
								   : targets_of(s, role);

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
	const json_t *meta = by && strlen(role) <= LIMIT_TUF_NAME ? meta_of(by, role) : NULL;
	uint64_t max = snap ? LIMIT_TUF_SNAPSHOT : LIMIT_TUF_TARGETS;
	const json_t *length = json_object_get(meta, "length");

	if (!meta)
		return FAIL(e, E_VERIFY, "the %s does not list role '%.80s'",
			    snap ? "timestamp" : "snapshot", role);
	if (length && (uint64_t)json_integer_value(length) < max)
		max = (uint64_t)json_integer_value(length);
	*ret_version = version_of(meta);
	*ret_max = max;
	return 0;
}

bool tuf_find(const struct tuf_set *s, const char *role, const char *path, struct tuf_target *ret)
{
	const struct tuf_doc *d = targets_of(s, role);
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
	const struct tuf_doc *d = targets_of(s, role);

	if (!d)
		return FAIL(e, E_INTERNAL, "role '%.80s' is not there", role);
	return tuf_delegates_of(d, path, ret, ret_last, e);
}
