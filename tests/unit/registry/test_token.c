/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/token.h"

#include <string.h>

#include "registry/auth/scope.h"
#include "tap.h"

static int parse(const char *s, struct token *ret)
{
	return token_parse(s, strlen(s), ret, NULL);
}

static uint64_t life(const char *expires_in)
{
	auto_buf b = BUF_INIT(256);
	auto_token t = { 0 };

	buf_printf(&b, "{\"token\":\"a\",\"expires_in\":%s}", expires_in);
	return token_parse(buf_str(&b), b.n, &t, NULL) == 0 ? t.seconds : 0;
}

TEST(answers)
{
	auto_token a = { 0 }, b = { 0 }, c = { 0 };

	CHECK(parse("{\"token\":\"abc.def\"}", &a) == 0);
	CHECK_STR(a.value, "abc.def");
	CHECK(a.seconds == TOKEN_SECONDS && a.refresh == NULL);
	CHECK(parse("{\"access_token\":\"x\",\"expires_in\":5,\"refresh_token\":\"r\"}", &b) == 0);
	CHECK_STR(b.value, "x");
	CHECK_STR(b.refresh, "r");
	CHECK(b.seconds == 5);
	CHECK(parse("{\"token\":\"\",\"access_token\":\"y\",\"expires_in\":99999999}", &c) == 0);
	CHECK_STR(c.value, "y");
	CHECK(c.seconds == 86400);
	/* Beside the specification, and in use. */
	CHECK(life("null") == 60 && life("300.0") == 300 && life("1e9") == 86400 &&
	      life("0") == 60);
}

TEST(answers_that_are_none)
{
	static const char *const wrong[] = {
		"",
		"<html>",
		"[]",
		"{}",
		"{\"token\":5}",
		"{\"token\":\"\"}",
		"{\"token\":\"a b\"}",
		"{\"token\":\"a\\r\\nX: y\"}",
		"{\"token\":\"caf\xc3\xa9\"}",
		"{\"token\":\"a\",\"token\":\"b\"}",
		"{\"token\":\"a\",\"expires_in\":-1}",
		"{\"token\":\"a\",\"expires_in\":\"60\"}",
		"{\"token\":\"a\",\"refresh_token\":\"b c\"}",
	};
	struct token t = { .seconds = 7 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(parse(wrong[i], &t) == E_REMOTE && t.seconds == 7 && !t.value);
}

static int of_size(size_t n)
{
	auto_buf b = BUF_INIT(2 * LIMIT_TOKEN);
	auto_token t = { 0 };

	buf_puts(&b, "{\"token\":\"");
	for (size_t i = 0; i < n; i++)
		buf_putc(&b, 't');
	buf_puts(&b, "\"}");
	return token_parse(buf_str(&b), b.n, &t, NULL);
}

TEST(limit)
{
	CHECK(of_size(LIMIT_TOKEN) == 0);
	CHECK(of_size(LIMIT_TOKEN + 1) == E_REMOTE);
}

TEST(basic)
{
	char user[] = "Aladdin", secret[] = "open sesame";
	const struct credential c = { .user = user, .secret = secret };
	auto_buf b = BUF_INIT(100);

	CHECK(basic_put(&c, &b, NULL) == 0);
	CHECK_STR(buf_str(&b), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); /* RFC 7617 2 */
}

static void merge(const char *a, const char *b, const char *want)
{
	auto_buf m = BUF_INIT(256);

	scope_merge(a, b, &m);
	CHECK_STR(buf_str(&m), want);
}

TEST(scopes)
{
	merge("", "", "");
	merge("repository:a:pull", "", "repository:a:pull");
	merge("", "repository:a:pull", "repository:a:pull");
	merge("repository:a:pull", "repository:a:pull", "repository:a:pull");
	merge("repository:a:pull", "repository:a:pull,push", "repository:a:pull,push");
	merge("repository:a:pull,push", "repository:a:pull", "repository:a:pull,push");
	merge("repository:h:5000/a:pull repository:b:pull",
	      "repository:b:delete registry:catalog:*",
	      "repository:h:5000/a:pull repository:b:pull,delete registry:catalog:*");
	merge("odd", "odd even", "odd even");
}

static const char *refusal(const char *at, const char *realm, const char *allowed)
{
	struct url a, r;

	if (url_parse(str_of(at), &a, NULL) < 0 || url_parse(str_of(realm), &r, NULL) < 0)
		return "no URL";
	return realm_refusal(&a, &r, allowed);
}

TEST(realms_that_get_credentials)
{
	CHECK(!refusal("https://r.example", "https://r.example/token", NULL));
	CHECK(!refusal("https://r.example:5000", "https://r.example:5001/token", NULL));
	CHECK(!refusal("https://registry-1.docker.io", "https://auth.docker.io/token", NULL));
	CHECK(!refusal("https://registry.gitlab.test", "https://gitlab.test/jwt/auth", NULL));
	CHECK(!refusal("http://127.0.0.1:5000", "http://127.0.0.1:5001/token", NULL));
	CHECK(!refusal("http://localhost:5000", "http://127.0.0.1:5001/token", NULL));
	CHECK(!refusal("https://r.a.test", "https://id.b.test/", "id.c.test ID.b.test"));
	CHECK(!refusal("https://r.shop.co.uk", "https://id.shop.co.uk/", NULL));
}

TEST(realms_that_get_none)
{
	CHECK(refusal("https://r.example", "http://r.example/token", NULL) != NULL);
	CHECK(refusal("https://r.a.test", "https://r.b.test/token", NULL) != NULL);
	CHECK(refusal("https://docker.io", "https://evil-docker.io/token", NULL) != NULL);
	CHECK(refusal("https://r.shop.co.uk", "https://id.other.co.uk/", NULL) != NULL);
	CHECK(refusal("https://192.0.2.1", "https://192.0.2.2/", NULL) != NULL);
	CHECK(refusal("https://10.0.2.1", "https://9.9.2.1/", NULL) != NULL);
	CHECK(refusal("https://r.example", "https://127.0.0.1/token", "127.0.0.1") != NULL);
	CHECK(refusal("https://r.example", "http://localhost:1/token", NULL) != NULL);
	CHECK(refusal("http://127.0.0.1:5000", "https://id.example/", NULL) != NULL);
	CHECK(refusal("http://127.0.0.1:5000", "http://id.example/", "id.example") != NULL);
	CHECK(refusal("https://r.a.test", "https://id.b.test/", "id.b.tes xid.b.test") != NULL);
}

TAP_MAIN()
