/* SPDX-License-Identifier: Apache-2.0 */
/* The values of --cache-from and --cache-to. */
#include "pipeline/cache/cache.h"

#include <stdlib.h>
#include <string.h>

#include "oci/ref.h"
#include "pipeline/fields.h"

void cache_ref_free(struct cache_ref *c)
{
	free(c->where);
	free(c->key);
	*c = (struct cache_ref){ .where = NULL };
}

static int copy(const char *s, char **ret, struct err *e)
{
	if (s && !(*ret = strdup(s)))
		return FAIL_NOMEM(e);
	return 0;
}

static int read_ref(const char *text, bool from, struct cache_ref *c, struct err *e)
{
	struct ref ref;

	if (ref_parse(text, &ref, NULL) < 0)
		return FAIL(e, E_USAGE, "'%.200s' is no reference", text);
	c->kind = CACHE_REGISTRY;
	if (!ref.host[0] && !from)
		return FAIL(e, E_USAGE, "'%.200s' names no registry", text);
	if (ref.digest.s[0] && !from)
		return FAIL(e, E_USAGE, "'%.200s' has a digest", text);
	if (!ref.host[0])
		c->kind = CACHE_STORE;
	return copy(text, &c->where, e);
}

static int need(const struct fields *f, const char *name, const char **ret, struct err *e)
{
	*ret = fields_get(f, name);
	return *ret && **ret ? 0 : FAIL(e, E_USAGE, "%s= is missing", name);
}

static int read_from(const struct fields *f, const char *type, struct cache_ref *c, struct err *e)
{
	static const char *const local[] = { "type", "src", NULL };
	static const char *const registry[] = { "type", "ref", NULL };
	const char *where;
	int r;

	if (strcmp(type, "local") == 0) {
		c->kind = CACHE_DIR;
		r = fields_known(f, local, e);
		r = r < 0 ? r : need(f, "src", &where, e);
		return r < 0 ? r : copy(where, &c->where, e);
	}
	if (strcmp(type, "registry") != 0)
		return FAIL(e, E_USAGE, "the type is local or registry, not '%.40s'", type);
	r = fields_known(f, registry, e);
	r = r < 0 ? r : need(f, "ref", &where, e);
	return r < 0 ? r : read_ref(where, true, c, e);
}

static int read_mode(const struct fields *f, struct cache_ref *c, struct err *e)
{
	const char *mode = fields_get(f, "mode");

	c->max = mode && strcmp(mode, "max") == 0;
	if (mode && !c->max && strcmp(mode, "min") != 0)
		return FAIL(e, E_USAGE, "mode is min or max, not '%.40s'", mode);
	return fields_bool(f, "ignore-error", &c->ignore_error, e);
}

static int read_to(const struct fields *f, const char *type, struct cache_ref *c, struct err *e)
{
	static const char *const known[] = { "type", "dest",	     "ref", "mode",
					     "key",  "ignore-error", NULL };
	static const char *const none[] = { "type", NULL };
	const char *where;
	int r;

	if (strcmp(type, "inline") == 0) {
		c->kind = CACHE_INLINE;
		return fields_known(f, none, e);
	}
	if (strcmp(type, "local") != 0 && strcmp(type, "registry") != 0)
		return FAIL(e, E_USAGE, "the type is local, registry or inline, not '%.40s'", type);
	r = fields_known(f, known, e);
	if (r == 0)
		r = read_mode(f, c, e);
	if (r == 0)
		r = copy(fields_get(f, "key"), &c->key, e);
	if (r < 0)
		return r;
	if (strcmp(type, "registry") == 0) {
		if (fields_get(f, "dest"))
			return FAIL(e, E_USAGE, "a registry's cache goes to ref=, not dest=");
		r = need(f, "ref", &where, e);
		return r < 0 ? r : read_ref(where, false, c, e);
	}
	c->kind = CACHE_DIR;
	if (fields_get(f, "ref"))
		return FAIL(e, E_USAGE, "a local cache goes to dest=, not ref=");
	r = need(f, "dest", &where, e);
	return r < 0 ? r : copy(where, &c->where, e);
}

static int parse(const char *text, bool from, struct cache_ref *ret, struct err *e)
{
	struct cache_ref c = { .where = NULL };
	auto_fields f = { 0 };
	const char *type;
	int r;

	if (!strchr(text, '='))
		r = read_ref(text, from, &c, e);
	else if ((r = fields_parse(text, &f, e)) == 0 && (r = need(&f, "type", &type, e)) == 0)
		r = from ? read_from(&f, type, &c, e) : read_to(&f, type, &c, e);
	if (r < 0) {
		cache_ref_free(&c);
		return WRAP(e, r, "%s '%.200s'", from ? "--cache-from" : "--cache-to", text);
	}
	*ret = c;
	return 0;
}

int cache_from_parse(const char *text, struct cache_ref *ret, struct err *e)
{
	return parse(text, true, ret, e);
}

int cache_to_parse(const char *text, struct cache_ref *ret, struct err *e)
{
	return parse(text, false, ret, e);
}
