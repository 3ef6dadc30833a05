/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "trust/tuf/internal.h"

/*
 * OLPC canonical JSON, as securesystemslib and go-tuf write it. Strings stand as they are, control
 * characters too; there is one form only for each value.
 */

static void put_string(const char *s, struct buf *ret)
{
	buf_putc(ret, '"');
	for (;;) {
		size_t n = strcspn(s, "\"\\");

		buf_put(ret, s, n);
		s += n;
		if (!*s)
			break;
		buf_putc(ret, '\\');
		buf_putc(ret, *s++);
	}
	buf_putc(ret, '"');
}

/* UTF-8 sorts by its bytes as its characters do by their numbers. */
static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int put_array(json_t *j, struct buf *ret, struct err *e)
{
	size_t i;
	json_t *v;

	buf_putc(ret, '[');
	json_array_foreach(j, i, v)
	{
		int r;

		if (i)
			buf_putc(ret, ',');
		r = tuf_canonical(v, ret, e);
		if (r < 0)
			return r;
	}
	buf_putc(ret, ']');
	return 0;
}

static int put_object(json_t *j, struct buf *ret, struct err *e)
{
	size_t n = json_object_size(j), i = 0;
	auto_free const char **keys = calloc(n ? n : 1, sizeof(*keys));
	const char *key;
	json_t *v;

	if (!keys)
		return FAIL_NOMEM(e);
	json_object_foreach(j, key, v) keys[i++] = key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	buf_putc(ret, '{');
	for (i = 0; i < n; i++) {
		int r;

		if (i)
			buf_putc(ret, ',');
		put_string(keys[i], ret);
		buf_putc(ret, ':');
		r = tuf_canonical(json_object_get(j, keys[i]), ret, e);
		if (r < 0)
			return r;
	}
	buf_putc(ret, '}');
	return 0;
}

int tuf_canonical(json_t *j, struct buf *ret, struct err *e)
{
	int r = 0;

	switch (json_typeof(j)) {
	case JSON_OBJECT: r = put_object(j, ret, e); break;
	case JSON_ARRAY: r = put_array(j, ret, e); break;
	case JSON_STRING: put_string(json_string_value(j), ret); break;
	case JSON_INTEGER: buf_printf(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(j)); break;
	case JSON_TRUE: buf_puts(ret, "true"); break;
	case JSON_FALSE: buf_puts(ret, "false"); break;
	case JSON_NULL: buf_puts(ret, "null"); break;
	case JSON_REAL:
		return FAIL(e, E_FORMAT,
			    "a number with a fraction or an exponent is not canonical");
	}
	return r < 0 ? r : buf_check(ret, "canonical JSON", e);
}
