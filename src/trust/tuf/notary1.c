/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "trust/tuf/internal.h"

/*
 * Documents of Notary v1 (the "notary" of Docker Content Trust), whose format grew from an early
 * draft of TUF: "_type" with a capital, no "spec_version", base64 instead of hexadecimal, files
 * listed without ".json" and without versions, paths of delegations that are plain beginnings. The
 * format is finished: a member that is not known here is refused.
 */

int notary1_only(json_t *o, const char *members, const char *what, struct err *e)
{
	const char *name;
	json_t *v;

	if (!json_is_object(o))
		return FAIL(e, E_FORMAT, "%.80s: not an object", what);
	json_object_foreach(o, name, v)
	{
		if (!*name || !has_word(members, name))
			return FAIL(e, E_FORMAT, "%.80s: unknown member '%.40s'", what, name);
	}
	return 0;
}

static int head_form(struct tuf_doc *d, const char *what, int64_t *ret, struct err *e)
{
	static const char *const members[] = {
		[TUF_ROOT] = "_type consistent_snapshot expires keys roles version",
		[TUF_TIMESTAMP] = "_type expires meta version",
		[TUF_SNAPSHOT] = "_type expires meta version",
		[TUF_TARGETS] = "_type delegations expires targets version",
	};
	const char *text;
	size_t i;
	json_t *v;
	int r;

	if ((r = notary1_only(d->all, "signed signatures", what, e)) < 0 ||
	    (r = notary1_only(d->body, members[d->kind], what, e)) < 0 ||
	    (r = json_get_string(d->body, "expires", &text, what, e)) < 0 ||
	    (r = clock_parse_rfc3339(str_of(text), ret, e)) < 0)
		return r;
	json_array_foreach(d->signatures, i, v)
	{
		if ((r = notary1_only(v, "keyid method sig", "signature", e)) < 0 ||
		    (r = json_get_string(v, "method", &text, "signature", e)) < 0)
			return WRAP(e, r, "%s", what);
	}
	return tuf_canonical(d->body, &d->message, e);
}

/* Hashes. */

static int hash_form(json_t *hashes, const char *name, const char *text, size_t want, struct err *e)
{
	auto_buf raw = BUF_INIT(HASH_MAX + 8), hex = BUF_INIT(2 * HASH_MAX + 1);
	int r;

	if (!text)
		return FAIL(e, E_FORMAT, "hash '%s' is not a string", name);
	r = b64_decode(str_of(text), B64_STD, &raw, e);
	if (r < 0 || raw.n != want)
		return FAIL(e, E_FORMAT, "hash '%s' is not base64 of %zu bytes", name, want);
	hex_put(&hex, raw.p, raw.n);
	return json_put_string(hashes, name, buf_str(&hex), e);
}

/* SHA-256, and SHA-512 where it is given; what they are becomes hexadecimal in place. */
static int listed_form(json_t *o, const char *what, struct err *e)
{
	json_t *hashes;
	const char *more;
	uint64_t n;
	int r;

	if ((r = notary1_only(o, "length hashes custom", what, e)) < 0 ||
	    (r = json_get_u64(o, "length", &n, what, e)) < 0 ||
	    (r = json_get_object(o, "hashes", &hashes, what, e)) < 0 ||
	    (r = notary1_only(hashes, "sha256 sha512", "hashes", e)) < 0 ||
	    (r = hash_form(hashes, "sha256", json_string_or_null(hashes, "sha256"), 32, e)) < 0)
		return WRAP(e, r, "'%.80s'", what);
	more = json_string_or_null(hashes, "sha512");
	r = json_object_get(hashes, "sha512") ? hash_form(hashes, "sha512", more, 64, e) : 0;
	return r < 0 ? WRAP(e, r, "'%.80s'", what) : 0;
}

static int listing_form(json_t *list, size_t name_max, struct err *e)
{
	const char *name;
	json_t *v;

	json_object_foreach(list, name, v)
	{
		int r = !*name || strlen(name) > name_max
				? FAIL(e, E_FORMAT, "a name has 1 to %zu bytes", name_max)
				: listed_form(v, name, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Root. */

static int top_role_form(json_t *role, const char *what, struct err *e)
{
	int r = notary1_only(role, "keyids threshold", what, e);

	return r < 0 ? r : tuf_role_form(role, what, e);
}

static int root_form(const json_t *body, struct err *e)
{
	static const char *const roles_needed[] = { "root", "targets", "snapshot", "timestamp" };
	json_t *keys, *roles, *role;
	int r;

	if (!json_is_boolean(json_object_get(body, "consistent_snapshot")))
		return FAIL(e, E_FORMAT, "root: 'consistent_snapshot' is not a boolean");
	if ((r = json_get_object(body, "keys", &keys, "root", e)) < 0 ||
	    (r = notary1_keys_form(keys, e)) < 0 ||
	    (r = json_get_object(body, "roles", &roles, "root", e)) < 0 ||
	    (r = notary1_only(roles, "root targets snapshot timestamp", "roles", e)) < 0)
		return WRAP(e, r, "root");
	for (size_t i = 0; r == 0 && i < 4; i++) {
		r = json_get_object(roles, roles_needed[i], &role, "roles", e);
		r = r < 0 ? r : top_role_form(role, roles_needed[i], e);
	}
	return r < 0 ? WRAP(e, r, "root") : 0;
}

/* Targets. */

bool notary1_is_child(const char *role, const char *delegator)
{
	size_t n = strlen(delegator);

	return starts_with(role, delegator) && role[n] == '/' && role[n + 1] &&
	       !strchr(role + n + 1, '/');
}

static bool is_role_name(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_/";
	size_t n = strlen(s);

	return n <= LIMIT_TUF_NAME && starts_with(s, "targets/") && strspn(s, plain) == n &&
	       s[n - 1] != '/' && !strstr(s, "//");
}

static int paths_form(const json_t *role, struct err *e)
{
	const json_t *paths = json_object_get(role, "paths");
	const json_t *prefixes = json_object_get(role, "path_hash_prefixes");
	size_t i;
	const json_t *v;

	if (prefixes && !json_is_null(prefixes) && json_array_size(prefixes) != 0)
		return FAIL(e, E_FORMAT, "'path_hash_prefixes' are not known in Notary v1");
	if (!paths || json_is_null(paths))
		return 0;
	if (!json_is_array(paths) || json_array_size(paths) > LIMIT_TUF_PATTERNS)
		return FAIL(e, E_FORMAT, "paths: not an array of at most %d", LIMIT_TUF_PATTERNS);
	json_array_foreach(paths, i, v)
	{
		if (!json_is_string(v) || json_string_length(v) > LIMIT_TUF_PATH)
			return FAIL(e, E_FORMAT, "paths: not a string of at most %d bytes",
				    LIMIT_TUF_PATH);
	}
	return 0;
}

static int delegated_form(json_t *role, json_t *seen, struct err *e)
{
	const char *name;
	int r;

	if ((r = notary1_only(role, "name keyids threshold paths path_hash_prefixes", "role", e)) <
		    0 ||
	    (r = json_get_string(role, "name", &name, "delegated role", e)) < 0 ||
	    (r = tuf_role_form(role, name, e)) < 0)
		return r;
	if (!is_role_name(name))
		r = FAIL(e, E_FORMAT, "it is no name 'targets/…' of at most %d bytes",
			 LIMIT_TUF_NAME);
	else if (json_object_get(seen, name))
		r = FAIL(e, E_FORMAT, "it is there twice");
	else
		r = paths_form(role, e);
	return r < 0 ? WRAP(e, r, "role '%.80s'", name) : json_put(seen, name, json_true(), e);
}

static int delegations_form(json_t *d, struct err *e)
{
	const json_t *roles = json_object_get(d, "roles");
	auto_json *seen = json_object();
	json_t *keys, *v;
	size_t i;
	int r;

	if ((r = notary1_only(d, "keys roles", "delegations", e)) < 0 ||
	    (r = json_get_object(d, "keys", &keys, "delegations", e)) < 0 ||
	    (r = notary1_keys_form(keys, e)) < 0)
		return r;
	if (!roles || json_is_null(roles))
		return 0;
	if (!json_is_array(roles) || json_array_size(roles) > LIMIT_TUF_ROLES)
		return FAIL(e, E_FORMAT, "'roles' is not an array of at most %d", LIMIT_TUF_ROLES);
	json_array_foreach(roles, i, v)
	{
		r = delegated_form(v, seen, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int targets_form(const json_t *body, struct err *e)
{
	json_t *delegations = json_object_get(body, "delegations"), *targets;
	int r = json_get_object(body, "targets", &targets, "targets", e);

	r = r < 0 ? r : listing_form(targets, LIMIT_TUF_PATH, e);
	return r < 0 || !delegations ? r : delegations_form(delegations, e);
}

static int body_form(struct tuf_doc *d, struct err *e)
{
	const char *needs = d->kind == TUF_TIMESTAMP ? "snapshot" : "root targets";
	json_t *meta;
	int r;

	if (d->kind == TUF_ROOT)
		return root_form(d->body, e);
	if (d->kind == TUF_TARGETS)
		return targets_form(d->body, e);
	r = json_get_object(d->body, "meta", &meta, tuf_kind_name(d->kind), e);
	r = r < 0 ? r : listing_form(meta, LIMIT_TUF_NAME, e);
	if (r < 0)
		return r;
	for (struct str rest = str_of(needs), name; str_cut(&rest, ' ', &name);)
		if (!json_object_getn(meta, name.p, name.n))
			return FAIL(e, E_FORMAT, "%s: it does not list %.*s",
				    tuf_kind_name(d->kind), (int)name.n, name.p);
	return 0;
}

/* A path is whatever a target's name begins with; "" is all. */
static bool is_for(const json_t *role, const char *path)
{
	size_t i;
	const json_t *v;

	json_array_foreach(json_object_get(role, "paths"), i, v)
	{
		if (starts_with(path, json_string_value(v)))
			return true;
	}
	return false;
}

const struct tuf_dialect tuf_dialect_notary = {
	.types = { "Root", "Timestamp", "Snapshot", "Targets" },
	.suffix = "",
	.head = head_form,
	.body = body_form,
	.verify = notary1_verify,
	.is_for = is_for,
};
