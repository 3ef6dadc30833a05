/* SPDX-License-Identifier: Apache-2.0 */
/* [[registry]] of registries.conf: names, where they lead, mirrors. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "registry/conf/registries_internal.h"

void conf_entry_free(struct conf_entry *x)
{
	free(x->prefix);
	free(x->location);
	for (size_t i = 0; i < x->mirrors_n; i++)
		free(x->mirrors[i].location);
	*x = (struct conf_entry){ 0 };
}

static inline void entry_release(struct conf_entry *x)
{
	conf_entry_free(x);
}
#define auto_entry __attribute__((cleanup(entry_release))) struct conf_entry

/* As references have it, with which it is compared. */
static void lower_host(char *location)
{
	for (char *p = location; *p && *p != '/'; p++)
		*p = (char)tolower((unsigned char)*p);
}

int conf_get_location(const struct toml *t, const char *path, const char *s, char **ret,
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
				      : conf_get_location(t, path, s, ret, e);
	r = conf_get_location(t, path, s + 2, ret, e);
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
			: conf_check_keys(t, o, path, "location insecure pull-from-mirror", e);

	if (r == 0)
		r = conf_get_string(t, o, path, "location", &location, e);
	if (r == 0)
		r = conf_get_string(t, o, path, "pull-from-mirror", &use, e);
	if (r == 0)
		r = conf_get_bool(t, o, path, "insecure", &ret->insecure, e);
	if (r < 0)
		return r;
	if (!location)
		return toml_fail(t, path, e, "a mirror without location");
	ret->use = by_digest ? MIRROR_DIGEST_ONLY : MIRROR_ALL;
	if (use && by_digest)
		return toml_fail(t, conf_below(path, "pull-from-mirror").s, e,
				 "not beside mirror-by-digest-only");
	if (use && strcmp(use, "digest-only") == 0)
		ret->use = MIRROR_DIGEST_ONLY;
	else if (use && strcmp(use, "tag-only") == 0)
		ret->use = MIRROR_TAG_ONLY;
	else if (use && strcmp(use, "all") != 0)
		return toml_fail(t, conf_below(path, "pull-from-mirror").s, e,
				 "all, digest-only or tag-only is wanted");
	return conf_get_location(t, conf_below(path, "location").s, location, &ret->location, e);
}

static int read_mirrors(const struct toml *t, const char *path, const json_t *o, bool by_digest,
			struct conf_entry *ret, struct err *e)
{
	const json_t *list = json_object_get(o, "mirror");
	struct conf_at at = conf_below(path, "mirror");
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
	int r = conf_get_string(t, o, path, "prefix", &prefix, e);

	if (r == 0)
		r = conf_get_string(t, o, path, "location", &location, e);
	if (r < 0)
		return r;
	if (!location && !(prefix && starts_with(prefix, "*.")))
		return toml_fail(t, path, e, "a registry without location");
	if (location)
		r = conf_get_location(t, conf_below(path, "location").s, location, &ret->location,
				      e);
	if (r == 0 && prefix)
		return get_prefix(t, conf_below(path, "prefix").s, prefix, &ret->prefix, e);
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
	conf_entry_free(&into->v[i]);
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
				   : conf_check_keys(t, o, path,
						     "prefix location insecure blocked mirror "
						     "mirror-by-digest-only",
						     e);

	if (r == 0)
		r = read_names(t, path, o, &x, e);
	if (r == 0)
		r = conf_get_bool(t, o, path, "insecure", &x.insecure, e);
	if (r == 0)
		r = conf_get_bool(t, o, path, "blocked", &x.blocked, e);
	if (r == 0)
		r = conf_get_bool(t, o, path, "mirror-by-digest-only", &by_digest, e);
	if (r == 0)
		r = read_mirrors(t, path, o, by_digest, &x, e);
	if (r == 0)
		r = check_conflict(t, path, own, &x, e);
	return r < 0 ? r : put_entry(own, &x, e);
}

int conf_read_entries(const struct toml *t, struct registries *into, struct err *e)
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
