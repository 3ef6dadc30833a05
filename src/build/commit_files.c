/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a context as git is asked about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/commit_time.h"
#include "dockerfile/glob.h"

/* What of the path lies within the folder: "" is the folder itself; NULL: nothing does. */
static const char *within(const char *folder, const char *path)
{
	size_t n = strlen(folder);

	if (!n)
		return path;
	if (strncmp(path, folder, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

static bool is_copied(const struct source *s, const char *path, const struct ignore *exclude)
{
	const char *rest = within(s->path, path);

	if (!rest) /* a repository within the work tree is one path to git */
		return within(path, s->path);
	if (s->include && !glob_covers(s->include, rest))
		return false;
	return !*rest || !exclude || !ignore_match(exclude, rest);
}

bool commit_files_clean(const struct commit_times *t, const struct commit_files *f)
{
	for (size_t i = 0; i < t->changed.n; i++) {
		const char *path = t->changed.v[i];

		for (size_t k = 0; k < f->found->n; k++)
			if (is_copied(&f->found->v[k], path, f->exclude) &&
			    !(f->ignore && ignore_match(f->ignore, path)))
				return false;
	}
	return true;
}

/* A pattern names a file, or a folder with all in it. */
static int add(struct strv *words, const char *magic, const char *dir, const char *pattern,
	       struct err *e)
{
	const char *slash = *dir && *pattern ? "/" : "";
	int r;

	if (!*dir && !*pattern)
		return strv_add(words, ".", e);
	if (!glob_special(dir) && !glob_special(pattern))
		return strv_addf(words, e, ":(%sliteral)%s%s%s", magic, dir, slash, pattern);
	r = strv_addf(words, e, ":(%sglob)%s%s%s", magic, dir, slash, pattern);
	return r < 0 ? r : strv_addf(words, e, ":(%sglob)%s%s%s/**", magic, dir, slash, pattern);
}

static int add_excluded(struct strv *words, const char *dir, const struct ignore *g, struct err *e)
{
	int r = 0;

	for (size_t i = 0; g && !g->takes_back && r == 0 && i < g->n; i++)
		if (g->v[i].glob[0] != '/' && strcmp(g->v[i].glob, ".") != 0)
			r = add(words, "exclude,", dir, g->v[i].glob, e);
	return r;
}

/* As written, relative to the context: "/a/./b/../c/" is "a/c". Owned. */
static char *clean(const char *pattern)
{
	char *s = calloc(1, strlen(pattern) + 2);

	if (!s)
		return NULL;
	(void)stpcpy(s, pattern + strspn(pattern, "/"));
	path_clean(s);
	if (strcmp(s, ".") == 0)
		*s = '\0';
	return s;
}

static int add_all(const struct commit_files *f, bool with_excluded, struct strv *ret,
		   struct err *e)
{
	int r = with_excluded ? add_excluded(ret, "", f->ignore, e) : 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		auto_free char *s = clean(f->patterns[i]);

		r = s ? add(ret, "", "", s, e) : FAIL_NOMEM(e);
		/* Below a pattern it is not known where a source begins. */
		if (r == 0 && with_excluded && !glob_special(s))
			r = add_excluded(ret, s, f->exclude, e);
	}
	return r;
}

int commit_files_words(const struct commit_files *f, struct strv *ret, struct err *e)
{
	auto_strv words = { 0 };
	int r = add_all(f, true, &words, e);

	if (r == 0 && words.n > LIMIT_COMMIT_PATHS) {
		strv_free(&words);
		r = add_all(f, false, &words, e);
	}
	/* Whatever was touched is what a question about too many names comes to. */
	if (r == 0 && words.n > LIMIT_COMMIT_PATHS) {
		strv_free(&words);
		r = strv_add(&words, ".", e);
	}
	if (r < 0)
		return r;
	*ret = words;
	words = (struct strv){ 0 };
	return 0;
}
