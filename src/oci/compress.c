/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/compress.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <zstd.h>

enum { INPUT_SIZE = 256 * 1024 };

struct inflater {
	enum compression kind;
	tar_read_fn read;
	void *arg;
	unsigned char *input;
	size_t input_n; /* in the buffer; the codec says how far it is */
	bool input_end;
	/* gzip */
	struct inflate_state *gzip;
	bool in_member; /* between a member's first byte and its last */
	bool padding;	/* zeros after the last member were seen */
	uint64_t members;
	/* zstd */
	ZSTD_DCtx *zstd;
	size_t zstd_at;	  /* read position in input */
	size_t zstd_want; /* 0: at a frame's end */
};

enum compression compression_detect(const void *p, size_t n)
{
	static const struct {
		enum compression kind;
		size_t n;
		const char *magic;
	} t[] = { { COMPRESSION_GZIP, 2, "\x1f\x8b" },
		  { COMPRESSION_ZSTD, 4, "\x28\xb5\x2f\xfd" },
		  { COMPRESSION_BZIP2, 3, "BZh" },
		  { COMPRESSION_XZ, 6,
		    "\xfd"
		    "7zXZ" } };

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		if (n >= t[i].n && memcmp(p, t[i].magic, t[i].n) == 0)
			return t[i].kind;
	/* A zstd stream may begin with a skippable frame, 0x184D2A50 to 5F. */
	if (n >= 4 && (*(const unsigned char *)p & 0xf0) == 0x50 &&
	    memcmp((const char *)p + 1, "\x2a\x4d\x18", 3) == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

void inflater_free(struct inflater *i)
{
	if (!i)
		return;
	free(i->input);
	free(i->gzip);
	(void)ZSTD_freeDCtx(i->zstd);
	free(i);
}

static int start_codec(struct inflater *i, struct err *e)
{
	switch (i->kind) {
	case COMPRESSION_NONE: return 0;
	case COMPRESSION_GZIP:
		i->gzip = calloc(1, sizeof(*i->gzip));
		if (!i->gzip)
			return FAIL_NOMEM(e);
		isal_inflate_init(i->gzip);
		return 0;
	case COMPRESSION_ZSTD:
		i->zstd = ZSTD_createDCtx();
		if (!i->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(i->zstd, ZSTD_d_windowLogMax,
								    LIMIT_ZSTD_WINDOW_LOG)))
			return FAIL_NOMEM(e);
		return 0;
	case COMPRESSION_BZIP2:
	case COMPRESSION_XZ: break;
	}
	return FAIL(e, E_FORMAT, "a layer is plain, gzip or zstd");
}

int inflater_new(struct inflater **ret, enum compression kind, tar_read_fn read, void *arg,
		 struct err *e)
{
	auto_release(inflater_free) struct inflater *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return FAIL_NOMEM(e);
	i->kind = kind;
	i->read = read;
	i->arg = arg;
	i->input = malloc(INPUT_SIZE);
	if (!i->input)
		return FAIL_NOMEM(e);
	r = start_codec(i, e);
	if (r < 0)
		return r;
	*ret = TAKE(i);
	return 0;
}

/* Fills the empty input buffer; at the end of the stream it stays empty. */
static int refill(struct inflater *i, struct err *e)
{
	int64_t n = i->input_end ? 0 : i->read(i->arg, i->input, INPUT_SIZE, e);

	if (n < 0)
		return (int)n;
	i->input_n = (size_t)n;
	i->input_end = n == 0;
	return 0;
}

/* --- gzip --- */

static int refill_gzip(struct inflater *i, struct err *e)
{
	int r;

	if (i->gzip->avail_in)
		return 0;
	r = refill(i, e);
	i->gzip->next_in = i->input;
	i->gzip->avail_in = r < 0 ? 0 : (uint32_t)i->input_n;
	return r;
}

static int fail_gzip(int code, struct err *e)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM: return FAIL(e, E_FORMAT, "gzip: a checksum is wrong");
	case ISAL_INVALID_BLOCK:
	case ISAL_INVALID_SYMBOL:
	case ISAL_INVALID_LOOKBACK: return FAIL(e, E_FORMAT, "gzip: the data is damaged");
	default: return FAIL(e, E_FORMAT, "gzip: not readable (%d)", code);
	}
}

/* The next byte, or a negative error; the end of the stream is one. */
static int gzip_byte(struct inflater *i, struct err *e)
{
	int r = refill_gzip(i, e);

	if (r < 0)
		return r;
	if (i->gzip->avail_in == 0)
		return FAIL(e, E_FORMAT, "gzip: cut short");
	i->gzip->avail_in--;
	return *i->gzip->next_in++;
}

static int skip_bytes(struct inflater *i, unsigned n, struct err *e)
{
	int r = 0;

	while (n-- && r >= 0)
		r = gzip_byte(i, e);
	return r < 0 ? r : 0;
}

static int skip_text(struct inflater *i, struct err *e)
{
	int r;

	do {
		r = gzip_byte(i, e);
	} while (r > 0);
	return r;
}

/* RFC 1952, 2.3. By ourselves: isa-l 2.30 loses its place in headers that come in pieces. */
static int read_gzip_header(struct inflater *i, struct err *e)
{
	enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };
	unsigned char head[10];
	int r = 0, low, high;

	for (size_t n = 0; n < sizeof(head); n++) {
		r = gzip_byte(i, e);
		if (r < 0)
			return r;
		head[n] = (unsigned char)r;
	}
	if (head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 || head[3] & RESERVED)
		return FAIL(e, E_FORMAT, "gzip: not a gzip header");
	r = 0;
	if (head[3] & FEXTRA) {
		low = gzip_byte(i, e);
		high = low < 0 ? low : gzip_byte(i, e);
		r = high < 0 ? high : skip_bytes(i, (unsigned)(low | high << 8), e);
	}
	if (r == 0 && head[3] & FNAME)
		r = skip_text(i, e);
	if (r == 0 && head[3] & FCOMMENT)
		r = skip_text(i, e);
	return r == 0 && head[3] & FHCRC ? skip_bytes(i, 2, e) : r;
}

/* Between members: 1 when another begins, 0 at the end. */
static int next_member(struct inflater *i, struct err *e)
{
	struct inflate_state *z = i->gzip;
	int r;

	for (;;) {
		r = refill_gzip(i, e);
		if (r < 0)
			return r;
		if (z->avail_in == 0)
			return i->members ? 0 : FAIL(e, E_FORMAT, "gzip: empty");
		if (i->members == 0 || (!i->padding && *z->next_in == 0x1f))
			break;
		if (*z->next_in != 0)
			return FAIL(e, E_FORMAT, "gzip: data after the end");
		i->padding = true;
		z->next_in++;
		z->avail_in--;
	}
	r = read_gzip_header(i, e);
	if (r < 0)
		return r;
	isal_inflate_reset(z);
	z->crc_flag = ISAL_GZIP_NO_HDR_VER;
	i->in_member = true;
	i->members++;
	return 1;
}

static int64_t read_gzip(struct inflater *i, void *p, size_t n, struct err *e)
{
	struct inflate_state *z = i->gzip;

	n = n < UINT32_MAX ? n : UINT32_MAX;
	for (;;) {
		uint32_t had;
		int r = i->in_member ? refill_gzip(i, e) : next_member(i, e);

		if (r < 0 || (r == 0 && !i->in_member))
			return r;
		had = z->avail_in;
		z->next_out = p;
		z->avail_out = (uint32_t)n;
		r = isal_inflate(z);
		if (r < 0)
			return fail_gzip(r, e);
		/* FINISH with nothing left in its own output buffer: the trailer was checked. */
		if (z->block_state == ISAL_BLOCK_FINISH)
			i->in_member = false;
		if (z->avail_out < n)
			return (int64_t)(n - z->avail_out);
		if (i->in_member && had == z->avail_in && (had || i->input_end))
			return FAIL(e, E_FORMAT, "gzip: cut short");
	}
}

/* --- zstd --- */

static int64_t read_zstd(struct inflater *i, void *p, size_t n, struct err *e)
{
	ZSTD_outBuffer out = { .dst = p, .size = n };

	for (;;) {
		ZSTD_inBuffer in = { .src = i->input, .size = i->input_n, .pos = i->zstd_at };
		size_t want;

		if (in.pos == in.size && !i->input_end) {
			int r = refill(i, e);

			if (r < 0)
				return r;
			i->zstd_at = 0;
			in = (ZSTD_inBuffer){ .src = i->input, .size = i->input_n };
		}
		if (in.size == in.pos && i->zstd_want == 0)
			return 0;
		want = ZSTD_decompressStream(i->zstd, &out, &in);
		if (ZSTD_isError(want))
			return FAIL(e, E_FORMAT, "zstd: %s", ZSTD_getErrorName(want));
		i->zstd_at = in.pos;
		i->zstd_want = want;
		if (out.pos)
			return (int64_t)out.pos;
		if (i->input_end && want)
			return FAIL(e, E_FORMAT, "zstd: cut short");
	}
}

int64_t inflater_read(void *inflater, void *p, size_t n, struct err *e)
{
	struct inflater *i = inflater;

	if (n == 0)
		return 0;
	switch (i->kind) {
	case COMPRESSION_GZIP: return read_gzip(i, p, n, e);
	case COMPRESSION_ZSTD: return read_zstd(i, p, n, e);
	case COMPRESSION_NONE:
	case COMPRESSION_BZIP2:
	case COMPRESSION_XZ: break;
	}
	return i->read(i->arg, p, n, e);
}
