/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the trust policy: what an added certificate may sign. */
#include <stdio.h>
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

int trust_policy_digest(const struct state *state, struct digest *ret, struct err *e)
{
	auto_close int dir = trust_dir(state, false, e);
	auto_buf b = BUF_INIT(LIMIT_POLICY + 1);
	const char *file = dir < 0 ? NULL : policy_file(dir);
	struct digest d = { .s = "" };
	int r = dir < 0 && dir != E_NOTFOUND   ? dir
		: file && fs_exists(dir, file) ? trust_read(dir, file, LIMIT_POLICY, &b, e)
					       : 0;

	if (r < 0)
		return r;
	if (b.n)
		digest_of(b.p, b.n, &d);
	*ret = d;
	return 0;
}

/* What we write must be what we read. */
static int render(const json_t *policy, struct buf *text, struct policy *ret, struct err *e)
{
	int r = json_pretty(policy, text, e);

	r = r < 0 ? r : policy_parse(buf_str(text), text->n, ret, e);
	return r < 0 ? WRAP(e, r, "change the trust policy") : 0;
}

/* Statements. Borrowed from the document. */

static json_t *statement_for(const json_t *policy, const char *scope)
{
	size_t i, k;
	json_t *s;
	const json_t *v;

	json_array_foreach(json_object_get(policy, "trustPolicies"), i, s)
	{
		json_array_foreach(json_object_get(s, "registryScopes"), k, v)
		{
			if (strcmp(json_string_value(v), scope) == 0)
				return s;
		}
	}
	return NULL;
}

static bool has_name(const json_t *policy, const char *name)
{
	size_t i;
	const json_t *s;

	json_array_foreach(json_object_get(policy, "trustPolicies"), i, s)
	{
		if (strcmp(json_string_or_null(s, "name"), name) == 0)
			return true;
	}
	return false;
}

/* Named as its store is, or STORE-2. */
static int new_statement(json_t *policy, const char *wanted, json_t **ret, struct err *e)
{
	char name[LIMIT_STATEMENT_NAME + 1];

	(void)snprintf(name, sizeof(name), "%s", wanted);
	for (int i = 2; has_name(policy, name); i++)
		(void)snprintf(name, sizeof(name), "%.100s-%d", wanted, i);
	*ret = json_pack("{s:s, s:[], s:{s:s}, s:[], s:[]}", "name", name, "registryScopes",
			 "signatureVerification", "level", "strict", "trustStores",
			 "trustedIdentities");
	return json_push(json_object_get(policy, "trustPolicies"), *ret, e);
}

/* The one that has all of these scopes, or a new one when no statement has any. */
static int own_statement(json_t *policy, const struct admission *a, json_t **ret, struct err *e)
{
	json_t *first = statement_for(policy, a->scopes->v[0]);
	int r;

	for (size_t i = 1; i < a->scopes->n; i++)
		if (statement_for(policy, a->scopes->v[i]) != first)
			return FAIL(e, E_USAGE,
				    "the trust policy has a statement for some of these scopes, "
				    "and not for others: add the certificate for each by itself");
	*ret = first;
	if (first)
		return 0;
	r = new_statement(policy, a->store, ret, e);
	for (size_t i = 0; r == 0 && i < a->scopes->n; i++)
		r = json_push(json_object_get(*ret, "registryScopes"), json_string(a->scopes->v[i]),
			      e);
	return r;
}

/* NULL where the policy is somebody's own work: one that names every repository, or skips. */
static int pick_statement(json_t *policy, const struct admission *a, bool fresh, json_t **ret,
			  struct err *e)
{
	int r = 0;

	if (a->scopes && a->scopes->n) {
		r = own_statement(policy, a, ret, e);
		if (r == 0 && !json_array_size(json_object_get(*ret, "trustStores")) &&
		    strcmp(json_string_or_null(json_object_get(*ret, "signatureVerification"),
					       "level"),
			   "skip") == 0)
			return FAIL(e, E_USAGE, "statement '%s' of the trust policy skips %s",
				    json_string_or_null(*ret, "name"), a->scopes->v[0]);
		return r;
	}
	*ret = statement_for(policy, "*");
	if (!*ret && fresh) {
		r = new_statement(policy, TRUST_DEFAULT_NAME, ret, e);
		return r < 0 ? r
			     : json_push(json_object_get(*ret, "registryScopes"), json_string("*"),
					 e);
	}
	if (*ret && !json_object_get(*ret, "trustStores"))
		*ret = NULL;
	return 0;
}

static int admit_store(json_t *statement, const struct admission *a, struct err *e)
{
	auto_buf text = BUF_INIT(2 * LIMIT_STORE_NAME);
	json_t *stores = json_object_get(statement, "trustStores");
	size_t i;
	const json_t *v;

	buf_printf(&text, "%s:%s", store_type_name(a->type), a->store);
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

/* The changed document, or NULL where there is nothing to change; ret_statement is its name. */
static int plan(int dir, const struct admission *a, struct buf *ret,
		char ret_statement[static LIMIT_STATEMENT_NAME + 1], struct err *e)
{
	auto_policy was = { 0 }, is = { 0 };
	auto_json *document = NULL;
	json_t *statement = NULL;
	int r = trust_policy_load(dir, &was, e);
	const bool fresh = r == E_NOTFOUND;

	if (r < 0 && !fresh)
		return r;
	document = fresh ? json_pack("{s:s, s:[]}", "version", "1.0", "trustPolicies")
			 : json_deep_copy(was.json);
	if (!document)
		return FAIL_NOMEM(e);
	r = pick_statement(document, a, fresh, &statement, e);
	if (r < 0 || !statement)
		return r;
	r = admit_store(statement, a, e);
	for (size_t i = 0; r == 0 && i < a->identities->n; i++)
		r = admit_identity(statement, a->identities->v[i], e);
	if (r < 0 || (r = render(document, ret, &is, e)) < 0)
		return r;
	(void)snprintf(ret_statement, LIMIT_STATEMENT_NAME + 1, "%s",
		       json_string_or_null(statement, "name"));
	return policy_gain_check(dir, a, &was, &is, ret_statement, e);
}

int trust_policy_admit(int dir, const struct admission *a,
		       char ret_statement[static LIMIT_STATEMENT_NAME + 1], struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_POLICY);
	int r;

	ret_statement[0] = '\0';
	r = a->type == STORE_TSA ? 0 : plan(dir, a, &text, ret_statement, e);
	for (size_t i = 0; r == 0 && i < a->added->n; i++)
		r = trust_store_cert(dir, a->type, a->store, a->added->v[i], e);
	if (r < 0 || text.n == 0)
		return r;
	return fs_write_file(dir, policy_file(dir), text.p, text.n, 0600, e);
}
