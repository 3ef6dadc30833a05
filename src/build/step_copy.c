/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/glob.h"
#include "build/mode.h"
#include "build/work.h"

/* One of them with its words replaced. */
struct copy {
	const struct df_node *n;
	struct strv patterns;	       /* sources that are files */
	struct remote_sources remotes; /* sources that are fetched */
	size_t *words;		       /* of each pattern, its word in n->args */
	size_t *ends;		       /* of each pattern, where in sources its files end */
	struct strv names, contents;   /* sources that are here-documents */
	char *target_word;	       /* as written, after substitution */
	char *target;		       /* absolute, clean */
	bool into;
	char *chown, *chmod;
	struct mode_change mode;
	struct ignore exclude;
	bool link, parents;
	bool unpack; /* ADD: archives are taken apart */
	struct owner
		owner; /* --link: looked up before the step, since it has no file system below */
	/* Where files come from: the context, or a file system that some image or stage has. */
	struct source_root root;
	struct draft image;	     /* --from=IMAGE */
	const struct draft *from;    /* --from: the layers; NULL: the context */
	struct mounted from_mounted; /* --from, mounted when something is to be copied */
	struct sources sources;
	struct step_time time;
};

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

static int wrap_flag(const struct stage_work *s, const struct copy *c, const char *name, int r,
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
		r = wrap_flag(s, c, "chmod", mode_parse(c->chmod, &c->mode, e), e);
	return r < 0 ? r : read_excludes(s, c, e);
}

static int read_copy(struct stage_work *s, struct copy *c, struct err *e)
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
		return r > 0 ? 0 : wrap_flag(s, c, "from", r, e);
	if (strcmp(from, "scratch") == 0)
		return DF_FAIL_FLAG(s->scope.df, c->n, "from", e,
				    "there is nothing in scratch to copy");
	r = find_base(s->w, from, &image, e);
	if (r == 0)
		r = draft_from_image(s->w->o->store, &image, &c->image, e);
	return wrap_flag(s, c, "from", r, e);
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
	return wrap_flag(s, c, "chown", r, e);
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

static void put_excludes(struct keyer *k, const struct ignore *g)
{
	uint64_t n = g->n;

	sha256_update(k->h, &n, sizeof(n));
	for (size_t i = 0; i < g->n; i++) {
		keyer_put(k, g->v[i].take_back ? "!" : "");
		keyer_put(k, g->v[i].glob);
	}
}

/* Mounts what --from means and finds its files, once. */
static int open_from(struct stage_work *s, struct copy *c, struct err *e)
{
	int r;

	if (c->from_mounted.root >= 0)
		return 0;
	r = mount_draft(s->w, c->from, MOUNT_READ, &c->from_mounted, e);
	c->root.fd = c->from_mounted.root;
	return r < 0 ? r : find_sources(s, c, e);
}

/* "sha256:... 1700000000" */
static bool read_content(const char *line, struct digest *ret, int64_t *ret_newest)
{
	struct str rest = str_of(line), digest;
	uint64_t newest;

	if (!str_cut(&rest, ' ', &digest) || digest_parse(digest, ret, NULL) < 0 ||
	    str_u64(rest, LIMIT_EPOCH, &newest, NULL) < 0)
		return false;
	*ret_newest = (int64_t)newest;
	return true;
}

/*
 * What is copied of a stage or an image, by content: a stage that was built anew and came to the
 * same files makes nothing to be done. Their times belong to it when they say something.
 */
static int find_content(struct stage_work *s, struct copy *c, struct digest *ret, struct err *e)
{
	auto_keyer k = { 0 }, all = { 0 };
	char line[LIMIT_MEMO];
	struct digest layers, key;
	int r;

	c->root.times = c->time.settled = c->from->settled;
	draft_digest(c->from, &layers);
	r = keyer_new(&k, c->root.times ? "content and times" : "content", &layers, e);
	if (r < 0)
		return r;
	keyer_put_list(&k, (const char *const *)c->patterns.v, c->patterns.n);
	keyer_put(&k, c->parents ? "parents" : "");
	put_excludes(&k, &c->exclude);
	keyer_end(&k, &key);
	if (!s->w->o->no_cache && memo_get(s->w->o->state, &key, line) &&
	    read_content(line, ret, &c->time.newest))
		return 0;
	r = open_from(s, c, e);
	if (r == 0)
		r = sha256_new(&all.h, e);
	if (r == 0)
		r = sources_hash(&c->root, &c->sources, all.h, &c->time.newest, e);
	if (r < 0)
		return r;
	keyer_end(&all, ret);
	(void)snprintf(line, sizeof(line), "%s %" PRId64, ret->s, c->time.newest);
	memo_put(s->w->o->state, &key, line);
	return 0;
}

/* What is copied of the context: by content, and by the commit's time where that stands for the
 * files' own. */
static int put_context(struct stage_work *s, struct copy *c, struct keyer *k, struct err *e)
{
	const struct commit_files f = { .patterns = (const char *const *)c->patterns.v,
					.n = c->patterns.n,
					.found = &c->sources,
					.exclude = &c->exclude };
	int r = sources_hash(&c->root, &c->sources, k->h, &c->time.newest, e);

	return r < 0 ? r : step_commit_time(s, &f, k, &c->time, e);
}

/* --link: the layer has nothing to do with what is below, if it has a time of its own. */
static bool alone(const struct copy *c)
{
	return c->link && c->time.newest > 0;
}

/* Files count by what they are and hold, wherever they come from. */
static int find_key(struct stage_work *s, struct copy *c, struct digest *ret, struct err *e)
{
	auto_keyer k = { 0 };
	struct digest parent, from = { "" };
	int r;

	if (c->link && !c->from)
		digest_of("", 0, &parent);
	else
		draft_digest(&s->scope.draft, &parent);
	r = keyer_new(&k, df_op_name(c->n->op), &parent, e);
	if (r < 0)
		return r;
	keyer_put(&k, c->target);
	keyer_put(&k, c->into ? "into" : "");
	keyer_put(&k, c->link ? "link" : "");
	keyer_put(&k, c->parents ? "parents" : "");
	keyer_put(&k, c->unpack ? "unpack" : "");
	keyer_put(&k, c->chown ? c->chown : "");
	if (c->link)
		sha256_update(k.h, &c->owner, sizeof(c->owner));
	put_excludes(&k, &c->exclude);
	keyer_put(&k, c->chmod ? c->chmod : "");
	keyer_put_list(&k, (const char *const *)c->names.v, c->names.n);
	keyer_put_list(&k, (const char *const *)c->contents.v, c->contents.n);
	if (c->from) {
		r = find_content(s, c, &from, e);
		keyer_put_list(&k, (const char *const *)c->patterns.v, c->patterns.n);
	} else {
		r = put_context(s, c, &k, e);
	}
	if (r == 0)
		r = remote_sources_key(s, c->n, &c->remotes, &k, &c->time, e);
	step_put_time(s, !alone(c), &k);
	for (size_t i = 0; c->remotes.n && i < c->patterns.n; i++)
		sha256_update(k.h, &c->words[i], sizeof(c->words[i]));
	keyer_put(&k, from.s);
	keyer_end(&k, ret);
	return r;
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
	if (alone(c) && s->w->o->source_date_epoch < 0)
		ret->clamp = c->time.newest;
	if (!c->chown || c->link)
		return 0;
	return wrap_flag(s, c, "chown", tree_owner(m->root, c->chown, &ret->owner, e), e);
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
		r = open_from(s, c, e);
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
	int r = read_copy(s, c, e);

	if (r < 0)
		return r;
	step_begin(s, c->n);
	r = find_root(s, c, e);
	if (r == 0)
		r = find_link_owner(s, c, e);
	if (r == 0 && !c->from)
		r = find_sources(s, c, e);
	if (r == 0)
		r = find_key(s, c, &key, e);
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
