/* SPDX-License-Identifier: Apache-2.0 */
/* The record of what the commands of a build fetched, each kept as a blob beside the step's layer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/work.h"

static const char record_name[] = "fetched";

int fetched_keep(const struct work *w, const struct buf *text, struct desc *ret, struct err *e)
{
	return store_blob_put(w->o->store, TRAFFIC_TYPE, text->p, text->n, ret, e);
}

static int put_step(json_t *j, const struct stage_work *s, const struct df_node *n,
		    const char *network, struct err *e)
{
	auto_free char *text = strdup(n->text);
	int r = text ? 0 : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	remote_hide(text);
	text_sanitize(text);
	if (s->stage->name)
		r = json_put_string(j, "stage", s->stage->name, e);
	else
		r = json_put_u64(j, "stage", s->index, e);
	if (r == 0)
		r = json_put_u64(j, "step", s->step, e);
	if (r == 0)
		r = json_put(j, "instruction", json_stringn(text, strnlen(text, 200)), e);
	return r < 0 ? r : json_put_string(j, "network", network, e);
}

int fetched_note(const struct stage_work *s, const struct df_node *n, const char *network,
		 const struct cached *c, bool hit, struct err *e)
{
	auto_json *line = json_object(), *j = json_object();
	int r = line && j ? put_step(j, s, n, network, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = json_put(j, "cached", json_boolean(hit), e);
	if (r == 0)
		r = json_put_u64(line, "index", s->index, e);
	if (r == 0 && c->fetched.digest.s[0])
		r = json_put(line, "record", desc_json(&c->fetched), e);
	if (r == 0)
		r = json_put(line, "step", json_incref(j), e);
	return r < 0 ? r : area_record_add(&s->w->area, record_name, line, e);
}

/* What the record says, put beside the step; one that is not there (an entry of an older cache, a
 * cache that does not tell) is unknown, and said to be. */
static int put_record(const struct work *w, const json_t *desc, json_t *step, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_RECORD_JSON);
	auto_json *record = NULL;
	struct desc d;

	if (!desc || desc_parse(desc, record_name, &d, NULL) < 0 ||
	    store_blob_read(w->o->store, &d, LIMIT_RECORD_JSON, &text, NULL) < 0 ||
	    record_parse(buf_str(&text), text.n, &record, NULL) < 0)
		return json_put(step, "unknown", json_true(), e);
	return json_object_update(step, record) < 0 ? FAIL_NOMEM(e) : 0;
}

static int take_line(void *arg, const json_t *line, struct err *e)
{
	struct work *w = arg;
	const json_t *list;
	json_t *step;
	int r = json_get_object(line, "step", &step, record_name, e);

	if (r == 0)
		r = put_record(w, json_object_get(line, "record"), step, e);
	if (r < 0)
		return r;
	list = json_object_get(step, "fetched");
	if (list && json_array_size(list) == 0 && !json_object_get(step, "more"))
		return 0;
	(void)json_object_set(step, "index", json_object_get(line, "index"));
	return json_push(w->res.fetched, json_incref(step), e);
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static int by_place(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	json_int_t i = number(*x, "index") - number(*y, "index");

	i = i ? i : number(*x, "step") - number(*y, "step");
	return i < 0 ? -1 : i > 0;
}

/* By stage and step, whichever ended first. */
static int sort(json_t **list, struct err *e)
{
	const size_t n = json_array_size(*list);
	auto_free json_t **v = calloc(n + 1, sizeof(*v));
	auto_json *sorted = json_array();
	int r = v && sorted ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < n; i++)
		v[i] = json_array_get(*list, i);
	if (r == 0 && n)
		qsort(v, n, sizeof(json_t *), by_place);
	for (size_t i = 0; r == 0 && i < n; i++) {
		(void)json_object_del(v[i], "index");
		r = json_push(sorted, json_incref(v[i]), e);
	}
	if (r < 0)
		return r;
	json_decref(*list);
	*list = TAKE(sorted);
	return 0;
}

int fetched_collect(struct work *w, struct err *e)
{
	int r;

	w->res.fetched = json_array();
	if (!w->res.fetched)
		return FAIL_NOMEM(e);
	r = area_record_each(&w->area, record_name, take_line, w, e);
	return r < 0 ? r : sort(&w->res.fetched, e);
}
