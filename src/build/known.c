/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps need not be done, and a record of those that this build was made of. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/cache_list.h"
#include "build/work.h"

enum { LIMIT_KNOWN = 100000, LIMIT_INLINE = 1024 * 1024 };

static const char record_name[] = "steps";

/* Calls fn for every name in the lists "a,b" of --no-cache-filter until it gives other than 0. */
static int each_name(const struct strv *filter,
		     int (*fn)(void *arg, struct str name, struct err *e), void *arg, struct err *e)
{
	int r = 0;

	for (size_t i = 0; filter && r == 0 && i < filter->n; i++) {
		struct str rest = str_of(filter->v[i]), name;

		while (r == 0 && str_cut(&rest, ',', &name))
			r = fn(arg, str_trim(name), e);
	}
	return r;
}

static bool names_stage(struct str name, const struct stage *stage, size_t index)
{
	uint64_t n;

	if (stage->name && strlen(stage->name) == name.n &&
	    strncasecmp(stage->name, name.p, name.n) == 0)
		return true;
	return str_u64(name, LIMIT_STAGES, &n, NULL) == 0 && n == index;
}

static int check_name(void *arg, struct str name, struct err *e)
{
	const struct plan *p = arg;

	for (size_t i = 0; i < p->n; i++)
		if (names_stage(name, &p->stages[i], i))
			return 0;
	return FAIL(e, E_USAGE, "--no-cache-filter: there is no stage '%.*s'",
		    (int)(name.n < 100 ? name.n : 100), name.p);
}

int known_check(const struct work *w, struct err *e)
{
	struct plan p = w->plan;

	return each_name(w->o->no_cache_filter, check_name, &p, e);
}

static int is_this(void *arg, struct str name, struct err *e)
{
	const struct stage_work *s = arg;

	(void)e;
	return names_stage(name, s->stage, s->index);
}

/* {"key":...,"stage":N, and the entry}. What cannot be noted is not given away later. */
static void note(struct stage_work *s, const struct digest *key, const struct cached *c)
{
	auto_json *j = json_object();

	if (j && cached_write(j, c, NULL) == 0 && json_put_string(j, "key", key->s, NULL) == 0 &&
	    json_put_u64(j, "stage", s->index, NULL) == 0)
		(void)area_record_add(&s->w->area, record_name, j, NULL);
}

static bool is_known(struct stage_work *s, const struct digest *key, struct cached *ret)
{
	const struct build_opts *o = s->w->o;
	struct cached c = { 0 };
	bool hit;

	if (o->no_cache || each_name(o->no_cache_filter, is_this, s, NULL))
		return false;
	hit = cache_get(o->state, o->store, key, &c);
	/* What others made is never kept as ours: who trusts them no more must not find it. */
	if (!hit && o->hooks.known)
		hit = o->hooks.known(o->hooks.known_arg, key, &c, NULL) > 0;
	if (!hit)
		return false;
	note(s, key, &c);
	*ret = c;
	return true;
}

int step_known(struct stage_work *s, const struct digest *key, struct cached *ret, bool *ret_hit,
	       struct err *e)
{
	*ret_hit = is_known(s, key, ret);
	return !*ret_hit && s->w->only_known ? stage_pause(s->w, SIZE_MAX, e) : 0;
}

int step_learn(struct stage_work *s, const struct digest *key, const struct cached *c,
	       struct err *e)
{
	int r = cache_put(s->w->o->state, key, c, e);

	if (r == 0)
		note(s, key, c);
	return r;
}

/* Whether the layers of that stage are in the image: it is the target, or what that begins from. */
static bool in_image(const struct plan *p, uint64_t stage)
{
	long at = (long)p->target;

	while (at >= 0 && (uint64_t)at != stage)
		at = p->stages[at].base_stage;
	return at >= 0;
}

static int take_record(void *arg, const json_t *j, struct err *e)
{
	struct work *w = arg;
	struct build_result *res = &w->res;
	struct build_known k = { 0 }, *v;
	const char *key;
	uint64_t stage;
	int r = json_get_string(j, "key", &key, "step", e);

	if (r == 0)
		r = digest_parse(str_of(key), &k.key, e);
	if (r == 0)
		r = json_get_u64(j, "stage", &stage, "step", e);
	if (r == 0)
		r = cached_read(j, &k.c, e);
	if (r < 0)
		return r;
	if (res->known_n == LIMIT_KNOWN)
		return 0;
	k.final = in_image(&w->plan, stage);
	v = reallocarray(res->known, res->known_n + 1, sizeof(*v));
	if (!v)
		return FAIL_NOMEM(e);
	res->known = v;
	v[res->known_n++] = k;
	return 0;
}

int known_collect(struct work *w, struct err *e)
{
	return area_record_each(&w->area, record_name, take_record, w, e);
}

/* Without what it fetched, which is never quite the same: the same build is the same image. */
static int add_inline(struct cache_list *list, const struct build_known *k, struct err *e)
{
	struct cached c = k->c;

	c.fetched = (struct desc){ .size = 0 };
	return cache_list_add(list, &k->key, &c, e);
}

int known_inline(const struct work *w, const struct draft *d, json_t *manifest, struct err *e)
{
	const struct build_result *res = &w->res;
	auto_cache_list list = { 0 };
	auto_buf text = BUF_INIT(LIMIT_INLINE);
	json_t *annotations = json_object_get(manifest, "annotations");
	int r = 0;

	if (!annotations) {
		annotations = json_object();
		r = json_put(manifest, "annotations", annotations, e);
	}
	for (size_t i = 0; r == 0 && i < res->known_n; i++)
		if (res->known[i].final)
			r = add_inline(&list, &res->known[i], e);
	if (r == 0)
		r = cache_list_write(&list, d->layers, d->n, &text, e);
	if (r == 0)
		r = buf_check(&text, "inline cache", e);
	return r < 0 ? r : json_put_string(annotations, CACHE_ANNOTATION, buf_str(&text), e);
}
