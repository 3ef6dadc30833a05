/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/conf/registries.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "registry/conf/toml.h"

static void entry_free(struct conf_entry *x)
{
	free(x->prefix);
	free(x->location);
	for (size_t i = 0; i < x->mirrors_n; i++)
		free(x->mirrors[i].location);
	*x = (struct conf_entry){ 0 };
}

static inline void entry_release(struct conf_entry *x)
{
	entry_free(x);
}
#define auto_entry __attribute__((cleanup(entry_release))) struct conf_entry

void registries_free(struct registries *r)
{
	for (size_t i = 0; i < r->n; i++)
		entry_free(&r->v[i]);
	free(r->v);
	strv_free(&r->search);
	strv_free(&r->helpers);
	json_decref(r->aliases);
	*r = (struct registries){ 0 };
}

/* Where a value stands, for messages: "registry[0].mirror[1].location". */
struct at {
	char s[520];
};

static struct at below(const char *table, const char *key)
{
	struct at a;

	(void)snprintf(a.s, sizeof(a.s), "%.255s%s%.255s", table, *table ? "." : "", key);
	return a;
}

static int get_string(const struct toml *t, const json_t *o, const char *table, const char *key,
		      const char **ret, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_string(v))
		return toml_fail(t, below(table, key).s, e, "'%s' wants \"text\"", key);
	*ret = json_string_value(v);
	return 0;
}

static int get_bool(const struct toml *t, const json_t *o, const char *table, const char *key,
		    bool *ret, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v))
		return toml_fail(t, below(table, key).s, e, "'%s' wants true or false", key);
	*ret = json_is_true(v);
	return 0;
}

static int check_keys(const struct toml *t, const json_t *o, const char *table, const char *known,
		      struct err *e)
{
	const char *key;
	const json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		if (!has_word(known, key))
			return toml_fail(t, below(table, key).s, e,
					 "'%.60s' is no key of %s: there are %s", key,
					 *table ? "this table" : "registries.conf", known);
	}
	return 0;
}

/* As references have it, with which it is compared. */
static void lower_host(char *location)
{
	for (char *p = location; *p && *p != '/'; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* "HOST[:PORT][/NAME…]" without its last "/"; *ret is owned. */
static int get_location(const struct toml *t, const char *path, const char *s, char **ret,
			struct err *e)
{
	struct str name = str_of(s);
	char full[LIMIT_CONF_NAME + 8];
	struct ref ref;

	while (name.n && name.p[name.n - 1] == '/')
		name.n--;
	if (strstr(s, "://"))
		return toml_fail(t, path, e, "a registry's name has no 'http://' before it");
	if (name.n == 0 || name.n > LIMIT_CONF_NAME)
		return toml_fail(t, path, e, "HOST[:PORT][/NAME] is wanted");
	*ret = str_dup(name);
	if (!*ret)
		return FAIL_NOMEM(e);
	/* A name before which a host is put tells whether the rest is one. */
	(void)snprintf(full, sizeof(full), "%s%s", *ret, strchr(*ret, '/') ? "" : "/x");
	if (!strchr(*ret, '.') && !strchr(*ret, ':') && strncmp(*ret, "localhost", 9) != 0)
		return toml_fail(t, path, e, "'%.100s' begins with no registry's host", *ret);
	if (ref_parse(full, &ref, NULL) < 0 || !ref.host[0])
		return toml_fail(t, path, e, "'%.100s' is not HOST[:PORT][/NAME]", *ret);
	if (ref.digest.s[0] || strcmp(ref.tag, "latest") != 0 || ends_with(*ret, ":latest"))
		return toml_fail(t, path, e, "'%.100s': tags and digests are not read here", *ret);
	lower_host(*ret);
	return 0;
}

/* "*.DOMAIN" or a location. */
static int get_prefix(const struct toml *t, const char *path, const char *s, char **ret,
		      struct err *e)
{
	int r;

	if (!starts_with(s, "*."))
		return strchr(s, '*') ? toml_fail(t, path, e, "'*' stands only before '.DOMAIN'")
				      : get_location(t, path, s, ret, e);
	r = get_location(t, path, s + 2, ret, e);
	if (r < 0)
		return r;
	if (strchr(*ret, '/'))
		return toml_fail(t, path, e, "a wildcard is for hosts: no '/' in it");
	free(*ret);
	*ret = strdup(s);
	if (!*ret)
		return FAIL_NOMEM(e);
	lower_host(*ret);
	return 0;
}

static int read_mirror(const struct toml *t, const char *path, const json_t *o, bool by_digest,
		       struct conf_mirror *ret, struct err *e)
{
	const char *location = NULL, *use = NULL;
	int r = !json_is_object(o)
			? toml_fail(t, path, e, "a mirror is a table")
			: check_keys(t, o, path, "location insecure pull-from-mirror", e);

	if (r == 0)
		r = get_string(t, o, path, "location", &location, e);
	if (r == 0)
		r = get_string(t, o, path, "pull-from-mirror", &use, e);
	if (r == 0)
		r = get_bool(t, o, path, "insecure", &ret->insecure, e);
	if (r < 0)
		return r;
	if (!location)
		return toml_fail(t, path, e, "a mirror without location");
	ret->use = by_digest ? MIRROR_DIGEST_ONLY : MIRROR_ALL;
	if (use && by_digest)
		return toml_fail(t, below(path, "pull-from-mirror").s, e,
				 "not beside mirror-by-digest-only");
	if (use && strcmp(use, "digest-only") == 0)
		ret->use = MIRROR_DIGEST_ONLY;
	else if (use && strcmp(use, "tag-only") == 0)
		ret->use = MIRROR_TAG_ONLY;
	else if (use && strcmp(use, "all") != 0)
		return toml_fail(t, below(path, "pull-from-mirror").s, e,
				 "all, digest-only or tag-only is wanted");
	return get_location(t, below(path, "location").s, location, &ret->location, e);
}

static int read_mirrors(const struct toml *t, const char *path, const json_t *o, bool by_digest,
			struct conf_entry *ret, struct err *e)
{
	const json_t *list = json_object_get(o, "mirror");
	struct at at = below(path, "mirror");
	int r = 0;

	if (list && !json_is_array(list))
		return toml_fail(t, at.s, e, "write [[registry.mirror]]");
	if (json_array_size(list) > LIMIT_CONF_MIRRORS)
		return toml_fail(t, path, e, "more than %d mirrors", LIMIT_CONF_MIRRORS);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		char one[300];

		(void)snprintf(one, sizeof(one), "%.250s[%zu]", at.s, i);
		r = read_mirror(t, one, json_array_get(list, i), by_digest,
				&ret->mirrors[ret->mirrors_n++], e);
	}
	return r;
}

static int read_names(const struct toml *t, const char *path, const json_t *o,
		      struct conf_entry *ret, struct err *e)
{
	const char *prefix = NULL, *location = NULL;
	int r = get_string(t, o, path, "prefix", &prefix, e);

	if (r == 0)
		r = get_string(t, o, path, "location", &location, e);
	if (r < 0)
		return r;
	if (!location && !(prefix && starts_with(prefix, "*.")))
		return toml_fail(t, path, e, "a registry without location");
	if (location)
		r = get_location(t, below(path, "location").s, location, &ret->location, e);
	if (r == 0 && prefix)
		return get_prefix(t, below(path, "prefix").s, prefix, &ret->prefix, e);
	if (r == 0 && !(ret->prefix = strdup(ret->location)))
		r = FAIL_NOMEM(e);
	return r;
}

/* Takes *x over. */
static int put_entry(struct registries *into, struct conf_entry *x, struct err *e)
{
	struct conf_entry *more;
	size_t i = 0;

	while (i < into->n && strcmp(into->v[i].prefix, x->prefix) != 0)
		i++;
	if (i == LIMIT_CONF_ENTRIES)
		return FAIL(e, E_FORMAT, "more than %d registries", LIMIT_CONF_ENTRIES);
	if (i == into->n) {
		more = reallocarray(into->v, into->n + 1, sizeof(*more));
		if (!more)
			return FAIL_NOMEM(e);
		into->v = more;
		into->v[into->n++] = (struct conf_entry){ 0 };
	}
	entry_free(&into->v[i]);
	into->v[i] = *x;
	*x = (struct conf_entry){ 0 };
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* What blocks a registry is not undone further down in the same file. */
static int check_conflict(const struct toml *t, const char *path, const struct registries *own,
			  const struct conf_entry *x, struct err *e)
{
	for (size_t i = 0; i < own->n; i++) {
		const struct conf_entry *y = &own->v[i];

		if ((same(x->prefix, y->prefix) || same(x->location, y->location)) &&
		    (x->blocked != y->blocked || x->insecure != y->insecure))
			return toml_fail(t, path, e,
					 "'%.100s' stands here twice, and not with the same '%s'",
					 same(x->prefix, y->prefix) ? x->prefix : x->location,
					 x->blocked != y->blocked ? "blocked" : "insecure");
	}
	return 0;
}

/* own: what this file has said so far. */
static int read_entry(const struct toml *t, const char *path, const json_t *o,
		      struct registries *own, struct err *e)
{
	auto_entry x = { 0 };
	bool by_digest = false;
	int r = !json_is_object(o) ? toml_fail(t, path, e, "a registry is a table")
				   : check_keys(t, o, path,
						"prefix location insecure blocked mirror "
						"mirror-by-digest-only",
						e);

	if (r == 0)
		r = read_names(t, path, o, &x, e);
	if (r == 0)
		r = get_bool(t, o, path, "insecure", &x.insecure, e);
	if (r == 0)
		r = get_bool(t, o, path, "blocked", &x.blocked, e);
	if (r == 0)
		r = get_bool(t, o, path, "mirror-by-digest-only", &by_digest, e);
	if (r == 0)
		r = read_mirrors(t, path, o, by_digest, &x, e);
	if (r == 0)
		r = check_conflict(t, path, own, &x, e);
	return r < 0 ? r : put_entry(own, &x, e);
}

static int read_entries(const struct toml *t, struct registries *into, struct err *e)
{
	const json_t *list = json_object_get(t->root, "registry");
	auto_registries own = { 0 };
	int r = 0;

	if (list && !json_is_array(list))
		return toml_fail(t, "registry", e, "write [[registry]], with two brackets");
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "registry[%zu]", i);
		r = read_entry(t, path, json_array_get(list, i), &own, e);
	}
	for (size_t i = 0; r == 0 && i < own.n; i++)
		r = put_entry(into, &own.v[i], e);
	return r;
}

/* A list of strings that takes the place of the one before. ret_there may be NULL. */
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

		r = get_location(t, "unqualified-search-registries", into->search.v[i], &checked,
				 e);
	}
	return r;
}

static int read_mode(const struct toml *t, struct err *e)
{
	const char *mode = NULL;
	int r = get_string(t, t->root, "", "short-name-mode", &mode, e);

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
		struct at at = below("aliases", name);
		auto_free char *checked = NULL;
		struct ref ref;
		int r;

		if (!json_is_string(v))
			return toml_fail(t, at.s, e, "an alias wants \"HOST/NAME\"");
		if (ref_parse(name, &ref, NULL) < 0 || ref.host[0] || strchr(name, ':') ||
		    strchr(name, '@'))
			return toml_fail(t, at.s, e, "'%.60s' is no name without registry and tag",
					 name);
		r = *json_string_value(v) ? get_location(t, at.s, json_string_value(v), &checked, e)
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
		r = check_keys(
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
		r = read_entries(&t, into, e);
	return r < 0 ? r : read_aliases(&t, into, e);
}
