/* SPDX-License-Identifier: Apache-2.0 */
/* The form of TUF metadata, canonical JSON, patterns: what needs no key. */
#include "tap.h"
#include "trust/tuf/internal.h"

#define COMMON(type) "\"_type\":\"" type "\",\"spec_version\":\"1.0.31\",\"version\":1,"
#define EXPIRES "\"expires\":\"2040-01-01T00:00:00Z\""
#define DOC(body) "{\"signed\":{" body "},\"signatures\":[]}"
#define TARGETS(more) DOC(COMMON("targets") EXPIRES "," more)

static void parse(enum tuf_kind kind, const char *text, const char *refused)
{
	auto_release(tuf_doc_free) struct tuf_doc *d = NULL;
	struct err e = ERR_INIT;
	int r = tuf_doc_parse(&tuf_1_0, str_of(text), kind, &d, &e);

	CHECK(r == (refused ? E_FORMAT : 0));
	if (refused ? !strstr(e.msg, refused) : r != 0) {
		printf("# '%s', want '%s'\n", e.msg, refused ? refused : "");
		CHECK(!"another reason");
	}
}

static void canonical(const char *json, const char *want)
{
	auto_buf b = BUF_INIT(4096);
	auto_json *j = NULL;
	struct err e = ERR_INIT;

	CHECK(json_parse(json, strlen(json), "test", &j, &e) == 0);
	if (!want) {
		CHECK(tuf_canonical(j, &b, &e) == E_FORMAT);
		return;
	}
	CHECK(tuf_canonical(j, &b, &e) == 0);
	CHECK_STR(buf_str(&b), want);
}

TEST(canonical_json)
{
	canonical("{ \"b\" : 1 , \"a\" : [ ] , \"\" : { } }", "{\"\":{},\"a\":[],\"b\":1}");
	canonical("[1,-5,0,9223372036854775807,true,false,null]",
		  "[1,-5,0,9223372036854775807,true,false,null]");
	/* Only the quote and the backslash are escaped; all else stands as it is. */
	canonical("\"\\\"\\\\\\/\\n\\u0001\\u00e4\\ud83d\\ude00\"",
		  "\"\\\"\\\\/\n\x01\xc3\xa4\xf0\x9f\x98\x80\"");
	/* By character, not by UTF-16 unit: U+FF5E is before U+1F600. */
	canonical("{\"\\ud83d\\ude00\":1,\"\\uff5e\":2,\"z\":3,\"Z\":4}",
		  "{\"Z\":4,\"z\":3,\"\xef\xbd\x9e\":2,\"\xf0\x9f\x98\x80\":1}");
	canonical("[1.0]", NULL);
	canonical("{\"a\":1e3}", NULL);
}

TEST(patterns)
{
	static const struct {
		const char *pattern, *path;
		bool want;
	} cases[] = {
		{ "a", "a", true },
		{ "a", "b", false },
		{ "a", "ab", false },
		{ "ab", "a", false },
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "a", true },
		{ "*", "a/b", false },
		{ "**", "a/b", false },
		{ "*/*", "a/b", true },
		{ "*/*", "a", false },
		{ "*/*", "a/b/c", false },
		{ "a/*", "a/", true },
		{ "a/*", "a", false },
		{ "*.zip", "x.zip", true },
		{ "*.zip", "x.zip.zip", true },
		{ "*.zip", "x.zipp", false },
		{ "a*b*c", "axxbyybzzc", true },
		{ "a*b*c", "axxbyybzz", false },
		{ "rel/*/x", "rel/1/x", true },
		{ "rel/*/x", "rel/1/2/x", false },
		{ "*/b", "a/c", false },
		{ "?", "a", true },
		{ "?", "/", false },
		{ "?", "\xc3\xa4", true },
		{ "a?c", "abc", true },
		{ "[a-c]", "b", true },
		{ "[a-c]", "d", false },
		{ "[!a-c]", "d", true },
		{ "[!a-c]", "b", false },
		{ "[!a]", "/", false },
		{ "a[/]b", "a/b", false },
		{ "a[b/c]d", "abd", false }, /* two parts: "a[b" and "c]d" */
		{ "a[b/c]d", "a[b/c]d", true },
		{ "a[b-/c]d", "abd", false },
		{ "a[b-/c]d", "a[b-/c]d", true },
		{ "[!/]", "a", false },
		{ "*[a/b]", "xa", false },
		{ "[]]", "]", true },
		{ "[a-]", "-", true },
		{ "[ab", "[ab", true },
		{ "[ab", "a", false },
		{ "\\*", "\\x", true }, /* no escape */
		{ ".*", ".a", true },
		{ "*", ".a", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (tuf_match(cases[i].pattern, cases[i].path) != cases[i].want)
			printf("# '%s' '%s'\n", cases[i].pattern, cases[i].path);
		CHECK(tuf_match(cases[i].pattern, cases[i].path) == cases[i].want);
	}
}

TEST(pattern_of_many_stars_ends)
{
	auto_buf pattern = BUF_INIT(LIMIT_TUF_PATH + 1), path = BUF_INIT(LIMIT_TUF_PATH + 1);

	for (int i = 0; i < LIMIT_TUF_PATH / 2; i++)
		buf_puts(&pattern, "*a");
	for (int i = 0; i < LIMIT_TUF_PATH - 1; i++)
		buf_putc(&path, 'a');
	buf_putc(&path, 'b');
	CHECK(!tuf_match(buf_str(&pattern), buf_str(&path)));
}

TEST(bins)
{
	auto_buf name = BUF_INIT(100);

	/* sha256("bar") begins with fcde2b2e */
	tuf_bin_of("bar", 8, "bin", &name);
	CHECK_STR(buf_str(&name), "bin-fc");
	buf_reset(&name);
	tuf_bin_of("bar", 1, "bin", &name);
	CHECK_STR(buf_str(&name), "bin-1");
	buf_reset(&name);
	tuf_bin_of("bar", 9, "x", &name);
	CHECK_STR(buf_str(&name), "x-1f9");
	buf_reset(&name);
	tuf_bin_of("bar", 32, "x", &name);
	CHECK_STR(buf_str(&name), "x-fcde2b2e");
	CHECK(tuf_is_bin("bin-fc", 8, "bin") && tuf_is_bin("x-1ff", 9, "x"));
	CHECK(!tuf_is_bin("x-200", 9, "x")); /* past the last */
	CHECK(!tuf_is_bin("bin-FC", 8, "bin") && !tuf_is_bin("bin-c", 8, "bin"));
	CHECK(!tuf_is_bin("bin-0fc", 8, "bin") && !tuf_is_bin("bin", 8, "bin"));
	CHECK(!tuf_is_bin("bun-fc", 8, "bin") && !tuf_is_bin("bin-", 8, "bin"));
	CHECK(tuf_is_bin("x-ffffffff", 32, "x"));
}

TEST(quoting)
{
	auto_buf b = BUF_INIT(100);

	tuf_quote(STR("a/B-._~9 %?#\xc3\xa4"), false, &b);
	CHECK_STR(buf_str(&b), "a%2FB-._~9%20%25%3F%23%C3%A4");
	buf_reset(&b);
	tuf_quote(STR("a/b"), true, &b);
	CHECK_STR(buf_str(&b), "a/b");
}

TEST(what_all_have)
{
	parse(TUF_TARGETS, TARGETS("\"targets\":{}"), NULL);
	parse(TUF_TARGETS, "{}", "'signed' is missing");
	parse(TUF_TARGETS, "{\"signed\":{}}", "'signatures' is missing");
	parse(TUF_TARGETS, "{\"signed\":[],\"signatures\":[]}", "not an object");
	parse(TUF_TARGETS, DOC("\"a\":1"), "'_type' is missing");
	parse(TUF_SNAPSHOT, TARGETS("\"targets\":{}"), "want snapshot metadata");
	parse(TUF_TARGETS, DOC("\"_type\":\"targets\",\"spec_version\":\"1.0\",\"version\":0"),
	      "version 0");
	parse(TUF_TARGETS, DOC("\"_type\":\"targets\",\"spec_version\":\"1.0\",\"version\":1.0"),
	      "not an integer");
	parse(TUF_TARGETS, DOC("\"_type\":\"targets\",\"spec_version\":\"1.0\",\"version\":true"),
	      "not an integer");
	parse(TUF_TARGETS, DOC("\"_type\":\"targets\",\"spec_version\":\"11.0\",\"version\":1"),
	      "not 1.x");
	parse(TUF_TARGETS, DOC("\"_type\":\"targets\",\"spec_version\":\"1.a\",\"version\":1"),
	      "not 1.x");
	parse(TUF_TARGETS, DOC("\"_type\":\"targets\",\"spec_version\":\"1.0.0.0\",\"version\":1"),
	      "not 1.x");
	parse(TUF_TARGETS, DOC(COMMON("targets") "\"expires\":\"2040-01-01T00:00:00z\""),
	      "YYYY-MM-DD");
	parse(TUF_TARGETS, DOC(COMMON("targets") "\"expires\":\"2040-01-01 00:00:00Z\""),
	      "YYYY-MM-DD");
	parse(TUF_TARGETS, DOC(COMMON("targets") "\"expires\":\"2040-13-01T00:00:00Z\""),
	      "YYYY-MM-DD");
	parse(TUF_TARGETS, DOC(COMMON("targets") "\"expires\":2040"), "not a string");
	parse(TUF_TARGETS,
	      "{\"signed\":{" COMMON("targets") EXPIRES
	      ",\"targets\":{}},\"signatures\":["
	      "{\"keyid\":\"a\",\"sig\":\"\"},{\"keyid\":\"a\",\"sig\":\"\"}]}",
	      "two signatures");
}

TEST(timestamp_and_snapshot)
{
#define TIMESTAMP(meta) DOC(COMMON("timestamp") EXPIRES ",\"meta\":{" meta "}")
#define ONE(name, more) "\"" name "\":{\"version\":1" more "}"
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("snapshot.json", "")), NULL);
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("targets.json", "")), "'snapshot.json' is missing");
	parse(TUF_TIMESTAMP, TIMESTAMP("\"snapshot.json\":{}"), "'version' is missing");
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("snapshot.json", ",\"length\":0")), "length 0");
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("snapshot.json", ",\"length\":-1")), "negative");
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("snapshot.json", ",\"hashes\":{}")), "'hashes'");
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("snapshot.json", ",\"hashes\":{\"sha256\":1}")),
	      "not a string");
	parse(TUF_TIMESTAMP, TIMESTAMP(ONE("snapshot.json", "") "," ONE("x", "")), "no name");
}

TEST(delegations)
{
#define ROLE(name, more)                                                                           \
	"{\"name\":\"" name "\",\"keyids\":[],\"threshold\":1,\"terminating\":false," more "}"
#define DELEGATED(roles)                                                                           \
	TARGETS("\"targets\":{},\"delegations\":{\"keys\":{},\"roles\":[" roles "]}")
#define SUCCINCT(more)                                                                             \
	TARGETS("\"targets\":{},\"delegations\":{\"keys\":{},\"succinct_roles\":{\"keyids\":[],"   \
		"\"threshold\":1," more "}}")
	parse(TUF_TARGETS, DELEGATED(""), NULL);
	parse(TUF_TARGETS, DELEGATED(ROLE("a", "\"paths\":[\"*\"]")), NULL);
	parse(TUF_TARGETS, DELEGATED(ROLE("a", "\"paths\":[],\"path_hash_prefixes\":[]")),
	      "either 'paths' or");
	parse(TUF_TARGETS, DELEGATED(ROLE("a", "\"x\":1")), "either 'paths' or");
	parse(TUF_TARGETS, DELEGATED(ROLE("a", "\"paths\":[1]")), "not a string");
	parse(TUF_TARGETS, DELEGATED(ROLE("a", "\"paths\":{}")), "not an array");
	parse(TUF_TARGETS, DELEGATED(ROLE("", "\"paths\":[]")), "a role's name");
	parse(TUF_TARGETS, DELEGATED(ROLE("a", "\"paths\":[]") "," ROLE("a", "\"paths\":[]")),
	      "there twice");
	parse(TUF_TARGETS, SUCCINCT("\"bit_length\":1,\"name_prefix\":\"x\""), NULL);
	parse(TUF_TARGETS, SUCCINCT("\"bit_length\":32,\"name_prefix\":\"x\""), NULL);
	parse(TUF_TARGETS, SUCCINCT("\"bit_length\":33,\"name_prefix\":\"x\""), "bit_length");
	parse(TUF_TARGETS, SUCCINCT("\"bit_length\":0,\"name_prefix\":\"x\""), "bit_length");
	parse(TUF_TARGETS, SUCCINCT("\"bit_length\":8"), "'name_prefix' is missing");
}

/* A list of n things between two halves of a file; at the limit it is read, one past it not. */
static void at_limit(enum tuf_kind kind, const char *before, const char *item, const char *after,
		     int n, const char *refused)
{
	const char *number = strstr(item, "%d");

	for (int more = 0; more < 2; more++) {
		auto_buf b = BUF_INIT(LIMIT_TUF_TARGETS);

		buf_puts(&b, before);
		for (int i = 0; i < n + more; i++) {
			buf_puts(&b, i ? "," : "");
			buf_put(&b, item, (size_t)(number - item));
			buf_printf(&b, "%d", i);
			buf_puts(&b, number + 2);
		}
		buf_puts(&b, after);
		parse(kind, buf_str(&b), more ? refused : NULL);
	}
}

TEST(limits_of_lists)
{
#define HEAD "{\"signed\":{" COMMON("targets") EXPIRES ",\"targets\":{"
	at_limit(TUF_TARGETS, HEAD "}},\"signatures\":[", "{\"keyid\":\"%d\",\"sig\":\"\"}", "]}",
		 LIMIT_TUF_SIGNATURES, "more than 1024 signatures");
	at_limit(TUF_TARGETS, HEAD "},\"delegations\":{\"roles\":[],\"keys\":{",
		 "\"%d\":{\"keytype\":\"a\",\"scheme\":\"a\",\"keyval\":{}}",
		 "}}},\"signatures\":[]}", LIMIT_TUF_KEYS, "more than 1024 keys");
	at_limit(TUF_TARGETS,
		 HEAD "},\"delegations\":{\"keys\":{},\"roles\":[{\"name\":\"a\",\"threshold\":1,"
		      "\"terminating\":true,\"paths\":[],\"keyids\":[",
		 "\"%d\"", "]}]}},\"signatures\":[]}", LIMIT_TUF_KEYS, "more than 1024 keyids");
	at_limit(TUF_TARGETS,
		 HEAD "},\"delegations\":{\"keys\":{},\"roles\":[{\"name\":\"a\",\"threshold\":1,"
		      "\"terminating\":true,\"keyids\":[],\"paths\":[",
		 "\"%d\"", "]}]}},\"signatures\":[]}", LIMIT_TUF_PATTERNS, "at most 4096");
	at_limit(
		TUF_TARGETS, HEAD "},\"delegations\":{\"keys\":{},\"roles\":[",
		"{\"name\":\"%d\",\"threshold\":1,\"terminating\":true,\"keyids\":[],\"paths\":[]}",
		"]}},\"signatures\":[]}", LIMIT_TUF_ROLES, "at most 16384");
	at_limit(TUF_TARGETS, HEAD "\"a\":{\"length\":1,\"hashes\":{", "\"%d\":\"\"",
		 "}}}},\"signatures\":[]}", LIMIT_TUF_HASHES, "1 to 16");
}

/* A name of n bytes between two halves. */
static void name_limit(const char *before, const char *after, int n, const char *refused)
{
	for (int more = 0; more < 2; more++) {
		auto_buf b = BUF_INIT(LIMIT_TUF_TARGETS);

		buf_puts(&b, before);
		for (int i = 0; i < n + more; i++)
			buf_putc(&b, 'x');
		buf_puts(&b, after);
		parse(TUF_TARGETS, buf_str(&b), more ? refused : NULL);
	}
}

TEST(limits_of_names)
{
	name_limit(HEAD "\"", "\":{\"length\":1,\"hashes\":{\"a\":\"\"}}}},\"signatures\":[]}",
		   LIMIT_TUF_PATH, "1 to 4096 bytes");
	name_limit(HEAD "},\"delegations\":{\"keys\":{},\"roles\":[{\"name\":\"",
		   "\",\"threshold\":1,\"terminating\":true,\"keyids\":[],\"paths\":[]}]}},"
		   "\"signatures\":[]}",
		   LIMIT_TUF_NAME, "1 to 80 bytes");
	name_limit(HEAD "},\"delegations\":{\"roles\":[],\"keys\":{\"",
		   "\":{\"keytype\":\"a\",\"scheme\":\"a\",\"keyval\":{}}}}},\"signatures\":[]}",
		   LIMIT_TUF_KEYID, "1 to 256 bytes");
	name_limit(HEAD "},\"delegations\":{\"keys\":{},\"roles\":[{\"name\":\"a\",\"threshold\":1,"
			"\"terminating\":true,\"keyids\":[],\"paths\":[\"",
		   "\"]}]}},\"signatures\":[]}", LIMIT_TUF_PATH, "at most 4096 bytes");
}

TEST(limits_of_files)
{
	static const struct {
		enum tuf_kind kind;
		size_t n;
	} cases[] = { { TUF_ROOT, LIMIT_TUF_ROOT },
		      { TUF_TIMESTAMP, LIMIT_TUF_TIMESTAMP },
		      { TUF_SNAPSHOT, LIMIT_TUF_SNAPSHOT },
		      { TUF_TARGETS, LIMIT_TUF_TARGETS } };

	for (size_t i = 0; i < 4; i++) {
		auto_buf b = BUF_INIT(LIMIT_TUF_TARGETS + 1);
		struct tuf_doc *d = NULL;
		struct err e = ERR_INIT;

		buf_puts(&b, "{}");
		while (b.n < cases[i].n)
			buf_putc(&b, ' ');
		CHECK(tuf_doc_parse(&tuf_1_0, (struct str){ b.p, b.n }, cases[i].kind, &d, &e) ==
		      E_FORMAT);
		CHECK(strstr(e.msg, "'signed' is missing") != NULL); /* it was read */
		buf_putc(&b, ' ');
		CHECK(tuf_doc_parse(&tuf_1_0, (struct str){ b.p, b.n }, cases[i].kind, &d, &e) ==
		      E_FORMAT);
		CHECK(strstr(e.msg, "more than") != NULL);
	}
}

TAP_MAIN()
