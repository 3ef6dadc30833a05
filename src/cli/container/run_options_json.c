/* SPDX-License-Identifier: Apache-2.0 */
/* The options of run, to JSON and back, by their table. */
#include <string.h>

#include "cli/container/run_options.h"

/* Of one call, not of the container. */
static bool of_one_call(const char *name)
{
	return has_word("detach cidfile env-file label-file pull attach pidfile replace "
			"unsetenv tz volumes-from",
			name);
}

union field {
	char *at;
	bool *flag;
	const char **string;
	struct strv *list;
	uint64_t *u64;
};

static union field field_of(const struct run_cli_opts *o, const struct opt *t)
{
	/* One way for reading and writing: whoever reads does not write. */
	return (union field){ .at = (char *)(uintptr_t)o + t->offset };
}

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

static int put(json_t *into, const struct opt *t, union field f, struct err *e)
{
	json_t *j = NULL;

	switch (t->kind) {
	case OPT_FLAG: j = *f.flag ? json_boolean(!t->inverted) : NULL; break;
	case OPT_STRING: j = *f.string ? json_string(*f.string) : NULL; break;
	case OPT_LIST: j = f.list->n ? list_json(f.list) : NULL; break;
	case OPT_U64: j = *f.u64 ? json_integer((json_int_t)*f.u64) : NULL; break;
	case OPT_COUNT: break;
	}
	if (j)
		return json_put(into, t->name, j, e);
	if ((t->kind == OPT_STRING && *f.string) || (t->kind == OPT_LIST && f.list->n))
		return FAIL(e, E_USAGE, "--%s: what is given is not UTF-8", t->name);
	return 0;
}

int run_options_json(const struct run_cli_opts *o, json_t **ret, struct err *e)
{
	auto_json *j = json_object();
	int r = j ? 0 : FAIL_NOMEM(e);

	for (const struct opt *t = run_option_table; r == 0 && t->name; t++)
		if (!t->alias && !of_one_call(t->name))
			r = put(j, t, field_of(o, t), e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}

static int load_list(const json_t *v, struct strv *ret, struct err *e)
{
	const json_t *item;
	size_t i;
	int r = 0;

	json_array_foreach(v, i, item)
	{
		if (r == 0)
			r = strv_add(ret, json_string_value(item) ?: "", e);
	}
	return r;
}

static int load(const json_t *v, const struct opt *t, union field f, struct err *e)
{
	if (t->kind == OPT_FLAG && json_is_boolean(v)) {
		*f.flag = json_is_true(v) != t->inverted;
		return 0;
	}
	if (t->kind == OPT_STRING && json_is_string(v)) {
		*f.string = json_string_value(v);
		return 0;
	}
	if (t->kind == OPT_U64 && json_is_integer(v)) {
		*f.u64 = (uint64_t)json_integer_value(v);
		return 0;
	}
	if (t->kind == OPT_LIST && json_is_array(v))
		return load_list(v, f.list, e);
	return FAIL(e, E_FORMAT, "run.json: '%s' is of another kind", t->name);
}

int run_options_load(const json_t *j, struct run_cli_opts *ret, struct err *e)
{
	struct run_cli_opts o = { 0 };
	int r = 0;

	for (const struct opt *t = run_option_table; r == 0 && t->name; t++) {
		const json_t *v = json_object_get(j, t->name);

		if (v && !t->alias)
			r = load(v, t, field_of(&o, t), e);
	}
	if (r < 0)
		run_options_free(&o);
	else
		*ret = o;
	return r;
}

void run_options_free(struct run_cli_opts *o)
{
	for (const struct opt *t = run_option_table; t->name; t++)
		if (t->kind == OPT_LIST && !t->alias)
			strv_free(field_of(o, t).list);
	*o = (struct run_cli_opts){ 0 };
}
