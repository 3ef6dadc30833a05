/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that is split without being held: documents, documents by line, and members of one object.
 * The first byte says which; what comes in pieces is what comes whole. */
#include <stdint.h>

#include "pieces.h"
#include "scan/advisory/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum kind { DOCUMENTS, LINES, MEMBERS, KINDS };

static int64_t read_some(void *arg, char *p, size_t n, struct err *e)
{
	(void)e;
	return (int64_t)pieces_next(arg, p, n);
}

/* All that is given, one after another, each with its length; how it ended. */
static int split(enum kind kind, struct pieces s, struct buf *ret, struct err *e)
{
	auto_release(json_stream_free) struct json_stream *j = NULL;
	struct str text, name = STR("");
	int r = json_stream_new(&j, read_some, &s, e);

	if (r < 0)
		return r;
	if (kind == LINES)
		json_stream_by_line(j);
	while ((r = kind == MEMBERS ? json_stream_member(j, &name, &text, e)
				    : json_stream_next(j, &text, e)) > 0) {
		buf_printf(ret, "%zu %zu ", name.n, text.n);
		buf_put(ret, name.p, name.n);
		buf_put(ret, text.p, text.n);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf whole = BUF_INIT(SIZE_MAX), pieces = BUF_INIT(SIZE_MAX);
	struct err e = ERR_INIT;
	enum kind kind;
	int r;

	if (!size)
		return 0;
	kind = (enum kind)(*data % KINDS);
	r = split(kind, (struct pieces){ data + 1, size - 1, SIZE_MAX }, &whole, &e);
	if (r < 0 && !e.msg[0])
		__builtin_trap();
	if (split(kind, (struct pieces){ data + 1, size - 1, 1 + *data / KINDS }, &pieces, &e) !=
		    r ||
	    strcmp(buf_str(&whole), buf_str(&pieces)) != 0 || whole.n != pieces.n)
		__builtin_trap();
	/* No byte is given twice: besides the lengths there is no more than came in. */
	if (r == 0 && kind != MEMBERS && whole.n > 8 * size)
		__builtin_trap();
	return 0;
}
