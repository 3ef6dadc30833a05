/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/fs.h"
#include "crypto/key.h"
#include "registry/auth/auth_file.h"
#include "registry/auth/helper.h"

/* A file of credentials that is being changed: its folder is locked. */
struct opened {
	const char *shown;
	int dir; /* -1: neither folder nor file is there */
	char *name;
	bool exists;
	json_t *doc;
};

static void opened_release(struct opened *o)
{
	close_release(&o->dir);
	free(o->name);
	json_decref(o->doc);
}
#define auto_opened __attribute__((cleanup(opened_release))) struct opened

/* The folder and the name within; a link is followed, so that what it points to is replaced. */
static int open_folder(struct opened *o, const char *file, bool make, struct err *e)
{
	auto_free char *real = realpath(file, NULL);
	auto_free char *dir = strdup(real ? real : file);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int r = 0;

	o->name = strdup(slash ? slash + 1 : real ? real : file);
	if (!dir || !o->name)
		return FAIL_NOMEM(e);
	if (slash)
		*(slash == dir ? slash + 1 : slash) = '\0';
	if (make && slash)
		r = fs_mkdir_p_user(dir, 0700, e);
	if (r < 0)
		return r;
	o->dir = fs_open_user(slash ? dir : ".", O_RDONLY | O_DIRECTORY, 0, e);
	if (o->dir < 0)
		return o->dir;
	while (flock(o->dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return FAIL_SYS(e, "lock '%s'", dir);
	return 0;
}

/* E_NOTFOUND when it is not there and shall not be made. */
static int open_file(struct opened *o, const char *file, bool make, struct err *e)
{
	auto_secret b = BUF_INIT(LIMIT_AUTH_FILE);
	int r;

	*o = (struct opened){ .shown = file, .dir = -1 };
	r = open_folder(o, file, make, e);
	if (r < 0)
		return r;
	r = fs_read(o->dir, o->name, LIMIT_AUTH_FILE, &b, e);
	o->exists = r == 0;
	if (r == E_NOTFOUND && make)
		r = 0;
	return r < 0 ? r : auth_file_parse(buf_str(&b), b.n, file, &o->doc, e);
}

static int save(const struct opened *o, struct err *e)
{
	auto_secret b = BUF_INIT(2 * LIMIT_AUTH_FILE);
	int r = json_pretty(o->doc, &b, e);

	if (r == 0)
		r = fs_write_file(o->dir, o->name, buf_str(&b), b.n, 0600, e);
	return r < 0 ? WRAP(e, r, "%s", o->shown) : 0;
}

static const char *find_key(const struct opened *o, const char *where)
{
	json_t *auths = json_object_get(o->doc, "auths"), *v;
	const char *key;

	if (json_object_get(auths, where))
		return where;
	json_object_foreach(auths, key, v) if (auth_key_is(key, where)) return key;
	return NULL;
}

/* What is secret of an entry; the rest (an e-mail address) is not ours. */
static void clear_entry(json_t *entry)
{
	static const char *const keys[] = { "auth", "identitytoken", "registrytoken", "username",
					    "password" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		(void)json_object_del(entry, keys[i]);
}

static int put_entry(struct opened *o, const char *where, const struct credential *c, struct err *e)
{
	auto_secret pair = BUF_INIT(2 * LIMIT_SECRET + 2), text = BUF_INIT(4 * LIMIT_SECRET);
	const char *old = find_key(o, where), *key = old ? old : auth_file_key(where);
	json_t *auths = json_object_get(o->doc, "auths"), *entry;
	int r = 0;

	if (!auths) {
		r = json_put(o->doc, "auths", json_object(), e);
		auths = json_object_get(o->doc, "auths");
	}
	entry = r == 0 ? json_object_get(auths, key) : NULL;
	if (r == 0 && !json_is_object(entry)) {
		r = json_put(auths, key, json_object(), e);
		entry = json_object_get(auths, key);
	}
	if (r < 0)
		return r;
	clear_entry(entry);
	if (!c)
		return 0;
	buf_printf(&pair, "%s:%s", c->user, c->secret);
	b64_put(&text, B64_STD, buf_str(&pair), pair.n);
	if (pair.failed || text.failed)
		return FAIL_NOMEM(e);
	return json_put_string(entry, "auth", buf_str(&text), e);
}

/* HOST of HOST/NAME. */
static void host_of(const char *where, char ret[static 256])
{
	(void)snprintf(ret, 256, "%.*s", (int)strcspn(where, "/"), where);
}

static int helper_of(const struct opened *o, const char *where, const char **ret, struct err *e)
{
	char host[256];
	int r;

	host_of(where, host);
	r = auth_file_helper(o->doc, host, false, ret, e);
	if (r == 0 && !*ret)
		r = auth_file_helper(o->doc, host, true, ret, e);
	return r < 0 ? WRAP(e, r, "%s", o->shown) : 0;
}

/* The first file that knows where, else the last of all. */
static int choose(const struct strv *files, const char *where, const char **ret, struct err *e)
{
	if (files->n == 0)
		return FAIL(e, E_USAGE,
			    "no file to keep it in: neither HOME nor "
			    "REGISTRY_AUTH_FILE is set");
	*ret = files->v[files->n - 1];
	for (size_t i = 0; i + 1 < files->n; i++) {
		auto_opened o = { .dir = -1 };
		int r = open_file(&o, files->v[i], false, e);

		if (r < 0 && r != E_NOTFOUND)
			return r;
		if (r == 0 && find_key(&o, where)) {
			*ret = files->v[i];
			return 0;
		}
	}
	return 0;
}

int login_write(const char *where, const struct credential *c, struct buf *ret, struct err *e)
{
	auto_strv files = { 0 };
	auto_opened o = { .dir = -1 };
	const char *file = NULL, *helper = NULL;
	int r = credential_files(&files, e);

	if (r == 0)
		r = choose(&files, where, &file, e);
	if (r == 0)
		r = open_file(&o, file, true, e);
	if (r == 0)
		r = helper_of(&o, where, &helper, e);
	if (r == 0 && helper)
		r = helper_store(helper, auth_file_key(where), c, e);
	if (r == 0 && (!helper || find_key(&o, where))) {
		r = put_entry(&o, where, helper ? NULL : c, e);
		r = r < 0 ? r : save(&o, e);
	}
	if (r < 0)
		return r;
	buf_printf(ret, helper ? "docker-credential-%s" : "%s", helper ? helper : file);
	return buf_check(ret, "name", e);
}

static int erase_helper(const struct opened *o, const char *where, struct strv *ret, struct err *e)
{
	auto_credential c = { 0 };
	const char *helper, *key = auth_file_key(where);
	int r = helper_of(o, where, &helper, e);

	if (r < 0 || !helper)
		return r;
	r = helper_get(helper, key, &c, e);
	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = helper_erase(helper, key, e);
	return r < 0 ? r : strv_addf(ret, e, "docker-credential-%s", helper);
}

static int erase_in(const char *file, const char *where, struct strv *ret, struct err *e)
{
	auto_opened o = { .dir = -1 };
	const char *key;
	bool any = false;
	int r = open_file(&o, file, false, e);

	if (r == 0)
		r = erase_helper(&o, where, ret, e);
	while (r == 0 && (key = find_key(&o, where)) != NULL) {
		/* The key may be the document's own: it dies with the entry. */
		auto_free char *copy = strdup(key);

		if (!copy)
			return FAIL_NOMEM(e);
		(void)json_object_del(json_object_get(o.doc, "auths"), copy);
		any = true;
	}
	if (r == 0 && any)
		r = save(&o, e);
	return r == 0 && any ? strv_add(ret, file, e) : r;
}

int login_erase(const char *where, struct strv *ret, struct err *e)
{
	auto_strv files = { 0 };
	int r = credential_files(&files, e);

	for (size_t i = 0; i < files.n && r == 0; i++) {
		r = erase_in(files.v[i], where, ret, e);
		if (r == E_NOTFOUND)
			r = 0;
	}
	if (r == 0 && ret->n == 0)
		r = FAIL(e, E_NOTFOUND, "no credentials for '%s' are kept", where);
	return r;
}
