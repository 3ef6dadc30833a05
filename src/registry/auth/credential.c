/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "crypto/key.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/helper.h"
#include "registry/conf/registries.h"

void wipe_string(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void credential_free(struct credential *c)
{
	wipe_string(c->user);
	wipe_string(c->secret);
	wipe_string(c->identity);
	wipe_string(c->bearer);
	*c = (struct credential){ 0 };
}

static bool copy_string(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

int credential_copy(const struct credential *c, struct credential *ret, struct err *e)
{
	auto_credential x = { 0 };

	if (!copy_string(c->user, &x.user) || !copy_string(c->secret, &x.secret) ||
	    !copy_string(c->identity, &x.identity) || !copy_string(c->bearer, &x.bearer))
		return FAIL_NOMEM(e);
	memcpy(x.from, c->from, sizeof(x.from));
	*ret = x;
	x = (struct credential){ 0 };
	return 0;
}

int secret_check(struct str s, const char *what, struct err *e)
{
	if (s.n > LIMIT_SECRET)
		return FAIL(e, E_FORMAT, "%s: %zu bytes, the limit is %d", what, s.n, LIMIT_SECRET);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return FAIL(e, E_FORMAT, "%s: a control character in it", what);
	return 0;
}

/* $variable/tail, else ~/home/tail; nothing when neither is known. */
static int add_file(struct strv *l, const char *variable, const char *home, const char *tail,
		    struct err *e)
{
	const char *dir = getenv(variable), *user = getenv("HOME");

	if (dir && *dir)
		return strv_addf(l, e, "%s/%s", dir, tail);
	return user && *user ? strv_addf(l, e, "%s/%s/%s", user, home, tail) : 0;
}

/* Where podman keeps them without $XDG_RUNTIME_DIR. In a user namespace our number is somebody
 * else's, whose file cannot be read. */
static int add_runtime(struct strv *l, struct err *e)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/run/containers/%u/auth.json", (unsigned)getuid());
	return access(path, R_OK) == 0 ? strv_add(l, path, e) : 0;
}

int credential_files(struct strv *ret, struct err *e)
{
	const char *named = getenv("REGISTRY_AUTH_FILE"), *runtime = getenv("XDG_RUNTIME_DIR");
	int r;

	if (named && *named)
		return strv_add(ret, named, e);
	if (runtime && *runtime)
		r = strv_addf(ret, e, "%s/containers/auth.json", runtime);
	else
		r = add_runtime(ret, e);
	if (r == 0)
		r = add_file(ret, "XDG_CONFIG_HOME", ".config", "containers/auth.json", e);
	if (r == 0)
		r = add_file(ret, "DOCKER_CONFIG", ".docker", "config.json", e);
	return r;
}

/* docker's own registry is kept under the name that docker gives it; others may have used its host.
 */
static int ask_for(const char *helper, const char *host, struct credential *ret, struct err *e)
{
	const char *key = auth_file_key(host);
	int r = helper_get(helper, key, ret, e);

	if (r == E_NOTFOUND && strcmp(key, host) != 0)
		r = helper_get(helper, host, ret, e);
	return r;
}

static int ask_helper(const json_t *doc, const char *host, bool all, struct credential *ret,
		      struct err *e)
{
	const char *helper;
	int r = auth_file_helper(doc, host, all, &helper, e);

	if (r == 0 && !helper)
		return E_NOTFOUND;
	return r < 0 ? r : ask_for(helper, host, ret, e);
}

static int find_in(const json_t *doc, const char *file, const char *host, const char *name,
		   struct credential *ret, struct err *e)
{
	int r = ask_helper(doc, host, false, ret, e);

	if (r == E_NOTFOUND) {
		r = auth_file_find(doc, host, name, ret, e);
		if (r == 0)
			(void)snprintf(ret->from, sizeof(ret->from), "%s", file);
	}
	return r == E_NOTFOUND ? ask_helper(doc, host, true, ret, e) : r;
}

static int find_in_file(const char *file, const char *host, const char *name,
			struct credential *ret, struct err *e)
{
	auto_secret b = BUF_INIT(LIMIT_AUTH_FILE);
	auto_json *doc = NULL;
	int r = fs_read_user(file, LIMIT_AUTH_FILE, &b, e);

	if (r == 0)
		r = auth_file_parse(buf_str(&b), b.n, file, &doc, e);
	if (r < 0)
		return r;
	r = find_in(doc, file, host, name, ret, e);
	return r < 0 && r != E_NOTFOUND ? WRAP(e, r, "%s", file) : r;
}

static int find_in_files(const char *host, const char *name, struct credential *ret, struct err *e)
{
	auto_strv files = { 0 };
	int r = credential_files(&files, e);

	for (size_t i = 0; i < files.n && r == 0; i++) {
		r = find_in_file(files.v[i], host, name, ret, e);
		if (r != E_NOTFOUND)
			return r;
		r = 0;
	}
	return r < 0 ? r : E_NOTFOUND;
}

int credential_find(const char *host, const char *name, struct credential *ret, struct err *e)
{
	auto_registries conf = { 0 };
	int r = registries_load(&conf, e);

	for (size_t i = 0; r == 0 && i < conf.helpers.n; i++)
		r = auth_file_check_helper(conf.helpers.v[i], e);
	if (r < 0)
		return WRAP(e, r, "registries.conf: credential-helpers");
	if (!conf.has_helpers)
		r = find_in_files(host, name, ret, e);
	else
		r = E_NOTFOUND;
	/* credential-helpers of registries.conf: who is asked, in that order, and nobody else. */
	for (size_t i = 0; i < conf.helpers.n && r == E_NOTFOUND; i++)
		r = strcmp(conf.helpers.v[i], "containers-auth.json") == 0
			    ? find_in_files(host, name, ret, e)
			    : ask_for(conf.helpers.v[i], host, ret, e);
	return r == E_NOTFOUND ? FAIL(e, E_NOTFOUND, "no credentials for '%s'", host) : r;
}
