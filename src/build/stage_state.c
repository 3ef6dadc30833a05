/* SPDX-License-Identifier: Apache-2.0 */
/* What a stage has come to, as JSON: from the process that carried it on to the one that goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/worker.h"

static const char what[] = "state of a stage";

/* A member that is added must be carried over here, too. */
_Static_assert(sizeof(void *) != 8 || (sizeof(struct scope) == 168 && sizeof(struct draft) == 88),
	       "struct scope or struct draft has changed: stage_state.c");

static json_t *list_json(const struct strv *l)
{
	json_t *a = json_array();

	for (size_t i = 0; a && i < l->n; i++)
		if (json_array_append_new(a, json_string(l->v[i])) < 0) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static json_t *layers_json(const struct draft *d)
{
	json_t *a = json_array();

	for (size_t i = 0; a && i < d->n; i++) {
		json_t *o = json_pack("{s:o, s:s}", "layer", desc_json(&d->layers[i]), "diff_id",
				      d->diff_ids[i].s);

		if (json_array_append_new(a, o) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

static int put_draft(json_t *j, const struct draft *d, struct err *e)
{
	int r = json_put(j, "config", json_incref(d->config), e);

	if (r == 0)
		r = json_put(j, "history", json_incref(d->history), e);
	if (r == 0)
		r = json_put_u64(j, "inherited", d->inherited, e);
	if (r == 0)
		r = json_put_string(j, "author", d->author, e);
	if (r == 0)
		r = json_put(j, "env", list_json(&d->env.v), e);
	if (r == 0)
		r = json_put(j, "layers", layers_json(d), e);
	if (r == 0)
		r = json_put(j, "settled", json_boolean(d->settled), e);
	return r < 0 ? r : json_put(j, "epoch", json_integer(d->epoch), e);
}

int stage_state_write(const struct stage_work *s, struct buf *ret, struct err *e)
{
	const struct build_result *res = &s->w->res;
	auto_json *j = json_object();
	int r = j ? put_draft(j, &s->scope.draft, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = json_put(j, "args", list_json(&s->scope.args.v), e);
	if (r == 0)
		r = json_put(j, "words", list_json(&s->scope.words.v), e);
	if (r == 0)
		r = json_put(j, "cmd_set", json_boolean(s->scope.cmd_set), e);
	if (r == 0)
		r = json_put_u64(j, "done", s->state == STAGE_DONE, e);
	if (r == 0)
		r = json_put(j, "waits_for",
			     json_integer(s->waits_for == SIZE_MAX ? -1 : (json_int_t)s->waits_for),
			     e);
	if (r == 0)
		r = json_put_u64(j, "next", s->next, e);
	if (r == 0)
		r = json_put_u64(j, "step", s->step, e);
	if (r == 0)
		r = json_put(j, "args_used", list_json(&s->w->args_used), e);
	if (r == 0)
		r = json_put_u64(j, "stages", res->stages, e);
	if (r == 0)
		r = json_put_u64(j, "steps", res->steps, e);
	if (r == 0)
		r = json_put_u64(j, "cached", res->cached, e);
	return r < 0 ? r : json_canonical(j, ret, e);
}

static int read_list(const json_t *j, const char *key, struct strv *ret, struct err *e)
{
	json_t *a, *v;
	size_t i;
	int r = json_get_array(j, key, &a, what, e);

	if (r < 0)
		return r;
	json_array_foreach(a, i, v)
	{
		if (!json_is_string(v))
			return FAIL(e, E_FORMAT, "%s: '%s' has other than strings", what, key);
		r = strv_add(ret, json_string_value(v), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_layers(const json_t *j, struct draft *d, struct err *e)
{
	json_t *a, *v, *layer;
	size_t i;
	int r = json_get_array(j, "layers", &a, what, e);

	if (r < 0)
		return r;
	json_array_foreach(a, i, v)
	{
		struct digest diff_id;
		struct desc desc;
		const char *id;

		r = json_get_object(v, "layer", &layer, what, e);
		if (r == 0)
			r = desc_parse(layer, what, &desc, e);
		if (r == 0)
			r = json_get_string(v, "diff_id", &id, what, e);
		if (r == 0)
			r = digest_parse(str_of(id), &diff_id, e);
		if (r == 0)
			r = draft_add_layer(d, &desc, &diff_id, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_draft(const json_t *j, struct draft *d, struct err *e)
{
	const char *author = json_string_or_null(j, "author");
	json_t *config, *history;
	uint64_t inherited;
	int r = json_get_object(j, "config", &config, what, e);

	if (r == 0)
		r = json_get_array(j, "history", &history, what, e);
	if (r == 0)
		r = json_get_u64(j, "inherited", &inherited, what, e);
	if (r == 0)
		r = read_list(j, "env", &d->env.v, e);
	if (r == 0)
		r = read_layers(j, d, e);
	if (r < 0)
		return r;
	d->config = json_incref(config);
	d->history = json_incref(history);
	d->inherited = inherited;
	d->epoch = json_integer_value(json_object_get(j, "epoch"));
	d->settled = json_is_true(json_object_get(j, "settled"));
	if (author && !(d->author = strdup(author)))
		return FAIL_NOMEM(e);
	return 0;
}

/* The scope from the worker takes the place of ours. */
static int read_scope(const json_t *j, struct scope *s, struct err *e)
{
	struct scope got = *s;
	int r;

	memset(&got.draft, 0, sizeof(got.draft));
	memset(&got.args, 0, sizeof(got.args));
	memset(&got.words, 0, sizeof(got.words));
	got.cmd_set = json_is_true(json_object_get(j, "cmd_set"));
	r = read_draft(j, &got.draft, e);
	if (r == 0)
		r = read_list(j, "args", &got.args.v, e);
	if (r == 0)
		r = read_list(j, "words", &got.words.v, e);
	if (r < 0) {
		scope_free(&got);
		return r;
	}
	scope_free(s);
	*s = got;
	return 0;
}

static int read_counts(const json_t *j, struct build_result *res, struct err *e)
{
	uint64_t stages, steps, cached;
	int r = json_get_u64(j, "stages", &stages, what, e);

	if (r == 0)
		r = json_get_u64(j, "steps", &steps, what, e);
	if (r == 0)
		r = json_get_u64(j, "cached", &cached, what, e);
	if (r < 0)
		return r;
	res->stages += stages;
	res->steps += steps;
	res->cached += cached;
	return 0;
}

int stage_state_read(struct stage_work *s, struct str text, struct err *e)
{
	json_int_t waits_for;
	auto_json *j = NULL;
	uint64_t done, next, step;
	int r = json_parse(text.p, text.n, what, &j, e);

	if (r == 0)
		r = json_get_u64(j, "done", &done, what, e);
	if (r == 0)
		r = json_get_u64(j, "next", &next, what, e);
	if (r == 0)
		r = json_get_u64(j, "step", &step, what, e);
	if (r == 0 && next > s->triggers.n + s->stage->nodes_n)
		r = FAIL(e, E_FORMAT, "%s: beyond its end", what);
	if (r == 0)
		r = read_list(j, "args_used", &s->w->args_used, e);
	if (r == 0)
		r = read_scope(j, &s->scope, e);
	if (r == 0)
		r = read_counts(j, &s->w->res, e);
	if (r < 0)
		return r;
	waits_for = json_integer_value(json_object_get(j, "waits_for"));
	s->waits_for =
		waits_for < 0 || (size_t)waits_for >= s->w->plan.n ? SIZE_MAX : (size_t)waits_for;
	s->state = done ? STAGE_DONE : STAGE_WAITS;
	s->next = next;
	s->step = step;
	return 0;
}
