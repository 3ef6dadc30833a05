/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in docker's ways. */
#include "cli/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_TEMPLATE_OUT = 16 * 1024 * 1024, LIMIT_COLUMNS = 32 };

/* docker's words over columns, where they are not the field's own in capitals. */
static const struct {
	const char *field, *heading;
} known[] = {
	{ "ID", "CONTAINER ID" },      { "RunningFor", "CREATED" },
	{ "CreatedAt", "CREATED AT" }, { "LocalVolumes", "LOCAL VOLUMES" },
	{ "CPUPerc", "CPU %" },	       { "MemUsage", "MEM USAGE / LIMIT" },
	{ "MemPerc", "MEM %" },	       { "NetIO", "NET I/O" },
	{ "BlockIO", "BLOCK I/O" },    { "TotalCount", "TOTAL" },
};

/* The columns of a template: itself, of a row in which each field is its heading. */
static int make_table(struct rows *r, struct err *e)
{
	auto_json *row = json_object();
	auto_buf text = BUF_INIT(65536);
	char *cells[LIMIT_COLUMNS];
	size_t n = 0;
	char *rest;
	int done = 0;

	for (size_t i = 0; done == 0 && i < sizeof(known) / sizeof(*known); i++)
		done = json_put_string(row, known[i].field, known[i].heading, e);
	if (done == 0)
		done = template_print_as(r->template, row, true, &text, e);
	if (done < 0)
		return done;
	for (size_t i = 0; i < text.n; i++)
		text.p[i] = (char)toupper((unsigned char)text.p[i]);
	rest = text.n ? (char *)(uintptr_t)buf_str(&text) : NULL;
	while (rest && n < LIMIT_COLUMNS)
		cells[n++] = strsep(&rest, "\t");
	if (n == 0 || rest)
		return FAIL(e, E_USAGE, "--format: want 'table {{.NAME}}\\t{{.NAME}}'");
	return table_new(&r->table, (const char *const *)cells, n, e);
}

int format_rows_begin(struct cli *c, const char *format, struct rows *ret, struct err *e)
{
	*ret = (struct rows){ .c = c };
	if (!format || strcmp(format, "table") == 0)
		return 0;
	if (strcmp(format, "json") == 0) {
		c->json = true;
		return 0;
	}
	if (!strstr(format, "{{"))
		return FAIL(e, E_USAGE,
			    "--format is table, json or a template with {{.NAME}}, not '%.100s'",
			    format);
	ret->template = format;
	if (!starts_with(format, "table "))
		return 0;
	ret->template += 6;
	return make_table(ret, e);
}

int format_rows_add(struct rows *r, const json_t *row, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_TEMPLATE_OUT);
	char *cells[LIMIT_COLUMNS] = { NULL };
	char *rest;
	int done = template_print(r->template, row, &text, e);

	if (done == 0)
		done = buf_check(&text, "output", e);
	if (done < 0)
		return done;
	/* Values are whoever made the image's; what a program reads stays as it is. */
	if (text.n && cli_to_terminal(r->c))
		text_sanitize(text.p);
	if (!r->table)
		return cli_print(r->c, e, "%s\n", buf_str(&text));
	rest = text.n ? text.p : NULL;
	for (size_t n = 0; rest && n < LIMIT_COLUMNS; n++)
		cells[n] = strsep(&rest, "\t");
	return table_row(r->table, (const char *const *)cells, e);
}

int format_rows_end(struct rows *r, struct err *e)
{
	return r->table ? cli_print_table(r->c, r->table, e) : 0;
}

void format_rows_free(struct rows *r)
{
	table_free(r->table);
	r->table = NULL;
}
