/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "crypto/cbor.h"
#include "tap.h"

#define BYTES(s) ((struct cbor){ { (s), sizeof(s) - 1 } })

TEST(numbers)
{
	/* RFC 8949, appendix A. */
	static const struct {
		struct cbor c;
		int64_t want;
	} good[] = {
		{ BYTES("\x00"), 0 },
		{ BYTES("\x17"), 23 },
		{ BYTES("\x18\x18"), 24 },
		{ BYTES("\x18\xff"), 255 },
		{ BYTES("\x19\x01\x00"), 256 },
		{ BYTES("\x19\x03\xe8"), 1000 },
		{ BYTES("\x1a\x00\x0f\x42\x40"), 1000000 },
		{ BYTES("\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00"), 1000000000000 },
		{ BYTES("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX },
		{ BYTES("\x20"), -1 },
		{ BYTES("\x38\x63"), -100 },
		{ BYTES("\x39\x03\xe7"), -1000 },
		{ BYTES("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MIN },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct err e = ERR_INIT;
		struct cbor c = good[i].c;
		auto_buf b = BUF_INIT(CBOR_HEAD_MAX);
		int64_t v;

		CHECK(cbor_int(&c, &v, &e) == 0 && v == good[i].want && c.rest.n == 0);
		cbor_put_int(&b, v);
		CHECK(str_eq((struct str){ buf_str(&b), b.n }, good[i].c.rest));
	}
}

TEST(bad_numbers)
{
	static const struct cbor bad[] = {
		BYTES(""),
		BYTES("\x18"),
		BYTES("\x18\x17"),
		BYTES("\x19\x00\xff"),
		BYTES("\x19\x01"),
		BYTES("\x1a\x00\x00\xff\xff"),
		BYTES("\x1b\x00\x00\x00\x00\xff\xff\xff\xff"),
		BYTES("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), /* larger than an int64_t */
		BYTES("\x3b\x80\x00\x00\x00\x00\x00\x00\x00"),
		BYTES("\x1c"),
		BYTES("\x1f"),
		BYTES("\x38\x17"),
		BYTES("\x61\x31"),
		BYTES("\xf4"),
		BYTES("\xc1\x01"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct cbor c = bad[i];
		int64_t v;

		CHECK(cbor_int(&c, &v, &e) == E_FORMAT && e.msg[0]);
	}
}

TEST(strings)
{
	struct err e = ERR_INIT;
	struct cbor c = BYTES("\x44\x01\x02\x03\x04\x64IETF");
	struct str s;

	CHECK(cbor_bytes(&c, &s, &e) == 0 && s.n == 4 && s.p[3] == 4);
	CHECK(cbor_text(&c, &s, &e) == 0 && str_eqz(s, "IETF") && c.rest.n == 0);
	c = BYTES("\x44\x01\x02\x03");
	CHECK(cbor_bytes(&c, &s, &e) == E_FORMAT && strstr(e.msg, "4 bytes are told, 3 are there"));
	c = BYTES("\x5f\x41\x01\xff");
	CHECK(cbor_bytes(&c, &s, &e) == E_FORMAT && strstr(e.msg, "indefinite"));
	c = BYTES("\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
	CHECK(cbor_bytes(&c, &s, &e) == E_FORMAT);
	c = BYTES("\x62\xc3\x28");
	CHECK(cbor_text(&c, &s, &e) == E_FORMAT && strstr(e.msg, "UTF-8"));
	c = BYTES("\x41\x61");
	CHECK(cbor_text(&c, &s, &e) == E_FORMAT && strstr(e.msg, "want text, got bytes"));
}

TEST(counts)
{
	struct err e = ERR_INIT;
	struct cbor c = BYTES("\x83\x01\x02\x03");
	uint64_t n;

	CHECK(cbor_array(&c, &n, &e) == 0 && n == 3 && c.rest.n == 3);
	c = BYTES("\x84\x01\x02\x03");
	CHECK(cbor_array(&c, &n, &e) == E_FORMAT);
	c = BYTES("\xa1\x01\x02");
	CHECK(cbor_map(&c, &n, &e) == 0 && n == 1);
	c = BYTES("\xa2\x01\x02\x03");
	CHECK(cbor_map(&c, &n, &e) == E_FORMAT);
	c = BYTES("\xbb\xff\xff\xff\xff\xff\xff\xff\xff");
	CHECK(cbor_map(&c, &n, &e) == E_FORMAT);
	c = BYTES("\xd2\x80");
	CHECK(cbor_tag(&c, 18, &e) == 0 && c.rest.n == 1);
	c = BYTES("\xd1\x80");
	CHECK(cbor_tag(&c, 18, &e) == E_FORMAT && strstr(e.msg, "want tag 18, got 17"));
}

TEST(skipping)
{
	struct err e = ERR_INIT;
	struct cbor c =
		BYTES("\xa3\x01\xf5\x61\x61\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a\x02\xc1\x82\x41"
		      "\x00\xf6\x07");

	CHECK(cbor_skip(&c, &e) == 0 && c.rest.n == 1);
	c = BYTES("\xf8\x1f"); /* of the simple values, those below 32 stand in the initial byte */
	CHECK(cbor_skip(&c, &e) == E_FORMAT);
	c = BYTES("\xf8\x20");
	CHECK(cbor_skip(&c, &e) == 0);
	c = BYTES("\x9f\xff");
	CHECK(cbor_skip(&c, &e) == E_FORMAT);
	c = BYTES("\xff");
	CHECK(cbor_skip(&c, &e) == E_FORMAT);
	c = BYTES("\x81\x81\x81\x81\x81\x81\x81\x00");
	CHECK(cbor_skip(&c, &e) == 0);
	c = BYTES("\x81\x81\x81\x81\x81\x81\x81\x81\x00");
	CHECK(cbor_skip(&c, &e) == E_FORMAT && strstr(e.msg, "deeper than 8"));
}

TAP_MAIN()
