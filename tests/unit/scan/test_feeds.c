/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit.h"

#include "scan/severity.h"
#include "tap.h"

TAP_MAIN()

static json_t *parse(const char *text)
{
	json_t *doc = NULL;
	struct err e = ERR_INIT;

	CHECK(json_parse(text, strlen(text), "test", &doc, &e) == 0);
	return doc;
}

/* The unit of a document, or NULL when it is refused. */
static json_t *unit_of(const char *text, bool (*is)(const json_t *),
		       int (*read)(const json_t *, json_t **, struct err *), struct err *e)
{
	auto_json *doc = parse(text);
	json_t *unit = NULL;

	*e = ERR_INIT;
	CHECK(is(doc));
	return read(doc, &unit, e) < 0 ? NULL : unit;
}

/* "fixed" of the range that begins at 0; "" when it has no end, NULL without that row or range. */
static const json_t *row_of(const json_t *unit, const char *ecosystem, const char *package,
			    const char *id)
{
	size_t i;
	json_t *row;

	json_array_foreach(json_object_get(unit, "rows"), i, row)
	{
		const json_t *ids = json_array_get(json_object_get(row, "ids"), 0);

		if (strcmp(json_string_or_null(row, "e"), ecosystem) == 0 &&
		    strcmp(json_string_or_null(row, "p"), package) == 0 &&
		    (!id || strcmp(json_string_value(json_array_get(ids, 0)), id) == 0))
			return row;
	}
	return NULL;
}

static bool says(const json_t *row, const char *status, const char *ranges)
{
	auto_buf text = BUF_INIT(64 * 1024);
	const char *st = json_string_or_null(row, "st");

	if (!row || json_canonical(json_object_get(row, "r"), &text, NULL) < 0)
		return false;
	if (strcmp(st ? st : "", status) == 0 && strcmp(buf_str(&text), ranges) == 0)
		return true;
	printf("# %s %s\n", st ? st : "", buf_str(&text));
	return false;
}

static int severity_in(const json_t *row)
{
	return (int)json_integer_value(json_object_get(row, "s"));
}

#define BOOKWORM(members) "{\"releases\":{\"bookworm\":{" members "}}}"

TEST(debian_states)
{
	static const struct {
		const char *release, *status, *ranges;
		int severity;
	} cases[] = {
		{ "\"status\":\"open\",\"urgency\":\"not yet assigned\"", "", "[[\"i\",\"0\"]]",
		  0 },
		{ "\"status\":\"open\",\"urgency\":\"low**\"", "", "[[\"i\",\"0\"]]",
		  SEVERITY_LOW },
		{ "\"status\":\"open\",\"urgency\":\"low\",\"nodsa\":\"Minor issue\","
		  "\"nodsa_reason\":\"\"",
		  "no-dsa", "[[\"i\",\"0\"]]", SEVERITY_LOW },
		{ "\"status\":\"open\",\"nodsa\":\"Later\",\"nodsa_reason\":\"postponed\"",
		  "postponed", "[[\"i\",\"0\"]]", 0 },
		{ "\"status\":\"open\",\"nodsa\":\"Too hard\",\"nodsa_reason\":\"ignored\"",
		  "ignored", "[[\"i\",\"0\"]]", 0 },
		{ "\"status\":\"open\",\"urgency\":\"unimportant\"", "unimportant",
		  "[[\"i\",\"0\"]]", SEVERITY_LOW },
		{ "\"status\":\"open\",\"urgency\":\"end-of-life\"", "end-of-life",
		  "[[\"i\",\"0\"]]", 0 },
		{ "\"status\":\"undetermined\",\"urgency\":\"not yet assigned\"", "undetermined",
		  "[[\"i\",\"0\"]]", 0 },
		{ "\"status\":\"resolved\",\"fixed_version\":\"1:2~rc1-1\",\"urgency\":\"high\"",
		  "fixed", "[[\"i\",\"0\",\"f\",\"1:2~rc1-1\"]]", SEVERITY_HIGH },
		{ "\"status\":\"resolved\",\"fixed_version\":\"2\",\"urgency\":\"unimportant\"",
		  "unimportant", "[[\"i\",\"0\",\"f\",\"2\"]]", SEVERITY_LOW },
		{ "\"status\":\"resolved\",\"fixed_version\":\"0\",\"urgency\":\"medium\"",
		  "not-affected", "[]", SEVERITY_MEDIUM },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_buf text = BUF_INIT(4096);
		struct err e = ERR_INIT;
		auto_json *unit = NULL, *doc = NULL;
		const json_t *row;

		buf_printf(&text, "{\"CVE-2024-1\":{\"releases\":{\"bookworm\":{%s}}}}",
			   cases[i].release);
		doc = parse(buf_str(&text));
		CHECK(advisory_debian("src", doc, &unit, &e) == 0);
		row = row_of(unit, "Debian:12", "src", "CVE-2024-1");
		CHECK(says(row, cases[i].status, cases[i].ranges));
		CHECK(severity_in(row) == cases[i].severity);
	}
}

TEST(debian_unit)
{
	auto_json *doc = parse("{\"CVE-2024-1\":{\"description\":\"One\\nmore\",\"releases\":{"
			       "\"sid\":{\"status\":\"open\"},\"trixie\":{\"status\":\"open\"}}},"
			       "\"TEMP-0000000-ABCDEF\":" BOOKWORM("\"status\":\"open\"") "}");
	auto_json *unit = NULL;
	struct err e = ERR_INIT;

	CHECK(advisory_debian("src", doc, &unit, &e) == 0);
	CHECK(strcmp(json_string_or_null(unit, "unit"), "debian/src") == 0);
	CHECK(strcmp(json_string_or_null(unit, "replaces"), "debian/") == 0);
	CHECK(json_array_size(json_object_get(unit, "ecosystems")) == 3);
	CHECK(strcmp(json_string_or_null(row_of(unit, "Debian:sid", "src", "CVE-2024-1"), "t"),
		     "One") == 0);
	CHECK(row_of(unit, "Debian:13", "src", "CVE-2024-1") != NULL);
	CHECK(row_of(unit, "Debian:12", "src", "TEMP-0000000-ABCDEF") != NULL);
}

TEST(debian_hostile)
{
	static const char *const broken[] = {
		"{\"CVE-2024-1\":{\"releases\":{\"bookworm\":{\"status\":\"fine\"}}}}",
		"{\"CVE-2024-1\":{\"releases\":{\"bookworm\":{}}}}",
		"{\"CVE-2024-1\":{\"releases\":{\"bookworm\":7}}}",
		"{\"CVE-2024-1\":{\"releases\":[]}}",
		"{\"CVE-2024-1\":7}",
		"{\"CVE-2024-1\":{\"releases\":{\"\":{\"status\":\"open\"}}}}",
		"{\"CVE-2024-1\":{\"releases\":{\"bookworm\":{\"status\":\"resolved\"}}}}",
		("{\"CVE-2024-1\":{\"releases\":{\"bookworm\":{\"status\":\"resolved\","
		 "\"fixed_version\":\"\"}}}}"),
		"{\"a b\":{\"releases\":{}}}",
		"{\"\":{\"releases\":{}}}",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		auto_json *doc = parse(broken[i]);
		struct err e = ERR_INIT;
		json_t *unit = NULL;

		CHECK(advisory_debian("src", doc, &unit, &e) == E_FORMAT);
		CHECK(!unit);
	}
	CHECK(advisory_is_debian(STR(" {\n \"a\": { \"CVE-2024-1\": {")));
	CHECK(advisory_is_debian(STR("{\"a\":{\"TEMP-1")));
	CHECK(!advisory_is_debian(STR("{\"a\":{\"id\":")));
	CHECK(!advisory_is_debian(STR("{\"a\":\"CVE-")));
	CHECK(!advisory_is_debian(STR("{\"a\"")));
	CHECK(!advisory_is_debian(STR("")));
}

TEST(kev)
{
	struct err e;
	auto_json *unit = unit_of(
		"{\"catalogVersion\":\"1\",\"dateReleased\":\"2026-08-07T16:45:47.0648Z\","
		"\"vulnerabilities\":[{\"cveID\":\"CVE-2024-1\",\"dateAdded\":\"2026-08-07\","
		"\"knownRansomwareCampaignUse\":\"Known\"},{\"cveID\":\"CVE-2024-2\",\"dateAdded\":"
		"\"2021-11-03\",\"knownRansomwareCampaignUse\":\"Unknown\"}]}",
		advisory_is_kev, advisory_kev, &e);
	auto_buf text = BUF_INIT(4096);

	CHECK(unit && json_canonical(json_object_get(unit, "facts"), &text, &e) == 0);
	CHECK(strcmp(buf_str(&text),
		     "[{\"id\":\"CVE-2024-1\",\"kev\":\"2026-08-07\",\"ransomware\":true},"
		     "{\"id\":\"CVE-2024-2\",\"kev\":\"2021-11-03\"}]") == 0);
	CHECK(json_integer_value(json_object_get(unit, "modified")) == 1786121147);
}

TEST(kev_hostile)
{
	static const char *const broken[] = {
		"{\"catalogVersion\":\"1\",\"vulnerabilities\":[{}]}",
		"{\"catalogVersion\":\"1\",\"vulnerabilities\":[7]}",
		"{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-1\"}]}",
		"{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-1\",\"dateAdded\":"
		"\"2026-02-30\"}]}",
		"{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-1\\u001b[2J\","
		"\"dateAdded\":\"2026-02-03\"}]}",
		"{\"catalogVersion\":\"1\",\"dateReleased\":\"soon\",\"vulnerabilities\":[]}",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct err e;

		CHECK(!unit_of(broken[i], advisory_is_kev, advisory_kev, &e));
		CHECK(e.code == E_FORMAT);
	}
}

static int next_line(void *arg, struct str *ret, struct err *e)
{
	(void)e;
	return str_line(arg, ret);
}

static int put_line(void *arg, const json_t *unit, struct err *e)
{
	struct buf *emit = arg;
	int r = json_canonical(unit, emit, e);

	buf_putc(emit, '\n');
	return r;
}

static int epss(const char *text, struct buf *emit, struct err *e)
{
	struct str rest = str_of(text);
	const struct advisory_lines lines = { next_line, &rest };
	const struct unit_sink to = { put_line, emit };

	return advisory_epss(&lines, &to, e);
}

TEST(epss)
{
	auto_buf emit = BUF_INIT(64 * 1024);
	struct err e = ERR_INIT;
	struct str rest, line;
	size_t n = 0;

	CHECK(epss("#model_version:v2025.03.14,score_date:2026-01-02T00:00:00+0000\n"
		   "cve,epss,percentile\n"
		   "CVE-1999-0001,0.0123456,0.98765\r\n"
		   "CVE-2024-12345,1,1e-05\n"
		   "CVE-2024-0001,0,0.9999996\n",
		   &emit, &e) == 0);
	rest = (struct str){ buf_str(&emit), emit.n };
	while (str_line(&rest, &line)) {
		auto_json *unit = NULL;

		CHECK(json_parse(line.p, line.n, "unit", &unit, &e) == 0);
		CHECK(json_integer_value(json_object_get(unit, "modified")) == 1767312000);
		n++;
	}
	CHECK(n == 2);
	CHECK(strstr(buf_str(&emit), "{\"epss\":12346,\"id\":\"CVE-1999-0001\",\"pct\":987650}"));
	CHECK(strstr(buf_str(&emit), "[{\"epss\":1000000,\"id\":\"CVE-2024-12345\",\"pct\":10},"
				     "{\"epss\":0,\"id\":\"CVE-2024-0001\",\"pct\":1000000}]"));
}

TEST(epss_hostile)
{
	static const char *const broken[] = {
		"",
		"#model_version:x\n",
		"#model_version:x\nCVE-2024-0001,0.1,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,0.1\n",
		"cve,epss,percentile\nCVE-2024-0001,0.1,0.2,0.3\n",
		"cve,epss,percentile\nCVE-2024-0001,1.1,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,-0.1,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,nan,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,0x1,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,1e5,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,1e-,0.2\n",
		"cve,epss,percentile\nCVE-2024-0001,1e-301,0.2\n",
		"cve,epss,percentile\nCVE-0024-0001,0.1,0.2\n",
		"cve,epss,percentile\nCVE-2024-\"01,0.1,0.2\n",
		"cve,epss,percentile\nGHSA-2024-0001,0.1,0.2\n",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		auto_buf emit = BUF_INIT(64 * 1024);
		struct err e = ERR_INIT;

		CHECK(epss(broken[i], &emit, &e) == E_FORMAT);
	}
	CHECK(advisory_is_epss(STR("#model_version:v1\n")));
	CHECK(advisory_is_epss(STR("cve,epss,percentile\r\nCVE-")));
	CHECK(!advisory_is_epss(STR("cve,epss\n")));
}

static int list(const char *text, struct buf *emit, struct err *e)
{
	struct str rest = str_of(text);
	const struct advisory_lines lines = { next_line, &rest };
	const struct unit_sink to = { put_line, emit };

	*e = ERR_INIT;
	return advisory_debian_list(&lines, &to, e);
}

TEST(debian_list)
{
	auto_buf emit = BUF_INIT(64 * 1024);
	auto_json *dsa = NULL, *dla = NULL;
	struct err e;
	struct str rest, line;

	CHECK(list("[29 Mar 2023] DSA-5380-1 xorg-server - security update\n"
		   "\t{CVE-2023-1 CVE-2023-2}\n"
		   "\t[bullseye] - xorg-server 2:1.20.11-1+deb11u6\n"
		   "\t[bookworm] - xorg-server <not-affected> (newer)\n"
		   "\tNOTE: fixed in testing\n"
		   "[01 Apr 2023] DLA-1-1 a - security update\n"
		   "        [buster] - a <end-of-life>",
		   &emit, &e) == 0);
	rest = (struct str){ buf_str(&emit), emit.n };
	CHECK(str_line(&rest, &line) && json_parse(line.p, line.n, "unit", &dsa, &e) == 0);
	CHECK(str_line(&rest, &line) && json_parse(line.p, line.n, "unit", &dla, &e) == 0);
	CHECK(strcmp(json_string_or_null(dsa, "unit"), "debian-dsa/DSA-5380-1") == 0);
	CHECK(strcmp(json_string_or_null(dsa, "replaces"), "debian-dsa/") == 0);
	CHECK(strcmp(json_string_or_null(dsa, "title"), "xorg-server - security update") == 0);
	CHECK(json_array_size(json_object_get(dsa, "ids")) == 2);
	CHECK(json_array_size(json_object_get(dsa, "rows")) == 1);
	CHECK(says(row_of(dsa, "Debian:11", "xorg-server", NULL), "",
		   "[[\"i\",\"0\",\"f\",\"2:1.20.11-1+deb11u6\"]]"));
	CHECK(strcmp(json_string_or_null(dla, "source"), "debian-dla") == 0);
	CHECK(says(row_of(dla, "Debian:10", "a", NULL), "end-of-life", "[[\"i\",\"0\"]]"));
}

TEST(debian_list_hostile)
{
	static const char *const broken[] = {
		"\t{CVE-1-1}",
		"DSA-1-1 a",
		"[29 Mar 2023] CVE-1-1 a",
		"[29 Mar 2023] DSA-1\x01 a",
		"[29 Mar 2023] DSA-1-1 a\n\t{CVE-1-1",
		"[29 Mar 2023] DSA-1-1 a\n\t{C\"-1}",
		"[29 Mar 2023] DSA-1-1 a\n\t[buster] - a",
		"[29 Mar 2023] DSA-1-1 a\n\t[] - a 1",
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		auto_buf emit = BUF_INIT(64 * 1024);
		struct err e;

		CHECK(list(broken[i], &emit, &e) == E_FORMAT);
	}
	CHECK(advisory_is_debian_list(STR("[29 Mar 2023] DSA-1-1 a")));
	CHECK(!advisory_is_debian_list(STR("[29 Mai 2023] DSA-1-1 a")));
	CHECK(!advisory_is_debian_list(STR("[{\"id\":1}]")));
	CHECK(!advisory_is_debian_list(STR("[29 Mar 2023]")));
}

/* AlmaLinux names CVEs as related; of an advisory of others these are merely others. */
TEST(osv_errata)
{
	struct err e;
	auto_json *alma = unit_of(
		"{\"id\":\"ALSA-2025:1\",\"modified\":\"2025-07-01T19:42:01Z\",\"summary\":"
		"\"Important: a security update\",\"related\":[\"CVE-2025-1\",\"CVE-2025-2\","
		"\"ALSA-2025:0\"],\"affected\":[{\"package\":{\"ecosystem\":\"AlmaLinux:9\","
		"\"name\":"
		"\"a\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},"
		"{\"fixed\":\"1-2.el9\"}]}]}]}",
		advisory_is_osv, advisory_osv, &e);
	auto_json *ghsa =
		unit_of("{\"id\":\"GHSA-1\",\"modified\":\"2025-07-01T19:42:01Z\","
			"\"summary\":\"Important: x\",\"related\":[\"CVE-2025-1\"],"
			"\"affected\":[{\"package\":{\"ecosystem\":\"Go\",\"name\":\"a\"}}]}",
			advisory_is_osv, advisory_osv, &e);
	auto_buf text = BUF_INIT(4096);

	CHECK(alma && json_canonical(json_object_get(alma, "ids"), &text, &e) == 0);
	CHECK(strcmp(buf_str(&text), "[[\"CVE-2025-1\",\"ALSA-2025:1\"],"
				     "[\"CVE-2025-2\",\"ALSA-2025:1\"]]") == 0);
	CHECK(severity_in(row_of(alma, "AlmaLinux:9", "a", NULL)) == SEVERITY_HIGH);
	buf_reset(&text);
	CHECK(ghsa && json_canonical(json_object_get(ghsa, "ids"), &text, &e) == 0);
	CHECK(strcmp(buf_str(&text), "[[\"GHSA-1\"]]") == 0);
	CHECK(severity_in(row_of(ghsa, "Go", "a", NULL)) == SEVERITY_UNKNOWN);
}

#define UBUNTU(ecosystem, events)                                                                  \
	"{\"package\":{\"ecosystem\":\"" ecosystem "\",\"name\":\"a\"},\"ranges\":[{\"type\":"     \
	"\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}" events "]}]}"

/* A fix in Pro is none without it. */
TEST(osv_ubuntu_pro)
{
	struct err e;
	auto_json *unit = unit_of(
		"{\"id\":\"UBUNTU-CVE-2024-1\",\"modified\":\"2025-07-01T19:42:01Z\",\"upstream\":"
		"[\"CVE-2024-1\"],\"severity\":[{\"type\":\"Ubuntu\",\"score\":\"medium\"}],"
		"\"affected\":[" UBUNTU("Ubuntu:22.04:LTS", "") "," UBUNTU("Ubuntu:Pro:22.04:LTS", ",{\"fixed\":\"1.0-2ubuntu1~esm1\"}") "," UBUNTU(
			"Ubuntu:Pro:18.04:LTS",
			",{\"fixed\":\"0.9-1~"
			"esm1\"}") "," UBUNTU("Ubu"
					      "ntu"
					      ":24"
					      ".04"
					      ":LT"
					      "S",
					      ",{"
					      "\"f"
					      "ixe"
					      "d\""
					      ":\""
					      "2\""
					      "}") "," UBUNTU("Ubuntu:Pro:24.04:LTS",
							      ",{\"fixed\":\"2+esm\"}") "," UBUNTU("Ubuntu:Pro:FIPS:20.04:LTS",
												   ",{\"fixed\":\"3\"}") "]}",
		advisory_is_osv, advisory_osv, &e);

	CHECK(unit != NULL);
	CHECK(says(row_of(unit, "Ubuntu:22.04:LTS", "a", NULL), "pro-only",
		   "[[\"i\",\"0\",\"l\",\"1.0-2ubuntu1~esm1~\"]]"));
	CHECK(says(row_of(unit, "Ubuntu:Pro:22.04:LTS", "a", NULL), "",
		   "[[\"i\",\"0\",\"f\",\"1.0-2ubuntu1~esm1\"]]"));
	CHECK(says(row_of(unit, "Ubuntu:18.04:LTS", "a", NULL), "pro-only",
		   "[[\"i\",\"0\",\"l\",\"0.9-1~esm1~\"]]"));
	CHECK(says(row_of(unit, "Ubuntu:24.04:LTS", "a", NULL), "", "[[\"i\",\"0\",\"f\",\"2\"]]"));
	CHECK(!row_of(unit, "Ubuntu:20.04:LTS", "a", NULL));
	CHECK(!row_of(unit, "Ubuntu:FIPS:20.04:LTS", "a", NULL));
	CHECK(severity_in(row_of(unit, "Ubuntu:18.04:LTS", "a", NULL)) == SEVERITY_MEDIUM);
	CHECK(json_array_size(json_object_get(unit, "ecosystems")) == 7);
}

/* A document of n packages: each of a release of its own, or all of one. */
static json_t *many(size_t n, bool releases, struct err *e)
{
	auto_buf b = BUF_INIT(SIZE_MAX);

	buf_puts(&b, "{\"id\":\"UBUNTU-CVE-2024-1\",\"modified\":\"2025-07-01T19:42:01Z\","
		     "\"upstream\":[\"CVE-2024-1\"],\"affected\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b,
			   "%s{\"package\":{\"ecosystem\":\"Ubuntu:Pro:%zu.04:LTS\",\"name\":"
			   "\"a%zu\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":["
			   "{\"introduced\":\"0\"},{\"fixed\":\"1\"}]}]}",
			   i ? "," : "", releases ? i : 22, i);
	buf_puts(&b, "]}");
	return unit_of(buf_str(&b), advisory_is_osv, advisory_osv, e);
}

/* What grew with the square of them took minutes. */
TEST(osv_of_many_packages_and_releases)
{
	struct err e;
	auto_json *packages = many(20000, false, &e);
	auto_json *releases = many(LIMIT_ADVISORY_ECOSYSTEMS / 2, true, &e);
	auto_json *more = many(LIMIT_ADVISORY_ECOSYSTEMS / 2 + 1, true, &e);

	CHECK(json_array_size(json_object_get(packages, "rows")) == 40000);
	CHECK(json_array_size(json_object_get(releases, "rows")) == LIMIT_ADVISORY_ECOSYSTEMS);
	CHECK(!more && strstr(e.msg, "more than 1024 ecosystems"));
}

/* The range of the only row of a document that has these events. */
static bool reads(const char *ecosystem, const char *events, const char *ranges)
{
	auto_buf text = BUF_INIT(4096);
	auto_json *unit = NULL;
	struct err e;

	buf_printf(&text,
		   "{\"id\":\"A-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{"
		   "\"package\":{\"ecosystem\":\"%s\",\"name\":\"p\"},"
		   "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[%s]}]}]}",
		   ecosystem, events);
	unit = unit_of(buf_str(&text), advisory_is_osv, advisory_osv, &e);
	return says(row_of(unit, ecosystem, "p", NULL), "", ranges);
}

TEST(osv_limits)
{
	static const char from[] = "{\"introduced\":\"0\"}";
	auto_buf events = BUF_INIT(4096);

	buf_printf(&events, "%s,{\"limit\":\"1.9\"},{\"limit\":\"1.10\"}", from);
	CHECK(reads("Debian:12", buf_str(&events), "[[\"i\",\"0\",\"u\",\"1.10\"]]"));
	buf_puts(&events, ",{\"limit\":\"*\"}");
	CHECK(reads("Debian:12", buf_str(&events), "[[\"i\",\"0\"]]"));
	/* What cannot be compared limits nothing. */
	buf_reset(&events);
	buf_printf(&events, "%s,{\"limit\":\"5\"}", from);
	CHECK(reads("Nobody's", buf_str(&events), "[[\"i\",\"0\"]]"));
}

/* "on" of the row of a document whose module has these imports, by entry of "affected"; "" for no
 * such member. Valid until the next call. */
static const char *platforms(const char *first, const char *second)
{
	static char out[2048];
	auto_buf text = BUF_INIT(64 * 1024);
	auto_json *unit = NULL;
	const char *on, *const entries[] = { first, second };
	struct err e;

	buf_puts(&text, "{\"id\":\"GO-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[");
	for (size_t i = 0; i < 2 && entries[i]; i++)
		buf_printf(&text,
			   "%s{\"package\":{\"ecosystem\":\"Go\",\"name\":\"m\"},"
			   "\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}],"
			   "\"ecosystem_specific\":{\"imports\":%s}}",
			   i ? "," : "", entries[i]);
	buf_puts(&text, "]}");
	unit = unit_of(buf_str(&text), advisory_is_osv, advisory_osv, &e);
	on = json_string_or_null(row_of(unit, "Go", "m", NULL), "on");
	(void)snprintf(out, sizeof(out), "%s", on ? on : "");
	return out;
}

TEST(osv_go_platforms)
{
#define WINDOWS "[{\"path\":\"m\",\"goos\":[\"windows\"]}]"
	CHECK_STR(platforms(WINDOWS, NULL), "windows");
	CHECK_STR(platforms("[{\"goos\":[\"js\",\"wasip1\"],\"goarch\":[\"wasm\"]},"
			    "{\"goarch\":[\"arm\"]},{\"goarch\":[\"arm\"]}]",
			    NULL),
		  "js/wasm wasip1/wasm /arm");
	CHECK_STR(platforms(WINDOWS, "[{\"goos\":[\"plan9\"]}]"), "windows plan9");
	/* One package that is not bound to a platform is enough. */
	CHECK_STR(platforms("[{\"goos\":[\"windows\"]},{\"path\":\"m/x\"}]", NULL), "");
	CHECK_STR(platforms(WINDOWS, "[]"), "");
	CHECK_STR(platforms("[]", WINDOWS), "");
	CHECK_STR(platforms("[{\"path\":\"m\"}]", WINDOWS), "");
	/* What is no name of Go's binds nothing. */
	CHECK_STR(platforms("[{\"goos\":[\"Windows 95\"]}]", NULL), "");
	CHECK_STR(platforms("[{\"goos\":[7]}]", NULL), "");
	CHECK_STR(platforms("[{\"goos\":[\"\"]}]", NULL), "");
}

TEST(osv_go_platforms_limit)
{
	auto_buf imports = BUF_INIT(64 * 1024);

	/* 1023 bytes of words fit, one more does not. */
	buf_puts(&imports, "[{\"goos\":[\"abc\"");
	for (int i = 0; i < 204; i++)
		buf_printf(&imports, ",\"%04d\"", i);
	buf_puts(&imports, "]}]");
	CHECK(strlen(platforms(buf_str(&imports), NULL)) == 1023);
	imports.n -= strlen("]}]");
	buf_puts(&imports, ",\"x\"]}]");
	CHECK_STR(platforms(buf_str(&imports), NULL), "");
}
