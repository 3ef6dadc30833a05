/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

enum { CHUNK = 64 * 1024 };

/* Where we are between documents. */
enum place {
	START,	       /* nothing yet */
	BETWEEN,       /* objects one after another */
	ARRAY_FIRST,   /* after "[" */
	ARRAY_ELEMENT, /* after "," */
	ARRAY_NEXT,    /* after an element */
	ARRAY_CLOSED,
	MEMBER_FIRST, /* after "{" of an object that is read by members */
	MEMBER_NEXT,  /* after a member */
	OBJECT_CLOSED,
};

struct json_stream {
	json_stream_read_fn read;
	void *arg;
	char chunk[CHUNK];
	size_t at, n; /* of chunk */
	bool end, by_line;
	enum place place;
	struct buf doc, name;
};

int json_stream_new(struct json_stream **ret, json_stream_read_fn read, void *arg, struct err *e)
{
	struct json_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->read = read;
	s->arg = arg;
	s->doc = BUF_INIT(LIMIT_ADVISORY_DOC);
	s->name = BUF_INIT(LIMIT_ADVISORY_DOC);
	*ret = s;
	return 0;
}

void json_stream_free(struct json_stream *s)
{
	if (!s)
		return;
	buf_free(&s->doc);
	buf_free(&s->name);
	free(s);
}

/* Makes sure that there is a byte at s->at: 1, or 0 at the end. */
static int more(struct json_stream *s, struct err *e)
{
	int64_t n;

	if (s->at < s->n)
		return 1;
	if (s->end)
		return 0;
	n = s->read(s->arg, s->chunk, sizeof(s->chunk), e);
	if (n < 0)
		return (int)n;
	s->at = 0;
	s->n = (size_t)n;
	s->end = n == 0;
	return n > 0;
}

void json_stream_by_line(struct json_stream *s)
{
	s->by_line = true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Between documents that do not stand in an array. */
static bool is_lines(const struct json_stream *s)
{
	return s->by_line && (s->place == START || s->place == BETWEEN);
}

enum { NO_DOCUMENT = 2 };

/* Steps over what stands between documents, up to the "{" of the next: 1, or 0 at the end.
 * NO_DOCUMENT: the line begins with something else. */
static int find_document(struct json_stream *s, struct err *e)
{
	int r;

	while ((r = more(s, e)) > 0) {
		char c = s->chunk[s->at];

		if (is_space(c)) {
			s->at++;
			continue;
		}
		if (c == '{' && s->place != ARRAY_NEXT && s->place != ARRAY_CLOSED)
			return 1;
		if (c == '[' && s->place == START)
			s->place = ARRAY_FIRST;
		else if (c == ',' && s->place == ARRAY_NEXT)
			s->place = ARRAY_ELEMENT;
		else if (c == ']' && (s->place == ARRAY_FIRST || s->place == ARRAY_NEXT))
			s->place = ARRAY_CLOSED;
		else
			return is_lines(s) ? NO_DOCUMENT
					   : FAIL(e, E_FORMAT, "not a stream of JSON objects");
		s->at++;
	}
	if (r == 0 && s->place != START && s->place != BETWEEN && s->place != ARRAY_CLOSED)
		return FAIL(e, E_FORMAT, "ends within an array");
	return r;
}

struct scan_state {
	int depth;
	bool in_string, escaped, by_line;
	char before;   /* the last byte */
	bool one_line; /* there was no end of line but the one before */
};

/*
 * Whether the line before was cut short: a document that goes on over several lines is indented, or
 * goes on with a name or a bracket.
 */
static bool is_broken(struct scan_state *st, char c)
{
	bool broken = st->before == '\n' && st->one_line && !strchr(" \t\r\n\"}]", c);

	if (st->before == '\n')
		st->one_line = false;
	st->before = c;
	return broken;
}

/* Takes bytes of the chunk that belong to the object; true when it is whole. */
static bool take(struct json_stream *s, struct scan_state *st)
{
	size_t from = s->at;
	bool whole = false;

	while (s->at < s->n && !whole) {
		char c = s->chunk[s->at++];

		if (st->by_line && is_broken(st, c)) {
			s->at--;
			whole = true;
		} else if (st->escaped)
			st->escaped = false;
		else if (st->in_string)
			st->escaped = c == '\\', st->in_string = c != '"';
		else if (c == '"')
			st->in_string = true;
		else if (c == '{')
			st->depth++;
		else if (c == '}')
			whole = --st->depth == 0;
	}
	buf_put(&s->doc, s->chunk + from, s->at - from);
	return whole;
}

static int take_document(struct json_stream *s, struct err *e)
{
	struct scan_state st = { .by_line = is_lines(s), .one_line = true };

	do {
		int r = more(s, e);

		if (r == 0 && st.by_line && st.one_line)
			return 0; /* the last line is cut short */
		if (r <= 0)
			return r < 0 ? r : FAIL(e, E_FORMAT, "ends within a document");
		if (s->doc.failed)
			return buf_check(&s->doc, "a JSON document", e);
	} while (!take(s, &st));
	return 0;
}

/* To the end of the line. */
static int take_line(struct json_stream *s, struct err *e)
{
	int r;

	while ((r = more(s, e)) > 0 && s->chunk[s->at] != '\n') {
		buf_putc(&s->doc, s->chunk[s->at++]);
		if (s->doc.failed)
			return buf_check(&s->doc, "a line", e);
	}
	return r < 0 ? r : 0;
}

int json_stream_next(struct json_stream *s, struct str *ret, struct err *e)
{
	int r = find_document(s, e);

	if (r <= 0)
		return r;
	buf_reset(&s->doc);
	r = r == NO_DOCUMENT ? take_line(s, e) : take_document(s, e);
	r = r < 0 ? r : buf_check(&s->doc, "a JSON document", e);
	if (r < 0)
		return r;
	s->place = s->place == START || s->place == BETWEEN ? BETWEEN : ARRAY_NEXT;
	*ret = (struct str){ s->doc.p, s->doc.n };
	return 1;
}

/* Steps to the next byte that is no space: it, 0 at the end, or an error. */
static int next_byte(struct json_stream *s, struct err *e)
{
	int r;

	while ((r = more(s, e)) > 0 && is_space(s->chunk[s->at]))
		s->at++;
	return r > 0 ? (unsigned char)s->chunk[s->at] : r;
}

/* A string after its opening quote, as it is written, to its closing one. */
static int take_string(struct json_stream *s, struct buf *to, struct err *e)
{
	bool escaped = false;
	int r;

	while ((r = more(s, e)) > 0) {
		size_t from = s->at;
		bool whole = false;

		for (; s->at < s->n && !whole; s->at++) {
			whole = !escaped && s->chunk[s->at] == '"';
			escaped = !escaped && s->chunk[s->at] == '\\';
		}
		buf_put(to, s->chunk + from, s->at - from - (whole ? 1 : 0));
		if (to->failed)
			return buf_check(to, "a JSON string", e);
		if (whole)
			return 0;
	}
	return r < 0 ? r : FAIL(e, E_FORMAT, "ends within a string");
}

/* A number, true, false or null: up to what ends it. */
static int take_word(struct json_stream *s, struct err *e)
{
	int r;

	while ((r = more(s, e)) > 0) {
		char c = s->chunk[s->at];

		if (is_space(c) || c == ',' || c == '}')
			return 0;
		buf_putc(&s->doc, c);
		if (s->doc.failed)
			return buf_check(&s->doc, "a JSON value", e);
		s->at++;
	}
	return r;
}

/* Objects and arrays, by their brackets; the parser that gets the text checks the rest. */
static int take_nested(struct json_stream *s, struct err *e)
{
	int depth = 0, r;

	while ((r = more(s, e)) > 0) {
		char c = s->chunk[s->at++];

		buf_putc(&s->doc, c);
		if (c == '"') {
			r = take_string(s, &s->doc, e);
			if (r < 0)
				return r;
			buf_putc(&s->doc, '"');
		}
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		if (s->doc.failed)
			return buf_check(&s->doc, "a JSON value", e);
		if (depth == 0)
			return 0;
	}
	return r < 0 ? r : FAIL(e, E_FORMAT, "ends within a value");
}

static int take_value(struct json_stream *s, struct err *e)
{
	int c = next_byte(s, e);

	buf_reset(&s->doc);
	if (c <= 0)
		return c < 0 ? c : FAIL(e, E_FORMAT, "ends before a value");
	if (c == '{' || c == '[')
		return take_nested(s, e);
	if (c != '"')
		return take_word(s, e);
	s->at++;
	buf_putc(&s->doc, '"');
	c = take_string(s, &s->doc, e);
	buf_putc(&s->doc, '"');
	return c;
}

/* Up to the opening quote of the next member's name, and past it: 1, or 0 at the end. */
static int find_member(struct json_stream *s, struct err *e)
{
	int c;

	while ((c = next_byte(s, e)) > 0) {
		const enum place at = s->place;

		s->at++;
		if (c == '{' && at == START)
			s->place = MEMBER_FIRST;
		else if (c == '}' && (at == MEMBER_FIRST || at == MEMBER_NEXT))
			s->place = OBJECT_CLOSED;
		else if (c == ',' && at == MEMBER_NEXT)
			s->place = BETWEEN;
		else if (c == '"' && (at == MEMBER_FIRST || at == BETWEEN))
			return 1;
		else
			return FAIL(e, E_FORMAT, "not one JSON object");
	}
	if (c == 0 && s->place != OBJECT_CLOSED)
		return FAIL(e, E_FORMAT, "ends within an object");
	return c;
}

int json_stream_member(struct json_stream *s, struct str *ret_name, struct str *ret_value,
		       struct err *e)
{
	int r = find_member(s, e);

	if (r <= 0)
		return r;
	buf_reset(&s->name);
	r = take_string(s, &s->name, e);
	r = r < 0 ? r : next_byte(s, e);
	if (r >= 0 && r != ':')
		return FAIL(e, E_FORMAT, "no ':' after a member's name");
	if (r < 0)
		return r;
	s->at++;
	r = take_value(s, e);
	r = r < 0 ? r : buf_check(&s->doc, "a JSON value", e);
	if (r < 0)
		return r;
	s->place = MEMBER_NEXT;
	*ret_name = (struct str){ buf_str(&s->name), s->name.n };
	*ret_value = (struct str){ buf_str(&s->doc), s->doc.n };
	return 1;
}
