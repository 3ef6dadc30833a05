/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

#include "base/fs.h"
#include "base/yaml.h"

/* The formats whose documents are read whole. */
static const struct {
	bool (*is)(const json_t *doc);
	int (*read)(const json_t *doc, json_t **ret, struct err *e);
} formats[] = {
	{ advisory_is_secdb, advisory_secdb },	 { advisory_is_csaf, advisory_csaf },
	{ advisory_is_kev, advisory_kev },	 { advisory_is_osv, advisory_osv },
	{ advisory_is_kernel, advisory_kernel },
};

/* mine: whether it is ours to read; if not, it is only looked at. */
static int emit_doc(const json_t *doc, bool mine, const struct unit_sink *to, struct err *e)
{
	auto_json *unit = NULL;

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].is(doc)) {
			int r = mine ? formats[i].read(doc, &unit, e) : 0;

			return r < 0 || !mine ? r : unit_emit(to, unit, e);
		}
	return FAIL(e, E_NOTFOUND,
		    "neither an OSV document, Alpine's secdb, CSAF nor CISA's catalogue");
}

/* One document of a stream, the count'th. */
static int parse_document(struct str text, uint64_t count, bool mine, const char *name,
			  const struct unit_sink *to, struct err *e)
{
	auto_buf what = BUF_INIT(1024);
	auto_json *doc = NULL;
	const char *id;
	int r = json_parse(text.p, text.n, "text", &doc, e);

	id = r < 0 ? NULL : json_string_or_null(doc, "id");
	r = r < 0 ? r : emit_doc(doc, mine, to, e);
	if (r == E_NOTFOUND && count == 1)
		return WRAP(e, r, "document 1 (%.80s)", id ? id : "no id"); /* nor is the file */
	if (r >= 0)
		return r;
	if (r == E_NOTFOUND)
		r = E_FORMAT; /* it does not belong among the others */
	r = WRAP(e, r, "document %llu (%.80s)", (unsigned long long)count, id ? id : "no id");
	if (!mine && unit_is_lenient(to))
		return 0; /* who has it tells of it */
	return unit_pass_over(to, name, r, e);
}

static int parse_json(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	auto_release(json_stream_free) struct json_stream *s = NULL;
	struct str text;
	uint64_t count = 0;
	int r = json_stream_new(&s, in->read, in->arg, e);

	if (r == 0 && unit_is_lenient(to))
		json_stream_by_line(s);
	while (r >= 0 && (r = json_stream_next(s, &text, e)) > 0) {
		const bool mine = unit_is_mine(to->share);

		/* The first tells all what they read. */
		if (count++ && !mine)
			continue;
		r = parse_document(text, count, mine, in->name, to, e);
		if (r < 0)
			return r;
	}
	if (r == 0 && !count)
		return FAIL(e, E_FORMAT, "no document in it");
	return r;
}

/* A name comes as it is written. */
static int parse_name(struct str name, json_t **ret, struct err *e)
{
	auto_buf list = BUF_INIT(LIMIT_ADVISORY_DOC + 8);

	buf_puts(&list, "[\"");
	buf_put(&list, name.p, name.n);
	buf_puts(&list, "\"]");
	return json_parse(buf_str(&list), list.n, "name", ret, e);
}

/* What cannot be read of a list that replaces itself whole stays as it is. */
static int keep_unit(const char *package, const struct unit_sink *to, struct err *e)
{
	auto_buf name = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	auto_json *keep = NULL;
	int r;

	buf_printf(&name, ADVISORY_DEBIAN_UNITS "%s", package);
	r = buf_check(&name, "a source package", e);
	keep = r < 0 ? NULL : json_pack("{ss}", "keep", buf_str(&name));
	if (r == 0 && !keep)
		r = FAIL_NOMEM(e);
	return r < 0 ? r : unit_emit(to, keep, e);
}

/* One source package of the tracker. */
static int parse_package(struct str name, struct str value, const char *from,
			 const struct unit_sink *to, struct err *e)
{
	auto_json *key = NULL, *doc = NULL, *unit = NULL;
	const char *package = NULL;
	int r = parse_name(name, &key, e), lost;

	if (r == 0)
		package = json_string_value(json_array_get(key, 0));
	r = r < 0 ? r : json_parse(value.p, value.n, "source package", &doc, e);
	r = r < 0 ? r : advisory_debian(package, doc, &unit, e);
	if (r == 0)
		return unit_emit(to, unit, e);
	r = WRAP(e, r, "member '%.*s'", name.n < 80 ? (int)name.n : 80, name.p);
	if (!package)
		return r; /* which one is to be kept is not known */
	lost = unit_pass_over(to, from, r, e);
	return lost < 0 ? lost : keep_unit(package, to, e);
}

static int parse_debian(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	auto_release(json_stream_free) struct json_stream *s = NULL;
	struct str name, value;
	int r = json_stream_new(&s, in->read, in->arg, e);

	while (r >= 0 && (r = json_stream_member(s, &name, &value, e)) > 0)
		if (unit_is_mine(to->share))
			r = parse_package(name, value, in->name, to, e);
	return r;
}

/* The lines of an input. */
struct lines {
	struct advisory_input *in;
	struct buf line;
	char chunk[16 * 1024];
	size_t at, n;
};

/* A line without its "\n": 1, or 0 at the end. */
static int next_line(void *arg, struct str *ret, struct err *e)
{
	struct lines *l = arg;
	bool any = false, whole = false;

	buf_reset(&l->line);
	while (!whole) {
		const char *end;
		size_t n;

		if (l->at == l->n) {
			int64_t got = l->in->read(l->in->arg, l->chunk, sizeof(l->chunk), e);

			if (got < 0)
				return (int)got;
			l->at = 0;
			l->n = (size_t)got;
			if (!got)
				break;
		}
		any = true;
		end = memchr(l->chunk + l->at, '\n', l->n - l->at);
		whole = end != NULL;
		n = whole ? (size_t)(end - l->chunk) - l->at : l->n - l->at;
		buf_put(&l->line, l->chunk + l->at, n);
		l->at += n + whole;
		if (l->line.failed)
			return buf_check(&l->line, "a line", e);
	}
	*ret = (struct str){ buf_str(&l->line), l->line.n };
	return any;
}

/* By lines, with the reader of a format. */
static int parse_lines(struct advisory_input *in, const struct unit_sink *to,
		       int (*reader)(const struct advisory_lines *, const struct unit_sink *,
				     struct err *),
		       struct err *e)
{
	auto_free struct lines *l = calloc(1, sizeof(*l));
	const struct advisory_lines lines = { next_line, l };
	int r;

	if (!l)
		return FAIL_NOMEM(e);
	if (!unit_is_mine(to->share))
		return 0;
	l->in = in;
	l->line = BUF_INIT(LIMIT_ADVISORY_LINE);
	r = reader(&lines, to, e);
	buf_free(&l->line);
	return r;
}

static int parse_yaml(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_YAML_BYTES);
	auto_json *doc = NULL;
	char chunk[16 * 1024];
	int64_t n;
	int r;

	while ((n = in->read(in->arg, chunk, sizeof(chunk), e)) > 0 && !text.failed)
		buf_put(&text, chunk, (size_t)n);
	r = n < 0 ? (int)n : buf_check(&text, "YAML", e);
	r = r < 0 ? r : yaml_parse(buf_str(&text), text.n, "document", &doc, e);
	return r < 0 ? r : emit_doc(doc, unit_is_mine(to->share), to, e);
}

int advisory_parse(struct advisory_input *in, const struct unit_sink *to, struct err *e)
{
	const struct str start = str_trim(in->head);
	int r;

	if (!start.n)
		r = FAIL(e, E_FORMAT, "empty");
	else if (advisory_is_epss(in->head))
		r = parse_lines(in, to, advisory_epss, e);
	else if (advisory_is_debian_list(in->head))
		r = parse_lines(in, to, advisory_debian_list, e);
	else if (advisory_is_debian_fixed(in->head))
		r = parse_lines(in, to, advisory_debian_fixed, e);
	else if (advisory_is_kernel_table(in->head))
		r = parse_lines(in, to, advisory_kernel_table, e);
	else if (advisory_is_debian(in->head))
		r = parse_debian(in, to, e);
	else if (*start.p == '{' || *start.p == '[')
		r = parse_json(in, to, e);
	else if (ends_with(in->name, ".tsv") || ends_with(in->name, ".csv") ||
		 ends_with(in->name, ".list"))
		r = FAIL(e, E_NOTFOUND, "it begins like no list of advisories");
	else
		r = parse_yaml(in, to, e);
	return r < 0 ? WRAP(e, r, "%s", in->name) : 0;
}
