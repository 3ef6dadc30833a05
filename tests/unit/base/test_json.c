/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/json.h"
#include "tap.h"

TAP_MAIN()

static int parse(const char *s, size_t n, json_t **ret)
{
	struct err e = ERR_INIT;

	return json_parse(s, n, "doc", ret, &e);
}

TEST(strict)
{
	static const struct {
		const char *s;
		size_t n;
		int want;
	} cases[] = {
#define S(x, w) { x, sizeof(x) - 1, w }
		S("{}", 0),
		S(" [1, \"a\", null, true] \n", 0),
		S("42", 0),
		S("", E_FORMAT),
		S("{\"a\":1,\"a\":2}", E_FORMAT),
		S("{\"a\":1,\"\\u0061\":2}", E_FORMAT),
		S("{} x", E_FORMAT),
		S("{}{}", E_FORMAT),
		S("[1,]", E_FORMAT),
		S("{\"a\":\"\xff\"}", E_FORMAT),
		S("{\"a\":\"\\u0000\"}", E_FORMAT),
		S("{\"a\":\"\\ud800\"}", E_FORMAT),
		S("[NaN]", E_FORMAT),
		S("[01]", E_FORMAT),
		S("{\"a\":1", E_FORMAT),
		S("{'a':1}", E_FORMAT),
		S("[\"a\0b\"]", E_FORMAT),
		S("\xef\xbb\xbf{}", E_FORMAT), /* a byte order mark */
#undef S
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_json *j = NULL;

		CHECK(parse(cases[i].s, cases[i].n, &j) == cases[i].want);
		CHECK(!j == (cases[i].want != 0));
	}
}

TEST(depth_at_the_limit_and_one_more)
{
	char s[2 * LIMIT_JSON_DEPTH + 4];

	for (size_t depth = LIMIT_JSON_DEPTH; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
		auto_json *j = NULL;

		memset(s, '[', depth);
		memset(s + depth, ']', depth);
		CHECK(parse(s, 2 * depth, &j) == (depth > LIMIT_JSON_DEPTH ? E_FORMAT : 0));
	}
	/* Brackets in strings do not count. */
	auto_buf b = BUF_INIT(4096);
	auto_json *j = NULL;

	buf_puts(&b, "[\"\\\"");
	for (int i = 0; i < 1000; i++)
		buf_putc(&b, '[');
	buf_puts(&b, "\"]");
	CHECK(parse(b.p, b.n, &j) == 0);
}

TEST(canonical_does_not_depend_on_order)
{
	static const char a[] =
		"{ \"b\": [1, 2], \"a\": {\"y\": \"\xc3\xa9\", \"x\": 9007199254740993} }";
	static const char b[] = "{\"a\":{\"x\":9007199254740993,\"y\":\"\\u00e9\"},\"b\":[1,2]}";
	auto_json *ja = NULL;
	auto_json *jb = NULL;
	auto_buf ca = BUF_INIT(4096);
	auto_buf cb = BUF_INIT(4096);

	CHECK(parse(a, sizeof(a) - 1, &ja) == 0 && parse(b, sizeof(b) - 1, &jb) == 0);
	CHECK(json_canonical(ja, &ca, NULL) == 0 && json_canonical(jb, &cb, NULL) == 0);
	CHECK_STR(buf_str(&ca), "{\"a\":{\"x\":9007199254740993,\"y\":\"\xc3\xa9\"},\"b\":[1,2]}");
	CHECK_STR(buf_str(&ca), buf_str(&cb));

	auto_buf small = BUF_INIT(10);

	CHECK(json_canonical(ja, &small, NULL) == E_FORMAT);
}

TEST(pretty_keeps_order)
{
	auto_json *j = json_object();
	auto_buf b = BUF_INIT(4096);

	CHECK(json_put_u64(j, "z", 1, NULL) == 0 && json_put_string(j, "a", "x", NULL) == 0);
	CHECK(json_put_string(j, "none", NULL, NULL) == 0);
	CHECK(json_pretty(j, &b, NULL) == 0);
	CHECK_STR(buf_str(&b), "{\n  \"z\": 1,\n  \"a\": \"x\"\n}\n");
}

TEST(getters)
{
	static const char s[] =
		"{\"s\":\"x\",\"n\":5,\"neg\":-1,\"f\":1.5,\"a\":[],\"o\":{},\"t\":true}";
	auto_json *j = NULL;
	struct err e = ERR_INIT;
	const char *str = NULL;
	json_t *sub = NULL;
	uint64_t n = 9;

	CHECK(parse(s, sizeof(s) - 1, &j) == 0);
	CHECK(json_get_string(j, "s", &str, "doc", &e) == 0 && strcmp(str, "x") == 0);
	CHECK(json_get_u64(j, "n", &n, "doc", &e) == 0 && n == 5);
	CHECK(json_get_array(j, "a", &sub, "doc", &e) == 0 && json_is_array(sub));
	CHECK(json_get_object(j, "o", &sub, "doc", &e) == 0 && json_is_object(sub));
	CHECK(json_get_string(j, "missing", &str, "doc", &e) == E_FORMAT);
	CHECK_STR(e.msg, "doc: 'missing' is missing");
	CHECK(json_get_string(j, "n", &str, "doc", &e) == E_FORMAT);
	CHECK_STR(e.msg, "doc: 'n' is not a string");
	CHECK(json_get_u64(j, "neg", &n, "doc", &e) == E_FORMAT && n == 5);
	CHECK(json_get_u64(j, "f", &n, "doc", &e) == E_FORMAT);
	CHECK(json_get_array(j, "o", &sub, "doc", &e) == E_FORMAT);
	CHECK(json_get_string(NULL, "s", &str, "doc", &e) == E_FORMAT);
	CHECK(!json_string_or_null(j, "n") && !json_string_or_null(NULL, "x"));
	CHECK(json_put_string(j, "bad", "\xff", &e) == E_FORMAT);
}
