/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD: their words and flags. */
#include "build/step_copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static int read_heredoc(const struct stage_work *s, struct copy *c, const struct df_heredoc *doc,
			struct err *e)
{
	struct expand x = scope_expand(&s->scope);
	auto_free char *content = NULL;
	int r;

	/* As in BuildKit, the text is no Dockerfile: "# escape=" says nothing about it. */
	x.escape = '\\';
	x.keep_quotes = true;
	if (strchr(doc->name, '/') || strcmp(doc->name, ".") == 0 || strcmp(doc->name, "..") == 0)
		return FAIL(e, E_FORMAT, "'%.100s' is no name for a file", doc->name);
	r = doc->expand ? expand_string(doc->content, &x, &content, e) : 0;
	if (r == 0)
		r = strv_add(&c->names, doc->name, e);
	return r < 0 ? r : strv_add(&c->contents, content ? content : doc->content, e);
}

static int read_source(struct stage_work *s, struct copy *c, size_t i, size_t *doc, struct err *e)
{
	const struct df_node *n = c->n;
	const struct df_word *w = &n->args[i];
	auto_free char *source = NULL;
	int r;

	if (*doc < n->docs_n && !n->exec && strstr(w->s, "<<")) {
		r = read_heredoc(s, c, &n->docs[(*doc)++], e);
		return r < 0 ? df_wrap(s->scope.df, n, w->at, w->len, r, e) : 0;
	}
	r = scope_word(&s->scope, n, w, &source, e);
	if (r < 0)
		return r;
	if (n->op == DF_ADD && remote_kind(source, false) != REMOTE_NONE)
		return remote_sources_add(s, n, i, source, &c->remotes, e);
	if (starts_with(source, "http://") || starts_with(source, "https://")) {
		r = FAIL(e, E_FORMAT, "COPY takes files, not a URL: ADD fetches one");
		return df_wrap(s->scope.df, n, w->at, w->len, r, e);
	}
	c->words[c->patterns.n] = i;
	return strv_add(&c->patterns, source, e);
}

static int read_target(const struct stage_work *s, struct copy *c, struct err *e)
{
	const struct df_word *w = &c->n->args[c->n->args_n - 1];
	int r = scope_word(&s->scope, c->n, w, &c->target_word, e);
	const char *t = c->target_word;

	if (r == 0)
		r = scope_path(&s->scope, t, &c->target, e);
	if (r < 0)
		return r;
	c->into = !*t || ends_with(t, "/") || strcmp(t, ".") == 0 || strcmp(t, "..") == 0 ||
		  ends_with(t, "/.") || ends_with(t, "/..");
	return 0;
}

int copy_wrap_flag(const struct stage_work *s, const struct copy *c, const char *name, int r,
		   struct err *e)
{
	const struct df_flag *f = df_find_flag(c->n, name);

	return r < 0 ? df_wrap(s->scope.df, c->n, f->at, f->len, r, e) : r;
}

/* --exclude, which may be given many times. */
static int read_excludes(const struct stage_work *s, struct copy *c, struct err *e)
{
	for (size_t i = 0; i < c->n->flags_n; i++) {
		const struct df_flag *f = &c->n->flags[i];
		struct df_word w = { f->value, f->at, f->len };
		auto_free char *pattern = NULL;
		int r;

		if (strcmp(f->name, "exclude") != 0)
			continue;
		r = scope_word(&s->scope, c->n, &w, &pattern, e);
		if (r < 0)
			return r;
		if (!*pattern)
			return df_fail(s->scope.df, c->n, f->at, f->len, e,
				       "--exclude: the pattern is empty");
		r = ignore_add(&c->exclude, pattern, e);
		if (r < 0)
			return df_wrap(s->scope.df, c->n, f->at, f->len, r, e);
	}
	return 0;
}

/* What says something of fetched sources only, while none is. */
static int refuse_remote_flags(const struct stage_work *s, const struct copy *c, struct err *e)
{
	static const char *const flags[] = { "checksum", "keep-git-dir" };

	for (size_t i = 0; c->remotes.n == 0 && i < sizeof(flags) / sizeof(*flags); i++)
		if (df_find_flag(c->n, flags[i]))
			return DF_FAIL_FLAG(s->scope.df, c->n, flags[i], e,
					    "--%s is for sources that are fetched, and none is",
					    flags[i]);
	return 0;
}

static int read_flags(const struct stage_work *s, struct copy *c, struct err *e)
{
	int r = scope_flag(&s->scope, c->n, "chown", &c->chown, e);

	c->link = df_switch(c->n, "link", false);
	c->parents = df_switch(c->n, "parents", false);
	c->unpack = df_switch(c->n, "unpack", c->n->op == DF_ADD);
	if (r == 0)
		r = scope_flag(&s->scope, c->n, "chmod", &c->chmod, e);
	if (r == 0 && c->chmod)
		r = copy_wrap_flag(s, c, "chmod", mode_parse(c->chmod, &c->mode, e), e);
	return r < 0 ? r : read_excludes(s, c, e);
}

int copy_read(struct stage_work *s, struct copy *c, struct err *e)
{
	size_t doc = 0;
	int r = 0;

	c->from_mounted = MOUNTED_NONE;
	c->words = calloc(c->n->args_n, sizeof(*c->words));
	c->ends = calloc(c->n->args_n, sizeof(*c->ends));
	if (!c->words || !c->ends)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i + 1 < c->n->args_n; i++)
		r = read_source(s, c, i, &doc, e);
	if (r == 0)
		r = read_target(s, c, e);
	if (r == 0)
		r = refuse_remote_flags(s, c, e);
	return r < 0 ? r : read_flags(s, c, e);
}
