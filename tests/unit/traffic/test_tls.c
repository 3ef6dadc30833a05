/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/tls.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static unsigned char hello[LIMIT_TLS_HELLO + 64];
static size_t hello_n;

static void be(unsigned width, size_t v)
{
	while (width--)
		hello[hello_n++] = (unsigned char)(v >> 8 * width);
}

static void zeros(size_t n)
{
	memset(hello + hello_n, 0, n);
	hello_n += n;
}

/* A ClientHello in one record, with `pad` bytes in another extension. name NULL: without. */
static void make(const char *name, size_t pad)
{
	const size_t n = name ? strlen(name) : 0, sni = name ? n + 9 : 0;
	const size_t exts = sni + 4 + pad, body = 2 + 32 + 1 + 4 + 2 + 2 + exts;

	hello_n = 0;
	be(3, 0x160301);
	be(2, body + 4);
	be(1, 1);
	be(3, body);
	be(2, 0x0303);
	zeros(32 + 1);
	be(4, 0x00021301);
	be(2, 0x0100);
	be(2, exts);
	be(2, 21);
	be(2, pad);
	zeros(pad);
	if (!name)
		return;
	be(2, 0);
	be(2, n + 5);
	be(2, n + 3);
	be(1, 0);
	be(2, n);
	memcpy(hello + hello_n, name, n);
	hello_n += n;
}

static int ask(size_t n, char *ret)
{
	auto_free unsigned char *copy = malloc(n ? n : 1);

	memcpy(copy, hello, n);
	return tls_server_name(copy, n, ret);
}

TEST(the_name_is_found_once_the_hello_is_whole)
{
	char name[LIMIT_HOST_NAME + 1];

	make("Web.example.test", 100);
	for (size_t n = 0; n < hello_n; n++)
		CHECK(ask(n, name) == 0);
	CHECK(ask(hello_n, name) == 1);
	CHECK_STR(name, "web.example.test");
	make(NULL, 3);
	CHECK(ask(hello_n, name) == 1);
	CHECK_STR(name, "");
	make("evil/name", 0);
	CHECK(ask(hello_n, name) == 1);
	CHECK_STR(name, "");
}

TEST(in_two_records)
{
	char name[LIMIT_HOST_NAME + 1];
	const size_t first = 40;

	make("a.example", 10);
	memmove(hello + 5 + first + 5, hello + 5 + first, hello_n - 5 - first);
	memcpy(hello + 5 + first, hello, 3);
	hello[5 + first + 3] = 0;
	hello[5 + first + 4] = (unsigned char)(hello_n - 5 - first);
	hello[3] = 0;
	hello[4] = (unsigned char)first;
	hello_n += 5;
	for (size_t n = 0; n < hello_n; n++)
		CHECK(ask(n, name) == 0);
	CHECK(ask(hello_n, name) == 1);
	CHECK_STR(name, "a.example");
}

TEST(what_is_no_hello)
{
	char name[LIMIT_HOST_NAME + 1];

	make("a.example", 10);
	for (size_t i = 0; i < hello_n; i++)
		for (int v = 0; v < 256; v += 5) {
			unsigned char was = hello[i];

			hello[i] = (unsigned char)v;
			(void)ask(hello_n, name);
			CHECK(strlen(name) <= LIMIT_HOST_NAME);
			hello[i] = was;
		}
	hello[0] = 23;
	CHECK(ask(hello_n, name) == -1);
	make("a.example", 10);
	hello[5] = 2; /* ServerHello */
	CHECK(ask(hello_n, name) == -1);
	make("a.example", 10);
	hello[6] = 1; /* longer than any */
	CHECK(ask(hello_n, name) == -1);
	make("a.example", 15000);
	CHECK(ask(hello_n, name) == 1);
}
