/* SPDX-License-Identifier: Apache-2.0 */
/* ADD of what is fetched: files of the web, git repositories. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "build/git.h"
#include "build/work.h"

struct remote_source {
	size_t word; /* in the instruction's args: for messages */
	struct remote at;
	struct web_file web;
	struct git_tree git;
	bool has_checksum;
	struct digest checksum; /* of --checksum, for the web */
	bool unpack;
};

static void source_free(struct remote_source *v)
{
	remote_free(&v->at);
	close_release(&v->web.fd);
	close_release(&v->git.fd);
}

void remote_sources_free(struct remote_sources *all)
{
	for (size_t i = 0; i < all->n; i++)
		source_free(&all->v[i]);
	free(all->v);
	*all = (struct remote_sources){ 0 };
}

/* A failure at a source: points at its word. */
static int point(const struct stage_work *s, const struct df_node *n, const struct remote_source *v,
		 int r, struct err *e)
{
	const struct df_word *w = &n->args[v->word];

	return r < 0 ? df_wrap(s->scope.df, n, w->at, w->len, r, e) : 0;
}

/* --checksum of a repository is a commit, as the URL's own commit= is. */
static int take_commit(const struct stage_work *s, const struct df_node *n, struct remote_source *v,
		       const char *sum, struct err *e)
{
	if (!remote_is_commit(sum))
		return DF_FAIL_FLAG(
			s->scope.df, n, "checksum", e,
			"--checksum of a git repository is a whole commit, 40 or 64 hex "
			"digits");
	if (v->at.commit && strcmp(v->at.commit, sum) != 0)
		return DF_FAIL_FLAG(s->scope.df, n, "checksum", e,
				    "--checksum and the URL name two commits");
	free(v->at.commit);
	v->at.commit = strdup(sum);
	return v->at.commit ? 0 : FAIL_NOMEM(e);
}

static int read_flags(const struct stage_work *s, const struct df_node *n, struct remote_source *v,
		      struct err *e)
{
	auto_free char *sum = NULL;
	int r = scope_flag(&s->scope, n, "checksum", &sum, e);

	if (r < 0)
		return r;
	if (sum && n->args_n > 2)
		return DF_FAIL_FLAG(s->scope.df, n, "checksum", e,
				    "--checksum is of one source, and here are %zu", n->args_n - 1);
	if (df_flag(n, "keep-git-dir") && v->at.kind != REMOTE_GIT)
		return DF_FAIL_FLAG(s->scope.df, n, "keep-git-dir", e,
				    "--keep-git-dir is for git repositories");
	if (df_flag(n, "keep-git-dir"))
		v->at.keep_git = df_switch(n, "keep-git-dir", false);
	v->unpack = df_switch(n, "unpack", false);
	if (!sum)
		return 0;
	if (v->at.kind == REMOTE_GIT)
		return take_commit(s, n, v, sum, e);
	r = digest_parse(str_of(sum), &v->checksum, e);
	v->has_checksum = r == 0;
	return r < 0 ? df_wrap(s->scope.df, n, df_find_flag(n, "checksum")->at,
			       df_find_flag(n, "checksum")->len, r, e)
		     : 0;
}

int remote_sources_add(struct stage_work *s, const struct df_node *n, size_t word,
		       const char *source, struct remote_sources *all, struct err *e)
{
	struct remote_source v = { .word = word, .web = WEB_FILE_NONE, .git = GIT_TREE_NONE },
			     *more;
	int r = remote_parse(source, false, &v.at, e);

	r = point(s, n, &v, r, e);
	if (r == 0)
		r = read_flags(s, n, &v, e);
	if (r == 0) {
		more = reallocarray(all->v, all->n + 1, sizeof(*more));
		if (more)
			all->v = more;
		else
			r = FAIL_NOMEM(e);
	}
	if (r < 0)
		source_free(&v);
	else
		all->v[all->n++] = v;
	return r;
}

/* What docker calls a file whose URL has no name in it. */
static const char *file_name(const struct remote_source *v)
{
	return v->at.name ? v->at.name : "__unnamed__";
}

static int resolve(struct stage_work *s, struct remote_source *v, struct err *e)
{
	if (v->at.kind == REMOTE_GIT)
		return git_resolve(s->w, &v->at, &v->git, e);
	return web_resolve(s->w, &v->at, v->has_checksum ? &v->checksum : NULL, &v->web, e);
}

static void see_time(const struct remote_source *v, struct step_time *t)
{
	int64_t own = v->at.kind == REMOTE_GIT ? v->git.time : v->web.mtime;

	if (own > t->newest)
		t->newest = own;
	t->settled &= v->at.kind == REMOTE_GIT;
}

static int put_source(struct stage_work *s, const struct remote_source *v, struct keyer *key,
		      struct err *e)
{
	char digest[80];
	bool git = v->at.kind == REMOTE_GIT;

	if (git)
		git_digest(&v->git, digest);
	else
		(void)snprintf(digest, sizeof(digest), "%s", v->web.digest.s);
	keyer_put(key, git ? "git" : "web");
	keyer_put(key, git ? v->at.subdir : file_name(v));
	keyer_put(key, digest);
	keyer_put(key, v->unpack ? "unpack" : "");
	/* The URL stands in .git/config. */
	keyer_put(key, git && v->at.keep_git ? v->at.url : "");
	keyer_put(key, git && v->at.no_submodules ? "alone" : "");
	return material_add(s->w, v->at.shown, digest, e);
}

int remote_sources_key(struct stage_work *s, const struct df_node *n, struct remote_sources *all,
		       struct keyer *key, struct step_time *t, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		struct remote_source *v = &all->v[i];
		int r = point(s, n, v, resolve(s, v, e), e);

		if (r == 0)
			r = put_source(s, v, key, e);
		if (r < 0)
			return r;
		see_time(v, t);
	}
	return 0;
}

int remote_sources_get(struct stage_work *s, const struct df_node *n, struct remote_sources *all,
		       struct step_time *t, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		struct remote_source *v = &all->v[i];
		int r = v->at.kind == REMOTE_GIT ? git_get(s->w, &v->at, &v->git, e)
						 : web_get(s->w, &v->at, &v->web, e);

		r = point(s, n, v, r, e);
		if (r < 0)
			return r;
		see_time(v, t);
	}
	return 0;
}

/* The file as it would lie in a context: docker gives it to root alone. */
static int as_source(const struct remote_source *v, struct source *ret, struct err *e)
{
	const struct timespec t[2] = { { .tv_sec = v->web.mtime }, { .tv_sec = v->web.mtime } };

	if (fchmod(v->web.fd, 0600) < 0 || futimens(v->web.fd, t) < 0 ||
	    fstat(v->web.fd, &ret->st) < 0)
		return FAIL_SYS(e, "set time of '%s'", v->at.url);
	ret->fd = v->web.fd;
	ret->path = v->at.name;
	return 0;
}

static int copy_web(struct stage_work *s, const struct remote_source *v,
		    const struct ignore *exclude, const struct tree_copy *t, struct err *e)
{
	const struct source_root root = { .fd = -1 };
	auto_free char *name = strdup(file_name(v));
	struct tree_copy own = *t;
	struct source src = { 0 };
	int r = name ? as_source(v, &src, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	if (ignore_match(exclude, name))
		return 0;
	src.path = name;
	own.exact = false;
	r = v->unpack ? add_archive(s, &src, &own, e) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	return tree_copy(&own, &root, &src, e);
}

/* What the folder of a repository holds, all with the commit's time. */
static int copy_git(const struct remote_source *v, const struct ignore *exclude,
		    const struct tree_copy *t, struct err *e)
{
	auto_close int dir = git_subdir(&v->at, &v->git, e);
	const struct source_root root = { .fd = dir, .exclude = exclude };
	struct tree_copy own = *t;
	auto_sources all = { 0 };
	int r = dir < 0 ? dir : sources_find(&root, ".", &all, e);

	own.into = true;
	own.exact = true;
	if (v->git.time < own.clamp)
		own.clamp = v->git.time;
	return r < 0 ? r : tree_copy(&own, &root, &all.v[0], e);
}

int remote_source_copy(struct stage_work *s, const struct df_node *n,
		       const struct remote_sources *all, size_t i, const struct ignore *exclude,
		       const struct tree_copy *t, struct err *e)
{
	const struct remote_source *v = &all->v[i];
	int r = v->at.kind == REMOTE_GIT ? copy_git(v, exclude, t, e)
					 : copy_web(s, v, exclude, t, e);

	return r < 0 ? point(s, n, v, r, e) : r;
}

size_t remote_source_word(const struct remote_sources *all, size_t i)
{
	return all->v[i].word;
}

const char *remote_source_shown(const struct remote_sources *all, size_t i)
{
	return all->v[i].at.shown;
}
