/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD: what decides what comes out, as a key. */
#include "build/step_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void put_excludes(struct keyer *k, const struct ignore *g)
{
	uint64_t n = g->n;

	sha256_update(k->h, &n, sizeof(n));
	for (size_t i = 0; i < g->n; i++) {
		keyer_put(k, g->v[i].take_back ? "!" : "");
		keyer_put(k, g->v[i].glob);
	}
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
	r = copy_open_from(s, c, e);
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

bool copy_alone(const struct copy *c)
{
	return c->link && c->time.newest > 0;
}

/* Files count by what they are and hold, wherever they come from. */
int copy_key(struct stage_work *s, struct copy *c, struct digest *ret, struct err *e)
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
	step_put_time(s, !copy_alone(c), &k);
	for (size_t i = 0; c->remotes.n && i < c->patterns.n; i++)
		sha256_update(k.h, &c->words[i], sizeof(c->words[i]));
	keyer_put(&k, from.s);
	keyer_end(&k, ret);
	return r;
}
