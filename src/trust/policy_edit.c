/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "trust/internal.h"

/* Under either of its names; NULL when both are there, and nobody can say which one counts. */
static const char *policy_file(int dir)
{
	if (!fs_exists(dir, FILE_POLICY_OCI))
		return FILE_POLICY;
	return fs_exists(dir, FILE_POLICY) ? NULL : FILE_POLICY_OCI;
}

int trust_policy_load(int dir, struct policy *ret, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_POLICY + 1);
	const char *file = policy_file(dir);
	int r = file ? trust_read(dir, file, LIMIT_POLICY, &b, e)
		     : FAIL(e, E_FORMAT,
			    "trust policy: both " FILE_POLICY " and " FILE_POLICY_OCI " are there");

	return r < 0 ? r : policy_parse(buf_str(&b), b.n, ret, e);
}

static int save(int dir, const json_t *policy, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_POLICY);
	auto_policy check = { 0 };
	int r = json_pretty(policy, &b, e);

	/* What we write must be what we read. */
	if (r == 0)
		r = policy_parse(buf_str(&b), b.n, &check, e);
	if (r < 0)
		return WRAP(e, r, "change the trust policy");
	return fs_write_file(dir, policy_file(dir), b.p, b.n, 0600, e);
}

static json_t *new_policy(void)
{
	return json_pack("{s:s, s:[{s:s, s:[s], s:{s:s}, s:[], s:[]}]}", "version", "1.0",
			 "trustPolicies", "name", TRUST_DEFAULT_NAME, "registryScopes", "*",
			 "signatureVerification", "level", "strict", "trustStores",
			 "trustedIdentities");
}

/* The statement for "*", borrowed, or NULL. */
static json_t *any_statement(const json_t *policy)
{
	size_t i;
	json_t *s;

	json_array_foreach(json_object_get(policy, "trustPolicies"), i, s)
	{
		const json_t *scopes = json_object_get(s, "registryScopes");

		if (strcmp(json_string_value(json_array_get(scopes, 0)), "*") == 0)
			return s;
	}
	return NULL;
}

static int admit_store(json_t *statement, const char *store, struct err *e)
{
	auto_buf text = BUF_INIT(2 * LIMIT_STORE_NAME);
	json_t *stores = json_object_get(statement, "trustStores");
	size_t i;
	const json_t *v;

	buf_printf(&text, "ca:%s", store);
	json_array_foreach(stores, i, v)
	{
		if (strcmp(json_string_value(v), buf_str(&text)) == 0)
			return 0;
	}
	return json_push(stores, json_string(buf_str(&text)), e);
}

/* Adds one name; those that are narrower go, since identities must not overlap. */
static int admit_dn(json_t *list, const char *identity, struct err *e)
{
	auto_dn want = { .n = 0 };
	auto_buf text = BUF_INIT(2 * LIMIT_DN_TEXT);
	int r = dn_parse(str_of(identity), &want, e);

	for (size_t i = json_array_size(list); r == 0 && i-- > 0;) {
		const char *there = json_string_value(json_array_get(list, i));
		auto_dn have = { .n = 0 };

		if (strcmp(there, "*") == 0)
			return 0;
		r = dn_parse(str_of(there + strlen("x509.subject:")), &have, e);
		if (r == 0 && dn_subset(&have, &want))
			return 0;
		if (r == 0 && dn_subset(&want, &have) && json_array_remove(list, i) < 0)
			r = FAIL_NOMEM(e);
	}
	if (r < 0)
		return r;
	buf_puts(&text, "x509.subject: ");
	dn_text(&want, &text);
	r = buf_check(&text, "identity", e);
	return r < 0 ? r : json_push(list, json_string(buf_str(&text)), e);
}

static int admit_identity(json_t *statement, const char *identity, struct err *e)
{
	json_t *list = json_object_get(statement, "trustedIdentities");

	if (strcmp(identity, "*") != 0)
		return admit_dn(list, identity, e);
	(void)json_array_clear(list);
	return json_push(list, json_string("*"), e);
}

int trust_policy_admit(int dir, const char *store, const char *const *identities, size_t n,
		       struct err *e)
{
	auto_policy p = { 0 };
	auto_json *fresh = NULL;
	json_t *statement, *document;
	int r = trust_policy_load(dir, &p, e);

	if (r == E_NOTFOUND) {
		fresh = new_policy();
		r = fresh ? 0 : FAIL_NOMEM(e);
	}
	if (r < 0)
		return r;
	document = fresh ? fresh : p.json;
	statement = any_statement(document);
	/* Policies that name every repository are somebody's own work: the store is enough there.
	 */
	if (!statement || !json_object_get(statement, "trustStores"))
		return 0;
	r = admit_store(statement, store, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = admit_identity(statement, identities[i], e);
	return r < 0 ? r : save(dir, document, e);
}
