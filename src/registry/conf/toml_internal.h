/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between toml.c (tables) and toml_value.c (keys and values); nobody else includes this. */
#include "base/str.h"
#include "registry/conf/toml.h"

struct toml_reader {
	const char *p;	/* the next character; the text ends with NUL */
	struct toml *t; /* being filled */
	json_t *made;	/* path of each table and array of tables to how it came to be */
	json_t *table;	/* that keys go to now; borrowed */
	size_t table_path;
	struct buf path; /* of what is read now */
	struct buf rest; /* the string that is read now */
	struct err *e;
};

/* An error at a place of the text. */
int toml_bad(const struct toml_reader *x, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void toml_blanks(struct toml_reader *x); /* over blanks */
void toml_lines(struct toml_reader *x);	 /* over blanks, comments and ends of lines */

/* Notes where the key at x->path stands, and how a table came to be. */
int toml_mark(struct toml_reader *x, const char *at);
int toml_made(struct toml_reader *x, char how);

/* A dotted key in its parts, blanks behind it taken. */
int toml_key(struct toml_reader *x, struct strv *ret);
/* KEY = VALUE into a table, whose path x->path is. */
int toml_pair(struct toml_reader *x, json_t *table, int depth);
