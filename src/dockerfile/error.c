/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dockerfile/impl.h"
#include "dockerfile/remote.h"

enum { SHOW_MAX = 160 }; /* bytes of a source line that are shown */

void df_place(const struct df_node *n, size_t at, int *ret_line, int *ret_col)
{
	*ret_line = *ret_col = 1;
	for (size_t i = 0; i < n->segs_n && n->segs[i].at <= at; i++) {
		*ret_line = n->segs[i].line;
		*ret_col = n->segs[i].col + (int)(at - n->segs[i].at);
	}
}

static struct str source_line(const struct dockerfile *d, int line)
{
	struct str rest = { d->source, d->source_n }, s = { "", 0 };

	if (str_starts(rest, "\xef\xbb\xbf"))
		rest.p += 3, rest.n -= 3;
	for (int i = 0; i < line; i++)
		if (!str_line(&rest, &s))
			return (struct str){ "", 0 };
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* UTF-8 continuation bytes take no column of a terminal. */
static bool takes_column(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* "\n    source\n    ^~~~": the line, clipped to around the place, and a caret under it. */
static void show(struct buf *b, struct str src, size_t col, size_t len)
{
	size_t from = col > SHOW_MAX - 40 ? col - (SHOW_MAX - 40) : 0, n;

	while (from && from < src.n && !takes_column(src.p[from]))
		from--;
	n = src.n - from > SHOW_MAX ? SHOW_MAX : src.n - from;
	buf_puts(b, "\n    ");
	buf_put(b, src.p + from, n);
	buf_puts(b, "\n    ");
	for (size_t i = from; i < col && i < src.n; i++)
		if (takes_column(src.p[i]))
			buf_putc(b, src.p[i] == '\t' ? '\t' : ' ');
	buf_putc(b, '^');
	for (size_t i = col + 1; i < col + len && i < from + n; i++)
		if (takes_column(src.p[i]))
			buf_putc(b, '~');
}

static void point(const struct dockerfile *d, const struct df_node *n, size_t at, size_t len,
		  const char *msg, struct err *e)
{
	auto_buf b = BUF_INIT(sizeof(e->msg) - 1);
	auto_free char *shown = NULL;
	struct str src;
	int line, col;

	if (len == 0)
		len = strcspn(n->text + at, " \t");
	df_place(n, at, &line, &col);
	/* Messages end in the trail and in logs: no credentials of a URL. */
	shown = str_dup(source_line(d, line));
	if (shown)
		remote_hide(shown);
	src = str_of(shown ? shown : "");
	buf_printf(&b, "%s:%d: %.900s", d->name, line, msg);
	if ((size_t)col <= src.n)
		show(&b, src, (size_t)col - 1, len);
	(void)snprintf(e->msg, sizeof(e->msg), "%s", buf_str(&b));
	remote_hide(e->msg);
	text_sanitize(e->msg);
}

int df_fail(const struct dockerfile *d, const struct df_node *n, size_t at, size_t len,
	    struct err *e, const char *fmt, ...)
{
	char msg[1000];
	va_list ap;
	int r;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	r = FAIL(e, E_FORMAT, "%s", msg);
	if (e)
		point(d, n, at, len, msg, e);
	return r;
}

int df_wrap(const struct dockerfile *d, const struct df_node *n, size_t at, size_t len, int r,
	    struct err *e)
{
	char msg[sizeof(e->msg)], start[300];

	if (!e)
		return r;
	(void)snprintf(start, sizeof(start), "%.280s:", d->name);
	if (starts_with(e->msg, start))
		return r;
	memcpy(msg, e->msg, sizeof(msg));
	point(d, n, at, len, msg, e);
	return r;
}
