/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/policy.h"

#include <string.h>

#include "trust/policy_internal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void policy_free(struct policy *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t j = 0; j < p->v[i].identities_n; j++)
			dn_free(&p->v[i].identities[j]);
		free(p->v[i].identities);
	}
	free(p->v);
	json_decref(p->json);
	*p = (struct policy){ 0 };
}

bool trust_name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n >= 1 && n <= LIMIT_STORE_NAME && s[n] == '\0' && s[0] != '.' && s[0] != '-';
}

/* Names are unique, and each scope stands in one statement. */
static int check_unique(const struct policy *p, struct err *e)
{
	auto_json *names = json_object();
	auto_json *scopes = json_object();
	size_t j;
	const json_t *scope;

	for (size_t i = 0; i < p->n; i++) {
		if (json_object_get(names, p->v[i].name))
			return FAIL(e, E_FORMAT, "trust policy: the name '%s' stands twice",
				    p->v[i].name);
		if (json_object_set_new(names, p->v[i].name, json_true()) < 0)
			return FAIL_NOMEM(e);
		json_array_foreach(p->v[i].scopes, j, scope)
		{
			const char *s = json_string_value(scope);

			if (json_object_get(scopes, s))
				return FAIL(e, E_FORMAT,
					    "trust policy: scope '%s' stands in two statements", s);
			if (json_object_set_new(scopes, s, json_true()) < 0)
				return FAIL_NOMEM(e);
		}
	}
	return 0;
}

static int parse_document(struct policy *p, struct err *e)
{
	static const char what[] = "trust policy";
	static const char *const members[] = { "version", "trustPolicies" };
	const char *version;
	json_t *a;
	int r;

	if (!json_is_object(p->json))
		return FAIL(e, E_FORMAT, "trust policy: not an object");
	if ((r = policy_only_members(p->json, members, COUNT(members), what, e)) < 0 ||
	    (r = json_get_string(p->json, "version", &version, what, e)) < 0)
		return r;
	if (strcmp(version, "1.0") != 0)
		return FAIL(e, E_FORMAT, "trust policy: version '%.20s' is not supported, only 1.0",
			    version);
	r = json_get_array(p->json, "trustPolicies", &a, what, e);
	if (r < 0)
		return r;
	if (json_array_size(a) < 1 || json_array_size(a) > LIMIT_STATEMENTS)
		return FAIL(e, E_FORMAT, "trust policy: want 1 to %d statements", LIMIT_STATEMENTS);
	p->v = calloc(json_array_size(a), sizeof(*p->v));
	if (!p->v)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < json_array_size(a); i++) {
		p->n++;
		r = policy_parse_statement(json_array_get(a, i), &p->v[i], e);
		if (r < 0)
			return r;
	}
	return check_unique(p, e);
}

int policy_parse(const char *bytes, size_t n, struct policy *ret, struct err *e)
{
	auto_policy p = { 0 };
	int r;

	if (n > LIMIT_POLICY)
		return FAIL(e, E_FORMAT, "trust policy: longer than %d bytes", LIMIT_POLICY);
	r = json_parse(bytes, n, "trust policy", &p.json, e);
	if (r == 0)
		r = parse_document(&p, e);
	if (r < 0)
		return r;
	*ret = p;
	p = (struct policy){ 0 };
	return 0;
}

const struct statement *policy_select(const struct policy *p, const struct ref *ref)
{
	auto_buf name = BUF_INIT(2 * LIMIT_REF), local = BUF_INIT(2 * LIMIT_REF);
	const struct statement *any = NULL;

	ref_repository(ref, &name);
	if (!ref->host[0])
		buf_printf(&local, "local/%s", ref->name);
	for (size_t i = 0; i < p->n; i++) {
		size_t j;
		const json_t *scope;

		json_array_foreach(p->v[i].scopes, j, scope)
		{
			const char *s = json_string_value(scope);

			/* An image of this store has no host, and "local/web" is not its name. */
			if ((ref->host[0] && strcmp(s, buf_str(&name)) == 0) ||
			    (local.n && strcmp(s, buf_str(&local)) == 0))
				return &p->v[i];
			if (strcmp(s, "*") == 0)
				any = &p->v[i];
		}
	}
	return any;
}

bool policy_identity(const struct statement *s, const struct dn *subject)
{
	if (s->any_identity)
		return true;
	for (size_t i = 0; i < s->identities_n; i++)
		if (dn_subset(&s->identities[i], subject))
			return true;
	return false;
}
