/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"

#include <stdint.h>

static const char b64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_put(struct buf *b, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++) {
		buf_putc(b, digits[c[i] >> 4]);
		buf_putc(b, digits[c[i] & 15]);
	}
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(struct str s, void *ret, size_t n, struct err *e)
{
	unsigned char *out = ret;

	if (s.n != 2 * n)
		return FAIL(e, E_FORMAT, "hex: want %zu digits, got %zu", 2 * n, s.n);
	for (size_t i = 0; i < s.n; i++)
		if (nibble(s.p[i]) < 0)
			return FAIL(e, E_FORMAT, "hex: byte %zu is not a lower-case digit", i);
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)(nibble(s.p[2 * i]) << 4 | nibble(s.p[2 * i + 1]));
	return 0;
}

void b64_put(struct buf *b, enum b64 kind, const void *p, size_t n)
{
	const char *abc = kind == B64_STD ? b64_std : b64_url;
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)c[i] << 16 | (left > 1 ? (uint32_t)c[i + 1] << 8 : 0) |
			     (left > 2 ? c[i + 2] : 0);

		buf_putc(b, abc[v >> 18]);
		buf_putc(b, abc[v >> 12 & 63]);
		if (left > 1)
			buf_putc(b, abc[v >> 6 & 63]);
		else if (kind == B64_STD)
			buf_putc(b, '=');
		if (left > 2)
			buf_putc(b, abc[v & 63]);
		else if (kind == B64_STD)
			buf_putc(b, '=');
	}
}

static int sextet(enum b64 kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (kind == B64_STD ? '+' : '-'))
		return 62;
	return c == (kind == B64_STD ? '/' : '_') ? 63 : -1;
}

static int decode_unpadded(struct str s, enum b64 kind, struct buf *ret, struct err *e)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	if (s.n % 4 == 1)
		return FAIL(e, E_FORMAT, "base64: length %zu", s.n);
	for (size_t i = 0; i < s.n; i++) {
		int v = sextet(kind, s.p[i]);

		if (v < 0)
			return FAIL(e, E_FORMAT, "base64: byte %zu is not of the alphabet", i);
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_putc(ret, (char)(acc >> bits & 0xff));
			acc &= (1U << bits) - 1;
		}
	}
	if (acc)
		return FAIL(e, E_FORMAT, "base64: bits left over at the end");
	return buf_check(ret, "base64", e);
}

static struct str without_padding(struct str s)
{
	for (int i = 0; i < 2 && s.n && s.p[s.n - 1] == '='; i++)
		s.n--;
	return s;
}

int b64_decode(struct str s, enum b64 kind, struct buf *ret, struct err *e)
{
	if (kind == B64_STD) {
		if (s.n % 4)
			return FAIL(e, E_FORMAT, "base64: length %zu is not a multiple of 4", s.n);
		s = without_padding(s);
	}
	return decode_unpadded(s, kind, ret, e);
}

int b64_decode_any(struct str s, struct buf *ret, struct err *e)
{
	bool url = memchr(s.p, '-', s.n) || memchr(s.p, '_', s.n);

	if (s.n % 4 == 0)
		s = without_padding(s);
	return decode_unpadded(s, url ? B64_URL : B64_STD, ret, e);
}
