/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trust/tuf/internal.h"

/* The form of a file: the envelope, what all roles have in common, and root, timestamp and snapshot
 * (TUF 4.2 to 4.4). */

static const char *const kind_names[] = { "root", "timestamp", "snapshot", "targets" };
static const size_t kind_limits[] = { LIMIT_TUF_ROOT, LIMIT_TUF_TIMESTAMP, LIMIT_TUF_SNAPSHOT,
				      LIMIT_TUF_TARGETS };

const char *tuf_kind_name(enum tuf_kind k)
{
	return kind_names[k];
}

void tuf_doc_free(struct tuf_doc *d)
{
	if (!d)
		return;
	json_decref(d->all);
	buf_free(&d->message);
	buf_free(&d->bytes);
	free(d);
}

/* "1.0" or "1.0.31": of this major version. */
static int check_spec(const json_t *body, const char *what, struct err *e)
{
	struct str rest, part;
	const char *s;
	uint64_t n;
	int parts = 0, r = json_get_string(body, "spec_version", &s, what, e);

	if (r < 0)
		return r;
	rest = str_of(s);
	while (str_cut(&rest, '.', &part)) {
		if (str_u64(part, 1000 * 1000, &n, NULL) < 0 || (parts == 0 && n != 1))
			parts = 99;
		parts++;
	}
	if (parts < 2 || parts > 3)
		return FAIL(e, E_FORMAT, "%s: spec_version '%.20s' is not 1.x", what, s);
	return 0;
}

/* Exactly "2030-01-01T00:00:00Z" (4.2): other forms are read differently by others. */
static int check_expires(const json_t *body, const char *what, int64_t *ret, struct err *e)
{
	const char *s;
	int r = json_get_string(body, "expires", &s, what, e);

	if (r < 0)
		return r;
	if (strlen(s) != 20 || s[10] != 'T' || s[19] != 'Z' ||
	    clock_parse_rfc3339(str_of(s), ret, NULL) < 0)
		return FAIL(e, E_FORMAT, "%s: expires '%.40s' is not YYYY-MM-DDTHH:MM:SSZ", what,
			    s);
	return 0;
}

static int get_version(const json_t *o, const char *what, uint64_t *ret, struct err *e)
{
	uint64_t v;
	int r = json_get_u64(o, "version", &v, what, e);

	if (r < 0)
		return r;
	if (v == 0)
		return FAIL(e, E_FORMAT, "%s: version 0", what);
	*ret = v;
	return 0;
}

/* Root. */

int tuf_root_role(const struct tuf_doc *root, const char *name, struct tuf_role *ret, struct err *e)
{
	const json_t *role = json_object_get(json_object_get(root->body, "roles"), name);

	if (!role)
		return FAIL(e, E_VERIFY, "the root does not know a role '%.80s'", name);
	*ret = (struct tuf_role){
		.keys = json_object_get(root->body, "keys"),
		.keyids = json_object_get(role, "keyids"),
		.threshold = (uint64_t)json_integer_value(json_object_get(role, "threshold")),
	};
	return 0;
}

static int root_form(const json_t *body, struct err *e)
{
	const json_t *consistent = json_object_get(body, "consistent_snapshot"), *mirrors;
	json_t *keys, *roles;
	int r;

	if (consistent && !json_is_boolean(consistent))
		return FAIL(e, E_FORMAT, "root: 'consistent_snapshot' is not a boolean");
	if ((r = json_get_object(body, "keys", &keys, "root", e)) < 0 ||
	    (r = tuf_keys_form(keys, e)) < 0 ||
	    (r = json_get_object(body, "roles", &roles, "root", e)) < 0)
		return r;
	/* A list of mirrors is nothing that is followed here; who may sign one is no error (4.3).
	 */
	mirrors = json_object_get(roles, "mirrors");
	if (json_object_size(roles) != (mirrors ? 5 : 4))
		return FAIL(e, E_FORMAT, "root: want exactly the four top-level roles");
	r = mirrors ? tuf_role_form(mirrors, "mirrors", e) : 0;
	for (size_t i = 0; r == 0 && i < 4; i++) {
		json_t *role;

		r = json_get_object(roles, kind_names[i], &role, "root", e);
		r = r < 0 ? r : tuf_role_form(role, kind_names[i], e);
	}
	return r;
}

/* Timestamp and snapshot. */

int tuf_hashes_form(json_t *hashes, struct err *e)
{
	const char *name;
	json_t *v;
	size_t n = json_object_size(hashes);

	if (!json_is_object(hashes) || n == 0 || n > LIMIT_TUF_HASHES)
		return FAIL(e, E_FORMAT, "'hashes' are not an object of 1 to %d", LIMIT_TUF_HASHES);
	json_object_foreach(hashes, name, v)
	{
		if (!json_is_string(v))
			return FAIL(e, E_FORMAT, "hash '%.40s' is not a string", name);
	}
	return 0;
}

static int meta_form(const json_t *meta, const char *name, struct err *e)
{
	json_t *hashes = json_object_get(meta, "hashes");
	uint64_t n;
	int r = get_version(meta, name, &n, e);

	if (r == 0 && json_object_get(meta, "length")) {
		r = json_get_u64(meta, "length", &n, name, e);
		if (r == 0 && n == 0)
			r = FAIL(e, E_FORMAT, "%s: length 0", name);
	}
	if (r == 0 && hashes)
		r = tuf_hashes_form(hashes, e);
	return r < 0 ? WRAP(e, r, "meta") : 0;
}

static int metas_form(const json_t *body, const char *needs, const char *what, struct err *e)
{
	const char *name;
	json_t *meta, *v;
	int r = json_get_object(body, "meta", &meta, what, e);

	if (r == 0)
		r = json_get_object(meta, needs, &v, what, e);
	if (r < 0)
		return r;
	json_object_foreach(meta, name, v)
	{
		if (!ends_with(name, ".json"))
			return FAIL(e, E_FORMAT, "%s: '%.80s' is no name of a file", what, name);
		r = meta_form(v, name, e);
		if (r < 0)
			return WRAP(e, r, "%s", what);
	}
	return 0;
}

/* The envelope. */

static int signatures_form(const json_t *signatures, struct err *e)
{
	auto_json *seen = json_object();
	size_t i;
	const json_t *v;

	if (json_array_size(signatures) > LIMIT_TUF_SIGNATURES)
		return FAIL(e, E_FORMAT, "more than %d signatures", LIMIT_TUF_SIGNATURES);
	json_array_foreach(signatures, i, v)
	{
		const char *keyid, *sig;
		int r;

		if ((r = json_get_string(v, "keyid", &keyid, "signature", e)) < 0 ||
		    (r = json_get_string(v, "sig", &sig, "signature", e)) < 0)
			return r;
		if (json_object_get(seen, keyid))
			return FAIL(e, E_FORMAT, "two signatures of keyid '%.64s'", keyid);
		r = json_put(seen, keyid, json_true(), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int body_form(struct tuf_doc *d, struct err *e)
{
	switch (d->kind) {
	case TUF_ROOT: return root_form(d->body, e);
	case TUF_TIMESTAMP: return metas_form(d->body, "snapshot.json", "timestamp", e);
	case TUF_SNAPSHOT: return metas_form(d->body, "targets.json", "snapshot", e);
	case TUF_TARGETS: return tuf_targets_form(d->body, e);
	}
	return FAIL(e, E_INTERNAL, "unknown kind of metadata");
}

static int head_form(struct tuf_doc *d, const char *what, int64_t *ret, struct err *e)
{
	int r = check_spec(d->body, what, e);

	return r < 0 ? r : check_expires(d->body, what, ret, e);
}

static int read_doc(struct tuf_doc *d, const char *what, struct err *e)
{
	const char *type;
	int r;

	if ((r = json_get_object(d->all, "signed", &d->body, what, e)) < 0 ||
	    (r = json_get_array(d->all, "signatures", &d->signatures, what, e)) < 0 ||
	    (r = json_get_string(d->body, "_type", &type, what, e)) < 0)
		return r;
	if (strcmp(type, d->dialect->types[d->kind]) != 0)
		return FAIL(e, E_FORMAT, "want %s metadata, this is '%.40s'",
			    d->dialect->types[d->kind], type);
	if ((r = get_version(d->body, what, &d->version, e)) < 0 ||
	    (r = d->dialect->head(d, what, &d->expires, e)) < 0)
		return r;
	r = signatures_form(d->signatures, e);
	return r < 0 ? WRAP(e, r, "%s", what) : d->dialect->body(d, e);
}

int tuf_doc_parse(const struct tuf_dialect *dialect, struct str bytes, enum tuf_kind kind,
		  struct tuf_doc **ret, struct err *e)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = calloc(1, sizeof(*d));
	const char *what = kind_names[kind];
	int r;

	if (!d)
		return FAIL_NOMEM(e);
	if (bytes.n > kind_limits[kind])
		return FAIL(e, E_FORMAT, "%s: more than %zu bytes", what, kind_limits[kind]);
	d->dialect = dialect;
	d->kind = kind;
	d->message = BUF_INIT(2 * LIMIT_TUF_TARGETS);
	d->bytes = BUF_INIT(LIMIT_TUF_ROOT + 1);
	r = json_parse(bytes.p, bytes.n, what, &d->all, e);
	r = r < 0 ? r : read_doc(d, what, e);
	if (r < 0)
		return r;
	if (kind == TUF_ROOT && !dialect->versions) {
		buf_put(&d->bytes, bytes.p, bytes.n);
		r = buf_check(&d->bytes, "root", e);
	}
	if (r < 0)
		return r;
	*ret = TAKE(d);
	return 0;
}

const struct tuf_dialect tuf_1_0 = {
	.types = { "root", "timestamp", "snapshot", "targets" },
	.suffix = ".json",
	.versions = true,
	.head = head_form,
	.body = body_form,
	.verify = tuf_verify_signature,
	.is_for = tuf_is_for,
};
