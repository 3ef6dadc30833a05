/* SPDX-License-Identifier: Apache-2.0 */
/* Go's templates: text, and what its actions do. */
#include "cli/template.h"

#include <stdlib.h>
#include <string.h>

#include "cli/template_expr.h"

enum { LIMIT_STEPS = 4 * 1000 * 1000, LIMIT_BLOCKS = 32 };

enum stop { STOP_TEXT, STOP_ELSE, STOP_END };

struct run {
	const char *p;
	struct scope scope;
	struct buf *out;
	bool trim; /* the last action took the blanks behind it */
	size_t steps;
	int blocks;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Up to the next action; "\t" and "\n" may be spelled out, as in a shell's quotes. */
static void put_text(struct run *t, bool live)
{
	const size_t from = t->out->n;

	for (; *t->p && !starts_with(t->p, "{{");) {
		char c = *t->p;
		const bool spelled = starts_with(t->p, "\\t") || starts_with(t->p, "\\n");

		if (spelled)
			c = t->p[1] == 't' ? '\t' : '\n';
		t->p += spelled ? 2 : 1;
		if (t->trim && is_blank(c))
			continue;
		t->trim = false;
		if (live)
			buf_putc(t->out, c);
	}
	t->trim = false;
	if (starts_with(t->p, "{{-") && is_blank(t->p[3]))
		while (t->out->n > from && is_blank(t->out->p[t->out->n - 1]))
			t->out->p[--t->out->n] = '\0';
}

/* What stands in the braces, which may stand in texts within. */
static int take_action(struct run *t, struct str *ret, struct err *e)
{
	const char *p = t->p + 2;
	char quote = '\0';

	for (; *p; p++) {
		if (quote) {
			if (*p == '\\' && quote == '"' && p[1])
				p++;
			else if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '`') {
			quote = *p;
		} else if (starts_with(p, "}}")) {
			break;
		}
	}
	if (!*p)
		return FAIL(e, E_USAGE, "--format: '{{' without '}}'");
	*ret = (struct str){ t->p + 2, (size_t)(p - t->p) - 2 };
	t->p = p + 2;
	if (ret->n > 1 && ret->p[0] == '-' && is_blank(ret->p[1]))
		*ret = (struct str){ ret->p + 1, ret->n - 1 };
	t->trim = ret->n > 1 && ret->p[ret->n - 1] == '-' && is_blank(ret->p[ret->n - 2]);
	ret->n -= t->trim;
	*ret = str_trim(*ret);
	return 0;
}

/* "if .A" begins with "if"; the rest is what comes after. */
static bool take_keyword(struct str action, const char *word, struct str *ret_rest)
{
	const size_t n = strlen(word);

	if (!str_starts(action, word) ||
	    (action.n > n && !is_blank(action.p[n]) && !strchr("($.\"", action.p[n])))
		return false;
	*ret_rest = str_trim((struct str){ action.p + n, action.n - n });
	return true;
}

static int block(struct run *t, bool live, enum stop *ret, struct str *ret_else, struct err *e);

static int condition(struct run *t, struct str text, json_t **ret, struct err *e)
{
	bool ignored;

	return expr_eval(text, &t->scope, ret, &ignored, e);
}

/* {{if}} and {{with}}, with {{else}}, {{else if}}. */
static int choose(struct run *t, struct str text, bool with, bool live, struct err *e)
{
	const json_t *dot = t->scope.dot;
	const size_t variables = t->scope.n;
	enum stop stop = STOP_ELSE;
	bool taken = !live;

	for (bool last = false; stop == STOP_ELSE;) {
		auto_json *v = NULL;
		struct str rest = { "", 0 };
		bool now;
		int r = taken || last ? 0 : condition(t, text, &v, e);

		now = !taken && (last || value_is_true(v));
		if (now && with && !last)
			t->scope.dot = v;
		if (r == 0)
			r = block(t, now, &stop, &rest, e);
		t->scope.dot = dot;
		scope_cut(&t->scope, variables);
		if (r < 0)
			return r;
		if (stop == STOP_TEXT || (stop == STOP_ELSE && last))
			return FAIL(e, E_USAGE, "--format: a block without {{end}}");
		taken |= now;
		last = rest.n == 0;
		if (!last && !take_keyword(rest, with ? "with" : "if", &text))
			return FAIL(e, E_USAGE, "--format: '{{else %.*s}}' is not known here",
				    (int)rest.n, rest.p);
	}
	return 0;
}

/* "$i, $v :=" before what is ranged over. */
static int loop_names(struct str *text, struct str names[static 2], struct err *e)
{
	struct str rest = *text, list = { "", 0 }, name;
	size_t n = 0;

	names[0] = names[1] = (struct str){ "", 0 };
	if (rest.n == 0 || rest.p[0] != '$' || !memmem(rest.p, rest.n, ":=", 2))
		return 0;
	(void)str_cut(&rest, ':', &list);
	*text = (struct str){ rest.p + 1, rest.n - 1 };
	while (n < 2 && str_cut(&list, ',', &name)) {
		name = str_trim(name);
		if (name.n < 2 || name.p[0] != '$')
			return FAIL(e, E_USAGE, "--format: want {{range $i, $v := .List}}");
		names[n++] = (struct str){ name.p + 1, name.n - 1 };
	}
	/* One alone is the value's. */
	if (n == 1) {
		names[1] = names[0];
		names[0].n = 0;
	}
	return 0;
}

static int set_names(struct run *t, const struct str names[static 2], json_t *key,
		     const json_t *value, struct err *e)
{
	auto_json *owned = key;
	int r = 0;

	if (names[0].n)
		r = scope_set(&t->scope, names[0], false, owned, e);
	if (r == 0 && names[1].n)
		r = scope_set(&t->scope, names[1], false, value, e);
	return r;
}

/* The body for each, from its beginning. */
static int each(struct run *t, const struct str names[static 2], const json_t *v, enum stop *ret,
		struct str *rest, struct err *e)
{
	const size_t n = json_is_array(v) ? json_array_size(v) : json_object_size(v);
	const size_t variables = t->scope.n;
	const json_t *dot = t->scope.dot;
	auto_free const char **keys = NULL;
	const char *body = t->p;
	const bool trim = t->trim;
	size_t ignored;
	int r = json_is_object(v) ? value_keys(v, &keys, &ignored, e) : 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const json_t *item = keys ? json_object_get(v, keys[i]) : json_array_get(v, i);

		t->p = body;
		t->trim = trim;
		t->scope.dot = item;
		r = set_names(t, names, keys ? json_string(keys[i]) : json_integer((json_int_t)i),
			      item, e);
		if (r == 0)
			r = block(t, true, ret, rest, e);
		scope_cut(&t->scope, variables);
	}
	t->scope.dot = dot;
	return r;
}

static int range(struct run *t, struct str text, bool live, struct err *e)
{
	struct str names[2], rest = { "", 0 };
	auto_json *v = NULL;
	enum stop stop = STOP_TEXT;
	bool none;
	int r = loop_names(&text, names, e);

	if (r == 0 && live)
		r = condition(t, text, &v, e);
	if (r == 0 && v && !json_is_array(v) && !json_is_object(v) && !json_is_null(v))
		r = FAIL(e, E_USAGE, "--format: {{range}} wants a list or a map");
	none = json_array_size(v) + json_object_size(v) == 0;
	if (r == 0)
		r = none ? block(t, false, &stop, &rest, e) : each(t, names, v, &stop, &rest, e);
	if (r == 0 && stop == STOP_ELSE)
		r = block(t, live && none, &stop, &rest, e);
	return r == 0 && stop != STOP_END ? FAIL(e, E_USAGE, "--format: a block without {{end}}")
					  : r;
}

static int put_value(struct run *t, struct str action, struct err *e)
{
	auto_json *v = NULL;
	bool is_set;
	int r = expr_eval(action, &t->scope, &v, &is_set, e);

	return r < 0 || is_set ? r : value_put(v, t->out, e);
}

/* Until the {{else}} or {{end}} that belongs to who called, or the end. Without live nothing is
 * done but finding that. */
static int block(struct run *t, bool live, enum stop *ret, struct str *ret_else, struct err *e)
{
	struct str action, rest;
	int r = 0;

	*ret = STOP_TEXT;
	if (++t->blocks > LIMIT_BLOCKS)
		return FAIL(e, E_USAGE, "--format: nested too deeply");
	while (r == 0) {
		put_text(t, live);
		if (!*t->p)
			break;
		if (++t->steps > LIMIT_STEPS)
			return FAIL(e, E_USAGE, "--format: more than %d steps", LIMIT_STEPS);
		r = take_action(t, &action, e);
		if (r < 0 || str_starts(action, "/*"))
			continue;
		if (take_keyword(action, "end", &rest) || take_keyword(action, "else", &rest)) {
			*ret = action.p[1] == 'n' ? STOP_END : STOP_ELSE;
			*ret_else = rest;
			break;
		}
		if (take_keyword(action, "if", &rest))
			r = choose(t, rest, false, live, e);
		else if (take_keyword(action, "with", &rest))
			r = choose(t, rest, true, live, e);
		else if (take_keyword(action, "range", &rest))
			r = range(t, rest, live, e);
		else if (live)
			r = put_value(t, action, e);
	}
	t->blocks--;
	return r;
}

int template_print_as(const char *text, const json_t *value, bool headings, struct buf *ret,
		      struct err *e)
{
	struct run t = { .p = text, .out = ret };
	struct str ignored;
	enum stop stop;
	int r;

	t.scope = (struct scope){ .root = value, .dot = value, .headings = headings };
	r = block(&t, true, &stop, &ignored, e);
	scope_cut(&t.scope, 0);
	return r == 0 && stop != STOP_TEXT ? FAIL(e, E_USAGE,
						  "--format: an {{end}} or {{else}} "
						  "that ends nothing")
					   : r;
}

int template_print(const char *text, const json_t *value, struct buf *ret, struct err *e)
{
	return template_print_as(text, value, false, ret, e);
}
