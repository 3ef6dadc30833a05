/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/expand.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *value_of(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '=' ? entry + n + 1 : NULL;
}

const char *vars_get(const struct vars *s, const char *name)
{
	for (size_t i = 0; i < s->v.n; i++) {
		const char *v = value_of(s->v.v[i], name);

		if (v)
			return v;
	}
	return NULL;
}

int vars_set(struct vars *s, const char *name, const char *value, struct err *e)
{
	size_t i = 0, last;
	int r;

	while (i < s->v.n && !value_of(s->v.v[i], name))
		i++;
	r = strv_addf(&s->v, e, "%s=%s", name, value);
	if (r < 0)
		return r;
	last = s->v.n - 1;
	if (i < last) {
		free(s->v.v[i]);
		s->v.v[i] = s->v.v[last];
		s->v.v[last] = NULL;
		s->v.n = last;
	}
	return 0;
}

int vars_copy(struct vars *to, const struct vars *from, struct err *e)
{
	for (size_t i = 0; i < from->v.n; i++) {
		const char *entry = from->v.v[i], *eq = strchr(entry, '=');
		auto_free char *name = eq ? strndup(entry, (size_t)(eq - entry)) : NULL;
		int r;

		if (!name)
			return FAIL_NOMEM(e);
		r = vars_set(to, name, eq + 1, e);
		if (r < 0)
			return r;
	}
	return 0;
}

void vars_free(struct vars *s)
{
	strv_free(&s->v);
}

/*
 * The walk over a word. Output goes to a buffer; where a split is wanted, the bytes that may split
 * are white space written while `split` is set.
 */
struct walk {
	const struct expand *x;
	struct str in;
	size_t at;
	int depth;
	struct strv *words; /* NULL: one word */
};

static bool ended(const struct walk *w)
{
	return w->at >= w->in.n;
}

static char peek(const struct walk *w)
{
	return ended(w) ? '\0' : w->in.p[w->at];
}

static int walk(struct walk *w, char stop, char raw, struct buf *out, struct err *e);

static const char *lookup(const struct walk *w, const char *name, struct err *e, int *r)
{
	*r = 0;
	if (w->x->used && !strv_has(w->x->used, name))
		*r = strv_add(w->x->used, name, e);
	for (size_t i = 0; i < sizeof(w->x->sets) / sizeof(w->x->sets[0]); i++) {
		const char *v = w->x->sets[i] ? vars_get(w->x->sets[i], name) : NULL;

		if (v)
			return v;
	}
	return NULL;
}

/* As lookup() where nothing stands in for a variable that is not set. */
static const char *lookup_plain(const struct walk *w, const char *name, struct err *e, int *r)
{
	const char *v = lookup(w, name, e, r);

	if (*r == 0 && !v && w->x->missing && !strv_has(w->x->missing, name))
		*r = strv_add(w->x->missing, name, e);
	return v;
}

/* A name: letters, digits and _, not beginning with a digit; or digits; or one of @*#?-$!. */
static struct str read_name(struct walk *w)
{
	size_t from = w->at;
	bool number = isdigit((unsigned char)peek(w));

	if (!ended(w) && strchr("@*#?-$!", peek(w)))
		w->at++;
	else
		while (!ended(w) && (number ? isdigit((unsigned char)peek(w))
					    : isalnum((unsigned char)peek(w)) || peek(w) == '_'))
			w->at++;
	return (struct str){ w->in.p + from, w->at - from };
}

/* ${name:?message} and ${name?message} when it fails. */
static int fail_unset(const char *name, const char *message, bool set, struct err *e)
{
	if (*message)
		return FAIL(e, E_FORMAT, "%.100s: %.200s", name, message);
	return FAIL(e, E_FORMAT, "%.100s is %s", name, set ? "empty" : "not set");
}

/* Matching takes time by the product of the lengths. */
static int check_pattern(const char *pattern, const char *value, struct err *e)
{
	if (strlen(pattern) > LIMIT_PATTERN)
		return FAIL(e, E_FORMAT, "a pattern of more than %d bytes", LIMIT_PATTERN);
	if (strlen(value) > LIMIT_PATTERN_VALUE)
		return FAIL(e, E_FORMAT, "a pattern on a value of more than %d bytes",
			    LIMIT_PATTERN_VALUE);
	return 0;
}

static int trim(char op, const char *word, const char *value, struct buf *out, struct err *e)
{
	bool greedy = word[0] == op;
	size_t n = strlen(value);
	long cut;

	word += greedy;
	if (check_pattern(word, value, e) < 0)
		return E_FORMAT;
	cut = op == '#' ? pattern_prefix(word, value, greedy) : pattern_suffix(word, value, greedy);
	if (cut < 0)
		cut = 0;
	if (op == '#')
		buf_puts(out, value + cut);
	else
		buf_put(out, value, n - (size_t)cut);
	return 0;
}

/* Behind "${name/": pattern, "/", replacement, "}". */
static int replace(struct walk *w, const char *name, struct buf *out, struct err *e)
{
	auto_buf pattern = BUF_INIT(LIMIT_PATTERN), with = BUF_INIT(LIMIT_EXPANDED);
	bool all = peek(w) == '/';
	const char *value;
	int r;

	w->at += all;
	r = walk(w, '/', '\\', &pattern, e);
	if (r == 0) /* escapes stay in what is put in, as with docker */
		r = walk(w, '}', w->x->escape, &with, e);
	if (r == 0)
		r = buf_check(&pattern, "pattern", e);
	if (r < 0)
		return r;
	value = lookup_plain(w, name, e, &r);
	if (!value)
		value = "";
	if (r == 0)
		r = check_pattern(buf_str(&pattern), value, e);
	if (r == 0)
		pattern_replace(buf_str(&pattern), value, buf_str(&with), all, out);
	return r;
}

/* Behind "${name": an operator, its word, "}". */
static int operate(struct walk *w, const char *name, struct buf *out, struct err *e)
{
	auto_buf word = BUF_INIT(LIMIT_EXPANDED);
	bool colon = peek(w) == ':', pattern;
	const char *value;
	char op;
	int r;

	w->at += colon;
	op = peek(w);
	pattern = op == '#' || op == '%';
	if (ended(w))
		return FAIL(e, E_FORMAT, "'}' is missing");
	w->at++;
	if (op == '/' && !colon)
		return replace(w, name, out, e);
	if (!strchr("-+?#%", op) || (colon && pattern))
		return FAIL(e, E_FORMAT, "${%.100s%s%c...}: no such substitution", name,
			    colon ? ":" : "", isprint((unsigned char)op) ? op : '?');
	r = walk(w, '}', pattern ? '\\' : '\0', &word, e);
	if (r < 0)
		return r;
	value = pattern ? lookup_plain(w, name, e, &r) : lookup(w, name, e, &r);
	if (r < 0)
		return r;
	if (pattern)
		return value ? trim(op, buf_str(&word), value, out, e) : 0;

	bool given = value && !(colon && !*value);

	if (op == '?' && !given)
		return fail_unset(name, buf_str(&word), value, e);
	if (op == '+')
		buf_puts(out, given ? buf_str(&word) : "");
	else
		buf_puts(out, given ? value : buf_str(&word));
	return 0;
}

/* At a "$". What it stands for goes to out. */
static int dollar(struct walk *w, struct buf *out, struct err *e)
{
	auto_free char *name = NULL;
	bool braces;
	int r;

	w->at++;
	braces = peek(w) == '{';
	w->at += braces;
	if (braces && ended(w))
		return FAIL(e, E_FORMAT, "'}' is missing");
	name = str_dup(read_name(w));
	if (!name)
		return FAIL_NOMEM(e);
	if (braces && !*name)
		return FAIL(e, E_FORMAT, "${...}: a variable's name is missing");
	if (!*name) {
		buf_putc(out, '$');
		return 0;
	}
	if (braces && peek(w) != '}') {
		if (++w->depth > LIMIT_EXPAND_DEPTH)
			return FAIL(e, E_FORMAT, "substitutions nested deeper than %d",
				    LIMIT_EXPAND_DEPTH);

		struct strv *words = TAKE(w->words); /* the operand is one word */

		r = operate(w, name, out, e);
		w->words = words;
		w->depth--;
		return r;
	}
	w->at += braces;

	const char *value = lookup_plain(w, name, e, &r);

	buf_puts(out, value ? value : "");
	return r;
}

static int single_quotes(struct walk *w, struct buf *out, struct err *e)
{
	w->at++;
	for (; !ended(w); w->at++) {
		if (peek(w) == '\'') {
			w->at++;
			return 0;
		}
		buf_putc(out, peek(w));
	}
	return FAIL(e, E_FORMAT, "a single quote is not closed");
}

static int double_quotes(struct walk *w, struct buf *out, struct err *e)
{
	w->at++;
	while (!ended(w)) {
		char c = peek(w);

		if (c == '"') {
			w->at++;
			return 0;
		}
		if (c == '$') {
			int r = dollar(w, out, e);

			if (r < 0)
				return r;
			continue;
		}
		w->at++;
		if (c == w->x->escape && !ended(w) &&
		    (peek(w) == '"' || peek(w) == '$' || peek(w) == w->x->escape))
			c = w->in.p[w->at++];
		buf_putc(out, c);
	}
	return FAIL(e, E_FORMAT, "a double quote is not closed");
}

static int end_word(struct walk *w, struct buf *out, struct err *e)
{
	int r = buf_check(out, "word", e);

	if (r == 0 && out->n) /* "" is no word, as with docker */
		r = strv_add(w->words, buf_str(out), e);
	buf_reset(out);
	return r;
}

/* A variable's value where words split: its white space splits too. */
static int dollar_split(struct walk *w, struct buf *out, struct err *e)
{
	auto_buf value = BUF_INIT(LIMIT_EXPANDED);
	int r = dollar(w, &value, e);

	for (size_t i = 0; r == 0 && i < value.n; i++) {
		if (isspace((unsigned char)value.p[i]))
			r = end_word(w, out, e);
		else
			buf_putc(out, value.p[i]);
	}
	return r < 0 ? r : buf_check(&value, "word", e);
}

/* One plain or escaped character. raw: what stays of the escape, for who reads the text next. */
static int plain(struct walk *w, char raw, struct buf *out, struct err *e)
{
	char c = w->in.p[w->at++];

	if (c == w->x->escape) {
		if (raw)
			buf_putc(out, raw);
		if (!ended(w))
			buf_putc(out, w->in.p[w->at++]);
		return 0;
	}
	if (w->words && isspace((unsigned char)c))
		return end_word(w, out, e);
	buf_putc(out, c);
	return 0;
}

static int walk(struct walk *w, char stop, char raw, struct buf *out, struct err *e)
{
	while (!ended(w)) {
		char c = peek(w);
		bool quote = !w->x->keep_quotes && (c == '\'' || c == '"');
		int r;

		if (stop && c == stop) {
			w->at++;
			return 0;
		}
		if (quote)
			r = c == '"' ? double_quotes(w, out, e) : single_quotes(w, out, e);
		else if (c == '$')
			r = w->words ? dollar_split(w, out, e) : dollar(w, out, e);
		else
			r = plain(w, raw, out, e);
		if (r < 0)
			return r;
	}
	return stop ? FAIL(e, E_FORMAT, "'%c' is missing", stop) : 0;
}

int expand_word(struct str word, const struct expand *x, struct buf *ret, struct err *e)
{
	struct walk w = { .x = x, .in = word };
	auto_buf out = BUF_INIT(LIMIT_EXPANDED);
	int r = walk(&w, '\0', '\0', &out, e);

	if (r == 0)
		r = buf_check(&out, "word after substitution", e);
	if (r < 0)
		return r;
	buf_put(ret, buf_str(&out), out.n);
	return buf_check(ret, "words after substitution", e);
}

int expand_string(const char *word, const struct expand *x, char **ret, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_EXPANDED);
	int r = expand_word(str_of(word), x, &b, e);

	if (r < 0)
		return r;
	*ret = strdup(buf_str(&b));
	return *ret ? 0 : FAIL_NOMEM(e);
}

int expand_split(struct str words, const struct expand *x, struct strv *ret, struct err *e)
{
	struct walk w = { .x = x, .in = words, .words = ret };
	auto_buf out = BUF_INIT(LIMIT_EXPANDED);
	int r = walk(&w, '\0', '\0', &out, e);

	return r < 0 ? r : end_word(&w, &out, e);
}
