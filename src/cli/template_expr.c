/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template_expr.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_NESTING = 24 };

struct lex {
	struct str rest, all;
	struct scope *scope;
	int depth;
};

static int unknown(const struct lex *l, struct err *e)
{
	int r = FAIL(e, E_USAGE, "--format: '{{%.*s}}' is not known here", (int)l->all.n, l->all.p);

	return err_hint(e, r, "use {{.Name}} or {{json .Name}}; --format json has all");
}

static char peek(const struct lex *l)
{
	return l->rest.n ? *l->rest.p : '\0';
}

static void skip(struct lex *l, size_t n)
{
	l->rest.p += n;
	l->rest.n -= n;
}

static void skip_space(struct lex *l)
{
	while (l->rest.n && strchr(" \t\r\n", *l->rest.p))
		skip(l, 1);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static struct str take_name(struct lex *l)
{
	struct str name = { l->rest.p, 0 };

	while (l->rest.n && is_name(*l->rest.p)) {
		skip(l, 1);
		name.n++;
	}
	return name;
}

static struct variable *find(const struct scope *s, struct str name)
{
	for (size_t i = s->n; i-- > 0;)
		if (str_eqz(name, s->variables[i].name))
			return (struct variable *)(uintptr_t)&s->variables[i];
	return NULL;
}

int scope_set(struct scope *s, struct str name, bool again, const json_t *value, struct err *e)
{
	struct variable *v = again ? find(s, name) : NULL;

	if (again && !v)
		return FAIL(e, E_USAGE, "--format: there is no variable $%.*s", (int)name.n,
			    name.p);
	if (!v) {
		if (s->n == LIMIT_VARIABLES || name.n >= LIMIT_VARIABLE_NAME)
			return FAIL(e, E_USAGE, "--format: too many variables, or too long ones");
		v = &s->variables[s->n++];
		*v = (struct variable){ .value = NULL };
		memcpy(v->name, name.p, name.n);
	}
	json_decref(v->value);
	v->value = json_incref((json_t *)(uintptr_t)value);
	return 0;
}

void scope_cut(struct scope *s, size_t n)
{
	while (s->n > n)
		json_decref(s->variables[--s->n].value);
}

/* ".A.B" from a value on; takes v over. A field may have a dash, as keys of ours do. */
static int walk(struct lex *l, json_t *v, json_t **ret, struct err *e)
{
	auto_json *at = v;

	while (peek(l) == '.') {
		struct str name = { l->rest.p + 1, 0 };
		auto_free char *key = NULL;
		json_t *next;

		while (name.n + 1 < l->rest.n && (is_name(name.p[name.n]) || name.p[name.n] == '-'))
			name.n++;
		if (name.n == 0)
			return unknown(l, e);
		key = str_dup(name);
		if (!key)
			return FAIL_NOMEM(e);
		next = json_incref(json_object_get(at, key));
		if (!next && l->scope->headings)
			next = json_string(key);
		json_decref(at);
		at = next;
		skip(l, name.n + 1);
	}
	*ret = TAKE(at);
	return 0;
}

static char unescaped(char c)
{
	return (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
}

static int take_string(struct lex *l, json_t **ret, struct err *e)
{
	auto_buf text = BUF_INIT(65536);
	const char quote = peek(l);

	for (skip(l, 1); l->rest.n && peek(l) != quote; skip(l, 1)) {
		if (peek(l) == '\\' && quote == '"' && l->rest.n > 1) {
			skip(l, 1);
			buf_putc(&text, unescaped(peek(l)));
		} else {
			buf_putc(&text, peek(l));
		}
	}
	if (l->rest.n == 0)
		return unknown(l, e);
	skip(l, 1);
	*ret = json_string(buf_str(&text));
	return *ret ? 0 : FAIL(e, E_USAGE, "--format: a text is not UTF-8");
}

static int take_number(struct lex *l, json_t **ret, struct err *e)
{
	const bool negative = peek(l) == '-';
	struct str digits;
	uint64_t n;

	skip(l, negative);
	digits = take_name(l);
	if (str_u64(digits, INT64_MAX, &n, NULL) < 0)
		return unknown(l, e);
	*ret = json_integer(negative ? -(json_int_t)n : (json_int_t)n);
	return 0;
}

static int pipeline(struct lex *l, json_t **ret, struct err *e);

static int take_group(struct lex *l, json_t **ret, struct err *e)
{
	auto_json *v = NULL;
	int r;

	if (++l->depth > LIMIT_NESTING)
		return FAIL(e, E_USAGE, "--format: nested too deeply");
	skip(l, 1);
	r = pipeline(l, &v, e);
	l->depth--;
	if (r < 0)
		return r;
	if (peek(l) != ')')
		return unknown(l, e);
	skip(l, 1);
	return walk(l, TAKE(v), ret, e);
}

static int take_variable(struct lex *l, json_t **ret, struct err *e)
{
	struct str name;
	const struct variable *v;
	const json_t *value = l->scope->root;

	skip(l, 1);
	name = take_name(l);
	if (name.n) {
		v = find(l->scope, name);
		if (!v)
			return unknown(l, e);
		value = v->value;
	}
	return walk(l, json_incref((json_t *)(uintptr_t)value), ret, e);
}

/* "." alone, or fields of it. */
static int take_field(struct lex *l, json_t **ret, struct err *e)
{
	json_t *dot = json_incref((json_t *)(uintptr_t)l->scope->dot);

	if (l->rest.n > 1 && is_name(l->rest.p[1]))
		return walk(l, dot, ret, e);
	skip(l, 1);
	*ret = dot;
	return 0;
}

/* Anything but the name of a function. */
static int operand(struct lex *l, json_t **ret, struct err *e)
{
	const char c = peek(l);

	if (c == '"' || c == '`')
		return take_string(l, ret, e);
	if (c == '(')
		return take_group(l, ret, e);
	if (c == '$')
		return take_variable(l, ret, e);
	if (c == '.')
		return take_field(l, ret, e);
	if ((c >= '0' && c <= '9') || c == '-')
		return take_number(l, ret, e);
	return unknown(l, e);
}

static bool take_word(struct lex *l, json_t **ret)
{
	struct lex ahead = *l;
	const struct str name = take_name(&ahead);

	if (str_eqz(name, "true") || str_eqz(name, "false"))
		*ret = json_boolean(name.n == 4);
	else if (str_eqz(name, "nil"))
		*ret = NULL;
	else
		return false;
	*l = ahead;
	return true;
}

struct arguments {
	json_t *v[LIMIT_ARGUMENTS];
	size_t n;
};

static void arguments_release(struct arguments *a)
{
	while (a->n)
		json_decref(a->v[--a->n]);
}
#define auto_arguments __attribute__((cleanup(arguments_release))) struct arguments

static bool at_end(const struct lex *l)
{
	return l->rest.n == 0 || peek(l) == '|' || peek(l) == ')';
}

/* Until the pipe or the end; piped, unless it is absent, comes last. */
static int take_arguments(struct lex *l, json_t *const *piped, struct arguments *a, struct err *e)
{
	int r = 0;

	for (skip_space(l); r == 0 && !at_end(l); skip_space(l)) {
		if (a->n == LIMIT_ARGUMENTS - 1)
			return FAIL(e, E_USAGE, "--format: too many arguments");
		if (!take_word(l, &a->v[a->n]))
			r = operand(l, &a->v[a->n], e);
		if (r == 0)
			a->n++;
		/* One ends at a blank: ".A.B" is one, ".A 1" are two. */
		if (r == 0 && !at_end(l) && !strchr(" \t\r\n", peek(l)))
			return unknown(l, e);
	}
	if (r == 0 && piped)
		a->v[a->n++] = json_incref(*piped);
	return r;
}

/* docker's .Label "key": a field that is an object, called with a key. */
static int call_field(const struct lex *l, const struct arguments *a, json_t **ret, struct err *e)
{
	json_t *const args[] = { a->v[0], a->v[1] };
	bool known;

	if (a->n == 1) {
		*ret = json_incref(a->v[0]);
		return 0;
	}
	if (l->scope->headings && a->n == 2) {
		*ret = json_incref(a->v[1]);
		return 0;
	}
	if (a->n != 2 || !json_is_object(a->v[0]) || !json_is_string(a->v[1]))
		return unknown(l, e);
	return function_call(STR("index"), args, 2, ret, &known, e);
}

static int command(struct lex *l, json_t *const *piped, json_t **ret, struct err *e)
{
	auto_arguments a = { .n = 0 };
	struct lex ahead = *l;
	struct str name;
	json_t *word = NULL;
	bool known = true, is_word = take_word(&ahead, &word);
	int r;

	json_decref(word);
	ahead = *l;
	name = take_name(&ahead);
	if (is_word || name.n == 0 || (name.p[0] >= '0' && name.p[0] <= '9')) {
		r = take_arguments(l, piped, &a, e);
		if (r == 0 && a.n == (piped ? 1 : 0))
			r = unknown(l, e);
		return r < 0 ? r : call_field(l, &a, ret, e);
	}
	if (ahead.rest.n && !strchr(" \t\r\n|)", peek(&ahead)))
		return unknown(l, e);
	*l = ahead;
	r = take_arguments(l, piped, &a, e);
	if (r == 0)
		r = function_call(name, a.v, a.n, ret, &known, e);
	return r == 0 && !known ? unknown(l, e) : r;
}

static int pipeline(struct lex *l, json_t **ret, struct err *e)
{
	auto_json *v = NULL;
	bool first = true;

	for (;;) {
		json_t *next = NULL;
		int r;

		skip_space(l);
		r = command(l, first ? NULL : &v, &next, e);
		if (r < 0)
			return r;
		json_decref(v);
		v = next;
		first = false;
		skip_space(l);
		if (peek(l) != '|')
			break;
		skip(l, 1);
	}
	*ret = TAKE(v);
	return 0;
}

/* "$x :=" or "$x =". */
static bool take_target(struct lex *l, struct str *ret_name, bool *ret_again)
{
	struct lex ahead = *l;

	if (peek(&ahead) != '$')
		return false;
	skip(&ahead, 1);
	*ret_name = take_name(&ahead);
	skip_space(&ahead);
	*ret_again = peek(&ahead) == '=';
	if (ret_name->n == 0 || (!*ret_again && !str_starts(ahead.rest, ":=")))
		return false;
	skip(&ahead, *ret_again ? 1 : 2);
	*l = ahead;
	return true;
}

int expr_eval(struct str text, struct scope *s, json_t **ret, bool *ret_set, struct err *e)
{
	struct lex l = { text, text, s, 0 };
	struct str name;
	bool again = false;
	int r;

	skip_space(&l);
	*ret_set = take_target(&l, &name, &again);
	r = pipeline(&l, ret, e);
	if (r == 0 && l.rest.n)
		r = unknown(&l, e);
	if (r == 0 && *ret_set)
		r = scope_set(s, name, again, *ret, e);
	if (r < 0) {
		json_decref(*ret);
		*ret = NULL;
	}
	return r;
}
