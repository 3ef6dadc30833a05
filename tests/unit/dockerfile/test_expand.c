/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "dockerfile/expand.h"
#include "tap.h"

TAP_MAIN()

static char out[LIMIT_EXPANDED + 1];

/* x=foo, empty is empty, path=/a/b/c.tar.gz, sp="a b", uni=éa. An error's message otherwise. */
static const char *expand(const char *word, char escape)
{
	auto_vars env = { 0 }, args = { 0 };
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(LIMIT_EXPANDED);

	(void)vars_set(&env, "x", "foo", &e);
	(void)vars_set(&env, "empty", "", &e);
	(void)vars_set(&env, "path", "/a/b/c.tar.gz", &e);
	(void)vars_set(&env, "sp", "a b", &e);
	(void)vars_set(&env, "uni",
		       "\xc3\xa9"
		       "a",
		       &e);
	(void)vars_set(&args, "x", "hidden", &e);
	(void)vars_set(&args, "arg", "seen", &e);

	struct expand x = { .escape = escape, .sets = { &env, &args } };

	if (expand_word(str_of(word), &x, &b, &e) < 0)
		(void)snprintf(out, sizeof(out), "! %s", e.msg);
	else
		(void)snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

TEST(reference)
{
	static const char *const cases[][2] = {
		/* Dockerfile reference, "Environment replacement" */
		{ "$x", "foo" },
		{ "${x}", "foo" },
		{ "\\$x", "$x" },
		{ "\\${x}", "${x}" },
		{ "${x}_y", "foo_y" },
		{ "$x_y", "" },
		{ "${x:-word}", "foo" },
		{ "${none:-word}", "word" },
		{ "${empty:-word}", "word" },
		{ "${empty-word}", "" },
		{ "${x:+word}", "word" },
		{ "${none:+word}", "" },
		{ "${empty:+word}", "" },
		{ "${empty+word}", "word" },
		{ "${none:-${x}}", "foo" },
		{ "${none:-$none2}", "" },
		{ "${x?gone}", "foo" },
		{ "${none?gone}", "! none: gone" },
		{ "${empty:?}", "! empty is empty" },
		{ "${none?}", "! none is not set" },
		{ "${path#*/}", "a/b/c.tar.gz" },
		{ "${path##*/}", "c.tar.gz" },
		{ "${path%.*}", "/a/b/c.tar" },
		{ "${path%%.*}", "/a/b/c" },
		{ "${path#x}", "/a/b/c.tar.gz" },
		{ "${path/\\//-}", "-a/b/c.tar.gz" },
		{ "${path//\\//-}", "-a-b-c.tar.gz" },
		{ "${x/o/0}", "f0o" },
		{ "${x//o/0}", "f00" },
		{ "${x//o/}", "f" },
		{ "${x/?o/_}", "_o" },
		{ "${x/o/\\/}", "f\\/o" }, /* what is put in keeps its escapes */
		{ "${x/$empty/-}", "-foo" },
		{ "${x//$empty/-}", "-f-o-o-" },
		{ "${uni//$empty/-}", "-\xc3\xa9-a-" },
		{ "${x//*/-}", "-" },
		{ "${empty/*/-}", "-" },
		{ "${none/*/-}", "-" },
		{ "${x/$none2/}", "foo" },
		{ "${uni#?}", "a" },
		{ "${none#a}", "" },
		{ "$arg", "seen" },
		{ "a$", "a$" },
		{ "$1$x", "foo" },
		{ "'$x'", "$x" },
		{ "\"$x\"", "foo" },
		{ "\"a\\\"b\\nc\\\\\"", "a\"b\\nc\\" },
		{ "a\\ b", "a b" },
		{ "'a'\"b\"c", "abc" },
		{ "$sp", "a b" },
		{ "${x", "! '}' is missing" },
		{ "${", "! '}' is missing" },
		{ "${}", "! ${...}: a variable's name is missing" },
		{ "${x:#a}", "! ${x:#...}: no such substitution" },
		{ "${x@Q}", "! ${x@...}: no such substitution" },
		{ "'a", "! a single quote is not closed" },
		{ "\"a", "! a double quote is not closed" },
		{ "${x:-a", "! '}' is missing" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(expand(cases[i][0], '\\'), cases[i][1]);
}

TEST(other_escape)
{
	CHECK_STR(expand("`$x\\$x", '`'), "$x\\foo");
}

TEST(split)
{
	auto_vars env = { 0 };
	struct err e = ERR_INIT;
	struct expand x = { .escape = '\\', .sets = { &env } };
	auto_strv l = { 0 };

	(void)vars_set(&env, "ports", "80 443", &e);
	CHECK(expand_split(str_of(" $ports  8\"0 0\"1 '' $none "), &x, &l, &e) == 0);
	CHECK(l.n == 3);
	CHECK_STR(l.v[0], "80");
	CHECK_STR(l.v[1], "443");
	CHECK_STR(l.v[2], "80 01");
}

TEST(heredoc_keeps_quotes)
{
	auto_vars env = { 0 };
	struct err e = ERR_INIT;
	struct expand x = { .escape = '\\', .keep_quotes = true, .sets = { &env } };
	auto_buf b = BUF_INIT(1000);

	(void)vars_set(&env, "a", "1", &e);
	CHECK(expand_word(str_of("it's \"$a\" \\$a\n"), &x, &b, &e) == 0);
	CHECK_STR(buf_str(&b), "it's \"1\" $a\n");
}

TEST(vars_keep_their_place)
{
	auto_vars v = { 0 };
	struct err e = ERR_INIT;

	(void)vars_set(&v, "a", "1", &e);
	(void)vars_set(&v, "ab", "2", &e);
	(void)vars_set(&v, "a", "3", &e);
	CHECK(v.v.n == 2);
	CHECK_STR(v.v.v[0], "a=3");
	CHECK_STR(vars_get(&v, "ab"), "2");
	CHECK(vars_get(&v, "b") == NULL);
}

TEST(limits)
{
	auto_vars env = { 0 };
	struct err e = ERR_INIT;
	struct expand x = { .escape = '\\', .sets = { &env } };
	auto_free char *big = malloc(LIMIT_EXPANDED + 2);
	auto_buf at = BUF_INIT(LIMIT_EXPANDED), over = BUF_INIT(LIMIT_EXPANDED * 2);

	memset(big, 'a', LIMIT_EXPANDED + 1);
	CHECK(expand_word((struct str){ big, LIMIT_EXPANDED }, &x, &at, &e) == 0);
	CHECK(expand_word((struct str){ big, LIMIT_EXPANDED + 1 }, &x, &over, &e) == E_FORMAT);

	for (int depth = LIMIT_EXPAND_DEPTH; depth < LIMIT_EXPAND_DEPTH + 2; depth++) {
		auto_buf b = BUF_INIT(65536), got = BUF_INIT(100);

		for (int i = 0; i < depth; i++)
			buf_puts(&b, "${n:-");
		buf_puts(&b, "z");
		for (int i = 0; i < depth; i++)
			buf_puts(&b, "}");
		CHECK(expand_word(str_of(buf_str(&b)), &x, &got, &e) ==
		      (depth > LIMIT_EXPAND_DEPTH ? E_FORMAT : 0));
	}
}

TEST(pattern_limits)
{
	auto_vars env = { 0 };
	struct err e = ERR_INIT;
	struct expand x = { .escape = '\\', .sets = { &env } };
	auto_free char *value = calloc(1, LIMIT_PATTERN_VALUE + 2);

	memset(value, 'a', LIMIT_PATTERN_VALUE);
	for (int extra = 0; extra < 2; extra++) {
		auto_buf got = BUF_INIT(LIMIT_EXPANDED), w = BUF_INIT(LIMIT_EXPANDED);

		(void)vars_set(&env, "v", value, &e);
		CHECK(expand_word(str_of("${v%%a*}"), &x, &got, &e) == (extra ? E_FORMAT : 0));
		value[LIMIT_PATTERN_VALUE] = 'a';
		(void)vars_set(&env, "v", "a", &e);
		buf_puts(&w, "${v#");
		for (int i = 0; i < LIMIT_PATTERN + extra; i++)
			buf_putc(&w, 'b');
		buf_puts(&w, "}");
		CHECK(expand_word(str_of(buf_str(&w)), &x, &got, &e) == (extra ? E_FORMAT : 0));
	}
}
