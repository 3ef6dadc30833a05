/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "trust/tuf/internal.h"

/* Targets files: what they list, and to whom they delegate (TUF 4.5; succinct_roles: TAP 15). */

static bool is_top_level(const char *name)
{
	return has_word("root timestamp snapshot targets", name);
}

static int name_form(const char *name, struct err *e)
{
	if (!*name || strlen(name) > LIMIT_TUF_NAME)
		return FAIL(e, E_FORMAT, "a role's name has 1 to %d bytes", LIMIT_TUF_NAME);
	if (is_top_level(name))
		return FAIL(e, E_FORMAT, "nobody may delegate to '%s'", name);
	return 0;
}

/* "paths" or "path_hash_prefixes". */
static int patterns_form(const json_t *list, struct err *e)
{
	size_t i;
	const json_t *v;

	if (!json_is_array(list) || json_array_size(list) > LIMIT_TUF_PATTERNS)
		return FAIL(e, E_FORMAT, "paths: not an array of at most %d", LIMIT_TUF_PATTERNS);
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v) || json_string_length(v) > LIMIT_TUF_PATH)
			return FAIL(e, E_FORMAT, "paths: not a string of at most %d bytes",
				    LIMIT_TUF_PATH);
	}
	return 0;
}

static int delegated_form(const json_t *role, json_t *seen, struct err *e)
{
	const json_t *paths = json_object_get(role, "paths");
	const json_t *prefixes = json_object_get(role, "path_hash_prefixes");
	const char *name;
	int r;

	if ((r = json_get_string(role, "name", &name, "delegated role", e)) < 0 ||
	    (r = name_form(name, e)) < 0 || (r = tuf_role_form(role, name, e)) < 0)
		return r;
	if (json_object_get(seen, name))
		r = FAIL(e, E_FORMAT, "it is there twice");
	else if (!json_is_boolean(json_object_get(role, "terminating")))
		r = FAIL(e, E_FORMAT, "'terminating' is not a boolean");
	else if (!paths == !prefixes)
		r = FAIL(e, E_FORMAT, "want either 'paths' or 'path_hash_prefixes'");
	else
		r = patterns_form(paths ? paths : prefixes, e);
	return r < 0 ? WRAP(e, r, "role '%s'", name) : json_put(seen, name, json_true(), e);
}

static int roles_form(const json_t *roles, struct err *e)
{
	auto_json *seen = json_object();
	size_t i;
	const json_t *v;

	if (!json_is_array(roles) || json_array_size(roles) > LIMIT_TUF_ROLES)
		return FAIL(e, E_FORMAT, "'roles' is not an array of at most %d", LIMIT_TUF_ROLES);
	json_array_foreach(roles, i, v)
	{
		int r = delegated_form(v, seen, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int succinct_form(const json_t *s, struct err *e)
{
	const char *prefix;
	uint64_t bits;
	int r;

	if ((r = tuf_role_form(s, "succinct_roles", e)) < 0 ||
	    (r = json_get_u64(s, "bit_length", &bits, "succinct_roles", e)) < 0 ||
	    (r = json_get_string(s, "name_prefix", &prefix, "succinct_roles", e)) < 0 ||
	    (r = name_form(prefix, e)) < 0)
		return r;
	if (bits < 1 || bits > 32)
		return FAIL(e, E_FORMAT, "succinct_roles: bit_length is not 1 to 32");
	if (strlen(prefix) + 1 + (bits + 3) / 4 > LIMIT_TUF_NAME)
		return FAIL(e, E_FORMAT, "succinct_roles: a bin's name has at most %d bytes",
			    LIMIT_TUF_NAME);
	return 0;
}

static int delegations_form(const json_t *d, struct err *e)
{
	const json_t *roles = json_object_get(d, "roles");
	const json_t *succinct = json_object_get(d, "succinct_roles");
	json_t *keys;
	int r;

	if ((r = json_get_object(d, "keys", &keys, "delegations", e)) < 0 ||
	    (r = tuf_keys_form(keys, e)) < 0)
		return r;
	if (!roles == !succinct)
		return FAIL(e, E_FORMAT, "delegations: want either 'roles' or 'succinct_roles'");
	return roles ? roles_form(roles, e) : succinct_form(succinct, e);
}

int tuf_targets_form(const json_t *body, struct err *e)
{
	const json_t *delegations = json_object_get(body, "delegations");
	const char *path;
	json_t *targets, *v;
	int r = json_get_object(body, "targets", &targets, "targets", e);

	if (r < 0)
		return r;
	json_object_foreach(targets, path, v)
	{
		uint64_t n;

		if (!*path || strlen(path) > LIMIT_TUF_PATH)
			return FAIL(e, E_FORMAT, "a target's name has 1 to %d bytes",
				    LIMIT_TUF_PATH);
		r = json_get_u64(v, "length", &n, "target", e);
		r = r < 0 ? r : tuf_hashes_form(json_object_get(v, "hashes"), e);
		if (r < 0)
			return WRAP(e, r, "target '%.80s'", path);
	}
	return delegations ? delegations_form(delegations, e) : 0;
}

/* What one file says of another role. */

static const json_t *delegations_of(const struct tuf_doc *d)
{
	return json_object_get(d->body, "delegations");
}

static unsigned bin_bits(const json_t *succinct)
{
	return (unsigned)json_integer_value(json_object_get(succinct, "bit_length"));
}

static const json_t *find_role(const json_t *delegations, const char *name)
{
	const json_t *succinct = json_object_get(delegations, "succinct_roles");
	size_t i;
	const json_t *v;

	if (succinct)
		return tuf_is_bin(name, bin_bits(succinct),
				  json_string_or_null(succinct, "name_prefix"))
			       ? succinct
			       : NULL;
	json_array_foreach(json_object_get(delegations, "roles"), i, v)
	{
		if (strcmp(json_string_or_null(v, "name"), name) == 0)
			return v;
	}
	return NULL;
}

int tuf_delegated_role(const struct tuf_doc *targets, const char *name, struct tuf_role *ret,
		       struct err *e)
{
	const json_t *role = find_role(delegations_of(targets), name);

	if (!role)
		return FAIL(e, E_VERIFY, "nobody delegates to '%.80s' there", name);
	*ret = (struct tuf_role){
		.keys = json_object_get(delegations_of(targets), "keys"),
		.keyids = json_object_get(role, "keyids"),
		.threshold = (uint64_t)json_integer_value(json_object_get(role, "threshold")),
	};
	return 0;
}

/* Which roles a target is delegated to. */

static bool has_prefix_of(const json_t *prefixes, const char *path)
{
	struct digest d;
	size_t i;
	const json_t *v;

	digest_of(path, strlen(path), &d);
	json_array_foreach(prefixes, i, v)
	{
		if (starts_with(digest_hex(&d), json_string_value(v)))
			return true;
	}
	return false;
}

bool tuf_is_for(const json_t *role, const char *path)
{
	const json_t *prefixes = json_object_get(role, "path_hash_prefixes");
	size_t i;
	const json_t *v;

	if (prefixes)
		return has_prefix_of(prefixes, path);
	json_array_foreach(json_object_get(role, "paths"), i, v)
	{
		if (tuf_match(json_string_value(v), path))
			return true;
	}
	return false;
}

int tuf_delegates_of(const struct tuf_doc *d, const char *path, struct strv *ret, bool *ret_last,
		     struct err *e)
{
	const json_t *succinct = json_object_get(delegations_of(d), "succinct_roles");
	size_t i;
	const json_t *v;

	*ret_last = false;
	if (succinct) {
		auto_buf name = BUF_INIT(2 * LIMIT_TUF_NAME);

		tuf_bin_of(path, bin_bits(succinct), json_string_or_null(succinct, "name_prefix"),
			   &name);
		*ret_last = true; /* a bin is for its targets alone */
		return strv_add(ret, buf_str(&name), e);
	}
	json_array_foreach(json_object_get(delegations_of(d), "roles"), i, v)
	{
		int r;

		if (!d->dialect->is_for(v, path))
			continue;
		r = strv_add(ret, json_string_or_null(v, "name"), e);
		if (r < 0)
			return r;
		if (json_is_true(json_object_get(v, "terminating"))) {
			*ret_last = true;
			break;
		}
	}
	return 0;
}

void tuf_quote(struct str s, bool keep_slash, struct buf *ret)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (memchr(plain, c, sizeof(plain) - 1) || (c == '/' && keep_slash))
			buf_putc(ret, (char)c);
		else
			buf_printf(ret, "%%%02X", c);
	}
}
