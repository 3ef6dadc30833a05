/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/conf/toml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "registry/conf/toml_internal.h"

void toml_free(struct toml *t)
{
	json_decref(t->root);
	json_decref(t->where);
	free(t->text);
	*t = TOML_NONE;
}

/* "FILE:LINE: message", the line and a caret under the place. */
static int fail_at(const struct toml *t, size_t at, struct err *e, const char *msg)
{
	auto_buf b = BUF_INIT(sizeof(e->msg) - 1);
	const char *start = t->text, *end;
	size_t line = 1, column;
	int r = FAIL(e, E_FORMAT, "%s", msg);

	if (!e)
		return r;
	for (const char *p = t->text; p < t->text + at; p++)
		if (*p == '\n') {
			line++;
			start = p + 1;
		}
	column = (size_t)(t->text + at - start);
	end = start + strcspn(start, "\r\n");
	buf_printf(&b, "%s:%zu: %.600s", t->what, line, msg);
	if (column < 80) {
		int shown = end - start > 100 ? 100 : (int)(end - start);

		buf_printf(&b, "\n    %.*s\n    ", shown, start);
		for (size_t i = 0; i < column; i++)
			buf_putc(&b, start[i] == '\t' ? '\t' : ' ');
		buf_putc(&b, '^');
	}
	(void)snprintf(e->msg, sizeof(e->msg), "%s", buf_str(&b));
	text_sanitize(e->msg);
	return r;
}

int toml_fail(const struct toml *t, const char *path, struct err *e, const char *fmt, ...)
{
	const json_t *at = json_object_get(t->where, path);
	char msg[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (!at)
		return FAIL(e, E_FORMAT, "%s: %s", t->what, msg);
	return fail_at(t, (size_t)json_integer_value(at), e, msg);
}

int toml_bad(const struct toml_reader *x, const char *at, const char *fmt, ...)
{
	char msg[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return fail_at(x->t, (size_t)(at - x->t->text), x->e, msg);
}

void toml_blanks(struct toml_reader *x)
{
	while (*x->p == ' ' || *x->p == '\t')
		x->p++;
}

void toml_lines(struct toml_reader *x)
{
	for (;;) {
		toml_blanks(x);
		if (*x->p == '#')
			x->p += strcspn(x->p, "\n");
		if (*x->p == '\r' && x->p[1] == '\n')
			x->p++;
		if (*x->p != '\n')
			return;
		x->p++;
	}
}

/* What follows a table's name or a value: nothing more on its line. */
static int end_of_line(struct toml_reader *x)
{
	toml_blanks(x);
	if (*x->p == '#')
		x->p += strcspn(x->p, "\n");
	if (*x->p == '\r' && x->p[1] == '\n')
		x->p++;
	if (*x->p && *x->p != '\n')
		return toml_bad(x, x->p, "the end of the line is expected here");
	return 0;
}

int toml_mark(struct toml_reader *x, const char *at)
{
	int r = buf_check(&x->path, "key", x->e);

	if (r < 0)
		return r;
	if (json_object_size(x->t->where) >= LIMIT_TOML_KEYS)
		return toml_bad(x, at, "more than %d keys", LIMIT_TOML_KEYS);
	if (json_object_set_new(x->t->where, buf_str(&x->path),
				json_integer((json_int_t)(at - x->t->text))) < 0)
		return FAIL_NOMEM(x->e);
	return 0;
}

/* How the table or array at the path came to be: '[' by a header, 'a' as an array of tables by
 * headers, '.' only on the way to another; 0 when it has not. */
static char how_made(const struct toml_reader *x)
{
	const char *s = json_string_value(json_object_get(x->made, buf_str(&x->path)));

	return s ? s[0] : 0;
}

int toml_made(struct toml_reader *x, char how)
{
	const char s[2] = { how, '\0' };

	return json_object_set_new(x->made, buf_str(&x->path), json_string(s)) < 0
		       ? FAIL_NOMEM(x->e)
		       : 0;
}

/* The table `key` of *at, made when it is missing; of an array of tables, the last. */
static int step_into(struct toml_reader *x, json_t **at, const char *key, const char *place)
{
	json_t *next = json_object_get(*at, key);

	buf_printf(&x->path, "%s%s", x->path.n ? "." : "", key);
	if (!next) {
		next = json_object();
		if (!next || json_object_set_new(*at, key, next) < 0)
			return FAIL_NOMEM(x->e);
		*at = next;
		return toml_made(x, '.');
	}
	if (json_is_array(next) && how_made(x) == 'a') {
		buf_printf(&x->path, "[%zu]", json_array_size(next) - 1);
		next = json_array_get(next, json_array_size(next) - 1);
	}
	if (!json_is_object(next) || !how_made(x))
		return toml_bad(x, place, "'%s' is a value, not a table", key);
	*at = next;
	return 0;
}

/* [[name]]: one more table at the end. */
static int add_table(struct toml_reader *x, json_t *at, const char *key, const char *place)
{
	json_t *list = json_object_get(at, key), *next = json_object();
	int r;

	buf_printf(&x->path, "%s%s", x->path.n ? "." : "", key);
	if (!next)
		return FAIL_NOMEM(x->e);
	x->table = next;
	if (!list) {
		list = json_pack("[o]", next);
		if (!list || json_object_set_new(at, key, list) < 0)
			return FAIL_NOMEM(x->e);
		r = toml_made(x, 'a');
	} else if (!json_is_array(list) || how_made(x) != 'a') {
		json_decref(next);
		return toml_bad(x, place, "'%s' is there already, and no array of tables", key);
	} else {
		r = json_array_append_new(list, next) < 0 ? FAIL_NOMEM(x->e) : 0;
	}
	buf_printf(&x->path, "[%zu]", json_array_size(list) - 1);
	return r < 0 ? r : toml_made(x, '[');
}

/* [name]: a table that no header has made before. */
static int open_table(struct toml_reader *x, json_t *at, const char *key, const char *place)
{
	int r = step_into(x, &at, key, place);

	if (r < 0)
		return r;
	if (how_made(x) != '.')
		return toml_bad(x, place, "table '%s' is there already", key);
	x->table = at;
	return toml_made(x, '[');
}

static int header(struct toml_reader *x)
{
	const char *place = x->p;
	bool many = x->p[1] == '[';
	auto_strv keys = { 0 };
	json_t *at = x->t->root;
	int r;

	x->p += many ? 2 : 1;
	r = toml_key(x, &keys);
	if (r < 0)
		return r;
	if (*x->p != ']' || (many && x->p[1] != ']'))
		return toml_bad(x, x->p, "'%s' is expected here", many ? "]]" : "]");
	x->p += many ? 2 : 1;
	buf_reset(&x->path);
	for (size_t i = 0; r == 0 && i + 1 < keys.n; i++)
		r = step_into(x, &at, keys.v[i], place);
	if (r == 0 && many)
		r = add_table(x, at, keys.v[keys.n - 1], place);
	else if (r == 0)
		r = open_table(x, at, keys.v[keys.n - 1], place);
	if (r == 0)
		r = toml_mark(x, place);
	x->table_path = x->path.n;
	return r < 0 ? r : end_of_line(x);
}

static int check_text(const struct toml *t, size_t n, struct err *e)
{
	if (memchr(t->text, '\0', n))
		return FAIL(e, E_FORMAT, "%s: a NUL byte in it", t->what);
	if (!str_utf8((struct str){ t->text, n }))
		return FAIL(e, E_FORMAT, "%s: not UTF-8", t->what);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)t->text[i];

		if ((c < 0x20 && c != '\t' && c != '\n' &&
		     !(c == '\r' && t->text[i + 1] == '\n')) ||
		    c == 0x7f)
			return fail_at(t, i, e, "a control character");
	}
	return 0;
}

static int read_all(struct toml_reader *x)
{
	int r = 0;

	for (toml_lines(x); r == 0 && *x->p; toml_lines(x)) {
		if (*x->p == '[') {
			r = header(x);
			continue;
		}
		buf_reset(&x->rest);
		x->path.n = x->table_path;
		if (x->path.p)
			x->path.p[x->path.n] = '\0';
		r = toml_pair(x, x->table, 0);
		if (r == 0)
			r = end_of_line(x);
	}
	return r;
}

int toml_parse(const char *p, size_t n, const char *what, struct toml *ret, struct err *e)
{
	auto_toml t = { .root = json_object(), .where = json_object() };
	auto_json *made = json_object();
	struct toml_reader x = { .t = &t,
				 .made = made,
				 .table = t.root,
				 .path = BUF_INIT(LIMIT_TOML_STRING * 2),
				 .rest = BUF_INIT(LIMIT_TOML_STRING),
				 .e = e };
	int r;

	(void)snprintf(t.what, sizeof(t.what), "%s", what);
	if (n > LIMIT_TOML)
		return FAIL(e, E_FORMAT, "%s: more than %d bytes", what, LIMIT_TOML);
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3, n -= 3;
	t.text = str_dup((struct str){ p, n });
	if (!t.root || !t.where || !made || !t.text)
		return FAIL_NOMEM(e);
	r = check_text(&t, n, e);
	x.p = t.text;
	if (r == 0)
		r = read_all(&x);
	buf_free(&x.path);
	buf_free(&x.rest);
	if (r < 0)
		return r;
	*ret = t;
	t = TOML_NONE;
	return 0;
}
