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
};

struct json_stream {
	json_stream_read_fn read;
	void *arg;
	char chunk[CHUNK];
	size_t at, n; /* of chunk */
	bool end;
	enum place place;
	struct buf doc;
};

int json_stream_new(struct json_stream **ret, json_stream_read_fn read, void *arg, struct err *e)
{
	struct json_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return FAIL_NOMEM(e);
	s->read = read;
	s->arg = arg;
	s->doc = BUF_INIT(LIMIT_ADVISORY_DOC);
	*ret = s;
	return 0;
}

void json_stream_free(struct json_stream *s)
{
	if (!s)
		return;
	buf_free(&s->doc);
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

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Steps over what stands between documents, up to the "{" of the next: 1, or 0 at the end. */
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
			return FAIL(e, E_FORMAT, "not a stream of JSON objects");
		s->at++;
	}
	if (r == 0 && s->place != START && s->place != BETWEEN && s->place != ARRAY_CLOSED)
		return FAIL(e, E_FORMAT, "ends within an array");
	return r;
}

struct scan_state {
	int depth;
	bool in_string, escaped;
};

/* Takes bytes of the chunk that belong to the object; true when it is whole. */
static bool take(struct json_stream *s, struct scan_state *st)
{
	size_t from = s->at;
	bool whole = false;

	while (s->at < s->n && !whole) {
		char c = s->chunk[s->at++];

		if (st->escaped)
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

int json_stream_next(struct json_stream *s, struct str *ret, struct err *e)
{
	struct scan_state st = { .depth = 0 };
	int r = find_document(s, e);

	if (r <= 0)
		return r;
	buf_reset(&s->doc);
	do {
		r = more(s, e);
		if (r <= 0)
			return r < 0 ? r : FAIL(e, E_FORMAT, "ends within a document");
		if (s->doc.failed)
			return buf_check(&s->doc, "a JSON document", e);
	} while (!take(s, &st));
	r = buf_check(&s->doc, "a JSON document", e);
	if (r < 0)
		return r;
	s->place = s->place == START || s->place == BETWEEN ? BETWEEN : ARRAY_NEXT;
	*ret = (struct str){ s->doc.p, s->doc.n };
	return 1;
}
