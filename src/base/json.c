/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

static int depth_check(const char *p, size_t n, const char *what, struct err *e)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = false;
		} else if (p[i] == '"') {
			in_string = true;
		} else if (p[i] == '{' || p[i] == '[') {
			if (++depth > LIMIT_JSON_DEPTH)
				return FAIL(e, E_FORMAT, "%s: JSON nested deeper than %d", what,
					    LIMIT_JSON_DEPTH);
		} else if (p[i] == '}' || p[i] == ']') {
			depth--;
		}
	}
	return 0;
}

int json_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e)
{
	json_error_t je;
	json_t *j;
	int r = depth_check(p, n, what, e);

	if (r < 0)
		return r;
	j = json_loadb(p, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!j)
		return FAIL(e, E_FORMAT, "%s: JSON line %d column %d: %s", what, je.line, je.column,
			    je.text);
	*ret = j;
	return 0;
}

static int dump_to(const char *p, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_put(b, p, n);
	return b->failed ? -1 : 0;
}

static int dump(const json_t *j, size_t flags, struct buf *ret, struct err *e)
{
	if (json_dump_callback(j, dump_to, ret, flags | JSON_ENCODE_ANY) < 0) {
		int r = buf_check(ret, "JSON", e);

		return r < 0 ? r : FAIL(e, E_INTERNAL, "JSON: cannot be written");
	}
	return 0;
}

int json_canonical(const json_t *j, struct buf *ret, struct err *e)
{
	return dump(j, JSON_COMPACT | JSON_SORT_KEYS, ret, e);
}

int json_pretty(const json_t *j, struct buf *ret, struct err *e)
{
	int r = dump(j, JSON_INDENT(2), ret, e);

	if (r < 0)
		return r;
	buf_putc(ret, '\n');
	return buf_check(ret, "JSON", e);
}

static int member(const json_t *o, const char *key, json_type type, json_t **ret, const char *what,
		  struct err *e)
{
	static const char *const names[] = { "an object", "an array", "a string", "an integer",
					     "a number",  "true",     "false",	  "null" };
	json_t *v = json_is_object(o) ? json_object_get(o, key) : NULL;

	if (!v)
		return FAIL(e, E_FORMAT, "%s: '%s' is missing", what, key);
	if (json_typeof(v) != type)
		return FAIL(e, E_FORMAT, "%s: '%s' is not %s", what, key, names[type]);
	*ret = v;
	return 0;
}

int json_get_string(const json_t *o, const char *key, const char **ret, const char *what,
		    struct err *e)
{
	json_t *v;
	int r = member(o, key, JSON_STRING, &v, what, e);

	if (r == 0)
		*ret = json_string_value(v);
	return r;
}

int json_get_u64(const json_t *o, const char *key, uint64_t *ret, const char *what, struct err *e)
{
	json_t *v;
	int r = member(o, key, JSON_INTEGER, &v, what, e);

	if (r < 0)
		return r;
	if (json_integer_value(v) < 0)
		return FAIL(e, E_FORMAT, "%s: '%s' is negative", what, key);
	*ret = (uint64_t)json_integer_value(v);
	return 0;
}

int json_get_array(const json_t *o, const char *key, json_t **ret, const char *what, struct err *e)
{
	return member(o, key, JSON_ARRAY, ret, what, e);
}

int json_get_object(const json_t *o, const char *key, json_t **ret, const char *what, struct err *e)
{
	return member(o, key, JSON_OBJECT, ret, what, e);
}

const char *json_string_or_null(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int json_put(json_t *o, const char *key, json_t *value, struct err *e)
{
	return json_object_set_new(o, key, value) < 0 ? FAIL_NOMEM(e) : 0;
}

int json_put_string(json_t *o, const char *key, const char *s, struct err *e)
{
	if (!s)
		return 0;
	if (json_object_set_new(o, key, json_string(s)) < 0)
		return FAIL(e, E_FORMAT, "'%s': not UTF-8", key);
	return 0;
}

int json_put_u64(json_t *o, const char *key, uint64_t v, struct err *e)
{
	return json_put(o, key, json_integer((json_int_t)v), e);
}

int json_push(json_t *array, json_t *value, struct err *e)
{
	return json_array_append_new(array, value) < 0 ? FAIL_NOMEM(e) : 0;
}
