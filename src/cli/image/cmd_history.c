/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/image/images.h"
#include "cli/shorten.h"

struct history_options {
	bool full, quiet, raw;
	const char *format;
};

static const struct opt history_options[] = {
	OPT_AT(struct history_options, full, "no-trunc", 0, OPT_FLAG, NULL,
	       "show instructions and digests in full"),
	OPT_AT(struct history_options, quiet, "quiet", 'q', OPT_FLAG, NULL,
	       "print only the images' digests"),
	{ .name = "human",
	  .letter = 'H',
	  .kind = OPT_FLAG,
	  .offset = offsetof(struct history_options, raw),
	  .help = "sizes and times for people (default; --human=false: bytes and RFC 3339)",
	  .inverted = true },
	OPT_AT(struct history_options, format, "format", 0, OPT_STRING, "json|TEMPLATE",
	       "docker's: {{.ID}} {{.CreatedSince}} {{.CreatedAt}} {{.CreatedBy}} {{.Size}} "
	       "{{.Comment}}; before it \"table \" for headings"),
	OPT_END,
};

enum { SHOWN = 60 /* characters of an instruction */, LIMIT_BY = 1024 * 1024, COLUMNS = 5 };

/* What is shown of one entry. */
enum field { F_ID, F_SINCE, F_BY, F_SIZE, F_COMMENT, F_AT, FIELDS };
static const struct {
	const char *name, *heading;
} fields[FIELDS] = {
	[F_ID] = { "ID", "IMAGE" },
	[F_SINCE] = { "CreatedSince", "CREATED" },
	[F_BY] = { "CreatedBy", "CREATED BY" },
	[F_SIZE] = { "Size", "SIZE" },
	[F_COMMENT] = { "Comment", "COMMENT" },
	[F_AT] = { "CreatedAt", "CREATED AT" },
};

struct row {
	struct buf v[FIELDS];
};

static void row_free(struct row *r)
{
	for (int i = 0; i < FIELDS; i++)
		buf_free(&r->v[i]);
}
#define auto_row __attribute__((cleanup(row_free))) struct row

struct shown {
	const struct history_options *o;
	const struct desc *image;
	struct table *t; /* or */
	json_t *list;	 /* or */
	struct buf *text;
	const char *format; /* behind "table " */
};

static void fill_times(const struct shown *s, const char *created, struct row *r)
{
	char age[32];
	int64_t when;

	buf_puts(&r->v[F_AT], created ? created : "");
	if (!created || clock_parse_rfc3339(str_of(created), &when, NULL) < 0) {
		buf_puts(&r->v[F_SINCE], "-");
		return;
	}
	age_human(clock_now() - when, age);
	buf_puts(&r->v[F_SINCE], s->o->raw ? created : age);
}

/* top: the entry that is the image itself; the others' images are not there, as docker has it. */
static int fill_row(const struct shown *s, const json_t *h, const struct desc *layer, bool top,
		    struct row *r, struct err *e)
{
	const char *by = json_string_or_null(h, "created_by");
	const char *comment = json_string_or_null(h, "comment");
	char size[16] = "0 B";

	for (int i = 0; i < FIELDS; i++)
		r->v[i] = BUF_INIT(LIMIT_BY);
	if (!top)
		buf_puts(&r->v[F_ID], "<missing>");
	else if (s->o->full)
		buf_puts(&r->v[F_ID], s->image->digest.s);
	else
		buf_printf(&r->v[F_ID], "%.12s", digest_hex(&s->image->digest));
	fill_times(s, json_string_or_null(h, "created"), r);
	if (!by || s->o->full)
		buf_puts(&r->v[F_BY], by ? by : "-");
	else
		cell_short(by, SHOWN, &r->v[F_BY]);
	if (s->o->raw)
		buf_printf(&r->v[F_SIZE], "%llu", (unsigned long long)(layer ? layer->size : 0));
	else if (layer)
		size_human(layer->size, size);
	if (!s->o->raw)
		buf_puts(&r->v[F_SIZE], size);
	buf_puts(&r->v[F_COMMENT], comment ? comment : "");
	for (int i = 0; i < FIELDS; i++) {
		int fail = buf_check(&r->v[i], "history", e);

		if (fail < 0)
			return fail;
		if (r->v[i].p)
			text_sanitize(r->v[i].p);
	}
	return 0;
}

/* "{{ .Size }}" of a template, by the row's text; other text as it is, "\t" and "\n" as Go's. */
static int expand(const char *format, const struct row *r, bool headings, struct buf *ret,
		  struct err *e)
{
	for (const char *p = format; *p;) {
		struct str name;
		int f = 0;

		if (p[0] == '\\' && (p[1] == 't' || p[1] == 'n')) {
			buf_putc(ret, p[1] == 't' ? '\t' : '\n');
			p += 2;
			continue;
		}
		if (p[0] != '{' || p[1] != '{') {
			buf_putc(ret, *p++);
			continue;
		}

		const char *end = strstr(p, "}}");

		if (!end)
			return FAIL(e, E_USAGE, "--format: '{{' is not closed");
		name = str_trim((struct str){ p + 2, (size_t)(end - p) - 2 });
		while (f < FIELDS &&
		       !(name.n && *name.p == '.' &&
			 str_eqz((struct str){ name.p + 1, name.n - 1 }, fields[f].name)))
			f++;
		if (f == FIELDS)
			return FAIL(e, E_USAGE, "--format: there is no '%.*s'",
				    (int)(name.n < 80 ? name.n : 80), name.p);
		buf_puts(ret, headings ? fields[f].heading : buf_str(&r->v[f]));
		p = end + 2;
	}
	buf_putc(ret, '\n');
	return buf_check(ret, "history", e);
}

static int add_json(json_t *list, const json_t *h, const struct desc *layer, struct err *e)
{
	const char *by = json_string_or_null(h, "created_by");

	return json_push(list,
			 json_pack("{s:s*, s:s, s:I, s:s*, s:s*}", "created",
				   json_string_or_null(h, "created"), "created_by", by ? by : "",
				   "size", (json_int_t)(layer ? layer->size : 0), "layer",
				   layer ? layer->digest.s : NULL, "comment",
				   json_string_or_null(h, "comment")),
			 e);
}

/* layer: NULL for an entry that made none. */
static int add(const struct shown *s, const json_t *h, const struct desc *layer, bool top,
	       struct err *e)
{
	auto_row r = { 0 };
	int fail;

	if (s->list)
		return add_json(s->list, h, layer, e);
	fail = fill_row(s, h, layer, top, &r, e);
	if (fail < 0)
		return fail;
	if (s->o->quiet) {
		buf_printf(s->text, "%s\n", buf_str(&r.v[F_ID]));
		return buf_check(s->text, "history", e);
	}
	if (s->format)
		return expand(s->format, &r, false, s->text, e);

	const char *const cells[COLUMNS] = { buf_str(&r.v[F_ID]), buf_str(&r.v[F_SINCE]),
					     buf_str(&r.v[F_BY]), buf_str(&r.v[F_SIZE]),
					     buf_str(&r.v[F_COMMENT]) };

	return table_row(s->t, cells, e);
}

/* Newest first, as docker lists it: history and layers are walked from their ends. */
static int fill(const struct shown *s, const struct manifest *m, const struct config *c,
		struct err *e)
{
	size_t layer = m->layers_n, n = json_array_size(c->history);
	int r = 0;

	for (size_t i = n; r == 0 && i-- > 0;) {
		const json_t *h = json_array_get(c->history, i);
		bool empty = json_is_true(json_object_get(h, "empty_layer"));

		r = add(s, h, empty || layer == 0 ? NULL : &m->layers[--layer], i == n - 1, e);
	}
	/* Layers that no entry speaks of. */
	for (; r == 0 && layer > 0; layer--)
		r = add(s, NULL, &m->layers[layer - 1], n == 0 && layer == m->layers_n, e);
	return r;
}

static int show_json(struct cli *cli, struct shown *s, const struct manifest *m,
		     const struct config *c, struct err *e)
{
	auto_json *j = NULL, *list = json_array();
	int r;

	s->list = list;
	r = list ? fill(s, m, c, e) : FAIL_NOMEM(e);
	if (r < 0)
		return r;
	j = json_pack("{s:s, s:O}", "schema", "plimsoll.history/v1", "history", list);
	return j ? cli_print_json(cli, j, e) : FAIL_NOMEM(e);
}

static int show(struct cli *cli, struct shown *s, const struct manifest *m, const struct config *c,
		struct err *e)
{
	const char *headings[COLUMNS];
	auto_release(table_free) struct table *t = NULL;
	auto_buf out = BUF_INIT(64 * 1024 * 1024);
	int r = 0;

	if (cli->json || (s->format && strcmp(s->format, "json") == 0))
		return show_json(cli, s, m, c, e);
	s->text = &out;
	if (!s->o->quiet && s->format && starts_with(s->format, "table ")) {
		s->format += strlen("table ");
		r = expand(s->format, NULL, true, &out, e);
	}
	for (int i = 0; i < COLUMNS; i++)
		headings[i] = fields[i].heading;
	if (r == 0)
		r = table_new(&t, headings, COLUMNS, e);
	s->t = t;
	if (r == 0)
		r = fill(s, m, c, e);
	if (r == 0 && !s->o->quiet && !s->format)
		r = table_render(t, &out, e);
	return r < 0 ? r : cli_print(cli, e, "%s", buf_str(&out));
}

static int run_history(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct history_options *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_manifest m = { 0 };
	auto_config config = { 0 };
	struct desc d;
	struct shown shown = { .o = o, .image = &d, .format = o->format };
	struct ref ref;
	int r = cli_store(c, &s, e);

	(void)argc;
	if (r == 0)
		r = store_lookup(s, argv[0], &ref, &d, e);
	if (r == 0)
		r = store_manifest(s, &d, &m, NULL, e);
	if (r == 0)
		r = store_config(s, &m, &config, e);
	return r < 0 ? r : show(c, &shown, &m, &config, e);
}

const struct command cmd_history = {
	.name = "history",
	.group = "Images",
	.args = "IMAGE",
	.brief = "Show the instructions that made an image, newest first",
	.example = "plimsoll history web:1",
	.opts = history_options,
	.opts_size = sizeof(struct history_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_history,
};
