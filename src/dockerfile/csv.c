/* SPDX-License-Identifier: Apache-2.0 */
#include "dockerfile/csv.h"

#include <string.h>

#include "base/buf.h"

/* A field in quotes; *at is behind the opening one and comes to stand behind the closing one. */
static int quoted(const char **at, struct buf *ret, struct err *e)
{
	const char *p = *at;

	for (;; p++) {
		if (*p == '\0')
			return FAIL(e, E_FORMAT, "a quote is not closed");
		if (*p == '"' && p[1] != '"')
			break;
		p += *p == '"';
		buf_putc(ret, *p);
	}
	*at = p + 1;
	if (p[1] && p[1] != ',')
		return FAIL(e, E_FORMAT, "behind a closing quote stands '%.20s', not a comma",
			    p + 1);
	return 0;
}

static int plain(const char **at, struct buf *ret, struct err *e)
{
	size_t n = strcspn(*at, ",\"\r\n");

	buf_put(ret, *at, n);
	*at += n;
	if (**at == '"')
		return FAIL(e, E_FORMAT, "a quote within a field: put the whole field in quotes");
	return **at && **at != ',' ? FAIL(e, E_FORMAT, "more than one line") : 0;
}

int csv_split(const char *text, struct strv *ret, struct err *e)
{
	const char *at = text;

	if (strlen(text) > LIMIT_CSV)
		return FAIL(e, E_FORMAT, "more than %d bytes", LIMIT_CSV);
	for (size_t fields = 0; *text; fields++) {
		auto_buf field = BUF_INIT(LIMIT_CSV + 1);
		bool quotes = *at == '"';
		int r;

		if (fields == LIMIT_CSV_FIELDS)
			return FAIL(e, E_FORMAT, "more than %d fields", LIMIT_CSV_FIELDS);
		at += quotes;
		r = quotes ? quoted(&at, &field, e) : plain(&at, &field, e);
		if (r == 0)
			r = buf_check(&field, "field", e);
		if (r == 0)
			r = strv_add(ret, buf_str(&field), e);
		if (r < 0)
			return r;
		if (!*at++)
			break;
	}
	return 0;
}
