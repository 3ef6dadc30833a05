/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/tuf/scope.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/tuf/internal.h"

#define DIR_SCOPES "trust/tuf/scopes"
#define SCHEMA "plimsoll.tuf-scope/v1"

enum { LIMIT_SCOPE_FILE = 16384, LIMIT_SCOPES = 4096, LIMIT_SCOPE_DAYS = 36500, NAME_ROOM = 256 };

const char *const tuf_top_names[TUF_TOPS] = { "root", "targets", "snapshot", "timestamp" };
const uint64_t tuf_top_days[TUF_TOPS] = { 365, 90, 7, 1 };

void tuf_scope_close(struct tuf_scope *s)
{
	if (s->dir >= 0)
		(void)close(s->dir);
	s->dir = -1;
	json_decref(s->notary);
	s->notary = NULL;
}

int tuf_scope_parse(const char *scope, const char *at, struct tuf_scope *ret, struct err *e)
{
	auto_buf repository = BUF_INIT(2 * LIMIT_REF), place = BUF_INIT(2 * LIMIT_REF);
	struct tuf_scope s = TUF_SCOPE_INIT;
	bool prefix = ends_with(scope, "/");
	struct ref ref;
	int r;

	/* Whatever is below a prefix has to be a repository. */
	buf_printf(&place, "%s%s", scope, prefix ? "tuf" : "");
	if (place.n >= sizeof(s.scope) || ref_parse(buf_str(&place), &ref, NULL) < 0)
		return FAIL(e, E_USAGE, "'%.200s' is no repository HOST/NAME and no prefix HOST/…/",
			    scope);
	ref_repository(&ref, &repository);
	if (!ref.host[0] || strcmp(buf_str(&repository), buf_str(&place)) != 0)
		return FAIL(e, E_USAGE, "'%.200s' is no repository HOST/NAME and no prefix HOST/…/",
			    scope);
	buf_puts(&place, ":tuf");
	r = ref_parse(at ? at : buf_str(&place), &s.at, e);
	if (r < 0)
		return r;
	if (strcmp(s.at.host, ref.host) != 0 || s.at.digest.s[0])
		return FAIL(e, E_USAGE, "'%.200s' is no tag of the registry %s", at, ref.host);
	(void)snprintf(s.scope, sizeof(s.scope), "%s", scope);
	memcpy(s.days, tuf_top_days, sizeof(s.days));
	*ret = s;
	return 0;
}

static int folder_of(const char *scope, struct buf *path, struct err *e)
{
	auto_buf name = BUF_INIT(3 * LIMIT_REF);

	tuf_quote(str_of(scope), false, &name);
	if (name.n > NAME_ROOM - 1)
		return FAIL(e, E_USAGE, "scope '%.80s…' is too long", scope);
	buf_printf(path, DIR_SCOPES "/%s", buf_str(&name));
	return buf_check(path, "path", e);
}

static int open_folder(const struct state *state, const char *scope, bool make, struct err *e)
{
	auto_buf path = BUF_INIT(NAME_ROOM + sizeof(DIR_SCOPES));
	int r = folder_of(scope, &path, e);

	r = r < 0 || !make ? r : fs_mkdir_p(state->fd, buf_str(&path), 0700, e);
	return r < 0 ? r : fs_open_nolink(state->fd, buf_str(&path), O_RDONLY | O_DIRECTORY, 0, e);
}

int tuf_scope_make(const struct state *state, struct tuf_scope *s, struct err *e)
{
	s->dir = open_folder(state, s->scope, true, e);
	return s->dir < 0 ? s->dir : 0;
}

int tuf_scope_save(const struct state *state, struct tuf_scope *s, struct err *e)
{
	auto_buf at = BUF_INIT(LIMIT_REF + 128), text = BUF_INIT(LIMIT_SCOPE_FILE);
	auto_json *j = NULL;
	int r = s->dir < 0 ? tuf_scope_make(state, s, e) : 0;

	if (r < 0)
		return r;
	ref_full(&s->at, &at);
	j = json_pack("{ss ss ss sb s{} sO*}", "schema", SCHEMA, "scope", s->scope, "at",
		      buf_str(&at), "anyDigest", s->any_digest, "days", "notary", s->notary);
	r = j ? 0 : FAIL_NOMEM(e);
	for (int i = 0; r == 0 && i < TUF_TOPS; i++)
		r = json_put_u64(json_object_get(j, "days"), tuf_top_names[i], s->days[i], e);
	r = r < 0 ? r : json_pretty(j, &text, e);
	return r < 0 ? r : fs_write_file(s->dir, "scope", text.p, text.n, 0644, e);
}

static int read_scope(struct tuf_scope *s, const char *scope, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_SCOPE_FILE);
	auto_json *j = NULL;
	const char *own, *at;
	json_t *days;
	int dir = s->dir, r;

	if ((r = fs_read(dir, "scope", LIMIT_SCOPE_FILE, &text, e)) < 0 ||
	    (r = json_parse(buf_str(&text), text.n, "scope", &j, e)) < 0 ||
	    (r = json_get_string(j, "scope", &own, "scope", e)) < 0 ||
	    (r = json_get_string(j, "at", &at, "scope", e)) < 0 ||
	    (r = json_get_object(j, "days", &days, "scope", e)) < 0)
		return r;
	if (strcmp(own, scope) != 0)
		return FAIL(e, E_FORMAT, "scope is of '%.200s'", own);
	r = tuf_scope_parse(own, at, s, e);
	s->dir = dir;
	s->any_digest = json_is_true(json_object_get(j, "anyDigest"));
	s->notary = json_incref(json_object_get(j, "notary"));
	if (r == 0 && s->notary && !json_is_object(s->notary))
		r = FAIL(e, E_FORMAT, "scope: 'notary' is not an object");
	for (int i = 0; r == 0 && i < TUF_TOPS; i++) {
		r = json_get_u64(days, tuf_top_names[i], &s->days[i], "scope", e);
		if (r == 0 && (s->days[i] == 0 || s->days[i] > LIMIT_SCOPE_DAYS))
			r = FAIL(e, E_FORMAT, "scope: days of %s", tuf_top_names[i]);
	}
	return r;
}

int tuf_scope_open_any(const struct state *state, const char *scope, struct tuf_scope *ret,
		       struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	int r;

	s.dir = open_folder(state, scope, false, e);
	if (s.dir == E_NOTFOUND) {
		r = FAIL(e, E_NOTFOUND, "no TUF root is trusted for '%.200s'", scope);
		return err_hint(e, r, "plimsoll trust tuf status");
	}
	r = s.dir < 0 ? s.dir : read_scope(&s, scope, e);
	if (r < 0)
		return WRAP(e, r, "TUF scope '%.200s'", scope);
	*ret = s;
	s = TUF_SCOPE_INIT;
	return 0;
}

int tuf_scope_open(const struct state *state, const char *scope, struct tuf_scope *ret,
		   struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	int r = tuf_scope_open_any(state, scope, &s, e);

	if (r == 0 && s.notary)
		r = err_hint(e, FAIL(e, E_USAGE, "'%.200s' is listed by a Notary v1 server", scope),
			     "plimsoll trust notary --help");
	if (r < 0)
		return r;
	*ret = s;
	s = TUF_SCOPE_INIT;
	return 0;
}

int tuf_scope_lock(const struct state *state, const char *scope, struct tuf_scope *ret,
		   int *ret_lock, struct err *e)
{
	auto_scope s = TUF_SCOPE_INIT;
	int r = tuf_scope_open(state, scope, &s, e);
	int lock = r < 0 ? r : tuf_files_lock(s.dir, e);

	if (lock < 0)
		return lock;
	*ret = s;
	*ret_lock = lock;
	s = TUF_SCOPE_INIT;
	return 0;
}

static int unquote(const char *name, char *ret, size_t cap, struct err *e)
{
	size_t n = 0;

	for (const char *p = name; *p; p++) {
		char hex[3] = { 0 };

		if (n + 1 >= cap)
			return FAIL(e, E_FORMAT, "a name that is too long");
		if (*p == '%' && p[1] && p[2]) {
			memcpy(hex, p + 1, 2);
			ret[n++] = (char)strtol(hex, NULL, 16);
			p += 2;
		} else {
			ret[n++] = *p;
		}
	}
	ret[n] = '\0';
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int tuf_scope_list(const struct state *state, struct strv *ret, struct err *e)
{
	int fd = fs_open_nolink(state->fd, DIR_SCOPES, O_RDONLY | O_DIRECTORY, 0, NULL);

	if (fd == E_NOTFOUND)
		return 0;
	/* Whatever is wrong with it, no scope is overlooked. */
	if (fd < 0)
		return FAIL(e, fd, "open " DIR_SCOPES);

	auto_closedir DIR *d = fdopendir(fd);

	if (!d) {
		(void)close(fd);
		return FAIL_SYS(e, "read " DIR_SCOPES);
	}
	for (const struct dirent *ent; (errno = 0, ent = readdir(d));) {
		char scope[LIMIT_REF], file[NAME_ROOM + 16];
		struct stat st;
		int r;

		/* A folder without the file is of somebody who was killed while making it. */
		(void)snprintf(file, sizeof(file), "%s/scope", ent->d_name);
		if (ent->d_name[0] == '.')
			continue;
		if (fstatat(fd, file, &st, 0) < 0) {
			if (errno == ENOENT || errno == ENOTDIR)
				continue;
			return FAIL_SYS(e, "read " DIR_SCOPES "/%s", file);
		}
		if (ret->n >= LIMIT_SCOPES)
			return FAIL(e, E_FORMAT, DIR_SCOPES ": more than %d", LIMIT_SCOPES);
		r = unquote(ent->d_name, scope, sizeof(scope), e);
		r = r < 0 ? r : strv_add(ret, scope, e);
		if (r < 0)
			return r;
	}
	if (errno)
		return FAIL_SYS(e, "read " DIR_SCOPES);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	return 0;
}

static bool speaks_for(const char *scope, const char *repository)
{
	return ends_with(scope, "/") ? starts_with(repository, scope)
				     : strcmp(scope, repository) == 0;
}

int tuf_scope_find(const struct state *state, const char *repository, struct tuf_scope *ret,
		   struct err *e)
{
	auto_strv all = { 0 };
	const char *best = NULL;
	int r = tuf_scope_list(state, &all, e);

	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (speaks_for(all.v[i], repository) && (!best || strlen(all.v[i]) > strlen(best)))
			best = all.v[i];
	if (r < 0 || !best)
		return r;
	r = tuf_scope_open_any(state, best, ret, e);
	return r < 0 ? r : 1;
}

int tuf_scope_forget(const struct state *state, const char *scope, struct err *e)
{
	auto_buf path = BUF_INIT(NAME_ROOM + sizeof(DIR_SCOPES));
	auto_scope s = TUF_SCOPE_INIT;
	int r = tuf_scope_open_any(state, scope, &s, e);

	if (r < 0 && r != E_FORMAT && r != E_NOTFOUND)
		return r;
	if (folder_of(scope, &path, e) < 0)
		return E_USAGE;
	/* What is left of one that was half made, or half forgotten, is forgotten, too. */
	if (r == E_NOTFOUND && !fs_exists(state->fd, buf_str(&path)))
		return r;
	return fs_remove_tree(state->fd, buf_str(&path), e);
}

void tuf_path_of(const struct ref *ref, struct buf *ret)
{
	buf_printf(ret, "%s:%s", ref->name, ref->tag);
}
