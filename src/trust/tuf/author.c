/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "trust/tuf/author_internal.h"

/* Bodies of metadata: made and changed, not yet signed. */

static int new_body(const char *type, json_t *more, json_t **ret, struct err *e)
{
	json_t *j = json_pack("{ss ss sI ss}", "_type", type, "spec_version", TUF_SPEC_VERSION,
			      "version", (json_int_t)0, "expires", "1970-01-01T00:00:00Z");

	if (!j || !more || json_object_update(j, more) < 0) {
		json_decref(j);
		json_decref(more);
		return FAIL_NOMEM(e);
	}
	json_decref(more);
	*ret = j;
	return 0;
}

int tuf_root_new(json_t **ret, struct err *e)
{
	return new_body("root",
			json_pack("{sb s{} s{s{s[] si} s{s[] si} s{s[] si} s{s[] si}}}",
				  "consistent_snapshot", 1, "keys", "roles", "root", "keyids",
				  "threshold", 1, "timestamp", "keyids", "threshold", 1, "snapshot",
				  "keyids", "threshold", 1, "targets", "keyids", "threshold", 1),
			ret, e);
}

int tuf_targets_new(json_t **ret, struct err *e)
{
	return new_body("targets", json_pack("{s{}}", "targets"), ret, e);
}

int tuf_metas_new(const char *type, json_t **ret, struct err *e)
{
	return new_body(type, json_pack("{s{}}", "meta"), ret, e);
}

int tuf_body_bump(json_t *body, int64_t expires, struct err *e)
{
	json_int_t version = json_integer_value(json_object_get(body, "version"));
	char text[RFC3339_MAX];
	int r;

	if (version == INT64_MAX)
		return FAIL(e, E_VERIFY, "%s: its version is the last number there is",
			    json_string_or_null(body, "_type"));
	clock_rfc3339(expires, text);
	r = json_put_u64(body, "version", (uint64_t)version + 1, e);
	return r < 0 ? r : json_put_string(body, "expires", text, e);
}

int tuf_body_meta(json_t *body, const char *role, uint64_t version, struct str bytes, struct err *e)
{
	char name[LIMIT_TUF_NAME + 16];
	struct digest d;

	digest_of(bytes.p, bytes.n, &d);
	(void)snprintf(name, sizeof(name), "%.80s.json", role);
	return json_put(json_object_get(body, "meta"), name,
			json_pack("{sI sI s{ss}}", "version", (json_int_t)version, "length",
				  (json_int_t)bytes.n, "hashes", "sha256", digest_hex(&d)),
			e);
}

/* Roles of a root, or those that a targets file delegates to. */

static json_t *keys_of(const json_t *by)
{
	json_t *d = json_object_get(by, "delegations");

	return json_object_get(json_object_get(by, "roles") ? by : d, "keys");
}

json_t *tuf_role_of(const json_t *by, const char *role)
{
	json_t *roles = json_object_get(by, "roles"), *v;
	size_t i;

	if (roles)
		return json_object_get(roles, role);
	roles = json_object_get(json_object_get(by, "delegations"), "roles");
	json_array_foreach(roles, i, v)
	{
		const char *name = json_string_or_null(v, "name");

		if (name && strcmp(name, role) == 0)
			return v;
	}
	return NULL;
}

static int need_role(const json_t *by, const char *role, json_t **ret, struct err *e)
{
	*ret = tuf_role_of(by, role);
	return *ret ? 0 : FAIL(e, E_NOTFOUND, "there is no role '%.80s'", role);
}

static size_t find_keyid(const json_t *role, const char *keyid)
{
	json_t *ids = json_object_get(role, "keyids"), *v;
	size_t i;

	json_array_foreach(ids, i, v)
	{
		if (strcmp(json_string_value(v), keyid) == 0)
			return i;
	}
	return SIZE_MAX;
}

int tuf_role_add_key(json_t *by, const char *role, json_t *key, struct err *e)
{
	char keyid[TUF_KEYID_MAX];
	json_t *r;
	int k;

	if ((k = need_role(by, role, &r, e)) < 0 || (k = tuf_keyid(key, keyid, e)) < 0)
		return k;
	if (find_keyid(r, keyid) != SIZE_MAX)
		return FAIL(e, E_USAGE, "role '%.80s' has the key %.12s already", role, keyid);
	k = json_put(keys_of(by), keyid, json_incref(key), e);
	return k < 0 ? k : json_push(json_object_get(r, "keyids"), json_string(keyid), e);
}

static bool used_in(json_t *roles, const char *keyid)
{
	const char *name;
	json_t *v;
	size_t i;

	json_object_foreach(roles, name, v)
	{
		if (find_keyid(v, keyid) != SIZE_MAX)
			return true;
	}
	json_array_foreach(roles, i, v)
	{
		if (find_keyid(v, keyid) != SIZE_MAX)
			return true;
	}
	return false;
}

static json_t *roles_of(const json_t *by)
{
	json_t *roles = json_object_get(by, "roles");

	return roles ? roles : json_object_get(json_object_get(by, "delegations"), "roles");
}

int tuf_role_remove_key(json_t *by, const char *role, const char *keyid, struct err *e)
{
	json_t *r;
	size_t i;
	int k = need_role(by, role, &r, e);

	if (k < 0)
		return k;
	i = find_keyid(r, keyid);
	if (i == SIZE_MAX)
		return FAIL(e, E_NOTFOUND, "role '%.80s' has no key %.64s", role, keyid);
	if (json_array_remove(json_object_get(r, "keyids"), i) < 0)
		return FAIL_NOMEM(e);
	if (!used_in(roles_of(by), keyid))
		(void)json_object_del(keys_of(by), keyid);
	return 0;
}

int tuf_role_threshold(json_t *by, const char *role, uint64_t threshold, struct err *e)
{
	json_t *r;
	size_t n;
	int k = need_role(by, role, &r, e);

	if (k < 0)
		return k;
	n = json_array_size(json_object_get(r, "keyids"));
	if (threshold == 0 || threshold > n)
		return FAIL(e, E_USAGE,
			    "role '%.80s' has %zu keys: a threshold of %" PRIu64 " cannot be", role,
			    n, threshold);
	return json_put_u64(r, "threshold", threshold, e);
}

int tuf_delegate(json_t *targets, const char *role, const struct strv *patterns, bool terminating,
		 struct err *e)
{
	auto_json *paths = json_array();
	json_t *d;
	int r = 0;

	if (has_word("root timestamp snapshot targets", role) || !*role ||
	    strlen(role) > LIMIT_TUF_NAME)
		return FAIL(e, E_USAGE, "'%.80s' cannot name a delegated role", role);
	if (tuf_role_of(targets, role))
		return FAIL(e, E_USAGE, "there is a role '%.80s' already", role);
	if (!json_object_get(targets, "delegations"))
		r = json_put(targets, "delegations", json_pack("{s{} s[]}", "keys", "roles"), e);
	for (size_t i = 0; r == 0 && i < patterns->n; i++)
		r = json_push(paths, json_string(patterns->v[i]), e);
	if (r < 0)
		return r;
	d = json_object_get(targets, "delegations");
	if (json_object_get(d, "succinct_roles"))
		return FAIL(e, E_USAGE, "it delegates to bins, and to nobody else");
	return json_push(json_object_get(d, "roles"),
			 json_pack("{ss s[] si sb sO}", "name", role, "keyids", "threshold", 1,
				   "terminating", terminating, "paths", paths),
			 e);
}

int tuf_undelegate(json_t *targets, const char *role, struct err *e)
{
	json_t *roles = json_object_get(json_object_get(targets, "delegations"), "roles"), *v;
	size_t i;
	int r;

	json_array_foreach(roles, i, v)
	{
		json_t *ids = json_object_get(v, "keyids");

		if (strcmp(json_string_or_null(v, "name"), role) != 0)
			continue;
		while (json_array_size(ids)) {
			const char *id = json_string_value(json_array_get(ids, 0));
			char keyid[LIMIT_TUF_KEYID + 1];

			(void)snprintf(keyid, sizeof(keyid), "%s", id);
			r = tuf_role_remove_key(targets, role, keyid, e);
			if (r < 0)
				return r;
		}
		return json_array_remove(roles, i) < 0 ? FAIL_NOMEM(e) : 0;
	}
	return FAIL(e, E_NOTFOUND, "nobody delegates to '%.80s'", role);
}
