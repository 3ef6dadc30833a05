/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/names.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static struct names names;

static int learn(const char *p, size_t n)
{
	struct err e = ERR_INIT;
	auto_free unsigned char *copy = malloc(n ? n : 1);

	memcpy(copy, p, n);
	return names_learn(&names, copy, n, &e);
}

static const char *find(const char *text)
{
	struct address a = { .v6 = strchr(text, ':') != NULL };

	(void)inet_pton(a.v6 ? AF_INET6 : AF_INET, text, a.ip);
	return names_find(&names, &a) ?: "";
}

#define HEAD(flags, answers) "\0\1" flags "\0\1\0" answers "\0\0\0\0"
#define QUESTION "\3Web\7example\0\0\1\0\1"
#define A(name, ip) name "\0\1\0\1\0\0\0\0\0\4" ip
static const char answer[] = HEAD("\x81\x80", "\3") QUESTION
	/* an alias, whose address follows, then an IPv6 one */
	"\xc0\x0c\0\5\0\1\0\0\0\0\0\4\1c\xc0\x10" A(
		"\xc0\x2b", "\xc6\x33\x64\1") "\xc0\x2b\0\x1c\0\1\0\0\0\0\0\x10\x20\1\x0d\xb8\0\0\0"
					      "\0\0\0\0\0\0\0\0\7";

TEST(addresses_belong_to_the_name_that_was_asked_for)
{
	CHECK(learn(answer, sizeof(answer) - 1) == 0);
	CHECK_STR(find("198.51.100.1"), "web.example");
	CHECK_STR(find("2001:db8::7"), "web.example");
	CHECK_STR(find("198.51.100.2"), "");
	names_free(&names);
}

TEST(what_is_no_answer)
{
	static const char question[] = HEAD("\1\0", "\1") QUESTION A("\xc0\x0c", "\xc6\x33\x64\2");
	static const char error[] = HEAD("\x81\x83", "\1") QUESTION A("\xc0\x0c", "\xc6\x33\x64\2");
	static const char loop[] =
		HEAD("\x81\x80", "\1") "\xc0\x0c\0\1\0\1" A("\xc0\x0c", "\xc6\x33\x64\2");
	static const char evil[] =
		HEAD("\x81\x80", "\1") "\3a/b\0\0\1\0\1" A("\xc0\x0c", "\xc6\x33\x64\2");

	CHECK(learn(question, sizeof(question) - 1) == 0);
	CHECK(learn(error, sizeof(error) - 1) == 0);
	CHECK(learn(loop, sizeof(loop) - 1) == 0);
	CHECK(learn(evil, sizeof(evil) - 1) == 0);
	CHECK_STR(find("198.51.100.2"), "");
	for (size_t n = 0; n < sizeof(answer) - 1; n++)
		CHECK(learn(answer, n) == 0);
	for (size_t i = 0; i < sizeof(answer) - 1; i++)
		for (int v = 0; v < 256; v += 17) {
			char copy[sizeof(answer)];

			memcpy(copy, answer, sizeof(answer));
			copy[i] = (char)v;
			CHECK(learn(copy, sizeof(copy) - 1) == 0);
		}
	names_free(&names);
}

TEST(the_youngest_names_stay)
{
	char one[] = HEAD("\x81\x80", "\1") "\4a000\0\0\1\0\1" A("\xc0\x0c", "\x0a\0\0\0");
	const size_t name = 14, ip = sizeof(one) - 1 - 4;

	for (unsigned i = 0; i <= LIMIT_HOST_NAMES; i++) {
		(void)snprintf(one + name, 4, "%03x", i % 4096);
		one[name + 3] = '\0';
		one[ip + 2] = (char)(i >> 8);
		one[ip + 3] = (char)i;
		CHECK(learn(one, sizeof(one) - 1) == 0);
	}
	CHECK(names.n == LIMIT_HOST_NAMES);
	CHECK_STR(find("10.0.0.0"), "");
	CHECK_STR(find("10.0.0.1"), "a001");
	CHECK_STR(find("10.0.8.0"), "a800");
	names_free(&names);
}

TEST(names_of_hosts)
{
	char ret[LIMIT_HOST_NAME + 1], max[LIMIT_HOST_NAME + 2];

	name_clean(STR("A-b_c.Example"), ret);
	CHECK_STR(ret, "a-b_c.example");
	name_clean(STR("a b"), ret);
	CHECK_STR(ret, "");
	name_clean(STR("caf\xc3\xa9"), ret);
	CHECK_STR(ret, "");
	memset(max, 'x', sizeof(max));
	name_clean((struct str){ max, LIMIT_HOST_NAME }, ret);
	CHECK(strlen(ret) == LIMIT_HOST_NAME);
	name_clean((struct str){ max, LIMIT_HOST_NAME + 1 }, ret);
	CHECK_STR(ret, "");
}
