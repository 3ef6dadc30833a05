/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/challenge.h"

#include <string.h>

#include "base/buf.h"
#include "tap.h"

static struct challenge c;

static int parse(const char *s)
{
	c = (struct challenge){ 0 };
	return challenge_parse(s, &c, NULL);
}

TEST(bearer)
{
	CHECK(parse("Bearer realm=\"https://auth.test/token\",service=\"reg\" , "
		    "scope=\"repository:a/b:pull,push\"") == 0);
	CHECK(c.scheme == AUTH_BEARER);
	CHECK_STR(c.realm, "https://auth.test/token");
	CHECK_STR(c.service, "reg");
	CHECK_STR(c.scope, "repository:a/b:pull,push");
	CHECK(parse("bEARER REALM=x , Error=\"insufficient_scope\"") == 0);
	CHECK_STR(c.realm, "x");
	CHECK_STR(c.error, "insufficient_scope");
	CHECK(parse("Bearer realm=\"a\\\"b\\\\c, d=e\"") == 0);
	CHECK_STR(c.realm, "a\"b\\c, d=e");
	CHECK(parse("Bearer realm = \"spaced\"") == 0);
	CHECK_STR(c.realm, "spaced");
}

TEST(basic_and_others)
{
	CHECK(parse("Basic realm=\"Registry Realm\"") == 0 && c.scheme == AUTH_BASIC);
	CHECK(parse("Basic") == 0 && c.scheme == AUTH_BASIC);
	CHECK(parse("Negotiate") == 0 && c.scheme == AUTH_OTHER);
	CHECK(parse("Negotiate YIIZ/+a==") == 0 && c.scheme == AUTH_OTHER);
	CHECK_STR(c.name, "Negotiate");
}

TEST(the_best_of_many)
{
	CHECK(parse("Negotiate, Basic realm=\"b\", Bearer realm=\"t\",service=\"s\"") == 0);
	CHECK(c.scheme == AUTH_BEARER);
	CHECK_STR(c.realm, "t");
	CHECK(parse("Bearer realm=\"t\", Basic realm=\"b\"") == 0);
	CHECK(c.scheme == AUTH_BEARER);
	CHECK_STR(c.realm, "t");
	CHECK_STR(c.service, "");
	CHECK(parse("Digest a=b, c=d , Negotiate Zm8=, Basic realm=x") == 0);
	CHECK(c.scheme == AUTH_BASIC);
}

TEST(headers)
{
	auto_headers h = { 0 };

	CHECK(challenge_of(&h, &c, NULL) == 0 && c.scheme == AUTH_NONE);
	CHECK(http_headers_add(&h, STR("WWW-Authenticate"), STR("Basic realm=b"), NULL) == 0);
	CHECK(http_headers_add(&h, STR("www-authenticate"), STR("Bearer realm=t"), NULL) == 0);
	CHECK(challenge_of(&h, &c, NULL) == 0 && c.scheme == AUTH_BEARER);
	CHECK(http_headers_add(&h, STR("www-authenticate"), STR("Bearer realm"), NULL) == 0);
	CHECK(challenge_of(&h, &c, NULL) == E_FORMAT);
}

TEST(malformed)
{
	static const char *const wrong[] = {
		"",
		" , ",
		"=x",
		"Bearer realm=",
		"Bearer realm=\"open",
		"Bearer realm=\"open\\",
		"Bearer realm=\"a\" service=\"b\"",
		"Bearer realm=\"a\",realm=\"b\"",
		"Bearer realm=\"a\", Realm=b",
		"Bearer realm=\"a\"; service=\"b\"",
		"Bearer realm",
		"Bearer \"realm\"",
		"Basic dXNlcg==",
		"Bearer realm=\"x\",scope=\" a\"",
		"Bearer realm=\"x\",scope=\"a  b\"",
		"Bearer realm=\"x\",scope=\"a\\\"b\"",
		"Bearer realm=\"x\",scope=\"a\xc3\xa9\"",
		"Bearer/1 realm=x",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(parse(wrong[i]) == E_FORMAT && c.scheme == AUTH_NONE);
}

static int of_size(size_t n, bool quoted)
{
	auto_buf b = BUF_INIT(2 * LIMIT_CHALLENGE_VALUE);

	buf_puts(&b, quoted ? "Bearer realm=\"" : "Bearer realm=");
	for (size_t i = 0; i < n; i++)
		buf_putc(&b, 'r');
	if (quoted)
		buf_putc(&b, '"');
	return parse(buf_str(&b));
}

TEST(limit_of_a_value)
{
	CHECK(of_size(LIMIT_CHALLENGE_VALUE, true) == 0);
	CHECK(strlen(c.realm) == LIMIT_CHALLENGE_VALUE);
	CHECK(of_size(LIMIT_CHALLENGE_VALUE + 1, true) == E_FORMAT);
	CHECK(of_size(LIMIT_CHALLENGE_VALUE, false) == 0);
	CHECK(of_size(LIMIT_CHALLENGE_VALUE + 1, false) == E_FORMAT);
}

static int of_many(int challenges, int params)
{
	auto_buf b = BUF_INIT(8192);

	for (int i = 0; i < challenges; i++) {
		buf_puts(&b, i ? ", Digest " : "Digest ");
		for (int k = 0; k < params; k++)
			buf_printf(&b, "%sp%d=%d", k ? "," : "", k, k);
	}
	return parse(buf_str(&b));
}

TEST(limit_of_counts)
{
	CHECK(of_many(LIMIT_CHALLENGES, 1) == 0);
	CHECK(of_many(LIMIT_CHALLENGES + 1, 1) == E_FORMAT);
	CHECK(of_many(1, LIMIT_CHALLENGE_PARAMS) == 0);
	CHECK(of_many(1, LIMIT_CHALLENGE_PARAMS + 1) == E_FORMAT);
}

TAP_MAIN()
