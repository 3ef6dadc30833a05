/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/container/ps.h"

static const struct {
	const char *name, *field;
} orders[] = {
	{ "command", "Command" }, { "created", "Created" }, { "id", "ID" },
	{ "image", "Image" },	  { "names", "Names" },	    { "runningfor", "Created" },
	{ "size", "SizeBytes" },  { "status", "State" },
};

static const char *field_of(const char *by)
{
	for (size_t i = 0; by && i < sizeof(orders) / sizeof(*orders); i++)
		if (strcmp(orders[i].name, by) == 0)
			return orders[i].field;
	return NULL;
}

int ps_sort_check(const char *by, struct err *e)
{
	if (!by || field_of(by))
		return 0;
	return FAIL(e, E_USAGE,
		    "--sort '%.60s': want command, created, id, image, names, runningfor, size or "
		    "status",
		    by);
}

struct pair {
	json_t *row, *own;
	const char *field;
};

static int backwards(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	const json_t *v = json_object_get(x->row, x->field), *w = json_object_get(y->row, y->field);
	const json_int_t d = json_integer_value(w) - json_integer_value(v);

	if (json_is_string(v) && json_is_string(w))
		return strcmp(json_string_value(w), json_string_value(v));
	return (d > 0) - (d < 0);
}

int ps_sort(const char *by, json_t *rows, json_t *own, struct err *e)
{
	const size_t n = json_array_size(rows);
	auto_free struct pair *pairs = calloc(n + 1, sizeof(*pairs));

	if (!pairs)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct pair){ json_incref(json_array_get(rows, i)),
					  json_incref(json_array_get(own, i)), field_of(by) };
	qsort(pairs, n, sizeof(*pairs), backwards);
	for (size_t i = 0; i < n; i++) {
		(void)json_array_set_new(rows, i, pairs[i].row);
		(void)json_array_set_new(own, i, pairs[i].own);
	}
	return 0;
}
