/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/xml.h"

#include "base/str.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* The length of the UTF-8 sequence at s (n bytes are left), 0 where it is broken. */
static size_t sequence(const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;
	size_t want = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	return want <= n && str_utf8((struct str){ s, want }) ? want : 0;
}

static void put_ascii(struct buf *ret, char c)
{
	switch (c) {
	case '&': buf_puts(ret, "&amp;"); break;
	case '<': buf_puts(ret, "&lt;"); break;
	case '>': buf_puts(ret, "&gt;"); break;
	case '"': buf_puts(ret, "&quot;"); break;
	case '\'': buf_puts(ret, "&#39;"); break;
	case '\t': buf_puts(ret, "&#9;"); break;
	case '\n': buf_puts(ret, "&#10;"); break;
	default:
		if ((unsigned char)c < 0x20 || c == 0x7f)
			buf_puts(ret, REPLACEMENT);
		else
			buf_putc(ret, c);
	}
}

void xml_put(struct buf *ret, const char *s)
{
	size_t n = strlen(s);

	while (n) {
		size_t length = sequence(s, n);

		if (length == 1)
			put_ascii(ret, *s);
		else if (!length || memcmp(s, "\xef\xbf\xbe", 3) == 0 ||
			 memcmp(s, "\xef\xbf\xbf", 3) == 0)
			buf_puts(ret, REPLACEMENT);
		else
			buf_put(ret, s, length);
		length = length ? length : 1;
		s += length;
		n -= length;
	}
}
