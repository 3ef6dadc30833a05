/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/dn.h"
#include "tap.h"

static void round_trip(const char *in, const char *out)
{
	struct err e = ERR_INIT;
	auto_dn d = { .n = 0 };
	auto_buf b = BUF_INIT(LIMIT_DN_TEXT);

	CHECK(dn_parse(str_of(in), &d, &e) == 0);
	dn_text(&d, &b);
	CHECK_STR(buf_str(&b), out);
}

TEST(dn_round_trip)
{
	round_trip("C=US,ST=WA,O=acme", "C=US,ST=WA,O=acme");
	round_trip(" C = US , s=WA,  o = acme  ", "C=US,ST=WA,O=acme");
	round_trip("O=Sue\\, Grabbit \\\"and\\\" Runn", "O=Sue\\, Grabbit \\\"and\\\" Runn");
	round_trip("CN=\\ x\\ ", "CN=\\ x\\ ");
	round_trip("CN=\\#1, O=a#b", "CN=\\#1,O=a#b");
	round_trip("O=Lu\\C4\\8Di\\C4\\87", "O=Lučić");
	round_trip("O=a=b", "O=a\\=b");
	round_trip("CN=a\\0Ab", "CN=a\\0Ab");
	round_trip("1.2.3.4=x", "1.2.3.4=x");
}

TEST(dn_refusals)
{
	static const char *const bad[] = {
		"",	     "C",	 "=x",	     "C=",	 "C=US,",   ",C=US", "C=US,,O=x",
		"C=US,C=DE", "ST=a,S=b", "X=1",	     "O=a+OU=b", "O=#0401", "O=a\\", "O=a\\zz",
		"O=\"a\"",   "O=a;C=US", "O=a\\00b", "O=\\FF",	 "O=<a>"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct dn d = { .n = 7 };

		CHECK(dn_parse(str_of(bad[i]), &d, &e) == E_FORMAT);
		CHECK(d.n == 7); /* not touched */
		if (d.n != 7)
			printf("# accepted: %s\n", bad[i]);
	}
}

TEST(dn_limits)
{
	struct err e = ERR_INIT;
	auto_dn d = { .n = 0 };
	auto_buf b = BUF_INIT(2 * LIMIT_DN_TEXT);

	for (int i = 0; i < LIMIT_DN_PARTS; i++)
		buf_printf(&b, "%s1.2.%d=x", i ? "," : "", i);
	CHECK(dn_parse((struct str){ b.p, b.n }, &d, &e) == 0);
	CHECK(d.n == LIMIT_DN_PARTS);
	dn_free(&d);
	buf_puts(&b, ",O=x");
	CHECK(dn_parse((struct str){ b.p, b.n }, &d, &e) == E_FORMAT);
	buf_reset(&b);
	buf_puts(&b, "O=");
	while (b.n < LIMIT_DN_TEXT)
		buf_putc(&b, 'x');
	CHECK(dn_parse((struct str){ b.p, b.n }, &d, &e) == 0);
	dn_free(&d);
	buf_putc(&b, 'x');
	CHECK(dn_parse((struct str){ b.p, b.n }, &d, &e) == E_FORMAT);
}

static bool subset(const char *want, struct dn *have)
{
	struct err e = ERR_INIT;
	auto_dn w = { .n = 0 };

	CHECK(dn_parse(str_of(want), &w, &e) == 0);
	return dn_subset(&w, have);
}

TEST(dn_subset)
{
	struct err e = ERR_INIT;
	auto_dn have = { .n = 0 };

	CHECK(dn_parse(STR("CN=web,O=acme,ST=WA,C=US"), &have, &e) == 0);
	CHECK(subset("C=US,ST=WA,O=acme", &have));
	CHECK(subset("CN=web", &have));
	CHECK(!subset("C=US,ST=WA,O=Acme", &have));
	CHECK(!subset("C=US,OU=x", &have));
	CHECK(dn_add(&have, "O", STR("evil"), &e) == 0);
	CHECK(!subset("O=acme", &have)); /* two organisations: neither */
	CHECK(subset("CN=web", &have));
}

TAP_MAIN()
