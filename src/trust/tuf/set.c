/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/key.h"
#include "sandbox/sandbox.h"
#include "trust/tuf/set_internal.h"

/* The set of trusted metadata, and the rules by which it grows (TUF 5.3 to 5.6). */

static int set_new(int64_t now, const struct tuf_dialect *dialect, struct tuf_set **ret,
		   struct err *e)
{
	struct tuf_set *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->dialect = dialect;
	s->now = now;
	*ret = s;
	return 0;
}

int tuf_set_new_notary1(int64_t now, const struct tuf_notary1 *n, struct tuf_set **ret,
			struct err *e)
{
	struct tuf_set *s;
	int r = set_new(now, &tuf_dialect_notary, &s, e);

	if (r < 0)
		return r;
	s->notary = *n;
	s->before = json_object();
	*ret = s;
	return 0;
}

int tuf_set_new(int64_t now, struct tuf_set **ret, struct err *e)
{
	return set_new(now, &tuf_1_0, ret, e);
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
	json_decref(s->before);
	free(s);
}

const struct tuf_doc *set_targets_of(const struct tuf_set *s, const char *role)
{
	for (size_t i = 0; i < s->targets_n; i++)
		if (strcmp(s->targets[i].role, role) == 0)
			return s->targets[i].doc;
	return NULL;
}

void set_replace(struct tuf_doc **at, struct tuf_doc *d)
{
	tuf_doc_free(*at);
	*at = d;
}

int set_check_expiry(const struct tuf_set *s, const struct tuf_doc *d, const char *role,
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

static int run_in_child(void *arg, struct buf *emit, struct err *e)
{
	struct step *st = arg;

	(void)emit;
	return st->run(st, e);
}

int set_run_step(struct step *st, struct err *e)
{
	const struct sandbox box = { .what = "TUF metadata", .write_dir = -1, .cpu_seconds = 60 };
	int r;

	crypto_init();
	r = sandbox_run(&box, run_in_child, st, NULL, e);
	return r < 0 ? r : st->run(st, e);
}

/* Root. */

/* at: when certificates have to be valid, or 0. */
static int verify_root(const struct tuf_set *s, const struct tuf_doc *d, const struct tuf_doc *by,
		       int64_t at, struct err *e)
{
	struct tuf_role role;
	int r = tuf_root_role(by, "root", &role, e);

	if (r < 0)
		return r;
	role.root = s->notary.gun ? &s->notary : NULL;
	role.at = at;
	return tuf_verify(d, &role, e);
}

static int first_root(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	int r = tuf_doc_parse(s->dialect, st->bytes, TUF_ROOT, &d, e);

	r = r < 0 ? r : verify_root(s, d, d, 0, e);
	if (r < 0)
		return r;
	if (s->root)
		return FAIL(e, E_INTERNAL, "a second first root");
	s->first = s->root = TAKE(d);
	return 0;
}

int tuf_first_root(struct tuf_set *s, struct str bytes, struct err *e)
{
	return set_run_step(&(struct step){ .s = s, .bytes = bytes, .run = first_root }, e);
}

static int next_root(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	int r = tuf_doc_parse(st->s->dialect, st->bytes, TUF_ROOT, &d, e);

	if (r < 0)
		return r;
	r = verify_root(s, d, s->root, 0, e);
	if (r < 0)
		return WRAP(e, r, "by the keys of version %llu",
			    (unsigned long long)s->root->version);
	if (d->version != s->root->version + 1)
		return FAIL(e, E_VERIFY, "root version %llu does not follow version %llu",
			    (unsigned long long)d->version, (unsigned long long)s->root->version);
	r = verify_root(s, d, d, 0, e);
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
	return set_run_step(&(struct step){ .s = s, .bytes = bytes, .run = next_root }, e);
}

static int root_final(struct step *st, struct err *e)
{
	const struct tuf_set *s = st->s;
	int r = set_check_expiry(s, s->root, "root", e);

	return r < 0 || !s->notary.gun ? r : verify_root(s, s->root, s->root, s->now, e);
}

int tuf_root_final(struct tuf_set *s, struct err *e)
{
	return s->notary.gun ? set_run_step(&(struct step){ .s = s, .run = root_final }, e)
			     : root_final(&(struct step){ .s = s }, e);
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

const json_t *set_meta_of(const struct tuf_doc *d, const char *role)
{
	char name[LIMIT_TUF_NAME + 16];

	(void)snprintf(name, sizeof(name), "%s%s", role, d->dialect->suffix);
	return json_object_get(json_object_get(d->body, "meta"), name);
}

uint64_t set_version_of(const json_t *meta)
{
	return (uint64_t)json_integer_value(json_object_get(meta, "version"));
}

int set_fail_rollback(const char *role, uint64_t version, uint64_t had, struct err *e)
{
	return FAIL(e, E_VERIFY, "%.80s version %llu is older than version %llu, which was here",
		    role, (unsigned long long)version, (unsigned long long)had);
}

/* Older than what was trusted before: 5.4.3. 1 when it is of the same version. */
static int compare_timestamp(const struct tuf_doc *had, const struct tuf_doc *d, struct err *e)
{
	uint64_t before = set_version_of(set_meta_of(had, "snapshot"));
	uint64_t after = set_version_of(set_meta_of(d, "snapshot"));

	if (d->version < had->version)
		return set_fail_rollback("timestamp", d->version, had->version, e);
	if (d->version == had->version)
		return 1;
	return after < before ? set_fail_rollback("snapshot", after, before, e) : 0;
}

static int timestamp(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	struct tuf_role role;
	int r;

	if ((r = tuf_doc_parse(st->s->dialect, st->bytes, TUF_TIMESTAMP, &d, e)) < 0 ||
	    (r = tuf_root_role(s->root, "timestamp", &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	r = s->timestamp ? compare_timestamp(s->timestamp, d, e) : 0;
	if (r)
		return r;
	r = st->from == TUF_FETCHED ? set_check_expiry(s, d, "timestamp", e) : 0;
	if (r < 0)
		return r;
	set_replace(&s->timestamp, TAKE(d));
	return 0;
}

int tuf_timestamp(struct tuf_set *s, struct str bytes, enum tuf_from from, struct err *e)
{
	if (!s->root || s->snapshot)
		return FAIL(e, E_INTERNAL, "a timestamp out of its turn");
	return set_run_step(
		&(struct step){ .s = s, .bytes = bytes, .from = from, .run = timestamp }, e);
}

int tuf_timestamp_final(const struct tuf_set *s, struct err *e)
{
	if (!s->timestamp)
		return FAIL(e, E_VERIFY, "there is no timestamp");
	return set_check_expiry(s, s->timestamp, "timestamp", e);
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
		if (set_version_of(now) < set_version_of(v))
			return set_fail_rollback(name, set_version_of(now), set_version_of(v), e);
	}
	return 0;
}

/* Notary v1 lists no versions: the snapshot's own must not go back, and says one thing only. Roles
 * that are delegated to no more go away. */
static int compare_notary1(const struct tuf_doc *had, const struct tuf_doc *d, struct err *e)
{
	if (d->version < had->version)
		return set_fail_rollback("snapshot", d->version, had->version, e);
	if (d->version == had->version)
		return FAIL(e, E_VERIFY, "another snapshot of version %llu was here",
			    (unsigned long long)d->version);
	return 0;
}

/* The version that the timestamp names, and not expired; with Notary v1, of the root that is
 * here. */
static int check_snapshot(const struct tuf_set *s, const struct tuf_doc *d, struct err *e)
{
	uint64_t want = set_version_of(set_meta_of(s->timestamp, "snapshot"));
	const struct buf *root = &s->root->bytes;

	if (s->dialect->versions && d->version != want)
		return FAIL(e, E_VERIFY, "the snapshot is version %llu, the timestamp names %llu",
			    (unsigned long long)d->version, (unsigned long long)want);
	if (!s->dialect->versions) {
		int r = tuf_check_bytes((struct str){ buf_str(root), root->n },
					set_meta_of(d, "root"), e);

		if (r < 0)
			return WRAP(e, r, "snapshot version %llu is not of root version %llu",
				    (unsigned long long)d->version,
				    (unsigned long long)s->root->version);
	}
	return set_check_expiry(s, d, "snapshot", e);
}

static int snapshot(struct step *st, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct tuf_set *s = st->s;
	struct err *why = st->from == TUF_KEPT ? NULL : e;
	struct tuf_role role;
	int r, fits = tuf_check_bytes(st->bytes, set_meta_of(s->timestamp, "snapshot"), why);

	if (fits < 0 && st->from == TUF_FETCHED)
		return WRAP(e, fits, "snapshot");
	if ((r = tuf_doc_parse(st->s->dialect, st->bytes, TUF_SNAPSHOT, &d, e)) < 0 ||
	    (r = tuf_root_role(s->root, "snapshot", &role, e)) < 0 ||
	    (r = tuf_verify(d, &role, e)) < 0)
		return r;
	fits = fits < 0 ? fits : check_snapshot(s, d, why);
	if (fits < 0 && st->from == TUF_FETCHED)
		return fits;
	if (s->snapshot)
		r = s->dialect->versions ? compare_snapshot(s->snapshot, d, e)
					 : compare_notary1(s->snapshot, d, e);
	if (r < 0)
		return r;
	set_replace(&s->snapshot, TAKE(d));
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
	return set_run_step(&(struct step){ .s = s, .bytes = bytes, .from = from, .run = snapshot },
			    e);
}
