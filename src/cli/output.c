/* SPDX-License-Identifier: Apache-2.0 */
/* Data on standard output. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "cli/cli.h"

enum { LIMIT_OUT = 256 * 1024 * 1024 };

static int fail_out(struct cli *c, struct err *e)
{
	c->out_closed = errno == EPIPE;
	return FAIL_SYS(e, "write to standard output");
}

int cli_print(struct cli *c, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(c->out, fmt, ap);
	va_end(ap);
	return n < 0 ? fail_out(c, e) : 0;
}

/* JSON escapes what ASCII has of controls; a terminal obeys U+0080 to U+009F, too. */
static int write_json(struct cli *c, struct buf *b, struct err *e)
{
	if (b->n && cli_to_terminal(c))
		text_sanitize(b->p);
	return fwrite(b->p, 1, b->n, c->out) != b->n ? fail_out(c, e) : 0;
}

bool cli_to_terminal(const struct cli *c)
{
	const int fd = fileno(c->out);

	return fd >= 0 && isatty(fd);
}

int cli_print_json(struct cli *c, const json_t *j, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_OUT);
	int r = json_pretty(j, &b, e);

	return r < 0 ? r : write_json(c, &b, e);
}

int cli_print_json_line(struct cli *c, const json_t *j, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_OUT);
	int r = json_canonical(j, &b, e);

	if (r < 0)
		return r;
	buf_putc(&b, '\n');
	r = buf_check(&b, "JSON", e);
	return r < 0 ? r : write_json(c, &b, e);
}

int cli_print_table(struct cli *c, const struct table *t, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_OUT);
	int r = table_render(t, &b, e);

	if (r < 0)
		return r;
	return fwrite(buf_str(&b), 1, b.n, c->out) != b.n ? fail_out(c, e) : 0;
}

int cli_flush(struct cli *c, struct err *e)
{
	return fflush(c->out) != 0 || ferror(c->out) ? fail_out(c, e) : 0;
}
