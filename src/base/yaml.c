/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <libfyaml.h>
#include <limits.h>

#include "base/str.h"

DEFINE_RELEASE(struct fy_parser *, fy_parser_destroy, NULL)
DEFINE_RELEASE(struct fy_diag *, fy_diag_unref, NULL)

/* Of the leak sanitizer, where that is linked in. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* The collections that are open, outermost first. Nodes are borrowed: each belongs to its parent,
 * the first to the document. */
struct reader {
	struct fy_parser *fyp;
	struct fy_diag *diag;
	const char *what;
	json_t *document;
	struct {
		json_t *node;
		char *key; /* of a mapping: read, its value still to come */
	} open[LIMIT_YAML_DEPTH];
	int depth;
	int documents;
};

static void reader_release(struct reader *r)
{
	for (int i = 0; i < r->depth; i++)
		free(r->open[i].key);
	json_decref(r->document);
}

static int fail_at(const struct reader *r, struct fy_token *at, const char *why, struct err *e)
{
	const struct fy_mark *mark = at ? fy_token_start_mark(at) : NULL;

	if (!mark)
		return FAIL(e, E_FORMAT, "%s: YAML: %s", r->what, why);
	return FAIL(e, E_FORMAT, "%s: YAML line %d column %d: %s", r->what, mark->line + 1,
		    mark->column + 1, why);
}

static bool parse_integer(struct str s, int64_t *ret)
{
	bool negative = s.n && s.p[0] == '-';
	int base = 10;
	uint64_t v = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
		s = (struct str){ s.p + 1, s.n - 1 };
	} else if (str_starts(s, "0x") || str_starts(s, "0o")) {
		base = s.p[1] == 'x' ? 16 : 8;
		s = (struct str){ s.p + 2, s.n - 2 };
	}
	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int digit = s.p[i] >= '0' && s.p[i] <= '9'   ? s.p[i] - '0'
			    : s.p[i] >= 'a' && s.p[i] <= 'f' ? s.p[i] - 'a' + 10
			    : s.p[i] >= 'A' && s.p[i] <= 'F' ? s.p[i] - 'A' + 10
							     : 16;

		if (digit >= base || v > (uint64_t)INT64_MAX / (unsigned)base)
			return false;
		v = v * (unsigned)base + (unsigned)digit;
	}
	if (v > (uint64_t)INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

/* A plain scalar by the core schema. */
static json_t *plain(struct str s)
{
	int64_t v;

	if (!s.n || str_eqz(s, "~") || str_eqz(s, "null") || str_eqz(s, "Null") ||
	    str_eqz(s, "NULL"))
		return json_null();
	if (str_eqz(s, "true") || str_eqz(s, "True") || str_eqz(s, "TRUE"))
		return json_true();
	if (str_eqz(s, "false") || str_eqz(s, "False") || str_eqz(s, "FALSE"))
		return json_false();
	if (parse_integer(s, &v))
		return json_integer(v);
	return json_stringn(s.p, s.n);
}

/* Puts a value where it belongs: the document, a sequence, or under the key that was read. */
static int place(struct reader *r, json_t *value, struct err *e)
{
	json_t *parent = r->depth ? r->open[r->depth - 1].node : NULL;
	int failed;

	if (!value)
		return FAIL_NOMEM(e);
	if (!parent) {
		r->document = value;
		return 0;
	}
	if (json_is_array(parent)) {
		failed = json_array_append_new(parent, value);
	} else {
		auto_free char *key = TAKE(r->open[r->depth - 1].key);

		failed = json_object_set_new(parent, key, value);
	}
	return failed ? FAIL_NOMEM(e) : 0;
}

/* True when the next node is a mapping's key. */
static bool wants_key(const struct reader *r)
{
	return r->depth && json_is_object(r->open[r->depth - 1].node) && !r->open[r->depth - 1].key;
}

static int open_collection(struct reader *r, struct fy_token *tag, struct fy_token *at,
			   json_t *node, struct err *e)
{
	int error = 0;

	if (tag)
		error = fail_at(r, tag, "tags are not accepted", e);
	else if (wants_key(r))
		error = fail_at(r, at, "a key must be a scalar", e);
	else if (r->depth == LIMIT_YAML_DEPTH)
		error = fail_at(r, at, "nested too deep", e);
	if (error < 0) {
		json_decref(node);
		return error;
	}
	error = place(r, node, e);
	if (error < 0)
		return error;
	r->open[r->depth].node = node;
	r->open[r->depth++].key = NULL;
	return 0;
}

static int read_key(struct reader *r, struct fy_token *at, struct str s, struct err *e)
{
	auto_free char *key = str_dup(s);

	if (!key)
		return FAIL_NOMEM(e);
	if (!s.n)
		return fail_at(r, at, "an empty key", e);
	if (fy_token_scalar_style(at) == FYSS_PLAIN && str_eqz(s, "<<"))
		return fail_at(r, at, "merge keys are not accepted", e);
	if (json_object_get(r->open[r->depth - 1].node, key))
		return fail_at(r, at, "a key twice in one mapping", e);
	r->open[r->depth - 1].key = TAKE(key);
	return 0;
}

/* libfyaml 0.7.12 loses 512 bytes when it puts together the five quotes of '''''''''''', and the
 * like. */
static const char *text_of(struct fy_token *token, size_t *ret_n)
{
	const char *text;

	if (__lsan_disable)
		__lsan_disable();
	text = fy_token_get_text(token, ret_n);
	if (__lsan_enable)
		__lsan_enable();
	return text;
}

static int read_scalar(struct reader *r, const struct fy_event_scalar_data *scalar, struct err *e)
{
	struct str s = { .p = "", .n = 0 };

	if (scalar->tag)
		return fail_at(r, scalar->tag, "tags are not accepted", e);
	if (scalar->value) {
		const char *text = text_of(scalar->value, &s.n);

		if (!text)
			return FAIL_NOMEM(e);
		s.p = text;
	}
	if (!str_utf8(s))
		return fail_at(r, scalar->value, "a NUL in a string", e);
	if (wants_key(r))
		return read_key(r, scalar->value, s, e);
	if (!scalar->value || fy_token_scalar_style(scalar->value) == FYSS_PLAIN)
		return place(r, plain(s), e);
	return place(r, json_stringn(s.p, s.n), e);
}

static int read_event(struct reader *r, const struct fy_event *event, struct err *e)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		if (r->documents++)
			return fail_at(r, event->document_start.document_start,
				       "more than one document", e);
		return 0;
	case FYET_MAPPING_START:
		return open_collection(r, event->mapping_start.tag,
				       event->mapping_start.mapping_start, json_object(), e);
	case FYET_SEQUENCE_START:
		return open_collection(r, event->sequence_start.tag,
				       event->sequence_start.sequence_start, json_array(), e);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		if (!r->depth)
			return FAIL(e, E_INTERNAL, "%s: YAML: unbalanced events", r->what);
		free(r->open[--r->depth].key);
		r->open[r->depth].key = NULL;
		return 0;
	case FYET_SCALAR: return read_scalar(r, &event->scalar, e);
	case FYET_ALIAS: return fail_at(r, event->alias.anchor, "aliases are not accepted", e);
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END: return 0;
	}
	return FAIL(e, E_INTERNAL, "%s: YAML: an unknown event", r->what);
}

/*
 * What libfyaml 0.7.12 finds wrong is taken from it as a structure: when it writes that out itself,
 * with a piece of the source, it writes past the end of its stack for a scalar of several long
 * lines. The structures are lost memory, a few hundred bytes for a text that is broken.
 */
static void drop_diagnostic(struct fy_diag *diag, void *user, const char *p, size_t n)
{
	(void)diag;
	(void)user;
	(void)p;
	(void)n;
}

/* The next event, or NULL. Leaks of libfyaml's own are not ours to be told of. */
static struct fy_event *next_event(struct fy_parser *fyp)
{
	struct fy_event *event;

	if (__lsan_disable)
		__lsan_disable();
	event = fy_parser_parse(fyp);
	if (__lsan_enable)
		__lsan_enable();
	return event;
}

static int syntax_error(const struct reader *r, struct err *e)
{
	void *at = NULL;
	const struct fy_diag_error *why = fy_diag_errors_iterate(r->diag, &at);

	if (!why || !why->msg)
		return FAIL(e, E_FORMAT, "%s: not YAML", r->what);
	return FAIL(e, E_FORMAT, "%s: YAML line %d column %d: %.*s", r->what, why->line,
		    why->column, (int)strcspn(why->msg, "\n"), why->msg);
}

static int read_events(struct reader *r, struct err *e)
{
	for (;;) {
		struct fy_event *event = next_event(r->fyp);
		bool end = event && event->type == FYET_STREAM_END;
		int error;

		if (!event)
			return syntax_error(r, e);
		error = read_event(r, event, e);
		fy_parser_event_free(r->fyp, event);
		if (error < 0)
			return error;
		if (fy_parser_get_stream_error(r->fyp))
			return syntax_error(r, e);
		if (end)
			return 0;
	}
}

int yaml_parse(const char *p, size_t n, const char *what, json_t **ret, struct err *e)
{
	__attribute__((cleanup(reader_release))) struct reader r = { .what = what };
	int error;

	if (n > LIMIT_YAML_BYTES)
		return FAIL(e, E_FORMAT, "%s: more than %d bytes of YAML", what, LIMIT_YAML_BYTES);
	if (!str_utf8((struct str){ p, n }))
		return FAIL(e, E_FORMAT, "%s: YAML: not UTF-8, or a NUL byte", what);

	/* Written out: fy_diag_cfg_default() asks whether standard error is a terminal, and that
	 * system call is not for the sandbox. */
	const struct fy_diag_cfg diag_cfg = { .output_fn = drop_diagnostic,
					      .level = FYET_ERROR,
					      .module_mask = UINT_MAX };
	auto_release(fy_diag_unref) struct fy_diag *diag = fy_diag_create(&diag_cfg);

	if (!diag)
		return FAIL_NOMEM(e);
	fy_diag_set_collect_errors(diag, true);

	const struct fy_parse_cfg cfg = { .flags = FYPCF_JSON_NONE, .diag = diag };
	auto_release(fy_parser_destroy) struct fy_parser *fyp = fy_parser_create(&cfg);

	if (!fyp || fy_parser_set_string(fyp, n ? p : "\n", n ? n : 1) != 0)
		return FAIL_NOMEM(e);
	r.fyp = fyp;
	r.diag = diag;
	error = read_events(&r, e);
	if (error < 0)
		return error;
	*ret = r.document ? TAKE(r.document) : json_null();
	return 0;
}
