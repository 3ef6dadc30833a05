/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/conf/registries_internal.h"

#include <stdio.h>
#include <stdlib.h>

void registries_free(struct registries *r)
{
	for (size_t i = 0; i < r->n; i++)
		conf_entry_free(&r->v[i]);
	free(r->v);
	strv_free(&r->search);
	strv_free(&r->helpers);
	json_decref(r->aliases);
	*r = (struct registries){ 0 };
}

struct conf_at conf_below(const char *table, const char *key)
{
	struct conf_at a;

	(void)snprintf(a.s, sizeof(a.s), "%.255s%s%.255s", table, *table ? "." : "", key);
	return a;
}

int conf_get_string(const struct toml *t, const json_t *o, const char *table, const char *key,
		    const char **ret, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_string(v))
		return toml_fail(t, conf_below(table, key).s, e, "'%s' wants \"text\"", key);
	*ret = json_string_value(v);
	return 0;
}

int conf_get_bool(const struct toml *t, const json_t *o, const char *table, const char *key,
		  bool *ret, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v))
		return toml_fail(t, conf_below(table, key).s, e, "'%s' wants true or false", key);
	*ret = json_is_true(v);
	return 0;
}

int conf_check_keys(const struct toml *t, const json_t *o, const char *table, const char *known,
		    struct err *e)
{
	const char *key;
	const json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		if (!has_word(known, key))
			return toml_fail(t, conf_below(table, key).s, e,
					 "'%.60s' is no key of %s: there are %s", key,
					 *table ? "this table" : "registries.conf", known);
	}
	return 0;
}

static int read_list(const struct toml *t, const char *key, struct strv *into, bool *ret_there,
		     struct err *e)
{
	const json_t *list = json_object_get(t->root, key), *v;
	size_t i;
	int r = 0;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return toml_fail(t, key, e, "'%s' wants [\"text\", …]", key);
	strv_free(into);
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return toml_fail(t, key, e, "'%s' wants [\"text\", …]", key);
		if (r == 0)
			r = strv_add(into, json_string_value(v), e);
	}
	if (ret_there)
		*ret_there = true;
	return r;
}

static int read_search(const struct toml *t, struct registries *into, struct err *e)
{
	int r = read_list(t, "unqualified-search-registries", &into->search, NULL, e);

	for (size_t i = 0; r == 0 && i < into->search.n; i++) {
		auto_free char *checked = NULL;

		r = conf_get_location(t, "unqualified-search-registries", into->search.v[i],
				      &checked, e);
	}
	return r;
}

static int read_mode(const struct toml *t, struct err *e)
{
	const char *mode = NULL;
	int r = conf_get_string(t, t->root, "", "short-name-mode", &mode, e);

	if (r == 0 && mode && !has_word("enforcing permissive disabled", mode))
		r = toml_fail(t, "short-name-mode", e,
			      "enforcing, permissive or disabled is wanted");
	return r;
}

static int read_aliases(const struct toml *t, struct registries *into, struct err *e)
{
	json_t *aliases = json_object_get(t->root, "aliases"), *v;
	const char *name;

	if (!aliases)
		return 0;
	if (!json_is_object(aliases))
		return toml_fail(t, "aliases", e, "write [aliases]");
	json_object_foreach(aliases, name, v)
	{
		struct conf_at at = conf_below("aliases", name);
		auto_free char *checked = NULL;
		struct ref ref;
		int r;

		if (!json_is_string(v))
			return toml_fail(t, at.s, e, "an alias wants \"HOST/NAME\"");
		if (ref_parse(name, &ref, NULL) < 0 || ref.host[0] || strchr(name, ':') ||
		    strchr(name, '@'))
			return toml_fail(t, at.s, e, "'%.60s' is no name without registry and tag",
					 name);
		r = *json_string_value(v)
			    ? conf_get_location(t, at.s, json_string_value(v), &checked, e)
			    : 0;
		if (r == 0 && checked && !strchr(checked, '/'))
			r = toml_fail(t, at.s, e, "an alias wants \"HOST/NAME\"");
		if (r < 0)
			return r;
	}
	if (!into->aliases && !(into->aliases = json_object()))
		return FAIL_NOMEM(e);
	return json_object_update(into->aliases, aliases) < 0 ? FAIL_NOMEM(e) : 0;
}

int registries_parse(const char *p, size_t n, const char *what, struct registries *into,
		     struct err *e)
{
	auto_toml t = TOML_NONE;
	int r = toml_parse(p, n, what, &t, e);

	if (r == 0 && json_object_get(t.root, "registries"))
		return toml_fail(&t, "registries", e,
				 "version 1 of this file is not read: write [[registry]]");
	if (r == 0)
		r = conf_check_keys(
			&t, t.root, "",
			"unqualified-search-registries credential-helpers "
			"short-name-mode registry aliases additional-layer-store-auth-helper",
			e);
	if (r == 0)
		r = read_search(&t, into, e);
	if (r == 0)
		r = read_list(&t, "credential-helpers", &into->helpers, &into->has_helpers, e);
	if (r == 0)
		r = read_mode(&t, e);
	if (r == 0)
		r = conf_read_entries(&t, into, e);
	return r < 0 ? r : read_aliases(&t, into, e);
}
