/* SPDX-License-Identifier: Apache-2.0 */
/* One statement of trustpolicy.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/policy_internal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define IDENTITY_PREFIX "x509.subject:"

int policy_only_members(json_t *o, const char *const *names, size_t n, const char *what,
			struct err *e)
{
	const char *key;
	json_t *v;

	json_object_foreach(o, key, v)
	{
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known |= strcmp(key, names[i]) == 0;
		if (!known)
			return FAIL(e, E_FORMAT, "%s: unknown member '%.60s'", what, key);
	}
	return 0;
}

/* An array of 1 to max strings, none of them twice. */
static int strings(const json_t *o, const char *key, size_t max, json_t **ret, const char *what,
		   struct err *e)
{
	json_t *a;
	int r = json_get_array(o, key, &a, what, e);

	if (r < 0)
		return r;
	if (json_array_size(a) < 1 || json_array_size(a) > max)
		return FAIL(e, E_FORMAT, "%s: '%s' must hold 1 to %zu entries", what, key, max);
	for (size_t i = 0; i < json_array_size(a); i++) {
		const char *s = json_string_value(json_array_get(a, i));

		if (!s)
			return FAIL(e, E_FORMAT, "%s: '%s' must hold strings", what, key);
		for (size_t j = 0; j < i; j++)
			if (strcmp(s, json_string_value(json_array_get(a, j))) == 0)
				return FAIL(e, E_FORMAT, "%s: '%s' holds '%.100s' twice", what, key,
					    s);
	}
	*ret = a;
	return 0;
}

/* signatureVerification. */

static int action_by_name(const char *s)
{
	static const char *const names[] = { "skip", "log", "enforce" };

	for (int i = 0; i < 3; i++)
		if (strcmp(s, names[i]) == 0)
			return i;
	return -1;
}

static int parse_override(json_t *o, struct statement *s, const char *what, struct err *e)
{
	static const char *const names[] = { "integrity", "authenticity", "authenticTimestamp",
					     "expiry", "revocation" };
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return FAIL(e, E_FORMAT, "%s: 'override' is not an object", what);
	json_object_foreach(o, key, v)
	{
		int type = 0,
		    action = json_is_string(v) ? action_by_name(json_string_value(v)) : -1;

		while (type < POLICY_TYPES && strcmp(key, names[type]) != 0)
			type++;
		if (type == POLICY_TYPES)
			return FAIL(e, E_FORMAT, "%s: unknown override '%.60s'", what, key);
		if (type == POLICY_INTEGRITY)
			return FAIL(e, E_FORMAT, "%s: integrity cannot be overridden", what);
		if (action < 0 || (action == POLICY_SKIP && type != POLICY_REVOCATION))
			return FAIL(e, E_FORMAT, "%s: override of '%s' must be enforce%s log%s",
				    what, key, type == POLICY_REVOCATION ? "," : " or",
				    type == POLICY_REVOCATION ? " or skip" : "");
		s->action[type] = (enum policy_action)action;
	}
	return 0;
}

static int parse_level(const char *level, struct statement *s, const char *what, struct err *e)
{
	static const struct {
		const char *name;
		enum policy_action action[POLICY_TYPES];
	} levels[] = {
		{ "strict",
		  { POLICY_ENFORCE, POLICY_ENFORCE, POLICY_ENFORCE, POLICY_ENFORCE,
		    POLICY_ENFORCE } },
		{ "permissive",
		  { POLICY_ENFORCE, POLICY_ENFORCE, POLICY_LOG, POLICY_LOG, POLICY_LOG } },
		{ "audit", { POLICY_ENFORCE, POLICY_LOG, POLICY_LOG, POLICY_LOG, POLICY_LOG } },
		{ "skip", { POLICY_SKIP, POLICY_SKIP, POLICY_SKIP, POLICY_SKIP, POLICY_SKIP } },
	};

	for (size_t i = 0; i < COUNT(levels); i++)
		if (strcmp(level, levels[i].name) == 0) {
			s->level = levels[i].name;
			s->skip = strcmp(level, "skip") == 0;
			memcpy(s->action, levels[i].action, sizeof(s->action));
			return 0;
		}
	return FAIL(e, E_FORMAT, "%s: unknown level '%.60s'", what, level);
}

static int parse_verification(const json_t *o, struct statement *s, const char *what, struct err *e)
{
	static const char *const members[] = { "level", "override", "verifyTimestamp" };
	json_t *sv, *override;
	const json_t *ts;
	const char *level;
	int r;

	if ((r = json_get_object(o, "signatureVerification", &sv, what, e)) < 0 ||
	    (r = policy_only_members(sv, members, COUNT(members), what, e)) < 0 ||
	    (r = json_get_string(sv, "level", &level, what, e)) < 0 ||
	    (r = parse_level(level, s, what, e)) < 0)
		return r;
	override = json_object_get(sv, "override");
	if (s->skip && json_object_size(override))
		return FAIL(e, E_FORMAT, "%s: level skip takes no override", what);
	if (override && (r = parse_override(override, s, what, e)) < 0)
		return r;
	ts = json_object_get(sv, "verifyTimestamp");
	if (!ts)
		return 0;
	s->timestamp_after_expiry =
		json_is_string(ts) && strcmp(json_string_value(ts), "afterCertExpiry") == 0;
	if (!s->timestamp_after_expiry &&
	    !(json_is_string(ts) && strcmp(json_string_value(ts), "always") == 0))
		return FAIL(e, E_FORMAT,
			    "%s: 'verifyTimestamp' must be 'always' or 'afterCertExpiry'", what);
	return 0;
}

/* registryScopes. */

/* No label of a host begins or ends with '-'. */
static bool labels_ok(const char *host)
{
	return host[0] != '-' && !strstr(host, "-.") && !strstr(host, ".-") &&
	       !strstr(host, "-:") && !ends_with(host, "-");
}

static int check_scope(const char *scope, const char *what, struct err *e)
{
	struct ref ref;
	auto_buf repository = BUF_INIT(2 * LIMIT_REF);

	if (ref_parse(scope, &ref, NULL) == 0 && labels_ok(ref.host)) {
		ref_repository(&ref, &repository);
		if (strchr(scope, '/') && strcmp(buf_str(&repository), scope) == 0)
			return 0;
	}
	return FAIL(e, E_FORMAT,
		    "%s: scope '%.200s' is not a whole repository: want HOST/NAME, local/NAME or "
		    "'*' alone",
		    what, scope);
}

static int parse_scopes(const json_t *o, struct statement *s, const char *what, struct err *e)
{
	int r = strings(o, "registryScopes", LIMIT_SCOPES, &s->scopes, what, e);

	for (size_t i = 0; r == 0 && i < json_array_size(s->scopes); i++) {
		const char *scope = json_string_value(json_array_get(s->scopes, i));

		if (strcmp(scope, "*") != 0)
			r = check_scope(scope, what, e);
		else if (json_array_size(s->scopes) > 1)
			r = FAIL(e, E_FORMAT, "%s: scope '*' must be alone", what);
		else if (s->skip)
			r = FAIL(e, E_FORMAT, "%s: level skip needs named scopes, not '*'", what);
	}
	return r;
}

/* trustStores and trustedIdentities. */

const char *store_type_name(enum store_type t)
{
	static const char *const names[STORE_TYPES] = { "ca", "signingAuthority", "tsa" };

	return names[t];
}

bool policy_names_repositories(const struct policy *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *first = json_string_value(json_array_get(p->v[i].scopes, 0));

		if (first && strcmp(first, "*") != 0) /* which stands alone */
			return true;
	}
	return false;
}

bool policy_names_store(const struct statement *s, enum store_type type)
{
	for (size_t i = 0; i < s->stores_n; i++)
		if (s->stores[i].type == type)
			return true;
	return false;
}

static int parse_store(const char *text, struct statement *s, const char *what, struct err *e)
{
	const char *name = strchr(text, ':');

	if (!name || !trust_name_ok(name + 1))
		return FAIL(e, E_FORMAT, "%s: trust store '%.160s' is not TYPE:NAME", what, text);
	for (int t = 0; t < STORE_TYPES; t++)
		if (str_eqz((struct str){ text, (size_t)(name - text) },
			    store_type_name((enum store_type)t))) {
			s->stores[s->stores_n++] =
				(struct named_store){ (enum store_type)t, name + 1 };
			return 0;
		}
	return FAIL(e, E_FORMAT,
		    "%s: trust store '%.160s': the type must be ca, signingAuthority or tsa", what,
		    text);
}

static int parse_stores(const json_t *o, struct statement *s, const char *what, struct err *e)
{
	json_t *a;
	int r = strings(o, "trustStores", LIMIT_STORES, &a, what, e);

	for (size_t i = 0; r == 0 && i < json_array_size(a); i++)
		r = parse_store(json_string_value(json_array_get(a, i)), s, what, e);
	if (r == 0 && !policy_names_store(s, STORE_CA) && !policy_names_store(s, STORE_AUTHORITY))
		return FAIL(e, E_FORMAT, "%s: no trust store for signers, only for timestamps",
			    what);
	return r;
}

static int parse_identity(const char *text, struct dn *ret, const char *what, struct err *e)
{
	int r;

	if (!starts_with(text, IDENTITY_PREFIX))
		return FAIL(e, E_FORMAT, "%s: identity '%.200s' must begin with '%s'", what, text,
			    IDENTITY_PREFIX);
	r = dn_parse(str_of(text + strlen(IDENTITY_PREFIX)), ret, e);
	if (r < 0)
		return WRAP(e, r, "%s: identity", what);
	if (!dn_get(ret, "C") || !dn_get(ret, "ST") || !dn_get(ret, "O"))
		return FAIL(e, E_FORMAT, "%s: identity '%.200s' must name C, ST and O", what, text);
	return 0;
}

static int check_overlap(const struct statement *s, const char *what, struct err *e)
{
	for (size_t i = 0; i < s->identities_n; i++)
		for (size_t j = 0; j < s->identities_n; j++)
			if (i != j && dn_subset(&s->identities[i], &s->identities[j]))
				return FAIL(e, E_FORMAT, "%s: identities %zu and %zu overlap", what,
					    i + 1, j + 1);
	return 0;
}

static int parse_identities(const json_t *o, struct statement *s, const char *what, struct err *e)
{
	json_t *a;
	int r = strings(o, "trustedIdentities", LIMIT_IDENTITIES, &a, what, e);

	if (r < 0)
		return r;
	s->identities = calloc(json_array_size(a), sizeof(*s->identities));
	if (!s->identities)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < json_array_size(a); i++) {
		const char *text = json_string_value(json_array_get(a, i));

		if (strcmp(text, "*") == 0) {
			if (json_array_size(a) > 1)
				return FAIL(e, E_FORMAT, "%s: identity '*' must be alone", what);
			s->any_identity = true;
			return 0;
		}
		s->identities_n++;
		r = parse_identity(text, &s->identities[i], what, e);
		if (r < 0)
			return r;
	}
	return check_overlap(s, what, e);
}

/* Absent, or a list; null is how Go writes one that is empty. */
static bool lists(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return !v || json_is_array(v) || json_is_null(v);
}

int policy_parse_statement(json_t *o, struct statement *s, struct err *e)
{
	static const char *const members[] = { "name", "registryScopes", "signatureVerification",
					       "trustStores", "trustedIdentities" };
	char what[LIMIT_STATEMENT_NAME + 32] = "trust policy";
	int r = json_get_string(o, "name", &s->name, what, e);

	if (r < 0)
		return r;
	if (!s->name[0] || strlen(s->name) > LIMIT_STATEMENT_NAME)
		return FAIL(e, E_FORMAT, "trust policy: a name must have 1 to %d bytes",
			    LIMIT_STATEMENT_NAME);
	(void)snprintf(what, sizeof(what), "trust policy '%s'", s->name);
	text_sanitize(what);
	if ((r = policy_only_members(o, members, COUNT(members), what, e)) < 0 ||
	    (r = parse_verification(o, s, what, e)) < 0 || (r = parse_scopes(o, s, what, e)) < 0)
		return r;
	if (s->skip && (json_array_size(json_object_get(o, "trustStores")) ||
			json_array_size(json_object_get(o, "trustedIdentities")) ||
			!lists(o, "trustStores") || !lists(o, "trustedIdentities")))
		return FAIL(e, E_FORMAT, "%s: level skip takes no trust stores or identities",
			    what);
	if (s->skip)
		return 0;
	r = parse_stores(o, s, what, e);
	return r < 0 ? r : parse_identities(o, s, what, e);
}
