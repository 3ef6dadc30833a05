/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <stdlib.h>

#include "base/str.h"

struct table {
	size_t columns;
	struct strv cells; /* row by row, headings first */
};

int table_new(struct table **ret, const char *const *headings, size_t columns, struct err *e)
{
	struct table *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return FAIL_NOMEM(e);
	t->columns = columns;
	r = table_row(t, headings, e);
	if (r < 0) {
		table_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int table_row(struct table *t, const char *const *cells, struct err *e)
{
	for (size_t i = 0; i < t->columns; i++) {
		int r = strv_add(&t->cells, cells[i] ? cells[i] : "-", e);

		if (r < 0)
			return r;
		text_sanitize(t->cells.v[t->cells.n - 1]);
		for (char *p = t->cells.v[t->cells.n - 1]; *p; p++) {
			if (*p == '\n' || *p == '\t')
				*p = ' ';
		}
	}
	return 0;
}

static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

int table_render(const struct table *t, struct buf *ret, struct err *e)
{
	size_t *widths = calloc(t->columns, sizeof(*widths));

	if (!widths)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t w = width(t->cells.v[i]);

		if (w > widths[i % t->columns])
			widths[i % t->columns] = w;
	}
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t c = i % t->columns;

		buf_puts(ret, t->cells.v[i]);
		if (c + 1 == t->columns)
			buf_putc(ret, '\n');
		else
			for (size_t pad = width(t->cells.v[i]); pad < widths[c] + 2; pad++)
				buf_putc(ret, ' ');
	}
	free(widths);
	return buf_check(ret, "table", e);
}

void table_free(struct table *t)
{
	if (!t)
		return;
	strv_free(&t->cells);
	free(t);
}
