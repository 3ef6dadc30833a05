/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/finding.h"

#include "base/clock.h"
#include "scan/group.h"
#include "tap.h"

TAP_MAIN()

static int64_t day(const char *s)
{
	int64_t t = 0;

	CHECK(clock_parse_rfc3339(str_of(s), &t, NULL) == 0);
	return t;
}

/* Whether the release is past its end on that day, and what it says to move to. */
static bool is_dead(const char *id, const char *version, const char *when, const char *successor)
{
	auto_report r = { .list = json_pack("{s{ssss}}", "os", "id", id, "version_id", version) };

	CHECK(finding_eol(&r, day(when), NULL) == 0);
	if (r.findings_n) {
		CHECK_STR(r.findings[0].fixed, successor);
		CHECK(r.findings[0].severity == SEVERITY_HIGH);
		CHECK_STR(json_string_or_null(r.findings[0].package, "version"), version);
	}
	return r.findings_n == 1;
}

TEST(ends_of_life)
{
	CHECK(!is_dead("debian", "11", "2026-08-31T23:59:59Z", ""));
	CHECK(is_dead("debian", "11", "2026-09-01T00:00:00Z", "12"));
	CHECK(is_dead("debian", "11", "2029-01-01T00:00:00Z", "13"));
	CHECK(is_dead("debian", "13", "2040-01-01T00:00:00Z", "")); /* none that we know of */
	CHECK(!is_dead("debian", "99", "2040-01-01T00:00:00Z", ""));
	/* 3.2 is not 3.20, and the third number is none of the release's. */
	CHECK(is_dead("alpine", "3.2.3", "2026-01-01T00:00:00Z", "3.20"));
	CHECK(!is_dead("alpine", "3.20.3", "2026-01-01T00:00:00Z", ""));
	CHECK(is_dead("alpine", "3.20.3", "2026-04-02T00:00:00Z", "3.21"));
	CHECK(!is_dead("almalinux", "9.4", "2026-01-01T00:00:00Z", ""));
	CHECK(is_dead("rhel", "7.9", "2026-01-01T00:00:00Z", "8"));
	CHECK(!is_dead("nobody", "1", "2026-01-01T00:00:00Z", ""));
}

/* A report of findings about packages of one list; the strings are written as literals. */
static void add(struct report *r, size_t package, const char *advisory, const char *fixed,
		enum severity severity, int epss_ppm, bool exploited)
{
	struct finding *f;

	CHECK(finding_add(r, &f, NULL) == 0);
	CHECK(finding_set(&f->advisory, advisory, NULL) == 0);
	CHECK(finding_set(&f->fixed, fixed, NULL) == 0);
	f->severity = severity;
	f->epss_ppm = epss_ppm;
	f->exploited = exploited;
	f->package = json_array_get(json_object_get(r->list, "packages"), package);
}

static json_t *list(void)
{
	static const char text[] =
		"{\"ecosystem\":\"Debian:12\",\"layers\":[{\"digest\":\"sha256:0\",\"instruction\":"
		"\"FROM a\"},"
		"{\"digest\":\"sha256:1\",\"instruction\":\"RUN b\"}],\"packages\":["
		"{\"name\":\"libssl3\",\"version\":\"3.1+b1\",\"source\":\"openssl\",\"source_"
		"version\":\"3.1\",\"arch\":\"amd64\",\"catalog\":\"dpkg\",\"layer\":0},"
		"{\"name\":\"openssl\",\"version\":\"3.1\",\"source\":\"openssl\",\"source_"
		"version\":\"3.1\",\"arch\":\"amd64\",\"catalog\":\"dpkg\",\"layer\":0},"
		"{\"name\":\"openssl\",\"version\":\"3.1\",\"source\":\"openssl\",\"source_"
		"version\":\"3.1\",\"arch\":\"i386\",\"catalog\":\"dpkg\",\"layer\":0},"
		"{\"name\":\"bash\",\"version\":\"5\",\"source\":\"bash\",\"source_version\":\"5\","
		"\"arch\":\"amd64\",\"catalog\":\"dpkg\",\"layer\":1}]}";

	return json_loads(text, 0, NULL);
}

TEST(the_order_in_which_a_person_mends)
{
	static const char *const wanted[] = {
		"CVE-6", "CVE-4", "CVE-5", "CVE-3", "CVE-2", "CVE-1"
	};
	auto_report r = { .list = list() };

	add(&r, 0, "CVE-1", "2", SEVERITY_LOW, 990000, false);
	add(&r, 0, "CVE-2", "", SEVERITY_CRITICAL, 19999, false);
	add(&r, 0, "CVE-3", "9", SEVERITY_CRITICAL, 10000, false); /* the same percent, and a fix */
	add(&r, 0, "CVE-4", "", SEVERITY_CRITICAL, 500000, false);
	add(&r, 0, "CVE-5", "9", SEVERITY_CRITICAL, 30000, false);
	add(&r, 3, "CVE-6", "", SEVERITY_LOW, -1, true);
	add(&r, 1, "CVE-7", "1", SEVERITY_UNKNOWN, -1, false);
	add(&r, 2, "CVE-7", "1", SEVERITY_UNKNOWN, -1, false); /* another architecture */
	findings_sort(&r);
	CHECK(r.findings_n == 7);
	for (size_t i = 0; i < 6; i++)
		CHECK_STR(r.findings[i].advisory, wanted[i]);
}

TEST(groups_are_what_has_to_change)
{
	auto_report r = { .list = list() };
	auto_finding_groups g = { 0 };

	add(&r, 0, "CVE-1", "3.2~rc", SEVERITY_HIGH, -1, false);
	add(&r, 1, "CVE-1", "3.2~rc", SEVERITY_HIGH, -1, false);
	add(&r, 3, "CVE-3", "", SEVERITY_MEDIUM, -1, false);
	add(&r, 0, "CVE-2", "3.2", SEVERITY_LOW, -1, false);
	add(&r, 1, "CVE-4", "", SEVERITY_LOW, -1, false);
	CHECK(report_groups(&r, &g, NULL) == 0);
	CHECK(g.n == 2);
	CHECK(g.v[0].n == 3 && g.v[0].fixable == 2);
	CHECK_STR(g.v[0].name, "openssl");
	CHECK_STR(g.v[0].fixed, "3.2"); /* later than 3.2~rc */
	CHECK_STR(g.v[0].instruction, "FROM a");
	CHECK(g.v[0].packages.n == 2);
	CHECK(g.v[1].n == 1 && !*g.v[1].fixed);
}
