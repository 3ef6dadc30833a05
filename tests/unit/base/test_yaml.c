/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include "tap.h"

TAP_MAIN()

/* The document as canonical JSON, or "error: " and the message. Valid until the next call. */
static const char *read_n(const char *p, size_t n)
{
	static char out[2048];
	struct err e = ERR_INIT;
	auto_json *j = NULL;
	auto_buf b = BUF_INIT(sizeof(out) - 1);
	/* An exact allocation, so that the sanitizer sees a byte read past the end. */
	auto_free char *exact = malloc(n ? n : 1);

	memcpy(exact, p, n);
	if (yaml_parse(exact, n, "doc", &j, &e) < 0)
		(void)snprintf(out, sizeof(out), "error: %s", e.msg);
	else if (json_canonical(j, &b, &e) == 0)
		(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

static const char *read_yaml(const char *s)
{
	return read_n(s, strlen(s));
}

TEST(collections)
{
	CHECK_STR(read_yaml("a: 1\nb:\n  - x\n  - {c: d, e: [f, 2]}\n"),
		  "{\"a\":1,\"b\":[\"x\",{\"c\":\"d\",\"e\":[\"f\",2]}]}");
	CHECK_STR(read_yaml("- - a\n  - b\n- []\n- {}\n"), "[[\"a\",\"b\"],[],{}]");
	CHECK_STR(read_yaml("---\na: b\n...\n"), "{\"a\":\"b\"}");
}

TEST(empty_documents_are_null)
{
	CHECK_STR(read_yaml(""), "null");
	CHECK_STR(read_yaml("\n\n"), "null");
	CHECK_STR(read_yaml("# only a comment\n"), "null");
	CHECK_STR(read_yaml("---\n"), "null");
}

TEST(plain_scalars_by_the_core_schema)
{
	CHECK_STR(read_yaml("[~, null, Null, NULL, '', \"null\"]"),
		  "[null,null,null,null,\"\",\"null\"]");
	CHECK_STR(read_yaml("[true, True, TRUE, false, tRue, yes, no, on]"),
		  "[true,true,true,false,\"tRue\",\"yes\",\"no\",\"on\"]");
	CHECK_STR(read_yaml("[0, -1, +7, 012, 0x1F, 0o17, 0b1, -0x1]"),
		  "[0,-1,7,12,31,15,\"0b1\",\"-0x1\"]");
	CHECK_STR(read_yaml("[1.10, 1e3, .inf, 1_000, '42', -x, 0x, 0o8]"),
		  "[\"1.10\",\"1e3\",\".inf\",\"1_000\",\"42\",\"-x\",\"0x\",\"0o8\"]");
	CHECK_STR(read_yaml("a:\nb: ~\n"), "{\"a\":null,\"b\":null}");
}

TEST(integers_that_do_not_fit_stay_text)
{
	CHECK_STR(read_yaml("[9223372036854775807, -9223372036854775807]"),
		  "[9223372036854775807,-9223372036854775807]");
	CHECK_STR(read_yaml("[9223372036854775808, 99999999999999999999]"),
		  "[\"9223372036854775808\",\"99999999999999999999\"]");
}

TEST(keys_are_their_text)
{
	CHECK_STR(read_yaml("0: a\n1.2-r0: b\ntrue: c\n'q': d\nno: e\n"),
		  "{\"0\":\"a\",\"1.2-r0\":\"b\",\"no\":\"e\",\"q\":\"d\",\"true\":\"c\"}");
	CHECK(strstr(read_yaml("[a]: b\n"), "a key must be a scalar"));
	CHECK(strstr(read_yaml("? {a: b}\n: c\n"), "a key must be a scalar"));
	CHECK(strstr(read_yaml("'': b\n"), "an empty key"));
	CHECK(strstr(read_yaml(": b\n"), "an empty key"));
}

TEST(block_and_quoted_scalars)
{
	CHECK_STR(read_yaml("a: |\n  1\n  2\nb: >-\n  x\n  y\n"),
		  "{\"a\":\"1\\n2\\n\",\"b\":\"x y\"}");
	CHECK_STR(read_yaml("\"\\u00e9\\t\""), "\"\xc3\xa9\\t\"");
}

TEST(what_could_surprise_is_refused)
{
	CHECK(strstr(read_yaml("a: 1\nb: 2\na: 3\n"),
		     "doc: YAML line 3 column 1: a key twice in one mapping"));
	CHECK(strstr(read_yaml("0: 1\n'0': 2\n"), "a key twice"));
	CHECK(strstr(read_yaml("a: &x 1\nb: *x\n"), "line 2 column 5: aliases are not accepted"));
	CHECK(strstr(read_yaml("a: {b: 1}\nc:\n  <<: {d: 2}\n"), "merge keys are not accepted"));
	CHECK(strstr(read_yaml("a: !!str 1\n"), "tags are not accepted"));
	CHECK(strstr(read_yaml("a: !x {b: 1}\n"), "tags are not accepted"));
	CHECK(strstr(read_yaml("a: !x [b]\n"), "tags are not accepted"));
	CHECK(strstr(read_yaml("a: 1\n---\nb: 2\n"), "more than one document"));
	CHECK(strstr(read_yaml("--- a\n--- b\n"), "more than one document"));
	CHECK_STR(read_yaml("'<<': 1\n"), "{\"<<\":1}");
}

TEST(broken_text_is_an_error_with_its_place)
{
	CHECK(strstr(read_yaml("a: [1, 2\n"), "error: doc: YAML line "));
	CHECK(strstr(read_yaml("a: b: c\n"), "error: "));
	CHECK(strstr(read_yaml("a: \"x\n"), "error: "));
	CHECK(strstr(read_yaml("\ta: b\n"), "error: "));
	CHECK(strstr(read_yaml("a: @b\n"), "error: "));
	CHECK(strstr(read_n("a: \xff\xfe\n", 6), "error: "));
	CHECK(strstr(read_n("a: b\0c\n", 7), "error: "));
	CHECK(strstr(read_yaml("a: \"\\0\"\n"), "a NUL in a string"));
}

/* Whatever libfyaml does with such lines when it shows them is not asked for: it wrote past the end
 * of the stack. */
TEST(broken_text_in_long_lines)
{
	auto_buf b = BUF_INIT(4096);

	for (int line = 0; line < 2; line++) {
		buf_printf(&b, "%s", line ? "    x x x " : "x :");
		for (int i = 0; i < 60 + 90 * line; i++)
			buf_puts(&b, i % 12 ? "xxxxx" : ":xxxx");
		buf_puts(&b, " x : x\n");
	}
	CHECK(strstr(read_yaml(buf_str(&b)), "error: doc: YAML line "));
}

TEST(the_place_of_an_error)
{
	CHECK(strstr(read_yaml("a: 1\nb: c: d\n"), "YAML line 2 column 5: "));
	CHECK(strstr(read_yaml("a: [1, 2\n"), "YAML line 2 column 1: "));
}

/* depth sequences within each other, flow style. */
static const char *nested(size_t depth)
{
	auto_buf b = BUF_INIT(4096);

	for (size_t i = 0; i < depth; i++)
		buf_putc(&b, '[');
	for (size_t i = 0; i < depth; i++)
		buf_putc(&b, ']');
	return read_yaml(buf_str(&b));
}

TEST(depth_limit)
{
	CHECK(strncmp(nested(LIMIT_YAML_DEPTH - 1), "[[[[", 4) == 0);
	CHECK(strncmp(nested(LIMIT_YAML_DEPTH), "[[[[", 4) == 0);
	CHECK(strncmp(nested(LIMIT_YAML_DEPTH + 1), "error: ", 7) == 0);
	CHECK(strncmp(nested(2000), "error: ", 7) == 0);
}

TEST(size_limit)
{
	struct err e = ERR_INIT;
	auto_json *j = NULL;
	const size_t n = (size_t)LIMIT_YAML_BYTES + 1;
	auto_free char *p = malloc(n);

	memset(p, 'x', n);
	memcpy(p, "# ", 2);
	CHECK(yaml_parse(p, LIMIT_YAML_BYTES, "doc", &j, &e) == 0 && json_is_null(j));
	CHECK(yaml_parse(p, n, "doc", &j, &e) == E_FORMAT);
}
