/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and values of TOML. */
#include <ctype.h>

#include "registry/conf/toml_internal.h"

static int value(struct toml_reader *x, int depth, json_t **ret);

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | (c >> 6)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(b, (char)(0xe0 | (c >> 12)));
		buf_putc(b, (char)(0x80 | ((c >> 6) & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(b, (char)(0xf0 | (c >> 18)));
		buf_putc(b, (char)(0x80 | ((c >> 12) & 0x3f)));
		buf_putc(b, (char)(0x80 | ((c >> 6) & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

/* \uXXXX or \UXXXXXXXX: a Unicode scalar value. x->p is at the first digit. */
static int unicode(struct toml_reader *x, int digits)
{
	const char *at = x->p;
	uint32_t c = 0;

	for (int i = 0; i < digits; i++, x->p++) {
		if (!isxdigit((unsigned char)*x->p))
			return toml_bad(x, at, "%d hexadecimal digits are expected here", digits);
		c = c * 16 + (uint32_t)(isdigit((unsigned char)*x->p)
						? *x->p - '0'
						: tolower((unsigned char)*x->p) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return toml_bad(x, at, "no character that may stand here");
	put_utf8(&x->rest, c);
	return 0;
}

static int escape(struct toml_reader *x)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	const char *found;
	char c = x->p[1];

	if (c == 'u' || c == 'U') {
		x->p += 2;
		return unicode(x, c == 'u' ? 4 : 8);
	}
	found = c ? strchr(from, c) : NULL;
	if (!found)
		return toml_bad(x, x->p, "an escape that TOML does not know");
	buf_putc(&x->rest, to[found - from]);
	x->p += 2;
	return 0;
}

/* "…" with escapes, or '…' without, into x->rest. */
static int string(struct toml_reader *x)
{
	const char *at = x->p;
	char quote = *x->p++;
	int r = 0;

	buf_reset(&x->rest);
	if (x->p[0] == quote && x->p[1] == quote)
		return toml_bad(x, at, "strings over several lines are not read here");
	while (r == 0 && *x->p != quote) {
		if (*x->p == '\0' || *x->p == '\n' || *x->p == '\r')
			return toml_bad(x, at, "a string without its end");
		if (*x->p == '\\' && quote == '"')
			r = escape(x);
		else
			buf_putc(&x->rest, *x->p++);
	}
	if (r < 0)
		return r;
	if (x->rest.failed)
		return toml_bad(x, at, "a string of more than %d bytes", LIMIT_TOML_STRING);
	x->p++;
	return 0;
}

static bool is_bare(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static int key_part(struct toml_reader *x, struct strv *ret)
{
	const char *at = x->p;
	int r = 0;

	if (*x->p == '"' || *x->p == '\'') {
		r = string(x);
	} else {
		buf_reset(&x->rest);
		while (is_bare(*x->p))
			buf_putc(&x->rest, *x->p++);
		if (x->p == at)
			return toml_bad(x, at, "a key is expected here");
	}
	if (r == 0 && x->rest.failed)
		r = toml_bad(x, at, "a key of more than %d bytes", LIMIT_TOML_STRING);
	if (r == 0)
		r = strv_add(ret, buf_str(&x->rest), x->e);
	return r;
}

int toml_key(struct toml_reader *x, struct strv *ret)
{
	for (;;) {
		int r;

		toml_blanks(x);
		if (ret->n == LIMIT_TOML_DEPTH)
			return toml_bad(x, x->p, "a key of more than %d parts", LIMIT_TOML_DEPTH);
		r = key_part(x, ret);
		if (r < 0)
			return r;
		toml_blanks(x);
		if (*x->p != '.')
			return 0;
		x->p++;
	}
}

static int integer(struct toml_reader *x, json_t **ret)
{
	const char *at = x->p;
	struct str s = { x->p + (*x->p == '-' || *x->p == '+'), 0 };
	uint64_t n;

	while (isalnum((unsigned char)s.p[s.n]) || (s.p[s.n] && strchr("_.:+-", s.p[s.n])))
		s.n++;
	x->p = s.p + s.n;
	if (str_u64(s, INT64_MAX, &n, NULL) < 0)
		return toml_bad(x, at,
				s.n && isdigit((unsigned char)s.p[0])
					? "only decimal integers are read here: no dates, "
					  "floats or other bases"
					: "a value is expected here: \"text\", true, "
					  "false, a number, [...] or {...}");
	*ret = json_integer(*at == '-' ? -(json_int_t)n : (json_int_t)n);
	return *ret ? 0 : FAIL_NOMEM(x->e);
}

/* [ value, value, … ] over as many lines as it likes. */
static int array(struct toml_reader *x, int depth, json_t **ret)
{
	auto_json *list = json_array();
	const char *at = x->p++;
	size_t path = x->path.n;
	int r = list ? 0 : FAIL_NOMEM(x->e);

	if (r == 0 && depth >= LIMIT_TOML_DEPTH)
		return toml_bad(x, at, "nested deeper than %d", LIMIT_TOML_DEPTH);
	for (toml_lines(x); r == 0 && *x->p != ']'; toml_lines(x)) {
		json_t *v = NULL;

		x->path.n = path;
		buf_printf(&x->path, "[%zu]", json_array_size(list));
		r = toml_mark(x, x->p);
		if (r == 0)
			r = value(x, depth + 1, &v);
		if (r == 0)
			r = json_push(list, v, x->e);
		toml_lines(x);
		if (r == 0 && *x->p == ',')
			x->p++;
		else if (r == 0 && *x->p != ']')
			r = toml_bad(x, x->p, "',' or ']' is expected here");
	}
	if (r < 0)
		return r;
	x->p++;
	*ret = TAKE(list);
	return 0;
}

/* { key = value, … } on one line. */
static int inline_table(struct toml_reader *x, int depth, json_t **ret)
{
	auto_json *table = json_object();
	const char *at = x->p++;
	size_t path = x->path.n;
	int r = table ? 0 : FAIL_NOMEM(x->e);

	if (r == 0 && depth >= LIMIT_TOML_DEPTH)
		return toml_bad(x, at, "nested deeper than %d", LIMIT_TOML_DEPTH);
	toml_blanks(x);
	while (r == 0 && *x->p != '}') {
		x->path.n = path;
		x->path.p[path] = '\0';
		r = toml_pair(x, table, depth + 1);
		toml_blanks(x);
		if (r == 0 && *x->p == '}')
			break;
		if (r == 0 && *x->p != ',')
			r = toml_bad(x, x->p, "',' or '}' is expected here");
		x->p += r == 0;
		toml_blanks(x);
		if (r == 0 && *x->p == '}')
			r = toml_bad(x, x->p, "an inline table has no ',' at its end");
	}
	if (r < 0)
		return r;
	x->p++;
	*ret = TAKE(table);
	return 0;
}

static int value(struct toml_reader *x, int depth, json_t **ret)
{
	int r;

	if (*x->p == '"' || *x->p == '\'') {
		r = string(x);
		if (r == 0 && !(*ret = json_string(buf_str(&x->rest))))
			r = FAIL_NOMEM(x->e);
		return r;
	}
	if (*x->p == '[')
		return array(x, depth, ret);
	if (*x->p == '{')
		return inline_table(x, depth, ret);
	for (int yes = 0; yes < 2; yes++) {
		const char *word = yes ? "true" : "false";

		if (starts_with(x->p, word) && !is_bare(x->p[strlen(word)])) {
			x->p += strlen(word);
			*ret = json_boolean(yes);
			return 0;
		}
	}
	return integer(x, ret);
}

/* The table that a dotted key's last part goes to: those on the way are made by dotted keys only.
 */
static int walk(struct toml_reader *x, json_t **table, const struct strv *keys, const char *at)
{
	for (size_t i = 0; i + 1 < keys->n; i++) {
		json_t *next = json_object_get(*table, keys->v[i]);

		buf_printf(&x->path, "%s%s", x->path.n ? "." : "", keys->v[i]);
		if (!next) {
			next = json_object();
			if (!next || json_object_set_new(*table, keys->v[i], next) < 0)
				return FAIL_NOMEM(x->e);
			if (toml_made(x, 'k') < 0)
				return E_NOMEM;
		} else if (!json_is_object(next) ||
			   strcmp(json_string_value(json_object_get(x->made, buf_str(&x->path)))
					  ?: "",
				  "k") != 0) {
			return toml_bad(x, at, "'%s' is there already", keys->v[i]);
		}
		*table = next;
	}
	return 0;
}

int toml_pair(struct toml_reader *x, json_t *table, int depth)
{
	const char *at = x->p;
	auto_strv keys = { 0 };
	json_t *v = NULL;
	const char *last;
	int r = toml_key(x, &keys);

	if (r < 0)
		return r;
	if (*x->p != '=')
		return toml_bad(x, x->p, "'=' is expected here");
	x->p++;
	toml_blanks(x);
	r = walk(x, &table, &keys, at);
	if (r < 0)
		return r;
	last = keys.v[keys.n - 1];
	if (json_object_get(table, last))
		return toml_bad(x, at, "'%s' stands here twice", last);
	buf_printf(&x->path, "%s%s", x->path.n ? "." : "", last);
	r = toml_mark(x, at);
	if (r == 0)
		r = value(x, depth, &v);
	return r < 0 ? r : json_put(table, last, v, x->e);
}
