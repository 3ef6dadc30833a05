/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cbor.h"

#include <inttypes.h>

/* Of an initial byte (RFC 8949, section 3). */
enum {
	INFO_MASK = 0x1f,
	INFO_1_BYTE = 24, /* the value follows, in 1, 2, 4 or 8 bytes */
	INFO_8_BYTES = 27,
};

static const char *const type_names[] = {
	[CBOR_UINT] = "a number",  [CBOR_NEGATIVE] = "a negative number",
	[CBOR_BYTES] = "bytes",	   [CBOR_TEXT] = "text",
	[CBOR_ARRAY] = "an array", [CBOR_MAP] = "a map",
	[CBOR_TAG] = "a tag",	   [CBOR_SIMPLE] = "a simple value",
};

int cbor_peek(const struct cbor *c, enum cbor_type *ret, struct err *e)
{
	if (c->rest.n == 0)
		return FAIL(e, E_FORMAT, "CBOR: ends early");
	*ret = (enum cbor_type)((unsigned char)c->rest.p[0] >> 5);
	return 0;
}

static void advance(struct cbor *c, size_t n)
{
	c->rest.p += n;
	c->rest.n -= n;
}

/* A value that a shorter head would hold too has two forms, of which this is the wrong one. */
static bool is_shortest(unsigned info, uint64_t value)
{
	static const uint64_t least[] = { INFO_1_BYTE, 0x100, 0x10000, 0x100000000 };

	return value >= least[info - INFO_1_BYTE];
}

/* The initial byte and the value behind it. What a floating-point number holds is not looked at. */
static int read_head(struct cbor *c, enum cbor_type *ret_type, uint64_t *ret, struct err *e)
{
	int r = cbor_peek(c, ret_type, e);
	unsigned info;
	uint64_t v = 0;
	size_t n;

	if (r < 0)
		return r;
	info = (unsigned char)c->rest.p[0] & INFO_MASK;
	if (info < INFO_1_BYTE) {
		advance(c, 1);
		*ret = info;
		return 0;
	}
	if (info > INFO_8_BYTES)
		return FAIL(e, E_FORMAT, "CBOR: an indefinite or reserved length");
	n = (size_t)1 << (info - INFO_1_BYTE);
	if (c->rest.n - 1 < n)
		return FAIL(e, E_FORMAT, "CBOR: ends early");
	for (size_t i = 1; i <= n; i++)
		v = v << 8 | (unsigned char)c->rest.p[i];
	if (*ret_type == CBOR_SIMPLE ? info == INFO_1_BYTE && v < 32 : !is_shortest(info, v))
		return FAIL(e, E_FORMAT, "CBOR: a value in a longer form than it needs");
	advance(c, n + 1);
	*ret = v;
	return 0;
}

static int head_of(struct cbor *c, enum cbor_type want, uint64_t *ret, struct err *e)
{
	enum cbor_type type;
	int r = cbor_peek(c, &type, e);

	if (r < 0)
		return r;
	if (type != want)
		return FAIL(e, E_FORMAT, "CBOR: want %s, got %s", type_names[want],
			    type_names[type]);
	return read_head(c, &type, ret, e);
}

int cbor_int(struct cbor *c, int64_t *ret, struct err *e)
{
	enum cbor_type type;
	uint64_t v;
	int r = cbor_peek(c, &type, e);

	if (r < 0 || (r = head_of(c, type == CBOR_NEGATIVE ? type : CBOR_UINT, &v, e)) < 0)
		return r;
	if (v > INT64_MAX)
		return FAIL(e, E_FORMAT, "CBOR: the number is too large");
	*ret = type == CBOR_NEGATIVE ? -1 - (int64_t)v : (int64_t)v;
	return 0;
}

static int read_string(struct cbor *c, enum cbor_type want, struct str *ret, struct err *e)
{
	uint64_t n;
	int r = head_of(c, want, &n, e);

	if (r < 0)
		return r;
	if (n > c->rest.n)
		return FAIL(e, E_FORMAT, "CBOR: %" PRIu64 " bytes are told, %zu are there", n,
			    c->rest.n);
	*ret = (struct str){ c->rest.p, (size_t)n };
	advance(c, (size_t)n);
	if (want == CBOR_TEXT && !str_utf8(*ret))
		return FAIL(e, E_FORMAT, "CBOR: text is not UTF-8");
	return 0;
}

int cbor_bytes(struct cbor *c, struct str *ret, struct err *e)
{
	return read_string(c, CBOR_BYTES, ret, e);
}

int cbor_text(struct cbor *c, struct str *ret, struct err *e)
{
	return read_string(c, CBOR_TEXT, ret, e);
}

/* Each item takes a byte or more, so a count beyond what is there is a lie. */
static int read_count(struct cbor *c, enum cbor_type want, uint64_t *ret, struct err *e)
{
	uint64_t n;
	int r = head_of(c, want, &n, e);

	if (r < 0)
		return r;
	if (n > c->rest.n / (want == CBOR_MAP ? 2 : 1))
		return FAIL(e, E_FORMAT, "CBOR: ends early");
	*ret = n;
	return 0;
}

int cbor_array(struct cbor *c, uint64_t *ret_n, struct err *e)
{
	return read_count(c, CBOR_ARRAY, ret_n, e);
}

int cbor_map(struct cbor *c, uint64_t *ret_n, struct err *e)
{
	return read_count(c, CBOR_MAP, ret_n, e);
}

int cbor_tag(struct cbor *c, uint64_t want, struct err *e)
{
	uint64_t tag;
	int r = head_of(c, CBOR_TAG, &tag, e);

	if (r == 0 && tag != want)
		r = FAIL(e, E_FORMAT, "CBOR: want tag %" PRIu64 ", got %" PRIu64, want, tag);
	return r;
}

static int skip(struct cbor *c, int depth, struct err *e)
{
	enum cbor_type type;
	uint64_t n = 0;
	struct str s;
	int r = cbor_peek(c, &type, e);

	if (r < 0)
		return r;
	if (depth > LIMIT_CBOR_DEPTH)
		return FAIL(e, E_FORMAT, "CBOR: nested deeper than %d", LIMIT_CBOR_DEPTH);
	switch (type) {
	case CBOR_UINT:
	case CBOR_NEGATIVE:
	case CBOR_SIMPLE: return read_head(c, &type, &n, e);
	case CBOR_BYTES:
	case CBOR_TEXT: return read_string(c, type, &s, e);
	case CBOR_TAG:
		r = read_head(c, &type, &n, e);
		n = 1;
		break;
	case CBOR_ARRAY: r = read_count(c, type, &n, e); break;
	case CBOR_MAP:
		r = read_count(c, type, &n, e);
		n *= 2;
		break;
	}
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = skip(c, depth + 1, e);
	return r;
}

int cbor_skip(struct cbor *c, struct err *e)
{
	return skip(c, 1, e);
}

void cbor_put_head(struct buf *b, enum cbor_type type, uint64_t value)
{
	unsigned info = INFO_1_BYTE;

	if (value < INFO_1_BYTE) {
		buf_putc(b, (char)(type << 5 | value));
		return;
	}
	while (info < INFO_8_BYTES && value >> (8U << (info - INFO_1_BYTE)))
		info++;
	buf_putc(b, (char)(type << 5 | info));
	for (unsigned shift = 8U << (info - INFO_1_BYTE); shift; shift -= 8)
		buf_putc(b, (char)(value >> (shift - 8)));
}

void cbor_put_int(struct buf *b, int64_t value)
{
	if (value < 0)
		cbor_put_head(b, CBOR_NEGATIVE, (uint64_t)(-1 - value));
	else
		cbor_put_head(b, CBOR_UINT, (uint64_t)value);
}

void cbor_put_bytes(struct buf *b, struct str bytes)
{
	cbor_put_head(b, CBOR_BYTES, bytes.n);
	buf_put(b, bytes.p, bytes.n);
}

void cbor_put_text(struct buf *b, const char *text)
{
	cbor_put_head(b, CBOR_TEXT, strlen(text));
	buf_puts(b, text);
}
