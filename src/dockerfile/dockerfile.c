/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/dockerfile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "dockerfile/impl.h"

/* The text, a physical line at a time. */
struct reader {
	struct str rest;
	int line; /* of the line that next_line() returned last */
};

static bool next_line(struct reader *rd, struct str *ret)
{
	if (!str_line(&rd->rest, ret))
		return false;
	rd->line++;
	return true;
}

static struct str chop_cr(struct str s)
{
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static struct str skip_blank(struct str s)
{
	while (s.n && isspace((unsigned char)s.p[0]))
		s.p++, s.n--;
	return s;
}

/* Takes a continuation mark (escape, then only blanks) off the end of s. */
static bool chop_continuation(struct str *s, char escape)
{
	size_t n = s->n;

	while (n && (s->p[n - 1] == ' ' || s->p[n - 1] == '\t'))
		n--;
	if (n == 0 || s->p[n - 1] != escape || (n > 1 && s->p[n - 2] == escape))
		return false;
	s->n = n - 1;
	return true;
}

static int add_seg(struct df_node *n, size_t at, int line, int col, struct err *e)
{
	struct df_seg *segs = reallocarray(n->segs, n->segs_n + 1, sizeof(*segs));

	if (!segs)
		return FAIL_NOMEM(e);
	n->segs = segs;
	segs[n->segs_n++] = (struct df_seg){ at, line, col };
	return 0;
}

/* Comments may hold any bytes, old ones do; whatever ends up somewhere is text. */
static int check_utf8(const struct dockerfile *d, struct str s, int line, struct err *e)
{
	return str_utf8(s) ? 0 : FAIL(e, E_FORMAT, "%s:%d: not UTF-8 text", d->name, line);
}

/*
 * Joins the continuation lines that follow `first`. Comment lines and empty lines in between are
 * dropped, as docker does.
 */
static int join_lines(const struct dockerfile *d, struct reader *rd, struct str first,
		      struct df_node *n, struct err *e)
{
	struct str s = chop_cr(first), body = skip_blank(s);
	auto_buf text = BUF_INIT(LIMIT_DOCKERFILE + 1);
	bool more = chop_continuation(&body, d->escape);
	int r = add_seg(n, 0, rd->line, (int)(body.p - s.p) + 1, e);

	if (r < 0)
		return r;
	buf_put(&text, body.p, body.n);
	while (more && next_line(rd, &s)) {
		s = chop_cr(s);
		body = skip_blank(s);
		if (body.n == 0 && n->empty_line == 0)
			n->empty_line = rd->line;
		if (body.n == 0 || body.p[0] == '#')
			continue;
		more = chop_continuation(&s, d->escape);
		r = add_seg(n, text.n, rd->line, 1, e);
		if (r < 0)
			return r;
		buf_put(&text, s.p, s.n);
	}
	r = buf_check(&text, "instruction", e);
	if (r == 0)
		r = check_utf8(d, (struct str){ buf_str(&text), text.n }, n->segs[0].line, e);
	if (r < 0)
		return r;
	n->text = text.n ? buf_take(&text) : strdup("");
	return n->text ? 0 : FAIL_NOMEM(e);
}

/* Reads the bodies of n's here-documents, which follow its line in order. */
static int read_heredocs(const struct dockerfile *d, struct reader *rd, struct df_node *n,
			 uint64_t chomp, struct err *e)
{
	for (size_t i = 0; i < n->docs_n; i++) {
		struct df_heredoc *doc = &n->docs[i];
		auto_buf body = BUF_INIT(LIMIT_DOCKERFILE + 1);
		struct str line;
		bool found = false;

		while (!found && next_line(rd, &line)) {
			if (chomp >> i & 1)
				while (line.n && line.p[0] == '\t')
					line.p++, line.n--;
			found = str_eqz(chop_cr(line), doc->name);
			if (found)
				break;
			buf_put(&body, line.p, line.n);
			buf_putc(&body, '\n');
		}
		if (!found)
			return df_fail(d, n, 0, 0, e, "here-document '%s' does not end", doc->name);

		int r = buf_check(&body, "here-document", e);

		if (r == 0)
			r = check_utf8(d, (struct str){ buf_str(&body), body.n }, df_line(n), e);
		if (r < 0)
			return r;
		doc->content = body.n ? buf_take(&body) : strdup("");
		if (!doc->content)
			return FAIL_NOMEM(e);
	}
	return 0;
}

int df_parse_line(const struct dockerfile *d, struct df_node *n, struct err *e)
{
	struct str text = str_of(n->text), name;
	size_t at = 0;

	while (at < text.n && !isspace((unsigned char)text.p[at]))
		at++;
	name = (struct str){ text.p, at };
	n->op = df_op_find(name);
	if (n->op == DF_OPS) {
		const char *guess = df_op_guess(name);

		if (guess)
			return df_fail(d, n, 0, at, e,
				       "unknown instruction '%.*s' (did you mean %s?)",
				       (int)(at > 40 ? 40 : at), text.p, guess);
		return df_fail(d, n, 0, at, e, "unknown instruction '%.*s'",
			       (int)(at > 40 ? 40 : at), text.p);
	}

	int r = df_parse_flags(d, n, &at, e);

	if (r < 0)
		return r;
	while (at < text.n && isspace((unsigned char)text.p[at]))
		at++;
	n->rest = at;
	r = df_parse_args(d, n, e);
	if (r == 0)
		r = df_check(d, n, e);
	if (r == 0)
		df_drop_empty_flags(n);
	return r;
}

/* Reads one instruction that begins at `first` into a node that is the last one, also on failure.
 */
static int begin_node(struct dockerfile *d, struct reader *rd, struct str first, struct err *e)
{
	struct df_node *nodes;
	uint64_t chomp = 0;
	int r;

	if (d->n == LIMIT_INSTRUCTIONS)
		return FAIL(e, E_FORMAT, "%s:%d: more than %d instructions", d->name, rd->line,
			    LIMIT_INSTRUCTIONS);
	if ((d->n & (d->n - 1)) == 0) { /* room for as many again */
		nodes = reallocarray(d->nodes, d->n ? 2 * d->n : 1, sizeof(*nodes));
		if (!nodes)
			return FAIL_NOMEM(e);
		d->nodes = nodes;
	}
	nodes = d->nodes;

	struct df_node *n = &nodes[d->n++];

	memset(n, 0, sizeof(*n));
	r = join_lines(d, rd, first, n, e);
	if (r < 0)
		return r;
	if (n->text[0] == '\0') { /* a lone continuation mark */
		df_node_free(n);
		d->n--;
		return 0;
	}
	r = df_parse_line(d, n, e);
	if (r < 0)
		return r;
	if (n->trigger) /* what follows belongs to the instruction held back */
		n = n->trigger;
	r = df_parse_heredocs(d, n, rd->rest, &chomp, e);
	return r < 0 ? r : read_heredocs(d, rd, n, chomp, e);
}

static int read_node(struct dockerfile *d, struct reader *rd, struct str first, struct err *e)
{
	size_t had = d->n;
	int r = begin_node(d, rd, first, e);

	if (r < 0 && d->n > had)
		df_node_free(&d->nodes[--d->n]);
	return r;
}

/* "# key = value" to its parts; false when the line is something else. */
static bool directive(struct str line, struct str *ret_key, struct str *ret_value)
{
	struct str s = str_trim(line), key;

	if (s.n == 0 || s.p[0] != '#')
		return false;
	s = str_trim((struct str){ s.p + 1, s.n - 1 });
	if (!memchr(s.p, '=', s.n) || !str_cut(&s, '=', &key))
		return false;
	*ret_key = str_trim(key);
	*ret_value = str_trim(s);
	return ret_value->n > 0;
}

static bool key_is(struct str key, const char *name)
{
	return key.n == strlen(name) && strncasecmp(key.p, name, key.n) == 0;
}

static int set_once(const struct dockerfile *d, char **slot, struct str value, const char *name,
		    int line, struct err *e)
{
	if (*slot)
		return FAIL(e, E_FORMAT, "%s:%d: the directive '%s' is given twice", d->name, line,
			    name);
	*slot = str_dup(value);
	return *slot ? 0 : FAIL_NOMEM(e);
}

/* The parser directives at the top; rd is left at the first line that is not one. */
static int read_directives(struct dockerfile *d, struct reader *rd, struct err *e)
{
	auto_free char *escape = NULL;
	bool shebang = false; /* docker looks behind it, but not for "escape" */
	struct str key, value;

	for (struct reader ahead = *rd; next_line(&ahead, &value); *rd = ahead) {
		int r;

		if (ahead.line == 1 && str_starts(value, "#!")) {
			shebang = true;
			continue;
		}
		if (!directive(value, &key, &value))
			return 0;
		r = check_utf8(d, value, ahead.line, e);
		if (r < 0)
			return r;
		if (key_is(key, "syntax"))
			r = set_once(d, &d->syntax, value, "syntax", ahead.line, e);
		else if (key_is(key, "check"))
			r = set_once(d, &d->check, value, "check", ahead.line, e);
		else if (key_is(key, "escape") && !shebang)
			r = set_once(d, &escape, value, "escape", ahead.line, e);
		else
			return 0;
		if (r == 0 && escape && strcmp(escape, "\\") != 0 && strcmp(escape, "`") != 0)
			r = FAIL(e, E_FORMAT,
				 "%s:%d: the escape character must be \\ or `, not '%.20s'",
				 d->name, ahead.line, escape);
		if (r < 0)
			return r;
		if (escape)
			d->escape = escape[0];
	}
	return 0;
}

static int parse(struct dockerfile *d, struct err *e)
{
	struct reader rd = { .rest = { d->source, d->source_n } };
	struct str line;
	int r;

	if (str_starts(rd.rest, "\xef\xbb\xbf"))
		rd.rest.p += 3, rd.rest.n -= 3;
	r = read_directives(d, &rd, e);
	while (r == 0 && next_line(&rd, &line)) {
		struct str body = skip_blank(line);

		if (body.n && body.p[0] != '#')
			r = read_node(d, &rd, line, e);
	}
	if (r == 0 && d->n == 0)
		return FAIL(e, E_FORMAT, "%s: no instructions", d->name);
	return r;
}

int dockerfile_parse_some(struct str text, const char *name, struct dockerfile *ret, struct err *e)
{
	struct dockerfile *d = ret;

	*d = (struct dockerfile){ .escape = '\\' };
	if (text.n > LIMIT_DOCKERFILE)
		return FAIL(e, E_FORMAT, "%s: more than %d bytes", name, LIMIT_DOCKERFILE);
	d->name = strdup(name);
	d->source = str_dup(text);
	d->source_n = text.n;
	return d->name && d->source ? parse(d, e) : FAIL_NOMEM(e);
}

int dockerfile_parse(struct str text, const char *name, struct dockerfile *ret, struct err *e)
{
	auto_dockerfile d = { 0 };
	int r = dockerfile_parse_some(text, name, &d, e);

	if (r < 0)
		return r;
	*ret = d;
	memset(&d, 0, sizeof(d));
	return 0;
}

void df_node_free(struct df_node *n)
{
	for (size_t i = 0; i < n->flags_n; i++) {
		free(n->flags[i].name);
		free(n->flags[i].value);
	}
	for (size_t i = 0; i < n->args_n; i++)
		free(n->args[i].s);
	for (size_t i = 0; i < n->docs_n; i++) {
		free(n->docs[i].name);
		free(n->docs[i].content);
	}
	if (n->trigger)
		df_node_free(n->trigger);
	free(n->trigger);
	free(n->flags);
	free(n->args);
	free(n->docs);
	free(n->segs);
	free(n->text);
	memset(n, 0, sizeof(*n));
}

void dockerfile_free(struct dockerfile *d)
{
	for (size_t i = 0; i < d->n; i++)
		df_node_free(&d->nodes[i]);
	free(d->nodes);
	free(d->name);
	free(d->source);
	free(d->syntax);
	free(d->check);
	memset(d, 0, sizeof(*d));
}

const struct df_flag *df_find_flag(const struct df_node *n, const char *name)
{
	for (size_t i = 0; i < n->flags_n; i++)
		if (strcmp(n->flags[i].name, name) == 0)
			return &n->flags[i];
	return NULL;
}

const char *df_flag(const struct df_node *n, const char *name)
{
	const struct df_flag *f = df_find_flag(n, name);

	return f ? (f->value ? f->value : "") : NULL;
}

bool df_switch(const struct df_node *n, const char *name, bool absent)
{
	const char *v = df_flag(n, name);

	return v ? strcasecmp(v, "false") != 0 : absent;
}

int df_line(const struct df_node *n)
{
	return n->segs_n ? n->segs[0].line : 0;
}
