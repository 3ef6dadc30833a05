/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/jws_internal.h"

static const char *const protected_names[] = { "alg",	 "cty",	   "crit",
					       H_SCHEME, H_TIME,   H_AUTHENTIC_TIME,
					       H_EXPIRY, H_PLUGIN, H_PLUGIN_VERSION };
static const char *const critical_names[] = { H_SCHEME, H_EXPIRY, H_AUTHENTIC_TIME };
static const char *const unprotected_names[] = { "x5c", H_TIMESTAMP, H_AGENT, H_AGENT_OLD };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_one_of(const char *s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(s, names[i]) == 0)
			return true;
	return false;
}

/*
 * Names in another case ("CTY") mean nothing in JOSE, yet some readers take them for the real ones:
 * one envelope must not read as two.
 */
static int check_names(json_t *header, struct err *e)
{
	const char *key;
	json_t *v;

	if (json_object_size(header) > LIMIT_ENVELOPE_HEADERS)
		return FAIL(e, E_FORMAT, "protected header: more than %d members",
			    LIMIT_ENVELOPE_HEADERS);
	json_object_foreach(header, key, v)
	{
		if (strcasecmp(key, "b64") == 0)
			return FAIL(e, E_FORMAT, "protected header: 'b64' is not accepted");
		if (is_one_of(key, protected_names, COUNT(protected_names)))
			continue;
		for (size_t i = 0; i < COUNT(protected_names); i++)
			if (strcasecmp(key, protected_names[i]) == 0)
				return FAIL(e, E_FORMAT,
					    "protected header: '%s' is '%s' in another case",
					    shown_of(str_of(key)).s, protected_names[i]);
	}
	return 0;
}

/* Only what is evaluated here may be critical, and each name but once. */
static int check_crit_names(json_t *header, json_t *crit, struct err *e)
{
	size_t i;
	const json_t *v;

	json_array_foreach(crit, i, v)
	{
		const char *name = json_string_value(v);

		if (!name)
			return FAIL(e, E_FORMAT, "protected header: 'crit' holds more than names");
		for (size_t j = 0; j < i; j++)
			if (strcmp(name, json_string_value(json_array_get(crit, j))) == 0)
				return FAIL(e, E_FORMAT, "protected header: '%s' twice in 'crit'",
					    shown_of(str_of(name)).s);
		if (!is_one_of(name, critical_names, COUNT(critical_names)))
			return FAIL(e, E_FORMAT,
				    "protected header: critical '%s' is not understood",
				    shown_of(str_of(name)).s);
		if (!json_object_get(header, name))
			return FAIL(e, E_FORMAT,
				    "protected header: critical '%s' is not in the header", name);
	}
	return 0;
}

static bool listed(json_t *crit, const char *name)
{
	size_t i;
	const json_t *v;

	json_array_foreach(crit, i, v)
	{
		if (strcmp(json_string_value(v), name) == 0)
			return true;
	}
	return false;
}

static int check_crit(json_t *header, struct err *e)
{
	json_t *crit;
	int r = json_get_array(header, "crit", &crit, "protected header", e);

	if (r < 0)
		return r;
	if (json_array_size(crit) > LIMIT_CRIT)
		return FAIL(e, E_FORMAT, "protected header: more than %d names in 'crit'",
			    LIMIT_CRIT);
	r = check_crit_names(header, crit, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(critical_names); i++)
		if (json_object_get(header, critical_names[i]) && !listed(crit, critical_names[i]))
			return FAIL(e, E_FORMAT, "protected header: '%s' must be critical",
				    critical_names[i]);
	return 0;
}

/* What would need a verifier that we do not have is refused by name, before 'crit' is looked at. */
static int check_scheme(json_t *header, bool *ret_authority, struct err *e)
{
	const char *scheme, *other;
	int r = json_get_string(header, H_SCHEME, &scheme, "protected header", e);

	if (r < 0 || (r = envelope_read_scheme(str_of(scheme), ret_authority, e)) < 0)
		return r;
	other = envelope_time_name(!*ret_authority);
	if (json_object_get(header, other))
		return FAIL(e, E_FORMAT, "protected header: '%s' with scheme '%s'", other, scheme);
	if (json_object_get(header, H_PLUGIN) || json_object_get(header, H_PLUGIN_VERSION))
		return envelope_needs_plugin(e);
	return 0;
}

/* Whole seconds, and in the one spelling of RFC 3339 that everybody reads. */
static int read_time(json_t *header, const char *name, int64_t *ret, struct err *e)
{
	const char *s;
	int r = json_get_string(header, name, &s, "protected header", e);

	if (r < 0)
		return r;
	if (strlen(s) < 20 || s[10] != 'T' || strpbrk(s, ".z"))
		return FAIL(e, E_FORMAT,
			    "protected header: '%s' is not an RFC 3339 time in whole seconds",
			    name);
	r = clock_parse_rfc3339(str_of(s), ret, e);
	if (r < 0)
		return WRAP(e, r, "protected header: '%s'", name);
	/* 0 would be none at all. */
	return *ret > 0 ? 0
			: FAIL(e, E_FORMAT, "protected header: '%s' is not a time of this age",
			       name);
}

int jws_read_protected(json_t *header, const char *content_type, const char **ret_alg,
		       struct claims *ret, struct err *e)
{
	static const char what[] = "protected header";
	struct claims c = { 0 };
	const char *alg, *cty;
	int r;

	if (!json_is_object(header))
		return FAIL(e, E_FORMAT, "protected header: not an object");
	if ((r = check_names(header, e)) < 0 || (r = check_scheme(header, &c.authority, e)) < 0 ||
	    (r = check_crit(header, e)) < 0 ||
	    (r = json_get_string(header, "alg", &alg, what, e)) < 0 ||
	    (r = json_get_string(header, "cty", &cty, what, e)) < 0 ||
	    (r = read_time(header, envelope_time_name(c.authority), &c.signing_time, e)) < 0)
		return r;
	if (strcmp(cty, content_type) != 0)
		return FAIL(e, E_VERIFY, "protected header: content type '%s', want '%s'",
			    shown_of(str_of(cty)).s, content_type);
	if (json_object_get(header, H_EXPIRY) &&
	    ((r = read_time(header, H_EXPIRY, &c.expiry, e)) < 0 ||
	     (r = envelope_check_claims(&c, e)) < 0))
		return r;
	*ret_alg = alg;
	*ret = c;
	return 0;
}

static int read_chain(json_t *x5c, struct chain *ret, struct err *e)
{
	size_t i;
	const json_t *v;

	if (json_array_size(x5c) < 1 || json_array_size(x5c) > LIMIT_CHAIN)
		return FAIL(e, E_FORMAT, "header: 'x5c' must hold 1 to %d certificates",
			    LIMIT_CHAIN);
	json_array_foreach(x5c, i, v)
	{
		auto_buf der = BUF_INIT(LIMIT_CERT);
		int r = !json_is_string(v)
				? FAIL(e, E_FORMAT, "not a string")
				: b64_decode(str_of(json_string_value(v)), B64_STD, &der, e);

		if (r == 0)
			r = chain_add(ret, buf_str(&der), der.n, e);
		if (r < 0)
			return WRAP(e, r, "header: 'x5c' certificate %zu", i + 1);
	}
	return 0;
}

static int read_timestamp(const json_t *text, struct buf *ret, struct err *e)
{
	int r = text ? b64_decode(str_of(json_string_value(text)), B64_STD, ret, e) : 0;

	if (r == 0 && text && ret->n == 0)
		r = FAIL(e, E_FORMAT, "it is empty");
	return r < 0 ? WRAP(e, r, "header: '" H_TIMESTAMP "'") : 0;
}

int jws_read_unprotected(json_t *header, json_t *protected_header, struct envelope *ret,
			 struct err *e)
{
	const char *key;
	json_t *v, *x5c;
	int r;

	json_object_foreach(header, key, v)
	{
		if (!is_one_of(key, unprotected_names, COUNT(unprotected_names)))
			return FAIL(e, E_FORMAT, "header: '%s' is not known",
				    shown_of(str_of(key)).s);
		if (json_object_get(protected_header, key))
			return FAIL(e, E_FORMAT, "header: '%s' is in the protected header too",
				    key);
		if (strcmp(key, "x5c") != 0 && !json_is_string(v))
			return FAIL(e, E_FORMAT, "header: '%s' is not a string", key);
	}
	r = json_get_array(header, "x5c", &x5c, "header", e);
	if (r == 0)
		r = read_chain(x5c, &ret->chain, e);
	return r < 0 ? r : read_timestamp(json_object_get(header, H_TIMESTAMP), &ret->timestamp, e);
}
