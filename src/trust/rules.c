/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "oci/ref.h"
#include "trust/policy.h"
#include "trust/trust.h"

enum { HEX_SHA256 = 64 };

static int only_members(const json_t *o, const char *known, const char *what, struct err *e)
{
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return FAIL(e, E_USAGE, "%s: is not a mapping of keys", what);
	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		if (!has_word(known, key))
			return FAIL(e, E_USAGE, "%s: unknown key '%.60s'", what, key);
	}
	return 0;
}

static int get_text(const json_t *o, const char *key, const char **ret, const char *what,
		    struct err *e)
{
	const json_t *v = json_object_get(o, key);

	*ret = json_string_value(v);
	if (!v)
		return 0;
	if (!*ret || !**ret || json_string_length(v) > LIMIT_RULE_TEXT)
		return FAIL(e, E_USAGE, "%s: '%s' is a text of 1 to %d characters", what, key,
			    LIMIT_RULE_TEXT);
	return 0;
}

static int get_bool(const json_t *o, const char *key, bool *ret, const char *what, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v))
		return FAIL(e, E_USAGE, "%s: '%s' is true or false", what, key);
	*ret = json_is_true(v);
	return 0;
}

/* Signers. */

static int check_hex(const char *s, const char *key, const char *what, struct err *e)
{
	if (s && (strlen(s) != HEX_SHA256 || strspn(s, "0123456789abcdef") != HEX_SHA256))
		return FAIL(e, E_USAGE, "%s: '%s' is SHA-256, 64 digits of lower-case hex", what,
			    key);
	return 0;
}

static int parse_signer(const char *name, const json_t *o, struct rule_signer *s, struct err *e)
{
	char what[LIMIT_STORE_NAME + 32];
	const char *subject;
	int r;

	(void)snprintf(what, sizeof(what), "signers.%.*s", LIMIT_STORE_NAME, name);
	s->name = name;
	if (!trust_name_ok(name))
		return FAIL(e, E_USAGE, "%s: a name has letters, digits, '_', '-' and '.'", what);
	if ((r = only_members(o, "certificate subject key key-id identity issuer", what, e)) < 0 ||
	    (r = get_text(o, "certificate", &s->certificate, what, e)) < 0 ||
	    (r = get_text(o, "subject", &subject, what, e)) < 0 ||
	    (r = get_text(o, "key", &s->key, what, e)) < 0 ||
	    (r = get_text(o, "key-id", &s->key_id, what, e)) < 0 ||
	    (r = get_text(o, "identity", &s->identity, what, e)) < 0 ||
	    (r = get_text(o, "issuer", &s->issuer, what, e)) < 0 ||
	    (r = check_hex(s->certificate, "certificate", what, e)) < 0 ||
	    (r = check_hex(s->key_id, "key-id", what, e)) < 0)
		return r;
	if (!s->identity != !s->issuer || json_object_size(o) != (s->identity ? 2 : 1))
		return FAIL(e, E_USAGE,
			    "%s: want one of certificate, subject, key, key-id, or identity and "
			    "issuer",
			    what);
	if (s->key && !trust_name_ok(s->key))
		return FAIL(e, E_USAGE, "%s: '%.60s' is no name of a key", what, s->key);
	if (!subject)
		return 0;
	r = dn_parse(str_of(subject), &s->subject, e);
	if (r == 0 && s->subject.n == 0)
		r = FAIL(e, E_USAGE, "an empty subject is everybody's");
	s->has_subject = r == 0;
	return r < 0 ? WRAP(e, E_USAGE, "%s", what) : 0;
}

static int parse_signers(struct rules *all, const json_t *section, struct err *e)
{
	json_t *o = json_object_get(section, "signers"), *v;
	const char *name;

	if (o && !json_is_object(o))
		return FAIL(e, E_USAGE, "signers: is not a mapping of names");
	if (json_object_size(o) > LIMIT_RULES_SIGNERS)
		return FAIL(e, E_USAGE, "signers: more than %d", LIMIT_RULES_SIGNERS);
	all->signers = calloc(json_object_size(o) + 1, sizeof(*all->signers));
	if (!all->signers)
		return FAIL_NOMEM(e);
	json_object_foreach(o, name, v)
	{
		int r = parse_signer(name, v, &all->signers[all->signers_n++], e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Rules. */

/* Repositories of these names can be: what none has would be a rule of nothing. */
static bool names_repositories(const char *scope)
{
	char text[LIMIT_RULE_TEXT + 8];
	auto_buf name = BUF_INIT(sizeof(text));
	struct ref ref;

	(void)snprintf(text, sizeof(text), "%s/x/x", scope);
	if (ref_parse(starts_with(text, "local/") ? text + 6 : text, &ref, NULL) < 0)
		return false;
	trust_repository(&ref, &name);
	return strcmp(buf_str(&name), text) == 0;
}

/* HOST or a local name, and parts below: nothing that could be read as another path. */
static bool scope_ok(const char *s)
{
	struct str rest = str_of(s), part;

	if (strcmp(s, "*") == 0)
		return true;
	if (!*s || s[strlen(s) - 1] == '/' || strlen(s) > LIMIT_RULE_TEXT ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-:/[]") != strlen(s))
		return false;
	while (str_cut(&rest, '/', &part))
		if (part.n == 0 || str_eqz(part, ".") || str_eqz(part, ".."))
			return false;
	return (!strchr(s, '/') || !strchr(strchr(s, '/'), ':')) && names_repositories(s);
}

static int get_signers(const struct rules *all, const json_t *o, const char *key,
		       const struct rule_signer **ret, size_t *ret_n, const char *what,
		       struct err *e)
{
	const json_t *list = json_object_get(o, key);

	if (list && (!json_is_array(list) || json_array_size(list) < 1 ||
		     json_array_size(list) > LIMIT_RULE_SIGNERS))
		return FAIL(e, E_USAGE, "%s: '%s' is a list of 1 to %d signers", what, key,
			    LIMIT_RULE_SIGNERS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		const struct rule_signer *s = NULL;

		for (size_t k = 0; name && k < all->signers_n; k++)
			if (strcmp(all->signers[k].name, name) == 0)
				s = &all->signers[k];
		if (!s)
			return FAIL(e, E_USAGE, "%s: '%s': there is no signer '%.60s'", what, key,
				    name ? name : "");
		for (size_t k = 0; k < i; k++)
			if (ret[k] == s)
				return FAIL(e, E_USAGE, "%s: '%s': '%.60s' is there twice", what,
					    key, name);
		ret[(*ret_n)++] = s;
	}
	return 0;
}

static int get_threshold(const json_t *o, struct rule *r, const char *what, struct err *e)
{
	const json_t *v = json_object_get(o, "threshold");

	r->threshold = r->signers_n;
	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 1 ||
	    (uint64_t)json_integer_value(v) > r->signers_n)
		return FAIL(e, E_USAGE, "%s: 'threshold' is 1 to the number of signers, %zu", what,
			    r->signers_n);
	r->threshold = (size_t)json_integer_value(v);
	return 0;
}

static int get_types(const json_t *o, struct rule *r, const char *what, struct err *e)
{
	const json_t *list = json_object_get(o, "require");

	if (list && (!json_is_array(list) || json_array_size(list) < 1 ||
		     json_array_size(list) > LIMIT_RULE_TYPES))
		return FAIL(e, E_USAGE, "%s: 'require' is a list of 1 to %d types", what,
			    LIMIT_RULE_TYPES);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *type = json_string_value(json_array_get(list, i));

		if (!type || !rule_type_ok(type))
			return FAIL(e, E_USAGE, "%s: 'require': '%.60s' is no type of attestation",
				    what, type ? type : "");
		r->types[r->types_n++] = type;
	}
	return 0;
}

static int get_age(const json_t *o, struct rule *r, const char *what, struct err *e)
{
	const char *text;
	int k = get_text(o, "max-scan-age", &text, what, e);

	if (k == 0 && text)
		k = clock_parse_duration(text, &r->max_scan_age, e);
	return k < 0 ? WRAP(e, k, "%s: 'max-scan-age'", what) : 0;
}

/* What constrains an attestation asks for it. */
static int imply(struct rule *r, bool constrained, const char *word, const char *what,
		 struct err *e)
{
	if (!constrained)
		return 0;
	for (size_t i = 0; i < r->types_n; i++)
		if (strcmp(r->types[i], word) == 0)
			return 0;
	if (r->types_n == LIMIT_RULE_TYPES)
		return FAIL(e, E_USAGE, "%s: more than %d types", what, LIMIT_RULE_TYPES);
	r->types[r->types_n++] = word;
	return 0;
}

static int parse_rule(const struct rules *all, const char *scope, const json_t *o, struct rule *r,
		      struct err *e)
{
	static const char known[] = "reject signers threshold require attesters builder source "
				    "clean-source max-scan-age verifier fresh unnamed";
	char what[LIMIT_RULE_TEXT + 16];
	int k;

	(void)snprintf(what, sizeof(what), "rules.%.*s", LIMIT_RULE_TEXT, scope);
	r->scope = scope;
	if (!scope_ok(scope))
		return FAIL(e, E_USAGE,
			    "%.100s: a scope is '*', HOST[:PORT][/PART...] or local[/PART...], "
			    "lower case, without '/' at the end; Docker's host is docker.io",
			    what);
	if ((k = only_members(o, known, what, e)) < 0 ||
	    (k = get_bool(o, "reject", &r->reject, what, e)) < 0)
		return k;
	if (r->reject && json_object_size(o) != 1)
		return FAIL(e, E_USAGE, "%s: what is rejected has no other keys", what);
	if ((k = get_signers(all, o, "signers", r->signers, &r->signers_n, what, e)) < 0 ||
	    (k = get_threshold(o, r, what, e)) < 0 ||
	    (k = get_signers(all, o, "attesters", r->attesters, &r->attesters_n, what, e)) < 0 ||
	    (k = get_types(o, r, what, e)) < 0 ||
	    (k = get_text(o, "builder", &r->builder, what, e)) < 0 ||
	    (k = get_text(o, "source", &r->source, what, e)) < 0 ||
	    (k = get_text(o, "verifier", &r->verifier, what, e)) < 0 ||
	    (k = get_bool(o, "clean-source", &r->clean_source, what, e)) < 0 ||
	    (k = get_bool(o, "fresh", &r->fresh, what, e)) < 0 ||
	    (k = get_bool(o, "unnamed", &r->unnamed, what, e)) < 0 ||
	    (k = get_age(o, r, what, e)) < 0 ||
	    (k = imply(r, r->builder || r->source || r->clean_source, "provenance", what, e)) < 0 ||
	    (k = imply(r, r->max_scan_age > 0, "vuln", what, e)) < 0)
		return k;
	k = imply(r, r->verifier != NULL, "vsa", what, e);
	if (k == 0 && r->attesters_n && !r->types_n)
		k = FAIL(e, E_USAGE, "%s: 'attesters' without 'require' asks for nothing", what);
	return k;
}

/* The image that people call docker.io/NAME is docker.io/library/NAME: a rule of the one is that of
 * the other, which may have one of its own. Those of an account NAME are below the first. */
static int add_docker_names(json_t *o, struct err *e)
{
	static const char host[] = "docker.io/";
	const size_t n = sizeof(host) - 1;
	auto_strv names = { 0 };
	const char *scope;
	json_t *v;
	int r = 0;

	json_object_foreach(o, scope, v)
	{
		if (r == 0 && starts_with(scope, host) && !strchr(scope + n, '/') &&
		    strcmp(scope + n, "library") != 0)
			r = strv_add(&names, scope, e);
	}
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *full = NULL;

		if (asprintf(&full, "%slibrary/%s", host, names.v[i] + n) < 0)
			return FAIL_NOMEM(e);
		if (!json_object_get(o, full) &&
		    json_object_set(o, full, json_object_get(o, names.v[i])) < 0)
			return FAIL_NOMEM(e);
	}
	return r;
}

static int parse_rules(struct rules *all, const json_t *section, struct err *e)
{
	json_t *o = json_object_get(section, "rules"), *v;
	const char *scope;
	int r;

	if (o && !json_is_object(o))
		return FAIL(e, E_USAGE, "rules: is not a mapping of scopes");
	if (json_object_size(o) > LIMIT_RULES)
		return FAIL(e, E_USAGE, "rules: more than %d", LIMIT_RULES);
	r = add_docker_names(o, e);
	if (r < 0)
		return r;
	all->v = calloc(json_object_size(o) + 1, sizeof(*all->v));
	if (!all->v)
		return FAIL_NOMEM(e);
	json_object_foreach(o, scope, v)
	{
		r = parse_rule(all, scope, v, &all->v[all->n++], e);
		if (r < 0)
			return r;
	}
	return 0;
}

int rules_parse(const json_t *section, struct rules *ret, struct err *e)
{
	auto_rules all = { .json = json_deep_copy(section) };
	int r;

	if (!all.json)
		return FAIL_NOMEM(e);
	if ((r = only_members(all.json, "signers rules", "trust", e)) < 0)
		return r;
	if ((r = parse_signers(&all, all.json, e)) < 0 || (r = parse_rules(&all, all.json, e)) < 0)
		return WRAP(e, r, "trust");
	*ret = all;
	all = (struct rules){ .n = 0 };
	return 0;
}

void rules_free(struct rules *r)
{
	for (size_t i = 0; i < r->signers_n; i++)
		dn_free(&r->signers[i].subject);
	free(r->signers);
	free(r->v);
	json_decref(r->json);
	*r = (struct rules){ .n = 0 };
}
