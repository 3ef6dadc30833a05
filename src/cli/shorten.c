/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shorten.h"

#include <stdbool.h>
#include <string.h>

enum { DIGEST_DIGITS = 64, DIGEST_SHOWN = 12 };

/* How many bytes of s to leave out here: those of a digest past its first digits, else 0. */
static size_t rest_of_digest(const char *start, const char *s)
{
	const size_t head = strlen("sha256:") + DIGEST_SHOWN;

	if ((size_t)(s - start) < head || memcmp(s - head, "sha256:", strlen("sha256:")) != 0 ||
	    strspn(s - DIGEST_SHOWN, "0123456789abcdef") != DIGEST_DIGITS)
		return 0;
	return DIGEST_DIGITS - DIGEST_SHOWN;
}

void cell_short(const char *s, size_t max, struct buf *ret)
{
	const char *const start = s;
	size_t chars = 0;
	bool space = false;

	for (; *s; s++) {
		s += rest_of_digest(start, s);
		if (*s == '\0')
			return;
		if (strchr(" \t\r\n", *s)) {
			space = chars > 0;
			continue;
		}
		chars += (space ? 1u : 0u) + (((unsigned char)*s & 0xc0) != 0x80 ? 1u : 0u);
		if (max && chars > max) {
			buf_puts(ret, "…");
			return;
		}
		if (space)
			buf_putc(ret, ' ');
		space = false;
		buf_putc(ret, *s);
	}
}
