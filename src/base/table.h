/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"

/*
 * Text tables as docker prints them: upper-case headings, columns two spaces apart, the last one
 * ragged. Widths count UTF-8 characters. Cells are copied and sanitized for a terminal.
 */
struct table;

int table_new(struct table **ret, const char *const *headings, size_t columns, struct err *e);
int table_row(struct table *t, const char *const *cells,
	      struct err *e); /* NULL cells print as "-" */
int table_render(const struct table *t, struct buf *ret, struct err *e); /* appends */
void table_free(struct table *t);
DEFINE_RELEASE_VOID(struct table, table_free)
