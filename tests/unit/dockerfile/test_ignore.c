/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

#include "dockerfile/glob.h"
#include "dockerfile/ignore.h"
#include "tap.h"

TAP_MAIN()

TEST(glob)
{
	static const struct {
		const char *pattern, *name;
		int want; /* -1: malformed */
	} cases[] = {
		{ "abc", "abc", 1 },
		{ "*", "abc", 1 },
		{ "*c", "abc", 1 },
		{ "a*", "a", 1 },
		{ "a*", "ab/c", 0 },
		{ "a*/b", "abc/b", 1 },
		{ "a*/b", "a/c/b", 0 },
		{ "a*b*c*d*e*/f", "axbxcxdxe/f", 1 },
		{ "ab[c]", "abc", 1 },
		{ "ab[b-d]", "abc", 1 },
		{ "ab[e-g]", "abc", 0 },
		{ "ab[^c]", "abc", 0 },
		{ "ab[^e-g]", "abc", 1 },
		{ "a\\*b", "a*b", 1 },
		{ "a\\*b", "ab", 0 },
		{ "a?b",
		  "a\xe2\x98\xba"
		  "b",
		  1 },
		{ "a[^a]b",
		  "a\xe2\x98\xba"
		  "b",
		  1 },
		{ "a???b",
		  "a\xe2\x98\xba"
		  "b",
		  0 },
		{ "[a-\xce\xb6]*", "\xce\xb1", 1 },
		{ "a?b", "a/b", 0 },
		{ "a*b", "a/b", 0 },
		{ "[\\]a]", "]", 1 },
		{ "[\\-]", "-", 1 },
		{ "[x\\-]", "x", 1 },
		{ "[]a]", "]", -1 },
		{ "[-]", "-", -1 },
		{ "[x-]", "x", -1 },
		{ "[a-b-c]", "a", -1 },
		{ "[b-b]", "b", 1 },
		{ "[c-b]", "b", -1 }, /* backwards */
		{ "[", "a", -1 },
		{ "[^", "a", -1 },
		{ "a[", "ab", -1 },
		{ "a\\", "a", -1 },
		{ "", "", 1 },
		{ "", "a", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = glob_match(cases[i].pattern, cases[i].name, false, NULL);

		if (r < 0)
			r = -1;
		if (r != cases[i].want)
			printf("# %s on %s: %d\n", cases[i].pattern, cases[i].name, r);
		CHECK(r == cases[i].want);
	}
}

static bool ignored(const char *rules, const char *path)
{
	auto_ignore g = { 0 };
	struct err e = ERR_INIT;

	CHECK(ignore_parse(str_of(rules), ".dockerignore", &g, &e) == 0);
	return ignore_match(&g, path);
}

TEST(docker_patterns)
{
	static const struct {
		const char *rules, *path;
		bool want;
	} cases[] = {
		{ "**", "file", true },
		{ "**", "dir/file", true },
		{ "**/", "dir/file", true },
		{ "**/**", "dir/file", true },
		{ "dir/**", "dir/file", true },
		{ "dir/**", "dir/dir2/file", true },
		{ "dir/**", "dir", false },
		{ "**/dir", "dir", true },
		{ "**/dir", "x/dir/file", true },
		{ "**/dir2/*", "dir/dir2/file", true },
		{ "**/dir2/**", "dir/dir2/dir2/file", true },
		{ "**file", "file", true },
		{ "**file", "dir/xfile", true },
		{ "**/file", "xfile", false },
		{ "**/*.txt", "a/b.txt", true },
		{ "a**/*.txt", "a/dir/b.txt", true },
		{ "abc/**/def", "abc/def", true },
		{ "abc/**/def", "abc/x/y/def", true },
		{ "*.md", "README.md", true },
		{ "*.md", "a/README.md", false },
		{ "*/temp*", "somedir/temporary.txt", true },
		{ "*/*/temp*", "somedir/subdir/temporary.txt", true },
		{ "temp?", "tempa", true },
		{ "temp?", "temp/", false },
		{ "/a/", "a/b", true },
		{ "./a//b", "a/b", true },
		{ "a/../b", "b", true },
		{ "#a", "#a", false },
		{ " a ", "a", true },
		{ "a\n!a/b", "a/b", false },
		{ "a\n!a/b", "a/b/c", false },
		{ "a\n!a/b", "a/c", true },
		{ "*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true },
		{ "*.md\n!README*.md\nREADME-secret.md", "README-public.md", false },
		{ "*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false },
		{ "*\n!*.c", "x.c", false },
		{ "*\n!*.c", "d/x.c", true },
		{ "*\n! src", "src/x.c", false },
		{ ".", "a", false },
		{ "a[b-d]e", "ace", true },
		{ "\xef\xbb\xbf"
		  "a",
		  "a", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool got = ignored(cases[i].rules, cases[i].path);

		if (got != cases[i].want)
			printf("# '%s' on %s: %d\n", cases[i].rules, cases[i].path, got);
		CHECK(got == cases[i].want);
	}
}

TEST(malformed)
{
	auto_ignore g = { 0 };
	struct err e = ERR_INIT;

	CHECK(ignore_parse(str_of("a\n\n[x\n"), "d", &g, &e) == E_FORMAT);
	CHECK_STR(e.msg, "d:3: '[x' is not a well-formed pattern");
	CHECK(ignore_parse(str_of("!\n"), "d", &g, &e) == E_FORMAT);
	CHECK(ignore_parse((struct str){ "a\xff", 2 }, "d", &g, &e) == E_FORMAT);
}

TEST(clean)
{
	static const char *const cases[][2] = {
		{ "", "." },
		{ "/", "/" },
		{ "a//b/./c/../d/", "a/b/d" },
		{ "../a", "../a" },
		{ "a/../../b", "../b" },
		{ "/../a", "/a" },
		{ "a/..", "." },
		{ "./", "." },
		{ "../../x/..", "../.." },
		{ "/a/../..", "/" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char s[64];

		(void)snprintf(s, sizeof(s), "%s", cases[i][0]);
		path_clean(s);
		CHECK_STR(s, cases[i][1]);
	}
}

TEST(limits)
{
	struct err e = ERR_INIT;
	auto_buf b = BUF_INIT(LIMIT_IGNORE);
	auto_ignore at = { 0 }, over = { 0 };

	for (int i = 0; i < LIMIT_IGNORE_PATTERNS; i++)
		buf_puts(&b, "a\n");
	CHECK(ignore_parse(str_of(buf_str(&b)), "d", &at, &e) == 0);
	buf_puts(&b, "a\n");
	CHECK(ignore_parse(str_of(buf_str(&b)), "d", &over, &e) == E_FORMAT);

	auto_free char *glob = calloc(1, LIMIT_GLOB + 2);

	memset(glob, 'a', LIMIT_GLOB);
	CHECK(glob_match(glob, "a", false, &e) == 0);
	glob[LIMIT_GLOB] = 'a';
	CHECK(glob_match(glob, "a", false, &e) == E_FORMAT);

	auto_free char *text = malloc(LIMIT_IGNORE + 1);

	memset(text, '#', LIMIT_IGNORE + 1);
	CHECK(ignore_parse((struct str){ text, LIMIT_IGNORE }, "d", &over, &e) == 0);
	CHECK(ignore_parse((struct str){ text, LIMIT_IGNORE + 1 }, "d", &over, &e) == E_FORMAT);
}
