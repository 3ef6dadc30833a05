/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sigstore/pbjson.h"

#include "base/clock.h"
#include "base/encode.h"

int pb_members(const json_t *o, const char *known, const char *what, struct err *e)
{
	const char *key;
	json_t *v;

	if (!json_is_object(o))
		return FAIL(e, E_FORMAT, "%s: not an object", what);
	json_object_foreach((json_t *)(uintptr_t)o, key, v)
	{
		if (!has_word(known, key))
			return FAIL(e, E_FORMAT, "%s: unknown member '%.60s'", what, key);
	}
	return 0;
}

json_t *pb_get(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_null(v) ? NULL : v;
}

int pb_bytes(const json_t *o, const char *key, struct buf *ret, const char *what, struct err *e)
{
	const char *text;
	int r = json_get_string(o, key, &text, what, e);

	if (r < 0)
		return r;
	r = b64_decode_any(str_of(text), ret, e);
	return r < 0 ? WRAP(e, r, "%s: '%s'", what, key) : 0;
}

int pb_bytes_exact(const json_t *o, const char *key, void *ret, size_t n, const char *what,
		   struct err *e)
{
	auto_buf b = BUF_INIT(n);
	int r = pb_bytes(o, key, &b, what, e);

	if (r < 0)
		return r;
	if (b.n != n)
		return FAIL(e, E_FORMAT, "%s: '%s' has %zu bytes, not %zu", what, key, b.n, n);
	memcpy(ret, b.p, n);
	return 0;
}

int pb_int64(const json_t *o, const char *key, int64_t *ret, const char *what, struct err *e)
{
	const json_t *v = pb_get(o, key);
	uint64_t n = 0;

	if (json_is_string(v)) {
		if (str_u64(str_of(json_string_value(v)), INT64_MAX, &n, NULL) < 0)
			return FAIL(e, E_FORMAT, "%s: '%s' is not a number", what, key);
	} else if (json_is_integer(v) && json_integer_value(v) >= 0) {
		n = (uint64_t)json_integer_value(v);
	} else if (v) {
		return FAIL(e, E_FORMAT, "%s: '%s' is not a number", what, key);
	}
	*ret = (int64_t)n;
	return 0;
}

int pb_string(const json_t *o, const char *key, char *ret, size_t cap, const char *what,
	      struct err *e)
{
	const char *text;
	int r = json_get_string(o, key, &text, what, e);

	if (r < 0)
		return r;
	if (strlen(text) >= cap)
		return FAIL(e, E_FORMAT, "%s: '%s' is longer than %zu bytes", what, key, cap - 1);
	(void)snprintf(ret, cap, "%s", text);
	return 0;
}

int pb_array(const json_t *o, const char *key, size_t max, json_t **ret, const char *what,
	     struct err *e)
{
	json_t *v = pb_get(o, key);

	if (v && !json_is_array(v))
		return FAIL(e, E_FORMAT, "%s: '%s' is not an array", what, key);
	if (json_array_size(v) > max)
		return FAIL(e, E_FORMAT, "%s: '%s' has %zu elements, more than %zu", what, key,
			    json_array_size(v), max);
	*ret = v;
	return 0;
}

int pb_time(const json_t *o, const char *key, int64_t *ret, bool *ret_there, const char *what,
	    struct err *e)
{
	const json_t *v = pb_get(o, key);

	*ret_there = v != NULL;
	if (!v)
		return 0;
	if (!json_is_string(v) || clock_parse_rfc3339(str_of(json_string_value(v)), ret, NULL) < 0)
		return FAIL(e, E_FORMAT, "%s: '%s' is not a time", what, key);
	return 0;
}
