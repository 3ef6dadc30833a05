/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/advisories/internal.h"

#include <string.h>

#include "scan/advisory/checks.h"
#include "tap.h"

TAP_MAIN()

TEST(osv_lines)
{
	static const char *const broken[] = {
		"",
		"x",
		"2026-01-01T00:00:00Z",
		"2026-01-01T00:00:00Z,",
		"yesterday,GO-1",
		"2026-01-01T00:00:00Z,a/b",
		"2026-01-01T00:00:00Z,..",
		"2026-01-01T00:00:00Z,.a",
		"2026-01-01T00:00:00Z,a b",
		"2026-01-01T00:00:00Z,a?b",
		"2026-01-01T00:00:00Z,a%2f",
	};
	struct err e = ERR_INIT;
	struct str id;
	int64_t when;

	CHECK(feed_osv_line(STR("2026-01-03T00:00:00.5Z,GO-2026-0001\r"), &when, &id, &e) == 0);
	CHECK(when == 1767398400 && str_eqz(id, "GO-2026-0001"));
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		CHECK(feed_osv_line(str_of(broken[i]), &when, &id, &e) == E_FORMAT);
}

TEST(csaf_lines)
{
	static const char *const broken[] = {
		"\"a.json\"",
		"\"../a.json\",\"2026-01-01T00:00:00Z\"",
		"\"/a.json\",\"2026-01-01T00:00:00Z\"",
		"\"a/\",\"2026-01-01T00:00:00Z\"",
		"\"a.txt\",\"2026-01-01T00:00:00Z\"",
		"\"a.json\",\"now\"",
		",,",
		"\"a//b.json\",\"2026-01-01T00:00:00Z\"",
	};
	struct err e = ERR_INIT;
	struct str path;
	int64_t when;

	CHECK(feed_csaf_line(STR("\"2024/cve-2024-1.json\",\"2026-01-03T01:00:00+01:00\""), &when,
			     &path, &e) == 0);
	CHECK(when == 1767398400 && str_eqz(path, "2024/cve-2024-1.json"));
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
		CHECK(feed_csaf_line(str_of(broken[i]), &when, &path, &e) == E_FORMAT);
}

TEST(archive_dates)
{
	struct err e = ERR_INIT;
	int64_t when;

	CHECK(feed_archive_date("csaf_vex_2026-01-03.tar.zst", &when, &e) == 0 &&
	      when == 1767398400);
	CHECK(feed_archive_date("csaf_vex.tar.zst", &when, &e) == E_FORMAT);
	CHECK(feed_archive_date("2026-13-03", &when, &e) == E_FORMAT);
	CHECK(feed_archive_date("", &when, &e) == E_FORMAT);
}

TEST(names)
{
	char name[8];

	feed_name("Rocky Linux/x", name, sizeof(name));
	CHECK(strcmp(name, "Rocky_L") == 0);
}

static int sources(const char *text, struct advisory_sources *ret, struct err *e)
{
	auto_json *j = NULL;

	*e = ERR_INIT;
	CHECK(json_parse(text, strlen(text), "test", &j, e) == 0);
	return advisory_sources_read(j, ret, e);
}

TEST(sources)
{
	auto_sources s = { .n = 0 };
	struct err e;

	CHECK(sources("{\"sources\":{\"debian\":{\"url\":\"https://mirror.example/x/\"},"
		      "\"kev\":{\"enabled\":false},\"ours\":{\"url\":\"http://10.0.0.1/\","
		      "\"insecure\":true,\"paths\":[\"a/b.json\"]}}}",
		      &s, &e) == 0);
	CHECK(strcmp(advisory_sources_find(&s, "debian")->url, "https://mirror.example/x") == 0);
	CHECK(advisory_sources_find(&s, "debian")->type == SOURCE_FILE);
	CHECK(!advisory_sources_find(&s, "kev")->enabled);
	CHECK(advisory_sources_find(&s, "ours")->parts.n == 1);
	CHECK(advisory_sources_find(&s, "redhat")->type == SOURCE_CSAF);
	CHECK(!advisory_sources_find(&s, "nobody"));
}

TEST(sources_refused)
{
	static const char *const broken[] = {
		"[]",
		"{\"source\":{}}",
		"{\"sources\":[]}",
		"{\"sources\":{\"a\":7}}",
		"{\"sources\":{\"a\":{}}}",
		"{\"sources\":{\"a/b\":{\"url\":\"https://x\"}}}",
		"{\"sources\":{\"a\":{\"url\":\"ftp://x\"}}}",
		"{\"sources\":{\"a\":{\"url\":\"http://x\"}}}",
		"{\"sources\":{\"a\":{\"url\":\"https://x\",\"type\":\"rpm\"}}}",
		"{\"sources\":{\"a\":{\"url\":\"https://x\",\"type\":\"osv\"}}}",
		"{\"sources\":{\"a\":{\"url\":\"https://x\",\"paths\":[\"../x\"]}}}",
		"{\"sources\":{\"a\":{\"url\":\"https://x\",\"paths\":[\"x?y\"]}}}",
		"{\"sources\":{\"a\":{\"url\":\"https://x\",\"paths\":[7]}}}",
		"{\"sources\":{\"a\":{\"url\":\"https://x\",\"enabled\":\"no\"}}}",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		auto_sources s = { .n = 0 };
		struct err e;

		CHECK(sources(broken[i], &s, &e) == E_USAGE);
	}
}

/* One source more than there is room for, beside those that are known of themselves. */
TEST(sources_limit)
{
	auto_sources known = { .n = 0 };
	struct err none;
	int room;

	CHECK(sources("{\"sources\":{}}", &known, &none) == 0 && known.n > 0);
	room = LIMIT_SOURCES - (int)known.n;
	for (int n = room; n <= room + 1; n++) {
		auto_buf text = BUF_INIT(64 * 1024);
		auto_sources s = { .n = 0 };
		struct err e;

		buf_puts(&text, "{\"sources\":{");
		for (int i = 0; i < n; i++)
			buf_printf(&text, "%s\"s%d\":{\"url\":\"https://x\"}", i ? "," : "", i);
		buf_puts(&text, "}}");
		CHECK(sources(buf_str(&text), &s, &e) == (n > room ? E_USAGE : 0));
	}
}

TEST(checks)
{
	static const char text[] = "{\"schema\":\"plimsoll.checks/v1\",\"sources\":{}}";
	auto_json *c = NULL;
	const char *which = NULL;
	struct err e = ERR_INIT;

	CHECK(advisory_checks_parse(text, strlen(text), &c, &e) == 0);
	CHECK(advisory_checks_oldest(c, NULL) == -1 && advisory_checks_newest(c) == 0);
	CHECK(advisory_checks_note(c, ADVISORY_CHECKS_IMPORT, 100, NULL, 0, &e) == 0);
	CHECK(advisory_checks_oldest(c, &which) == 100 && strcmp(which, "import") == 0);
	/* With a source that is asked, imports do not count. */
	CHECK(advisory_checks_note(c, "kev", 200, NULL, 0, &e) == 0);
	CHECK(advisory_checks_oldest(c, &which) == 200 && strcmp(which, "kev") == 0);
	CHECK(advisory_checks_note(c, "epss", 150, NULL, 0, &e) == 0);
	CHECK(advisory_checks_note(c, "epss", 300, "HTTP 500", 0, &e) == 0);
	CHECK(advisory_checks_oldest(c, &which) == 150 && strcmp(which, "epss") == 0);
	CHECK(advisory_checks_newest(c) == 200);
	CHECK(advisory_checks_note(c, "never", 300, "HTTP 500", 0, &e) == 0);
	CHECK(advisory_checks_oldest(c, &which) == 0 && strcmp(which, "never") == 0);
}

TEST(checks_hostile)
{
	static const char *const broken[] = {
		"",
		"[]",
		"{}",
		"{\"schema\":\"other\",\"sources\":{}}",
		"{\"schema\":\"plimsoll.checks/v1\"}",
		"{\"schema\":\"plimsoll.checks/v1\",\"sources\":{\"a\":7}}",
		"{\"schema\":\"plimsoll.checks/v1\",\"sources\":{\"a\":{\"checked\":-1}}}",
		"{\"schema\":\"plimsoll.checks/v1\",\"sources\":{\"a\":{\"checked\":\"x\"}}}",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		json_t *c = NULL;
		struct err e = ERR_INIT;

		CHECK(advisory_checks_parse(broken[i], strlen(broken[i]), &c, &e) == E_FORMAT);
	}
}

/* A NUL is of no name, though C's text ends there. */
TEST(names_with_nul_in_lists_of_changes)
{
	struct err e = ERR_INIT;
	struct str id;
	int64_t when;

	CHECK(feed_osv_line(STR("2026-01-03T00:00:00Z,GO-1\0"), &when, &id, &e) == E_FORMAT);
	CHECK(feed_csaf_line(STR("2026/a\0.json,2026-01-03T00:00:00Z"), &when, &id, &e) ==
	      E_FORMAT);
}
