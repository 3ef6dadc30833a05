/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"

/*
 * docker's --format: Go's templates with if, else, with, range, variables, pipes, the comparisons,
 * and, or, not, len, index, print, println, printf, and docker's json, join, split, lower, upper,
 * title and truncate. "\t" and "\n" may be spelled out. A field that is not there prints as <no
 * value>. Anything else in braces is E_USAGE: --format json has all of it.
 */
int template_print(const char *text, const json_t *value, struct buf *ret, struct err *e);
/* headings: a field that is not there is its own name. */
int template_print_as(const char *text, const json_t *value, bool headings, struct buf *ret,
		      struct err *e);

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
