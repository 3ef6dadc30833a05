/* SPDX-License-Identifier: Apache-2.0 */
#include "build/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/str.h"
#include "dockerfile/glob.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* --exclude speaks of paths within a folder. A file, and what a pattern found, goes by its name. */
static bool left_out_by_name(const struct source_root *root, const char *path,
			     const struct stat *st, bool literal)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	return root->exclude && *base && !(literal && S_ISDIR(st->st_mode)) &&
	       ignore_match(root->exclude, base) &&
	       !(S_ISDIR(st->st_mode) && root->exclude->takes_back);
}

static int add(const struct source_root *root, const char *path, bool literal, struct sources *ret,
	       struct err *e)
{
	struct source s = { .fd = -1 }, *v;
	bool out = *path && root->ignore && ignore_match(root->ignore, path);

	if (ret->n == LIMIT_SOURCES)
		return FAIL(e, E_FORMAT, "more than %d files match", LIMIT_SOURCES);
	s.fd = fs_open_in_root(root->fd, *path ? path : ".", O_PATH, 0, e);
	if (s.fd == E_NOTFOUND && !literal)
		return 0; /* a link that leads nowhere, met by a pattern */
	if (s.fd == E_NOTFOUND)
		return FAIL(e, E_NOTFOUND, "'%.500s' is not there", path);
	if (s.fd < 0)
		return s.fd;

	auto_close int fd = s.fd;

	if (fstat(fd, &s.st) < 0)
		return FAIL_SYS(e, "read '%s'", path);
	if (out && !(S_ISDIR(s.st.st_mode) && ignore_leads(root->ignore, path)))
		return literal ? FAIL(e, E_NOTFOUND, "'%.500s' is left out by .dockerignore", path)
			       : 0;
	if (left_out_by_name(root, path, &s.st, literal))
		return 0;
	if (!S_ISDIR(s.st.st_mode) && !S_ISREG(s.st.st_mode))
		return FAIL(e, E_FORMAT, "'%.500s' is neither a file nor a folder", path);
	v = reallocarray(ret->v, ret->n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	ret->v = v;
	s.path = strdup(path);
	if (!s.path)
		return FAIL_NOMEM(e);
	(void)TAKE_FD(fd);
	v[ret->n++] = s;
	return 0;
}

static int names_of(int root, const char *dir, struct strv *ret, struct err *e)
{
	int fd = fs_open_in_root(root, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_closedir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return 0; /* not there or no folder: nothing matches within */
	for (const struct dirent *ent; (ent = readdir(d));) {
		int r;

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		if (ret->n == LIMIT_SOURCES)
			return FAIL(e, E_FORMAT, "more than %d entries in '%.200s'", LIMIT_SOURCES,
				    dir);
		r = strv_add(ret, ent->d_name, e);
		if (r < 0)
			return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

static int join(const char *dir, const char *name, char **ret, struct err *e)
{
	return asprintf(ret, "%s%s%s", dir, *dir ? "/" : "", name) < 0 ? FAIL_NOMEM(e) : 0;
}

/* Matches the pattern's parts, one folder at a time, below `done`. */
static int expand(const struct source_root *root, const char *done, const char *rest, bool literal,
		  struct sources *ret, struct err *e)
{
	size_t n = strcspn(rest, "/");
	const char *next = rest + n + (rest[n] == '/');
	auto_free char *part = strndup(rest, n);
	auto_strv names = { 0 };
	int r = 0;

	if (!part)
		return FAIL_NOMEM(e);
	if (!*rest)
		return add(root, done, literal, ret, e);
	if (!glob_special(part))
		r = strv_add(&names, part, e);
	else
		r = names_of(root->fd, done, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		auto_free char *path = NULL;

		if (glob_special(part)) {
			r = glob_match(part, names.v[i], false, e);
			if (r <= 0)
				continue;
		}
		r = join(done, names.v[i], &path, e);
		if (r == 0)
			r = expand(root, path, next, literal, ret, e);
	}
	return r < 0 ? r : 0;
}

/* The pattern relative to the root, without "." and ".."; "" is the root itself. */
static int clean_pattern(const char *pattern, bool deep, char **ret, struct err *e)
{
	auto_free char *clean = calloc(1, strlen(pattern) + 2);
	int r;

	if (!clean)
		return FAIL_NOMEM(e);
	(void)stpcpy(clean, pattern + strspn(pattern, "/"));
	path_clean(clean);
	if (strcmp(clean, "..") == 0 || starts_with(clean, "../"))
		return FAIL(e, E_FORMAT, "'%.500s' lies outside", pattern);
	if (strcmp(clean, ".") == 0)
		*clean = '\0';
	r = glob_match(clean, "", deep, e); /* well-formed, also where nothing is there to match */
	if (r < 0)
		return r;
	*ret = TAKE(clean);
	return 0;
}

int sources_find(const struct source_root *root, const char *pattern, struct sources *ret,
		 struct err *e)
{
	auto_free char *clean = NULL;
	int r = clean_pattern(pattern, false, &clean, e);

	return r < 0 ? r : expand(root, "", clean, !glob_special(clean), ret, e);
}

/* A name without anything special has to be there, as in sources_find(). */
static int must_be_there(const struct source_root *root, const char *dir, const char *rest,
			 struct err *e)
{
	const struct source_root all = { .fd = root->fd, .ignore = root->ignore };
	auto_free char *path = NULL;
	auto_sources found = { 0 };
	int r = join(dir, rest, &path, e);

	return r < 0 ? r : add(&all, path, true, &found, e);
}

int sources_find_parents(const struct source_root *root, const char *pattern, struct sources *ret,
			 struct err *e)
{
	const char *pivot = strstr(pattern, "/./");
	auto_free char *before = strndup(pattern, pivot ? (size_t)(pivot - pattern) : 0);
	auto_free char *dir = NULL, *rest = NULL;
	size_t first = ret->n;
	int r = before ? clean_pattern(before, false, &dir, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = clean_pattern(pivot ? pivot + 3 : pattern, true, &rest, e);
	if (r == 0 && !glob_special(dir) && *rest && !glob_special(rest))
		r = must_be_there(root, dir, rest, e);
	if (r == 0)
		r = expand(root, "", dir, !glob_special(dir), ret, e);
	for (size_t i = first; r == 0 && i < ret->n; i++) {
		ret->v[i].include = strdup(rest);
		if (!ret->v[i].include)
			r = FAIL_NOMEM(e);
	}
	return r;
}

void sources_free(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		close_release(&s->v[i].fd);
		free(s->v[i].path);
		free(s->v[i].include);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}

const char *source_base(const struct source *s)
{
	const char *slash = strrchr(s->path, '/');

	return slash ? slash + 1 : s->path;
}
