/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/images.h"
#include "cli/shorten.h"

struct history_options {
	bool full;
};

static const struct opt history_options[] = {
	OPT_AT(struct history_options, full, "no-trunc", 0, OPT_FLAG, NULL,
	       "show instructions in full"),
	OPT_END,
};

enum { SHOWN = 60 }; /* characters of an instruction */

/* One row of the table or object of the list. layer: NULL for an entry that made none. */
static int add(struct table *t, json_t *list, const json_t *h, const struct desc *layer, bool full,
	       struct err *e)
{
	const char *created = json_string_or_null(h, "created");
	const char *by = json_string_or_null(h, "created_by");
	auto_buf text = BUF_INIT(1024 * 1024);
	char age[32] = "-", size[16] = "0 B";
	int64_t when;
	json_t *o;

	if (list) {
		o = json_pack("{s:s*, s:s, s:I, s:s*}", "created", created, "created_by",
			      by ? by : "", "size", (json_int_t)(layer ? layer->size : 0), "layer",
			      layer ? layer->digest.s : NULL);
		return o ? json_push(list, o, e) : FAIL_NOMEM(e);
	}
	if (created && clock_parse_rfc3339(str_of(created), &when, NULL) == 0)
		age_human(clock_now() - when, age);
	if (!by)
		by = "-";
	if (full)
		buf_puts(&text, by);
	else
		cell_short(by, SHOWN, &text);
	if (layer)
		size_human(layer->size, size);

	const char *const row[] = { age, buf_str(&text), size };
	int r = buf_check(&text, "instruction", e);

	return r < 0 ? r : table_row(t, row, e);
}

/* Newest first, as docker lists it: history and layers are walked from their ends. */
static int fill(struct table *t, json_t *list, const struct manifest *m, const struct config *c,
		bool full, struct err *e)
{
	size_t layer = m->layers_n;
	int r = 0;

	for (size_t i = json_array_size(c->history); r == 0 && i-- > 0;) {
		const json_t *h = json_array_get(c->history, i);
		bool empty = json_is_true(json_object_get(h, "empty_layer"));

		r = add(t, list, h, empty || layer == 0 ? NULL : &m->layers[--layer], full, e);
	}
	/* Layers that no entry speaks of. */
	while (r == 0 && layer > 0)
		r = add(t, list, NULL, &m->layers[--layer], full, e);
	return r;
}

static int show(struct cli *cli, const struct manifest *m, const struct config *c, bool full,
		struct err *e)
{
	static const char *const headings[] = { "CREATED", "CREATED BY", "SIZE" };
	auto_json *j = NULL, *list = json_array();
	auto_buf out = BUF_INIT(16 * 1024 * 1024);
	struct table *t = NULL;
	int r;

	if (!list)
		return FAIL_NOMEM(e);
	if (cli->json) {
		r = fill(NULL, list, m, c, full, e);
		j = json_pack("{s:s, s:O}", "schema", "plimsoll.history/v1", "history", list);
		return r < 0 ? r : j ? cli_print_json(cli, j, e) : FAIL_NOMEM(e);
	}
	r = table_new(&t, headings, 3, e);
	if (r == 0)
		r = fill(t, NULL, m, c, full, e);
	if (r == 0)
		r = table_render(t, &out, e);
	table_free(t);
	return r < 0 ? r : cli_print(cli, e, "%s", buf_str(&out));
}

static int run_history(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct history_options *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_manifest m = { 0 };
	auto_config config = { 0 };
	struct desc d;
	struct ref ref;
	int r = cli_store(c, &s, e);

	(void)argc;
	if (r == 0)
		r = store_lookup(s, argv[0], &ref, &d, e);
	if (r == 0)
		r = store_manifest(s, &d, &m, NULL, e);
	if (r == 0)
		r = store_config(s, &m, &config, e);
	return r < 0 ? r : show(c, &m, &config, o->full, e);
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
