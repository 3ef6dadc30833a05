/* SPDX-License-Identifier: Apache-2.0 */
/* From the text behind an instruction's name to flags, words and pairs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "dockerfile/impl.h"

static bool space_at(struct str s, size_t at)
{
	return at < s.n && isspace((unsigned char)s.p[at]);
}

static size_t skip_space(struct str s, size_t at)
{
	while (space_at(s, at))
		at++;
	return at;
}

static size_t skip_plain(struct str s, size_t at)
{
	while (at < s.n && !space_at(s, at))
		at++;
	return at;
}

/* The end of a word that may hold quotes and escapes; an open quote reaches to the end. */
static size_t skip_quoted(struct str s, size_t at, char escape)
{
	char quote = 0;

	for (; at < s.n; at++) {
		char c = s.p[at];

		if (c == escape && quote != '\'')
			at++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (isspace((unsigned char)c))
			break;
	}
	return at < s.n ? at : s.n;
}

int df_add_word(struct df_node *n, struct str s, size_t at, size_t len, struct err *e)
{
	struct df_word *args;

	if (n->args_n == LIMIT_WORDS)
		return FAIL(e, E_FORMAT, "more than %d words in one instruction", LIMIT_WORDS);
	args = reallocarray(n->args, n->args_n + 1, sizeof(*args));
	if (!args)
		return FAIL_NOMEM(e);
	n->args = args;
	args[n->args_n] = (struct df_word){ s.p ? str_dup(s) : NULL, at, len };
	if (s.p && !args[n->args_n].s)
		return FAIL_NOMEM(e);
	n->args_n++;
	return 0;
}

/* Takes quotes and escapes out of a flag. */
static int unquote(struct str s, char escape, struct buf *ret, struct err *e)
{
	char quote = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == escape && quote != '\'' && i + 1 < s.n)
			buf_putc(ret, s.p[++i]);
		else if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else
			buf_putc(ret, c);
	}
	return buf_check(ret, "flag", e);
}

static size_t quotes(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++)
		count += s.p[i] == '"' || s.p[i] == '\'';
	return count;
}

static int add_flag(struct df_node *n, struct str raw, char escape, size_t at, struct err *e)
{
	struct df_flag *flags = reallocarray(n->flags, n->flags_n + 1, sizeof(*flags));
	auto_buf b = BUF_INIT(LIMIT_DOCKERFILE);
	const char *eq;
	int r;

	if (!flags)
		return FAIL_NOMEM(e);
	n->flags = flags;
	r = unquote((struct str){ raw.p + 2, raw.n - 2 }, escape, &b, e);
	if (r < 0)
		return r;
	eq = memchr(buf_str(&b), '=', b.n);

	struct df_flag *f = &flags[n->flags_n++];

	*f = (struct df_flag){ .at = at, .len = raw.n };
	f->name = str_dup((struct str){ buf_str(&b), eq ? (size_t)(eq - b.p) : b.n });
	if (eq)
		f->value = strdup(eq + 1);
	return f->name && (f->value || !eq) ? 0 : FAIL_NOMEM(e);
}

int df_parse_flags(const struct dockerfile *d, struct df_node *n, size_t *at, struct err *e)
{
	struct str s = str_of(n->text);

	for (;;) {
		size_t from = skip_space(s, *at), to;

		if (s.n - from < 2 || s.p[from] != '-' || s.p[from + 1] != '-')
			return 0;
		to = skip_quoted(s, from, d->escape);
		*at = to;
		if (to - from == 2) /* a bare "--" ends the flags */
			return 0;
		if (n->flags_n == LIMIT_WORDS)
			return df_fail(d, n, from, to - from, e, "too many flags");

		int r = add_flag(n, (struct str){ s.p + from, to - from }, d->escape, from, e);

		if (r < 0)
			return r;
	}
}

/* 1: read as a JSON array of strings; 0: it is none; an array of other things is an error. */
static int parse_json(const struct dockerfile *d, struct df_node *n, size_t at, struct err *e)
{
	struct str s = str_of(n->text);
	auto_json *j = NULL;
	json_t *v;
	size_t i;

	if (at >= s.n || s.p[at] != '[' ||
	    json_parse(s.p + at, s.n - at, "exec form", &j, NULL) < 0 || !json_is_array(j))
		return 0;
	json_array_foreach(j, i, v)
	{
		if (!json_is_string(v))
			return df_fail(d, n, at, s.n - at, e,
				       "only strings may stand in the exec form's array");

		struct str one = { json_string_value(v), json_string_length(v) };
		int r = df_add_word(n, one, at, s.n - at, e);

		if (r < 0)
			return r;
	}
	n->exec = true;
	return 1;
}

static int parse_plain(struct df_node *n, struct err *e)
{
	struct str s = str_of(n->text);
	int r = 0;

	for (size_t from = skip_space(s, n->rest), to; r == 0 && from < s.n;
	     from = skip_space(s, to)) {
		to = skip_plain(s, from);
		r = df_add_word(n, (struct str){ s.p + from, to - from }, from, to - from, e);
	}
	return r;
}

static int parse_string(struct df_node *n, size_t from, struct err *e)
{
	struct str s = str_of(n->text);

	from = skip_space(s, from);
	while (s.n > from && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s.n == from ? 0
			   : df_add_word(n, (struct str){ s.p + from, s.n - from }, from,
					 s.n - from, e);
}

static int parse_command(const struct dockerfile *d, struct df_node *n, size_t at, struct err *e)
{
	int r = parse_json(d, n, skip_space(str_of(n->text), at), e);

	return r != 0 ? (r < 0 ? r : 0) : parse_string(n, at, e);
}

static int add_pair(struct df_node *n, struct str word, size_t at, struct err *e)
{
	const char *eq = memchr(word.p, '=', word.n);
	size_t key_n = eq ? (size_t)(eq - word.p) : word.n;
	struct str value = eq ? (struct str){ eq + 1, word.n - key_n - 1 } : (struct str){ NULL };
	int r = df_add_word(n, (struct str){ word.p, key_n }, at, word.n, e);

	return r < 0 ? r : df_add_word(n, value, at, word.n, e);
}

static int parse_pairs(const struct dockerfile *d, struct df_node *n, bool optional, struct err *e)
{
	struct str s = str_of(n->text);
	size_t from = n->rest, to = skip_quoted(s, from, d->escape);
	int r = 0;

	if (!optional && from < s.n && !memchr(s.p + from, '=', to - from)) {
		/* The old form: NAME, then the rest of the line. */
		to = skip_plain(s, from);

		size_t value = skip_space(s, to);

		if (value == s.n)
			return df_fail(d, n, from, to - from, e, "%s %.*s: a value is missing",
				       df_op_name(n->op), (int)(to - from > 100 ? 100 : to - from),
				       s.p + from);
		while (isspace((unsigned char)s.p[s.n - 1]))
			s.n--;
		n->legacy = true;
		r = df_add_word(n, (struct str){ s.p + from, to - from }, from, to - from, e);
		return r < 0 ? r
			     : df_add_word(n, (struct str){ s.p + value, s.n - value }, value,
					   s.n - value, e);
	}
	for (; r == 0 && from < s.n; from = skip_space(s, to)) {
		struct str word;

		to = skip_quoted(s, from, d->escape);
		word = (struct str){ s.p + from, to - from };
		if (word.p[0] == '=' || (!optional && !memchr(word.p, '=', word.n)))
			return df_fail(d, n, from, word.n, e, "%s wants NAME=VALUE here",
				       df_op_name(n->op));
		r = add_pair(n, word, from, e);
	}
	return r;
}

static int parse_health(const struct dockerfile *d, struct df_node *n, struct err *e)
{
	struct str s = str_of(n->text);
	size_t to = skip_plain(s, n->rest);
	int r;

	if (to == n->rest)
		return 0;
	r = df_add_word(n, (struct str){ s.p + n->rest, to - n->rest }, n->rest, to - n->rest, e);
	return r < 0 ? r : parse_command(d, n, to, e);
}

/* ONBUILD: the rest of the line is an instruction of its own, with the same places. */
static int parse_trigger(const struct dockerfile *d, struct df_node *n, struct err *e)
{
	struct df_node *t;
	int r = parse_string(n, n->rest, e);

	if (r < 0 || n->args_n == 0)
		return r;
	t = calloc(1, sizeof(*t));
	if (!t)
		return FAIL_NOMEM(e);
	n->trigger = t;
	t->text = strdup(n->args[0].s);
	t->segs = calloc(n->segs_n + 1, sizeof(*t->segs));
	if (!t->text || !t->segs)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < n->segs_n; i++) {
		struct df_seg seg = n->segs[i];

		if (seg.at <= n->rest) { /* the trigger begins within this line */
			seg.col += (int)(n->rest - seg.at);
			seg.at = 0;
			t->segs_n = 0;
		} else {
			seg.at -= n->rest;
		}
		t->segs[t->segs_n++] = seg;
	}
	return df_parse_line(d, t, e);
}

int df_parse_args(const struct dockerfile *d, struct df_node *n, struct err *e)
{
	int r;

	switch (df_rule(n->op)->form) {
	case FORM_WORDS:
		r = parse_json(d, n, n->rest, e);
		return r != 0 ? (r < 0 ? r : 0) : parse_plain(n, e);
	case FORM_PLAIN: return parse_plain(n, e);
	case FORM_COMMAND:
		r = parse_command(d, n, n->rest, e);
		/* Nothing at all is the shell's empty command. */
		return r == 0 && !n->exec && n->args_n == 0 ? df_add_word(n, STR(""), n->rest, 0, e)
							    : r;
	case FORM_PAIRS: return parse_pairs(d, n, false, e);
	case FORM_OPTIONAL: return parse_pairs(d, n, true, e);
	case FORM_STRING: return parse_string(n, n->rest, e);
	case FORM_HEALTH: return parse_health(d, n, e);
	case FORM_TRIGGER: return parse_trigger(d, n, e);
	}
	return FAIL(e, E_INTERNAL, "instruction of no form");
}

/* "3<<-'EOF'": true when the word opens a here-document; its name still quoted in *ret_name, empty
 * where it is the next word. */
static bool opens_heredoc(struct str w, struct str *ret_name, bool *ret_chomp)
{
	size_t i = 0;

	while (i < w.n && isdigit((unsigned char)w.p[i]))
		i++;
	if (w.n - i < 2 || w.p[i] != '<' || w.p[i + 1] != '<')
		return false;
	i += 2;
	*ret_chomp = i < w.n && w.p[i] == '-';
	i += *ret_chomp;
	*ret_name = (struct str){ w.p + i, w.n - i };
	return !memchr(w.p + i, '<', w.n - i);
}

static int add_heredoc(struct df_node *n, struct str raw, char escape, struct err *e)
{
	struct df_heredoc *docs = reallocarray(n->docs, n->docs_n + 1, sizeof(*docs));
	auto_buf name = BUF_INIT(LIMIT_DOCKERFILE);
	int r;

	if (!docs)
		return FAIL_NOMEM(e);
	n->docs = docs;
	r = unquote(raw, escape, &name, e);
	if (r < 0)
		return r;
	docs[n->docs_n] = (struct df_heredoc){ .name = strdup(buf_str(&name)) };
	/* Quotes that are gone forbid it, an escape does not. */
	docs[n->docs_n].expand = quotes(raw) == quotes((struct str){ buf_str(&name), name.n });
	return docs[n->docs_n++].name ? 0 : FAIL_NOMEM(e);
}

/* Is one of the lines the name without its quotes, as it will be looked for? */
static bool has_end(struct str lines, struct str raw, char escape, bool chomp)
{
	auto_buf name = BUF_INIT(LIMIT_DOCKERFILE);
	struct str line;

	if (unquote(raw, escape, &name, NULL) < 0)
		return false;
	while (str_line(&lines, &line)) {
		while (chomp && line.n && line.p[0] == '\t')
			line.p++, line.n--;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (str_eqz(line, buf_str(&name)))
			return true;
	}
	return false;
}

int df_parse_heredocs(const struct dockerfile *d, struct df_node *n, struct str behind,
		      uint64_t *ret_chomp, struct err *e)
{
	struct str s = str_of(n->text), name;
	int guesses = 0;
	bool chomp = false;

	*ret_chomp = 0;
	if (!df_rule(n->op)->heredoc || n->exec)
		return 0;
	for (size_t from = n->rest, to; from < s.n; from = skip_space(s, to)) {
		to = skip_quoted(s, from, d->escape);
		if (!opens_heredoc((struct str){ s.p + from, to - from }, &name, &chomp))
			continue;
		if (name.n == 0) {
			/* "<< EOF": in a shell's text only, where $((1 << 2)) may stand as well. */
			size_t at = skip_space(s, to), end = skip_quoted(s, at, d->escape);

			name = (struct str){ s.p + at, end - at };
			if (n->op != DF_RUN || name.n == 0 || guesses++ == LIMIT_HEREDOCS ||
			    !has_end(behind, name, d->escape, chomp))
				continue;
			to = end;
		}
		if (n->docs_n == LIMIT_HEREDOCS)
			return df_fail(d, n, from, to - from, e,
				       "more than %d here-documents in one instruction",
				       LIMIT_HEREDOCS);

		int r = add_heredoc(n, name, d->escape, e);

		if (r < 0)
			return r;
		*ret_chomp |= (uint64_t)chomp << (n->docs_n - 1);
		n->doc_alone = from == skip_space(s, n->rest) && skip_space(s, to) == s.n;
	}
	return 0;
}
