/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "registry/conf/registries.h"
#include "registry/conf/toml.h"
#include "tap.h"

/* The document as JSON, or the first line of the error. */
static const char *toml(const char *text)
{
	static char shown[512];
	auto_toml t = TOML_NONE;
	auto_buf b = BUF_INIT(4096);
	struct err e = ERR_INIT;

	if (toml_parse(text, strlen(text), "f", &t, &e) < 0) {
		(void)snprintf(shown, sizeof(shown), "%.*s", (int)strcspn(e.msg, "\n"), e.msg);
		return shown;
	}
	(void)json_canonical(t.root, &b, NULL);
	(void)snprintf(shown, sizeof(shown), "%s", buf_str(&b));
	return shown;
}

TEST(toml_values)
{
	CHECK_STR(toml(""), "{}");
	CHECK_STR(toml("# nothing\n\n  \t\r\n"), "{}");
	CHECK_STR(toml("\xef\xbb\xbf"
		       "a=1"),
		  "{\"a\":1}");
	CHECK_STR(toml("a = \"x\\t\\\"\\u00e9\\U0001F600\" # c"), "{\"a\":\"x\\t\\\"é😀\"}");
	CHECK_STR(toml("a = 'x\\y'\nb=''"), "{\"a\":\"x\\\\y\",\"b\":\"\"}");
	CHECK_STR(toml("a = true\nb = false\nc = -7\nd=+0"),
		  "{\"a\":true,\"b\":false,\"c\":-7,\"d\":0}");
	CHECK_STR(toml("a = [\n 1, # one\n 2,\n]\nb=[[],[\"x\"]]"),
		  "{\"a\":[1,2],\"b\":[[],[\"x\"]]}");
	CHECK_STR(toml("a = {b = 1, \"c d\" = {}}"), "{\"a\":{\"b\":1,\"c d\":{}}}");
	CHECK_STR(toml("a.b.c = 1\na.d = 2"), "{\"a\":{\"b\":{\"c\":1},\"d\":2}}");
}

TEST(toml_tables)
{
	CHECK_STR(toml("[a]\nx=1\n[a.b]\ny=2"), "{\"a\":{\"b\":{\"y\":2},\"x\":1}}");
	CHECK_STR(toml("[a.b]\ny=2\n[a]\nx=1"), "{\"a\":{\"b\":{\"y\":2},\"x\":1}}");
	CHECK_STR(toml("[[a]]\nx=1\n[[a.m]]\ny=1\n[[a.m]]\ny=2\n[[a]]"),
		  "{\"a\":[{\"m\":[{\"y\":1},{\"y\":2}],\"x\":1},{}]}");
	CHECK_STR(toml("[ a . \"b.c\" ]\nx=1"), "{\"a\":{\"b.c\":{\"x\":1}}}");
}

TEST(toml_refusals)
{
	CHECK_STR(toml("a=1\na=2"), "f:2: 'a' stands here twice");
	CHECK_STR(toml("[a]\n[a]"), "f:2: table 'a' is there already");
	CHECK_STR(toml("a={}\n[a]"), "f:2: 'a' is a value, not a table");
	CHECK_STR(toml("a=[]\n[[a]]"), "f:2: 'a' is there already, and no array of tables");
	CHECK_STR(toml("[[a]]\n[a]"), "f:2: table 'a' is there already");
	CHECK_STR(toml("[a.b]\n[a]\nb.c=1"), "f:3: 'b' is there already");
	CHECK_STR(toml("a.b=1\n[a]"), "f:2: table 'a' is there already");
	CHECK_STR(toml("a = 1 2"), "f:1: the end of the line is expected here");
	CHECK_STR(toml("a = \"\"\"x\"\"\""), "f:1: strings over several lines are not read here");
	CHECK_STR(toml("a = \"x\ny\""), "f:1: a string without its end");
	CHECK_STR(toml("a = \"\\q\""), "f:1: an escape that TOML does not know");
	CHECK_STR(toml("a = \"\\ud800\""), "f:1: no character that may stand here");
	CHECK_STR(toml("a = \"\\u12\""), "f:1: 4 hexadecimal digits are expected here");
	CHECK(strstr(toml("a = 1979-05-27"), "only decimal integers"));
	CHECK(strstr(toml("a = 1.5"), "only decimal integers"));
	CHECK(strstr(toml("a = 007"), "only decimal integers"));
	CHECK(strstr(toml("a = yes"), "a value is expected here"));
	CHECK(strstr(toml("a = truely"), "a value is expected here"));
	CHECK_STR(toml("= 1"), "f:1: a key is expected here");
	CHECK_STR(toml("a"), "f:1: '=' is expected here");
	CHECK_STR(toml("[a"), "f:1: ']' is expected here");
	CHECK_STR(toml("[[a]"), "f:1: ']]' is expected here");
	CHECK_STR(toml("a = [1 2]"), "f:1: ',' or ']' is expected here");
	CHECK_STR(toml("a = [1"), "f:1: ',' or ']' is expected here");
	CHECK_STR(toml("a = {b=1,}"), "f:1: an inline table has no ',' at its end");
	CHECK_STR(toml("a = {b=1\n}"), "f:1: ',' or '}' is expected here");
	CHECK_STR(toml("a = \"\x01\""), "f:1: a control character");
	CHECK_STR(toml("a = 1\rb = 2"), "f:1: a control character");
	CHECK_STR(toml("a = \"\xff\""), "f: not UTF-8");
}

/* `before` n times, then `between`, then `after` n times. */
static const char *nested(const char *before, size_t n, const char *between, const char *after)
{
	static char text[8192];
	auto_buf b = BUF_INIT(sizeof(text) - 1);

	for (size_t i = 0; i < n; i++)
		buf_puts(&b, before);
	buf_puts(&b, between);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, after);
	(void)snprintf(text, sizeof(text), "a=%s", buf_str(&b));
	return text;
}

TEST(toml_limits)
{
	auto_buf b = BUF_INIT(2 * LIMIT_TOML);
	auto_toml t = TOML_NONE;

	CHECK(starts_with(toml(nested("[", LIMIT_TOML_DEPTH, "", "]")), "{"));
	CHECK(strstr(toml(nested("[", LIMIT_TOML_DEPTH + 1, "", "]")), "nested deeper than 8"));
	CHECK(strstr(toml(nested("{x=", LIMIT_TOML_DEPTH, "{}", "}")), "nested deeper than 8"));
	CHECK(starts_with(toml("a.b.c.d.e.f.g.h=1"), "{"));
	CHECK(strstr(toml("a.b.c.d.e.f.g.h.i=1"), "more than 8 parts"));
	CHECK(starts_with(toml(nested("\"", 1, nested("x", LIMIT_TOML_STRING, "", "") + 2, "\"")),
			  "{"));
	CHECK(strstr(toml(nested("\"", 1, nested("x", LIMIT_TOML_STRING + 1, "", "") + 2, "\"")),
		     "more than 4096 bytes"));
	while (b.n < LIMIT_TOML)
		buf_putc(&b, '#');
	CHECK(toml_parse(buf_str(&b), b.n, "f", &t, NULL) == 0);
	toml_free(&t);
	buf_putc(&b, '#');
	CHECK(toml_parse(buf_str(&b), b.n, "f", &t, NULL) == E_FORMAT);
	buf_reset(&b);
	for (int i = 0; i < LIMIT_TOML_KEYS; i++)
		buf_printf(&b, "k%d=1\n", i);
	CHECK(toml_parse(buf_str(&b), b.n, "f", &t, NULL) == 0);
	toml_free(&t);
	buf_puts(&b, "z=1");
	CHECK(toml_parse(buf_str(&b), b.n, "f", &t, NULL) == E_FORMAT);
}

TEST(errors_show_the_place)
{
	auto_registries conf = { 0 };
	struct err e = ERR_INIT;
	static const char slip[] = "[[registry]]\nlocation = \"a.example\"\n\tblokced = true\n";

	CHECK(registries_parse(slip, strlen(slip), "f", &conf, &e) == E_FORMAT);
	CHECK_STR(e.msg, "f:3: 'blokced' is no key of this table: there are prefix location "
			 "insecure blocked mirror mirror-by-digest-only\n    \tblokced = true\n    "
			 "\t^");
}

/* What a file is refused with; "" when it is not. */
static const char *conf_error(const char *text)
{
	static char shown[512];
	auto_registries conf = { 0 };
	struct err e = ERR_INIT;

	shown[0] = '\0';
	if (registries_parse(text, strlen(text), "f", &conf, &e) < 0)
		(void)snprintf(shown, sizeof(shown), "%.*s", (int)strcspn(e.msg, "\n"), e.msg);
	return shown;
}

TEST(files_that_are_refused)
{
#define REG "[[registry]]\nlocation=\"a.example\"\n"
	CHECK_STR(conf_error(REG), "");
	CHECK(strstr(conf_error("[registries.search]\nregistries=[]"), "version 1"));
	CHECK(strstr(conf_error("[registry]\nlocation=\"a.example\""), "two brackets"));
	CHECK(strstr(conf_error("[[registry]]\nprefix=\"a.example\""), "without location"));
	CHECK_STR(conf_error("[[registry]]\nprefix=\"*.a.example\""), "");
	CHECK(strstr(conf_error("[[registry]]\nprefix=\"*.a.example/x\""), "wildcard"));
	CHECK(strstr(conf_error(REG "prefix=\"a.*.example\""), "stands only before"));
	CHECK(strstr(conf_error("[[registry]]\nlocation=\"https://a.example\""), "http://"));
	CHECK(strstr(conf_error("[[registry]]\nlocation=\"web\""), "begins with no registry"));
	CHECK(strstr(conf_error("[[registry]]\nlocation=\"a.example/web:1\""), "tags and digests"));
	CHECK(strstr(conf_error("[[registry]]\nlocation=\"a.example/Web\""), "is not HOST"));
	CHECK(strstr(conf_error(REG "insecure=\"true\""), "wants true or false"));
	CHECK(strstr(conf_error(REG "[[registry.mirror]]"), "without location"));
	CHECK(strstr(conf_error(REG "[[registry.mirror]]\nlocation=\"b.example\"\nblocked=true"),
		     "no key"));
	CHECK(strstr(conf_error(REG "mirror-by-digest-only=true\n[[registry.mirror]]\n"
				    "location=\"b.example\"\npull-from-mirror=\"all\""),
		     "mirror-by-digest-only"));
	CHECK(strstr(conf_error(REG "[[registry.mirror]]\nlocation=\"b.example\"\n"
				    "pull-from-mirror=\"some\""),
		     "digest-only"));
	CHECK(strstr(conf_error("short-name-mode=\"off\""), "enforcing"));
	CHECK(strstr(conf_error("unqualified-search-registries=\"a.example\""), "[\"text\""));
	CHECK(strstr(conf_error("[aliases]\n\"a.example/x\"=\"b.example/x\""), "without registry"));
	CHECK(strstr(conf_error("[aliases]\nx=\"b.example\""), "HOST/NAME"));
	CHECK(strstr(conf_error("[aliases]\nx=\"y\""), "no registry's host"));
	CHECK(strstr(conf_error("unknown=1"), "no key of registries.conf"));
	CHECK(strstr(conf_error(REG "blocked=true\n" REG),
		     "twice, and not with the same 'blocked'"));
	CHECK(strstr(conf_error(REG "[[registry]]\nlocation=\"A.example\"\ninsecure=true"),
		     "twice, and not with the same 'insecure'"));
	CHECK(strstr(conf_error(REG "blocked=true\n" REG "prefix=\"b.example\""), "'blocked'"));
	CHECK_STR(conf_error(REG REG), "");
#undef REG
}

static const char conf_text[] =
	"unqualified-search-registries = [\"docker.io\", \"quay.example\"]\n"
	"[[registry]]\n"
	"location = \"a.example\"\n"
	"[[registry.mirror]]\n"
	"location = \"m1.example:5000/cache/a\"\n"
	"insecure = true\n"
	"[[registry.mirror]]\n"
	"location = \"m2.example\"\n"
	"pull-from-mirror = \"digest-only\"\n"
	"[[registry]]\n"
	"prefix = \"A.example/team\"\n"
	"location = \"b.example/other\"\n"
	"[[registry]]\n"
	"prefix = \"*.Bad.example\"\n"
	"blocked = true\n"
	"[[registry]]\n"
	"prefix = \"docker.io/library\"\n"
	"location = \"hub.example/lib\"\n"
	"[aliases]\n"
	"web = \"docker.io/library/web\"\n"
	"gone = \"\"\n";

/* "[~]HOST/NAME[!]" of each place, spaces between; ~ a mirror, ! insecure. Or the error's code. */
static const char *places(const char *text)
{
	static char shown[1024];
	auto_registries conf = { 0 };
	struct place p[LIMIT_PLACES];
	struct ref ref;
	size_t n = 0, at = 0;
	int r = registries_parse(conf_text, strlen(conf_text), "f", &conf, NULL);

	if (r == 0)
		r = ref_parse(text, &ref, NULL);
	if (r == 0)
		r = registries_places(&conf, &ref, p, &n, NULL);
	if (r < 0) {
		(void)snprintf(shown, sizeof(shown), "%d", r);
		return shown;
	}
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(shown + at, sizeof(shown) - at, "%s%s%s/%s%s", i ? " " : "",
				       p[i].mirror ? "~" : "", p[i].host, p[i].name,
				       p[i].insecure ? "!" : "");
	return shown;
}

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(where_a_name_is_pulled_from)
{
	CHECK_STR(places("other.example/x:1"), "other.example/x");
	CHECK_STR(places("a.example/x/y:1"), "~m1.example:5000/cache/a/x/y! a.example/x/y");
	CHECK_STR(places("a.example/x" DIGEST),
		  "~m1.example:5000/cache/a/x! ~m2.example/x a.example/x");
	CHECK_STR(places("a.example:5000/x"), "a.example:5000/x");
	CHECK_STR(places("a.example.org/x"), "a.example.org/x");
	CHECK_STR(places("a.example/team/x"), "b.example/other/x");
	CHECK_STR(places("a.example/teams/x"),
		  "~m1.example:5000/cache/a/teams/x! a.example/teams/x");
	CHECK_STR(places("x.bad.example/x"), "-2");
	CHECK_STR(places("y.x.bad.example:5000/x"), "-2");
	CHECK_STR(places("X.BAD.example/x"), "-2");
	CHECK_STR(places("x.bad.example./x"), "-1");
	CHECK_STR(places("bad.example/x"), "bad.example/x");
	CHECK_STR(places("xbad.example/x"), "xbad.example/x");
	CHECK_STR(places("docker.io/nginx"), "hub.example/lib/nginx");
	CHECK_STR(places("docker.io/team/nginx"), "docker.io/team/nginx");
}

TEST(short_names_are_never_guessed)
{
	auto_registries conf = { 0 };
	struct err e = ERR_INIT;
	struct ref ref;

	CHECK(registries_parse(conf_text, strlen(conf_text), "f", &conf, NULL) == 0);
	CHECK(ref_parse("web:2", &ref, NULL) == 0);
	CHECK(registries_qualify(&conf, &ref, NULL) == 0);
	CHECK_STR(ref.host, "docker.io");
	CHECK_STR(ref.name, "library/web");
	CHECK_STR(ref.tag, "2");
	CHECK(ref_parse("nginx", &ref, NULL) == 0);
	CHECK(registries_qualify(&conf, &ref, &e) == E_USAGE);
	CHECK_STR(e.hint, "write one of: docker.io/library/nginx, quay.example/nginx");
	CHECK(ref_parse("gone", &ref, NULL) == 0);
	CHECK(registries_qualify(&conf, &ref, NULL) == E_USAGE);
}

TEST(later_files_go_before_earlier_ones)
{
	static const char second[] = "[[registry]]\nlocation=\"a.example\"\nblocked=true\n"
				     "[aliases]\nweb=\"c.example/web\"\n";
	auto_registries conf = { 0 };
	const struct conf_entry *x;

	CHECK(registries_parse(conf_text, strlen(conf_text), "f", &conf, NULL) == 0);
	CHECK(registries_parse(second, strlen(second), "g", &conf, NULL) == 0);
	x = registries_find(&conf, "a.example", "x");
	CHECK(x && x->blocked && x->mirrors_n == 0);
	CHECK_STR(json_string_or_null(conf.aliases, "web"), "c.example/web");
	CHECK((int)conf.search.n == 2);
}

TAP_MAIN()
