/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/auth_file.h"

#include <stdio.h>
#include <strings.h>

#include "base/encode.h"

#define DOCKER_KEY "https://index.docker.io/v1/"

int auth_file_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e)
{
	auto_json *doc = NULL;
	int r;

	if (n == 0)
		return (*ret = json_object()) ? 0 : FAIL_NOMEM(e);
	r = json_parse(p, n, what, &doc, e);
	if (r < 0)
		return r;
	if (!json_is_object(doc))
		return FAIL(e, E_FORMAT, "%s: not an object", what);
	for (size_t i = 0; i < 2; i++) {
		const json_t *v = json_object_get(doc, i ? "credHelpers" : "auths");

		if (v && !json_is_object(v))
			return FAIL(e, E_FORMAT, "%s: '%s' is not an object", what,
				    i ? "credHelpers" : "auths");
	}
	*ret = TAKE(doc);
	return 0;
}

/* All names of Docker's own registry are one. */
static struct str one_name(struct str host)
{
	static const char *const same[] = { "docker.io", "index.docker.io",
					    "registry-1.docker.io" };

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (str_eqz(host, same[i]))
			return STR("docker.io");
	return host;
}

static bool same_host(struct str a, struct str b)
{
	struct str x = one_name(a), y = one_name(b);

	return x.n == y.n && strncasecmp(x.p, y.p, x.n) == 0;
}

/* "HOST/a/b" as its host and "a/b". */
static struct str cut_host(struct str *rest)
{
	struct str host = *rest;
	const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;

	host.n = slash ? (size_t)(slash - rest->p) : rest->n;
	rest->p += slash ? host.n + 1 : rest->n;
	rest->n -= slash ? host.n + 1 : rest->n;
	return host;
}

bool auth_key_is(const char *key, const char *where)
{
	struct str k = str_of(key), w = str_of(where), host;
	bool url = str_starts(k, "https://") || str_starts(k, "http://");

	if (url) { /* docker once wrote addresses; their path says nothing */
		size_t n = str_starts(k, "https://") ? 8 : 7;

		k.p += n;
		k.n -= n;
	}
	host = cut_host(&k);
	return same_host(host, cut_host(&w)) && (url ? w.n == 0 : str_eq(k, w));
}

const char *auth_file_key(const char *where)
{
	return strchr(where, '/') || !same_host(str_of(where), STR("docker.io")) ? where
										 : DOCKER_KEY;
}

/* "user:password" of base64. docker's own files may end in NULs. */
static int take_auth(const char *auth, struct credential *c, struct err *e)
{
	auto_buf b = BUF_INIT(2 * LIMIT_SECRET + 8);
	struct str rest, user;
	int r = b64_decode(str_of(auth), B64_STD, &b, NULL);

	if (r < 0 || b.failed)
		return FAIL(e, E_FORMAT, "'auth' is not base64");
	while (b.n && b.p[b.n - 1] == '\0')
		b.n--;
	rest = (struct str){ buf_str(&b), b.n };
	if (!memchr(rest.p, ':', rest.n) || !str_cut(&rest, ':', &user) || user.n == 0)
		r = FAIL(e, E_FORMAT, "'auth' is not USER:PASSWORD in base64");
	if (r == 0)
		r = secret_check(user, "user", e);
	if (r == 0)
		r = secret_check(rest, "password", e);
	if (r == 0) {
		c->user = str_dup(user);
		c->secret = str_dup(rest);
		r = c->user && c->secret ? 0 : FAIL_NOMEM(e);
	}
	explicit_bzero(b.p, b.n);
	return r;
}

static int take_string(const json_t *entry, const char *key, char **ret, struct err *e)
{
	const json_t *v = json_object_get(entry, key);
	const char *s = json_string_value(v);
	int r;

	if (!v || (s && !*s))
		return 0;
	if (!s)
		return FAIL(e, E_FORMAT, "'%s' is not a string", key);
	r = secret_check(str_of(s), key, e);
	if (r < 0)
		return r;
	*ret = strdup(s);
	return *ret ? 0 : FAIL_NOMEM(e);
}

/* 0 also when the entry holds nothing, as docker's do when a helper holds it. */
static int take_entry(const json_t *entry, struct credential *c, struct err *e)
{
	const char *auth = json_string_or_null(entry, "auth");
	int r = json_is_object(entry) ? 0 : FAIL(e, E_FORMAT, "not an object");

	if (r == 0 && json_object_get(entry, "auth") && !auth)
		r = FAIL(e, E_FORMAT, "'auth' is not a string");
	if (r == 0)
		r = take_string(entry, "identitytoken", &c->identity, e);
	if (r == 0)
		r = take_string(entry, "registrytoken", &c->bearer, e);
	if (r < 0)
		return r;
	/* docker keeps "<user>:" beside an identity token. */
	if (auth && *auth)
		return take_auth(auth, c, e);
	r = take_string(entry, "username", &c->user, e);
	if (r == 0)
		r = take_string(entry, "password", &c->secret, e);
	if (r == 0 && (!c->user || !c->secret)) {
		wipe_string(TAKE(c->user));
		wipe_string(TAKE(c->secret));
	}
	return r;
}

static int find_key(json_t *auths, const char *where, struct credential *ret, struct err *e)
{
	auto_credential c = { 0 };
	json_t *entry = json_object_get(auths, where), *v;
	const char *key, *at = where;
	int r;

	json_object_foreach(auths, key, v) if (!entry && auth_key_is(key, where))
	{
		entry = v;
		at = key;
	}
	if (!entry)
		return E_NOTFOUND;
	r = take_entry(entry, &c, e);
	if (r < 0)
		return WRAP(e, r, "auths: %.200s", at);
	if (!c.user && !c.identity && !c.bearer)
		return E_NOTFOUND;
	*ret = c;
	c = (struct credential){ 0 };
	return 0;
}

int auth_file_find(const json_t *doc, const char *host, const char *name, struct credential *ret,
		   struct err *e)
{
	json_t *auths = json_object_get(doc, "auths");
	char where[1024], *slash;
	int r = E_NOTFOUND;

	if (snprintf(where, sizeof(where), "%s%s%s", host, name ? "/" : "", name ? name : "") >=
	    (int)sizeof(where))
		return FAIL(e, E_FORMAT, "the name of the repository is too long");
	while (auths && (r = find_key(auths, where, ret, e)) == E_NOTFOUND) {
		slash = strrchr(where, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return r == E_NOTFOUND ? FAIL(e, E_NOTFOUND, "no credentials for '%s'", host) : r;
}

int auth_file_check_helper(const char *name, struct err *e)
{
	size_t n =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	if (n == 0 || name[n] || n > LIMIT_HELPER_NAME)
		return FAIL(e, E_FORMAT, "'%.80s' is no name of a credential helper", name);
	return 0;
}

int auth_file_helper(const json_t *doc, const char *host, bool all, const char **ret, struct err *e)
{
	json_t *helpers = json_object_get(doc, "credHelpers"), *v = NULL, *other;
	const char *key, *name;

	*ret = NULL;
	if (all)
		v = json_object_get(doc, "credsStore");
	else
		json_object_foreach(helpers, key, other) if (auth_key_is(key, host)) v = other;
	name = json_string_value(v);
	if (v && !name)
		return FAIL(e, E_FORMAT, "the name of a credential helper is not a string");
	if (!name || !*name)
		return 0;
	*ret = name;
	return auth_file_check_helper(name, e);
}
