/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_TEMPLATE_OUT = 16 * 1024 * 1024, LIMIT_COLUMNS = 32 };

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* ".A.B" to its value. False when it is no path; *ret is NULL when there is no such thing. */
static bool walk(struct str path, const json_t *value, const json_t **ret)
{
	if (path.n == 0 || path.p[0] != '.')
		return false;
	for (size_t i = 1; path.n > 1 && i <= path.n;) {
		const size_t from = i;
		auto_free char *name = NULL;

		while (i < path.n && is_name(path.p[i]))
			i++;
		if (i == from || (i < path.n && path.p[i] != '.'))
			return false;
		name = str_dup((struct str){ path.p + from, i - from });
		value = name ? json_object_get(value, name) : NULL;
		if (i++ == path.n)
			break;
	}
	*ret = value;
	return true;
}

static int put_json(const json_t *value, struct buf *ret, struct err *e)
{
	auto_free char *text =
		value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS)
		      : strdup("null");

	if (!text)
		return FAIL_NOMEM(e);
	buf_puts(ret, text);
	return 0;
}

/* index .Config.Labels "a.b": the key, and the path before it. NULL, and no path, when it is not.
 */
static char *cut_key(struct str *action)
{
	struct str rest = { action->p + 6, action->n - 6 };
	const char *quote = memchr(rest.p, '"', rest.n);

	*action = (struct str){ "", 0 };
	if (!quote || rest.n < 2 || rest.p[rest.n - 1] != '"' || quote == rest.p + rest.n - 1)
		return NULL;
	*action = str_trim((struct str){ rest.p, (size_t)(quote - rest.p) });
	return str_dup((struct str){ quote + 1, rest.n - (size_t)(quote - rest.p) - 2 });
}

static int put_action(struct str action, const json_t *value, struct buf *ret, struct err *e)
{
	const bool as_json = str_starts(action, "json ");
	auto_free char *key = NULL;
	struct str path = as_json ? (struct str){ action.p + 5, action.n - 5 } : action;
	const json_t *found = NULL;

	if (str_starts(action, "index "))
		key = cut_key(&path);
	if (!walk(str_trim(path), value, &found)) {
		int r = FAIL(e, E_USAGE, "--format: '{{%.*s}}' is not known here", (int)action.n,
			     action.p);

		return err_hint(e, r, "use {{.Name}} or {{json .Name}}; --format json has all");
	}
	if (key)
		found = json_object_get(found, key);
	if (!found && !as_json)
		buf_puts(ret, "<no value>");
	else if (!as_json && json_is_string(found))
		buf_put(ret, json_string_value(found), json_string_length(found));
	else
		return put_json(found, ret, e);
	return 0;
}

int template_print(const char *text, const json_t *value, struct buf *ret, struct err *e)
{
	int r = 0;

	while (*text && r == 0) {
		if (starts_with(text, "{{")) {
			const char *end = strstr(text, "}}");

			if (!end)
				return FAIL(e, E_USAGE, "--format: '{{' without '}}'");
			r = put_action(str_trim((struct str){ text + 2, (size_t)(end - text) - 2 }),
				       value, ret, e);
			text = end + 2;
		} else if (starts_with(text, "\\t") || starts_with(text, "\\n")) {
			buf_putc(ret, text[1] == 't' ? '\t' : '\n');
			text += 2;
		} else {
			buf_putc(ret, *text++);
		}
	}
	return r;
}

/* The columns of a template, its headings being the fields' names. */
static int make_table(struct rows *r, struct err *e)
{
	auto_buf text = BUF_INIT(65536);
	char *cells[LIMIT_COLUMNS];
	size_t n = 0;
	char *rest;

	for (const char *p = r->template; *p; p++) {
		if (starts_with(p, "\\t"))
			buf_putc(&text, '\t'), p++;
		else if (is_name(*p) && !starts_with(p, "json "))
			buf_putc(&text, (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p));
		else if (*p == '\t' || *p == ' ')
			buf_putc(&text, *p);
		else if (starts_with(p, "json "))
			p += 4;
	}
	rest = text.n ? text.p : NULL;
	while (rest && n < LIMIT_COLUMNS)
		cells[n++] = strsep(&rest, "\t");
	if (n == 0 || rest)
		return FAIL(e, E_USAGE, "--format: want 'table {{.NAME}}\\t{{.NAME}}'");
	return table_new(&r->table, (const char *const *)cells, n, e);
}

int format_rows_begin(struct cli *c, const char *format, struct rows *ret, struct err *e)
{
	*ret = (struct rows){ .c = c };
	if (!format || strcmp(format, "table") == 0)
		return 0;
	if (strcmp(format, "json") == 0) {
		c->json = true;
		return 0;
	}
	if (!strstr(format, "{{"))
		return FAIL(e, E_USAGE,
			    "--format is table, json or a template with {{.NAME}}, not '%.100s'",
			    format);
	ret->template = format;
	if (!starts_with(format, "table "))
		return 0;
	ret->template += 6;
	return make_table(ret, e);
}

int format_rows_add(struct rows *r, const json_t *row, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEMPLATE_OUT);
	char *cells[LIMIT_COLUMNS] = { NULL };
	char *rest;
	int done = template_print(r->template, row, &text, e);

	if (done == 0)
		done = buf_check(&text, "output", e);
	if (done < 0)
		return done;
	/* Values are whoever made the image's; what a program reads stays as it is. */
	if (text.n && cli_to_terminal(r->c))
		text_sanitize(text.p);
	if (!r->table)
		return cli_print(r->c, e, "%s\n", buf_str(&text));
	rest = text.n ? text.p : NULL;
	for (size_t n = 0; rest && n < LIMIT_COLUMNS; n++)
		cells[n] = strsep(&rest, "\t");
	return table_row(r->table, (const char *const *)cells, e);
}

int format_rows_end(struct rows *r, struct err *e)
{
	return r->table ? cli_print_table(r->c, r->table, e) : 0;
}

void format_rows_free(struct rows *r)
{
	table_free(r->table);
	r->table = NULL;
}
