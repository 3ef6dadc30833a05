/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "build/commit_time.h"
#include "build/context.h"
#include "dockerfile/remote.h"

enum { LIMIT_URL_TEXT = 8192 };

/* The URL of "origin"; a folder of this machine says nothing to others, and is none. */
static char *read_repository(const char *dir)
{
	static const char *const words[] = { "config", "--local", "--get", "remote.origin.url",
					     NULL };
	auto_buf out = BUF_INIT(0);
	auto_remote at = { 0 };
	auto_free char *url = NULL;

	if (!commit_git(dir, words, LIMIT_URL_TEXT, &out))
		return NULL;
	url = str_dup(str_trim((struct str){ buf_str(&out), out.n }));
	if (!url || !str_utf8(str_of(url)) || remote_parse(url, true, &at, NULL) < 0)
		return NULL;
	/* A URL of git's need not end in ".git". */
	return at.kind == REMOTE_NONE || !at.shown ? NULL : strdup(at.shown);
}

/* The file, or a folder that it is in. Of two names in other case the build takes what is there. */
static bool holds(const char *path, const char *file)
{
	const size_t n = strlen(path);

	return file && strncasecmp(path, file, n) == 0 && (file[n] == '\0' || file[n] == '/');
}

/* What says what is built is read though .dockerignore leaves it out, as is .dockerignore. */
static bool is_left_out(const struct context *c, const char *path, bool folder)
{
	return !holds(path, c->dockerfile_at) && !holds(path, c->ignore_at) &&
	       !ends_with(path, ".dockerignore") && ignore_match(&c->ignore, path) &&
	       !(folder && ignore_leads(&c->ignore, path));
}

/* Whether `git status` names something that is not left out. A folder ends in "/". */
static bool has_other_files(const struct buf *status, const char *prefix, const struct context *c)
{
	const size_t before = strlen(prefix);

	for (size_t at = 0; at < status->n;) {
		char *entry = status->p + at, *path = entry + 3;
		size_t n = strlen(entry);
		const bool folder = n > 0 && entry[n - 1] == '/';

		at += n + 1;
		if (n <= 3 + before || strncmp(path, prefix, before) != 0)
			return true;
		if (folder)
			entry[n - 1] = '\0';
		if (!is_left_out(c, path + before, folder))
			return true;
	}
	return false;
}

/* What `git update-index` marked as not to be looked at: `git status` knows nothing of it. */
static bool has_hidden_files(const char *dir, const struct context *c)
{
	static const char *const words[] = { "ls-files", "-v", "-z", NULL };
	auto_buf out = BUF_INIT(0);

	if (!commit_git(dir, words, LIMIT_COMMIT_CHANGES, &out))
		return true;
	for (size_t at = 0; at < out.n;) {
		const char *entry = out.p + at; /* "H path": as it should be */
		const size_t n = strlen(entry);

		at += n + 1;
		if (n < 3 || (entry[0] != 'H' && !is_left_out(c, entry + 2, false)))
			return true;
	}
	return false;
}

static bool is_dirty(const struct commit_times *t, const struct context *c)
{
	static const char *const words[] = { "status",
					     "--porcelain=v1",
					     "-z",
					     "--untracked-files=all",
					     "--ignored=matching",
					     "--no-renames",
					     "--",
					     ".",
					     NULL };
	auto_buf out = BUF_INIT(0);

	return !c || !c->dockerfile_at || !commit_git(t->dir, words, LIMIT_COMMIT_CHANGES, &out) ||
	       has_other_files(&out, t->prefix, c) || has_hidden_files(t->dir, c);
}

bool commit_source_read(const char *dir, const struct context *context, struct commit_source *ret)
{
	struct commit_source s = { .path = NULL };
	struct commit_times t;

	commit_times_open(&t, dir);
	if (t.dir) {
		(void)snprintf(s.commit, sizeof(s.commit), "%s", t.head);
		s.repository = read_repository(t.dir);
		s.path = strdup(t.prefix);
		s.dirty = is_dirty(&t, context);
	}
	commit_times_close(&t);
	if (!s.path) {
		commit_source_free(&s);
		return false;
	}
	if (*s.path) /* without the final slash */
		s.path[strlen(s.path) - 1] = '\0';
	*ret = s;
	return true;
}

void commit_source_free(struct commit_source *s)
{
	free(s->repository);
	free(s->path);
	*s = (struct commit_source){ .path = NULL };
}
