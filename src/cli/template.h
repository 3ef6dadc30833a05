/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * The part of docker's --format that people type: text with {{.Name}}, {{.State.Status}},
 * {{json .}}, {{json .Name}}, {{index .Config.Labels "key"}}, "\t" and "\n". What is not there
 * prints as <no value>. Anything else in braces is E_USAGE: --format json has all of it.
 */
int template_print(const char *text, const json_t *value, struct buf *ret, struct err *e);

/* Rows in docker's ways: json (c->json), a template a row, or "table TEMPLATE". */
struct rows {
	struct cli *c;
	const char *template; /* NULL: the caller prints */
	struct table *table;  /* of "table TEMPLATE" */
};
/* format: --format's value, may be NULL. Sets c->json for "json". */
int format_rows_begin(struct cli *c, const char *format, struct rows *ret, struct err *e);
int format_rows_add(struct rows *r, const json_t *row, struct err *e);
int format_rows_end(struct rows *r, struct err *e); /* prints the table */
void format_rows_free(struct rows *r);
#define auto_rows __attribute__((cleanup(format_rows_free))) struct rows

#define FORMAT_OPTION(type)                                                                        \
	OPT_AT(type, format, "format", 0, OPT_STRING, "FORMAT",                                    \
	       "table (default), json, or a template: '{{.Names}}', 'table {{.ID}}\\t{{.Image}}'")
