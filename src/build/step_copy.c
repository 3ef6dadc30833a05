/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD. */
#include "build/step_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static void copy_free(struct copy *c)
{
	sources_free(&c->sources);
	ignore_free(&c->exclude);
	remote_sources_free(&c->remotes);
	mounted_close(&c->from_mounted);
	draft_free(&c->image);
	strv_free(&c->patterns);
	strv_free(&c->names);
	strv_free(&c->contents);
	free(c->words);
	free(c->ends);
	free(c->target_word);
	free(c->target);
	free(c->chown);
	free(c->chmod);
}
#define auto_copy __attribute__((cleanup(copy_free))) struct copy

/* Settles where files come from. */
static int find_root(struct stage_work *s, struct copy *c, struct err *e)
{
	const char *from = df_flag(c->n, "from");
	struct desc image;
	long at = -1;
	int r;

	c->root = (struct source_root){ .fd = s->w->ctx.fd,
					.ignore = &s->w->ctx.ignore,
					.exclude = &c->exclude,
					.memo = &s->w->memo };
	if (!from)
		return 0;
	r = plan_find_stage(&s->w->plan, from, &at, e);
	if (r < 0)
		return r;
	c->root = (struct source_root){ .fd = -1, .exclude = &c->exclude, .keep_owner = true };
	if (at >= 0)
		return stage_draft(s->w, (size_t)at, &c->from, e);
	c->from = &c->image;
	r = named_draft(s->w, from, false, &c->image, e);
	if (r != 0)
		return r > 0 ? 0 : copy_wrap_flag(s, c, "from", r, e);
	if (strcmp(from, "scratch") == 0)
		return DF_FAIL_FLAG(s->scope.df, c->n, "from", e,
				    "there is nothing in scratch to copy");
	r = find_base(s->w, from, &image, e);
	if (r == 0)
		r = draft_from_image(s->w->o->store, &image, &c->image, e);
	return copy_wrap_flag(s, c, "from", r, e);
}

static int find_sources(const struct stage_work *s, struct copy *c, struct err *e)
{
	for (size_t i = 0; i < c->patterns.n; i++) {
		const struct df_word *w = &c->n->args[c->words[i]];
		int r = c->parents
				? sources_find_parents(&c->root, c->patterns.v[i], &c->sources, e)
				: sources_find(&c->root, c->patterns.v[i], &c->sources, e);

		if (r < 0)
			return df_wrap(s->scope.df, c->n, w->at, w->len, r, e);
		c->ends[i] = c->sources.n;
	}
	/* As in docker, a pattern may match nothing; most often it was meant to. */
	if (c->sources.n == 0 && c->names.n == 0 && c->remotes.n == 0)
		return step_warn(s, c->n, e, "%s: no file matches, nothing is copied",
				 df_op_name(c->n->op));
	return 0;
}

/*
 * --chown of --link: by the names of the image so far, though its files are not read for anything
 * else, so that the step's key has numbers.
 */
static int find_link_owner(struct stage_work *s, struct copy *c, struct err *e)
{
	auto_mounted m = MOUNTED_NONE;
	int r = 0;

	if (!c->link || !c->chown)
		return 0;
	if (c->chown[strspn(c->chown, "0123456789:")])
		r = mount_draft(s->w, &s->scope.draft, MOUNT_READ, &m, e);
	if (r == 0)
		r = tree_owner(m.root, c->chown, &c->owner, e);
	return copy_wrap_flag(s, c, "chown", r, e);
}

int copy_open_from(struct stage_work *s, struct copy *c, struct err *e)
{
	int r;

	if (c->from_mounted.root >= 0)
		return 0;
	r = mount_draft(s->w, c->from, MOUNT_READ, &c->from_mounted, e);
	c->root.fd = c->from_mounted.root;
	return r < 0 ? r : find_sources(s, c, e);
}

/* A place among the sources as written, where later ones replace earlier ones: how many patterns
 * and how many fetched ones stand before it. */
struct copy_place {
	size_t pattern, remote;
};

/* False at the end; else which pattern or which fetched source comes next, and the other is
 * SIZE_MAX. */
static bool next_source(const struct copy *c, struct copy_place *at, size_t *ret_pattern,
			size_t *ret_remote)
{
	bool pattern = at->pattern < c->patterns.n, remote = at->remote < c->remotes.n;

	if (pattern && remote)
		remote = remote_source_word(&c->remotes, at->remote) < c->words[at->pattern];
	*ret_remote = remote ? at->remote++ : SIZE_MAX;
	*ret_pattern = pattern && !remote ? at->pattern++ : SIZE_MAX;
	return remote || pattern;
}

/* The target tree, and what is said by flags about what is made in it. */
static int prepare(struct stage_work *s, const struct copy *c, struct mounted *m,
		   struct tree_copy *ret, struct err *e)
{
	const struct draft *d = &s->scope.draft;
	int r = mount_draft(s->w, d, c->link ? MOUNT_ALONE : MOUNT_CHANGE, m, e);

	if (r < 0)
		return r;
	*ret = (struct tree_copy){
		.root = m->root,
		.target = c->target,
		.into = c->into,
		.set_owner = c->chown,
		.owner = c->owner,
		.mode = c->chmod ? &c->mode : NULL,
		.clamp = step_epoch(s, c->time.newest),
	};
	if (copy_alone(c) && s->w->o->source_date_epoch < 0)
		ret->clamp = c->time.newest;
	if (!c->chown || c->link)
		return 0;
	return copy_wrap_flag(s, c, "chown", tree_owner(m->root, c->chown, &ret->owner, e), e);
}

/* Counts the files that became the target: only one can. */
static int count_target(const struct stage_work *s, const struct copy *c, int r, int *named,
			struct err *e)
{
	if (r < 0)
		return r;
	*named += r;
	return *named < 2 ? 0
			  : DF_FAIL_WORD(s->scope.df, c->n, &c->n->args[c->n->args_n - 1], e,
					 "%s: several files, and the target is no folder: each "
					 "would replace the one before; a folder ends in '/'",
					 df_op_name(c->n->op));
}

/* The files that a pattern named. */
static int copy_found(struct stage_work *s, const struct copy *c, size_t pattern,
		      const struct tree_copy *t, int *named, struct err *e)
{
	struct tree_copy own = *t;
	int r = 0;

	if (c->time.exact >= 0) {
		own.exact = true;
		own.clamp = c->time.exact;
	}
	for (size_t i = pattern ? c->ends[pattern - 1] : 0; r == 0 && i < c->ends[pattern]; i++) {
		const struct source *src = &c->sources.v[i];

		if (c->unpack) {
			r = add_archive(s, src, &own, e);
			if (r != 0) {
				r = r < 0 ? r : 0;
				continue;
			}
		}
		r = tree_copy(&own, &c->root, src, e);
		if (r < 0)
			r = WRAP(e, r, "'%.200s'", *src->path ? src->path : ".");
		r = count_target(s, c, r, named, e);
	}
	return r;
}

static int copy_all(struct stage_work *s, const struct copy *c, const struct tree_copy *t,
		    struct err *e)
{
	struct copy_place at = { 0 };
	size_t pattern, remote;
	int r = 0, named = 0;

	while (r == 0 && next_source(c, &at, &pattern, &remote)) {
		if (pattern != SIZE_MAX) {
			r = copy_found(s, c, pattern, t, &named, e);
			continue;
		}
		r = remote_source_copy(s, c->n, &c->remotes, remote, &c->exclude, t, e);
		r = count_target(s, c, r, &named, e);
	}
	for (size_t i = 0; r == 0 && i < c->names.n; i++) {
		r = tree_write(t, c->names.v[i], c->contents.v[i], strlen(c->contents.v[i]), e);
		r = count_target(s, c, r, &named, e);
	}
	return r;
}

static int make_layer(struct stage_work *s, struct copy *c, struct cached *made, struct err *e)
{
	auto_mounted m = MOUNTED_NONE;
	struct tree_copy t;
	int r = 0;

	if (c->from)
		r = copy_open_from(s, c, e);
	if (r == 0)
		r = remote_sources_get(s, c->n, &c->remotes, &c->time, e);
	if (r == 0)
		r = prepare(s, c, &m, &t, e);
	if (r == 0)
		r = copy_all(s, c, &t, e);
	return r < 0 ? r : mount_commit(s->w, NULL, &m, t.clamp, made, e);
}

/* "COPY --chown=1:2 a b /target" as it was carried out; here-documents stand last, as BuildKit has
 * them. */
static void describe(const struct copy *c, struct buf *b)
{
	struct copy_place at = { 0 };
	size_t pattern, remote;

	buf_puts(b, df_op_name(c->n->op));
	if (c->link)
		buf_puts(b, " --link");
	if (c->parents)
		buf_puts(b, " --parents");
	if (c->n->op == DF_ADD && !c->unpack)
		buf_puts(b, " --unpack=false");
	if (c->chown)
		buf_printf(b, " --chown=%s", c->chown);
	if (c->chmod)
		buf_printf(b, " --chmod=%s", c->chmod);
	for (size_t i = 0; i < c->exclude.n; i++)
		buf_printf(b, " --exclude=%s%s", c->exclude.v[i].take_back ? "!" : "",
			   c->exclude.v[i].glob);
	while (next_source(c, &at, &pattern, &remote))
		buf_printf(b, " %s",
			   pattern != SIZE_MAX ? c->patterns.v[pattern]
					       : remote_source_shown(&c->remotes, remote));
	for (size_t i = 0; i < c->names.n; i++)
		buf_printf(b, " <<%s", c->names.v[i]);
	buf_printf(b, " %s", c->target_word);
}

static int copy_step(struct stage_work *s, struct copy *c, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE);
	struct cached made = { 0 };
	struct digest key;
	bool hit = false;
	int r = copy_read(s, c, e);

	if (r < 0)
		return r;
	step_begin(s, c->n);
	r = find_root(s, c, e);
	if (r == 0)
		r = find_link_owner(s, c, e);
	if (r == 0 && !c->from)
		r = find_sources(s, c, e);
	if (r == 0)
		r = copy_key(s, c, &key, e);
	if (r < 0)
		return r;
	describe(c, &text);
	r = buf_check(&text, "history", e);
	if (r == 0)
		r = step_known(s, &key, &made, &hit, e);
	if (r == 0 && !hit)
		r = make_layer(s, c, &made, e);
	if (r == 0 && !hit)
		r = step_learn(s, &key, &made, e);
	return r < 0 ? r : step_end(s, &made, hit, c->time.settled, buf_str(&text), e);
}

int do_copy(struct stage_work *s, const struct df_node *n, struct err *e)
{
	auto_copy c = { .n = n, .from_mounted = MOUNTED_NONE, .time = STEP_TIME_NONE };
	int r = copy_step(s, &c, e);

	return r < 0 ? df_wrap(s->scope.df, n, 0, 0, r, e) : 0;
}
