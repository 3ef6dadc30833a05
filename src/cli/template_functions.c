/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of Go's templates, and those that docker and podman add. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/template_expr.h"

enum { LIMIT_TEXT = 16 * 1024 * 1024, LIMIT_WIDTH = 1000 };

bool value_is_true(const json_t *v)
{
	if (json_is_string(v))
		return json_string_length(v) > 0;
	if (json_is_integer(v))
		return json_integer_value(v) != 0;
	if (json_is_array(v))
		return json_array_size(v) > 0;
	if (json_is_object(v))
		return json_object_size(v) > 0;
	return json_is_true(v) || json_is_real(v);
}

static int put_json(const json_t *v, struct buf *ret, struct err *e)
{
	auto_free char *text =
		v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : strdup("null");

	if (!text)
		return FAIL_NOMEM(e);
	buf_puts(ret, text);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int value_keys(const json_t *v, const char ***ret, size_t *ret_n, struct err *e)
{
	const char **keys = calloc(json_object_size(v) + 1, sizeof(*keys)), *key;
	size_t n = 0;
	json_t *ignored;

	if (!keys)
		return FAIL_NOMEM(e);
	json_object_foreach((json_t *)(uintptr_t)v, key, ignored)
	{
		keys[n++] = key;
	}
	qsort(keys, n, sizeof(*keys), by_text);
	*ret = keys;
	*ret_n = n;
	return 0;
}

static int put_map(const json_t *v, struct buf *ret, struct err *e)
{
	auto_free const char **keys = NULL;
	size_t n = 0;
	int r = value_keys(v, &keys, &n, e);

	buf_puts(ret, "map[");
	for (size_t i = 0; r == 0 && i < n; i++) {
		buf_printf(ret, "%s%s:", i ? " " : "", keys[i]);
		r = value_put(json_object_get(v, keys[i]), ret, e);
	}
	buf_putc(ret, ']');
	return r;
}

int value_put(const json_t *v, struct buf *ret, struct err *e)
{
	int r = 0;

	if (!v || json_is_null(v)) {
		buf_puts(ret, "<no value>");
	} else if (json_is_string(v)) {
		buf_put(ret, json_string_value(v), json_string_length(v));
	} else if (json_is_object(v)) {
		return put_map(v, ret, e);
	} else if (json_is_array(v)) {
		buf_putc(ret, '[');
		for (size_t i = 0; r == 0 && i < json_array_size(v); i++) {
			if (i)
				buf_putc(ret, ' ');
			r = value_put(json_array_get(v, i), ret, e);
		}
		buf_putc(ret, ']');
	} else {
		return put_json(v, ret, e);
	}
	return r;
}

static int text_of(struct buf *text, json_t **ret, struct err *e)
{
	int r = buf_check(text, "output", e);

	if (r < 0)
		return r;
	*ret = json_stringn(buf_str(text), text->n);
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int wrong(const char *what, struct err *e)
{
	return FAIL(e, E_USAGE, "--format: %s", what);
}

static int fn_json(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	auto_json *shown = n == 1 ? json_incref(a[0]) : NULL;
	int r;

	if (n != 1)
		return wrong("json wants one value", e);
	/* A row's labels as a map are for .Label "key" alone. */
	if (json_is_object(json_object_get(shown, "Label"))) {
		json_decref(shown);
		shown = json_copy(a[0]);
		(void)json_object_del(shown, "Label");
	}
	r = put_json(shown, &text, e);
	return r == 0 ? text_of(&text, ret, e) : r;
}

static int fn_len(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	if (n != 1)
		return wrong("len wants one value", e);
	*ret = json_integer((json_int_t)(json_is_string(a[0])  ? json_string_length(a[0])
					 : json_is_array(a[0]) ? json_array_size(a[0])
							       : json_object_size(a[0])));
	return 0;
}

/* A map of texts has "" for what it does not have. */
static json_t *absent_in(const json_t *map)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)map, key, v)
	{
		if (!json_is_string(v))
			return NULL;
	}
	return json_is_object(map) ? json_string("") : NULL;
}

static int fn_index(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	auto_json *at = n ? json_incref(a[0]) : NULL;

	if (n == 0)
		return wrong("index wants a value and keys", e);
	for (size_t i = 1; i < n; i++) {
		const char *key = json_string_value(a[i]);
		json_t *next;

		if (json_is_array(at) && json_is_integer(a[i])) {
			if ((size_t)json_integer_value(a[i]) >= json_array_size(at))
				return wrong("index is past the end of a list", e);
			next = json_incref(json_array_get(at, (size_t)json_integer_value(a[i])));
		} else if (key && (!at || json_is_object(at) || json_is_null(at))) {
			next = json_incref(json_object_get(at, key)) ?: absent_in(at);
		} else {
			return wrong("index: a list has numbers, a map has texts", e);
		}
		json_decref(at);
		at = next;
	}
	*ret = TAKE(at);
	return 0;
}

static int fn_join(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	int r = 0;

	if (n != 2 || !json_is_string(a[1]) ||
	    (a[0] && !json_is_array(a[0]) && !json_is_null(a[0])))
		return wrong("join wants a list and a text", e);
	for (size_t i = 0; r == 0 && i < json_array_size(a[0]); i++) {
		if (i)
			buf_puts(&text, json_string_value(a[1]));
		r = value_put(json_array_get(a[0], i), &text, e);
	}
	return r == 0 ? text_of(&text, ret, e) : r;
}

static int fn_split(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	const char *text = n == 2 ? json_string_value(a[0]) : NULL;
	const char *by = n == 2 ? json_string_value(a[1]) : NULL;
	auto_json *list = json_array();
	const char *at;

	if (!text || !by || !*by)
		return wrong("split wants a text and what parts it", e);
	for (; (at = strstr(text, by)); text = at + strlen(by))
		if (json_push(list, json_stringn(text, (size_t)(at - text)), e) < 0)
			return E_NOMEM;
	if (json_push(list, json_string(text), e) < 0)
		return E_NOMEM;
	*ret = TAKE(list);
	return 0;
}

static int change_case(json_t *const *a, size_t n, char how, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	bool first = true;
	int r = n == 1 ? value_put(a[0], &text, e) : wrong("want one text", e);

	for (size_t i = 0; r == 0 && i < text.n; i++) {
		const unsigned char c = (unsigned char)text.p[i];
		const bool up = how == 'u' || (how == 't' && first);

		if (c < 0x80 && (up || how == 'l'))
			text.p[i] = (char)(up ? toupper(c) : tolower(c));
		first = c == ' ';
	}
	return r == 0 ? text_of(&text, ret, e) : r;
}

static int fn_truncate(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	const char *text = n == 2 ? json_string_value(a[0]) : NULL;
	auto_free char *cut = NULL;

	if (!text || !json_is_integer(a[1]) || json_integer_value(a[1]) < 0)
		return wrong("truncate wants a text and a length", e);
	cut = strndup(text, (size_t)json_integer_value(a[1]));
	if (!cut)
		return FAIL_NOMEM(e);
	text_sanitize(cut); /* half a letter */
	*ret = json_string(cut);
	return 0;
}

static int print_all(json_t *const *a, size_t n, bool line, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		/* print parts those of which neither is a text. */
		if (i && (line || (!json_is_string(a[i]) && !json_is_string(a[i - 1]))))
			buf_putc(&text, ' ');
		r = value_put(a[i], &text, e);
	}
	if (line)
		buf_putc(&text, '\n');
	return r == 0 ? text_of(&text, ret, e) : r;
}

/* One conversion, p behind the "%": -5.3s. Its end, or NULL. */
static const char *put_one(const char *p, const json_t *v, struct buf *text, struct err *e)
{
	auto_buf one = BUF_INIT(LIMIT_TEXT);
	const bool left = *p == '-', zero = p[left] == '0';
	unsigned long width, cut = LIMIT_TEXT;
	char *end;

	width = strtoul(p + left, &end, 10);
	if (*end == '.')
		cut = strtoul(end + 1, &end, 10);
	if (!*end || !strchr("svdqtx", *end) || width > LIMIT_WIDTH)
		return NULL;
	if (*end == 'x' && json_is_integer(v))
		buf_printf(&one, "%llx", (unsigned long long)json_integer_value(v));
	else if ((*end == 'q' ? put_json(v, &one, e) : value_put(v, &one, e)) < 0)
		return NULL;
	if (one.n > cut)
		one.n = cut;
	for (size_t i = one.n; !left && i < width; i++)
		buf_putc(text, zero && json_is_integer(v) ? '0' : ' ');
	buf_put(text, one.p ?: "", one.n);
	for (size_t i = one.n; left && i < width; i++)
		buf_putc(text, ' ');
	return end + 1;
}

static int fn_printf(json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEXT);
	const char *p = n ? json_string_value(a[0]) : NULL;
	size_t used = 1;

	if (!p)
		return wrong("printf wants a text", e);
	while (*p) {
		if (*p != '%' || p[1] == '%') {
			buf_putc(&text, *p);
			p += *p == '%' ? 2 : 1;
			continue;
		}
		if (used == n)
			return wrong("printf has too few values", e);
		p = put_one(p + 1, a[used++], &text, e);
		if (!p)
			return wrong("printf knows %s, %v, %d, %q, %t and %x, with a width", e);
	}
	return text_of(&text, ret, e);
}

/* -1, 0 or 1; 2 when they cannot be compared. */
static int order(const json_t *a, const json_t *b)
{
	if (json_is_string(a) && json_is_string(b)) {
		const int c = strcmp(json_string_value(a), json_string_value(b));

		return (c > 0) - (c < 0);
	}
	if (json_is_number(a) && json_is_number(b)) {
		const double x = json_number_value(a), y = json_number_value(b);

		return (x > y) - (x < y);
	}
	return 2;
}

static int compare(const char *how, json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	bool yes = false;
	int o;

	if (n < 2 || (n > 2 && strcmp(how, "eq") != 0))
		return wrong("a comparison wants two values", e);
	if (how[0] == 'e' || how[0] == 'n') {
		for (size_t i = 1; i < n; i++)
			yes |= json_equal(a[0], a[i]) == 1 || (!a[0] && !a[i]);
		*ret = json_boolean(yes == (how[0] == 'e'));
		return 0;
	}
	o = order(a[0], a[1]);
	if (o == 2)
		return wrong("only numbers and texts have an order", e);
	yes = (how[0] == 'l' && o < 0) || (how[0] == 'g' && o > 0) || (how[1] == 'e' && o == 0);
	*ret = json_boolean(yes);
	return 0;
}

/* The first that decides, or the last. */
static int decide(bool want, json_t *const *a, size_t n, json_t **ret, struct err *e)
{
	if (n == 0)
		return wrong("and, or want a value", e);
	for (size_t i = 0; i < n; i++)
		if (i == n - 1 || value_is_true(a[i]) == want) {
			*ret = json_incref(a[i]);
			break;
		}
	return 0;
}

int function_call(struct str name, json_t *const *args, size_t n, json_t **ret, bool *ret_known,
		  struct err *e)
{
	static const struct {
		const char *name;
		int (*fn)(json_t *const *a, size_t n, json_t **ret, struct err *e);
	} functions[] = { { "json", fn_json },	  { "len", fn_len },
			  { "index", fn_index },  { "join", fn_join },
			  { "split", fn_split },  { "truncate", fn_truncate },
			  { "printf", fn_printf } };
	static const char *const comparisons[] = { "eq", "ne", "lt", "le", "gt", "ge" };

	*ret_known = true;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (str_eqz(name, functions[i].name))
			return functions[i].fn(args, n, ret, e);
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++)
		if (str_eqz(name, comparisons[i]))
			return compare(comparisons[i], args, n, ret, e);
	if (str_eqz(name, "lower") || str_eqz(name, "upper") || str_eqz(name, "title"))
		return change_case(args, n, name.p[0], ret, e);
	if (str_eqz(name, "print") || str_eqz(name, "println"))
		return print_all(args, n, name.n > 5, ret, e);
	if (str_eqz(name, "and") || str_eqz(name, "or"))
		return decide(name.p[0] == 'o', args, n, ret, e);
	if (str_eqz(name, "not") && n == 1) {
		*ret = json_boolean(!value_is_true(args[0]));
		return 0;
	}
	*ret_known = false;
	return 0;
}
