/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "scan/finding.h"

/*
 * Until when the publisher of a release mends it for everybody, without a contract: Debian's LTS
 * and Ubuntu's standard support (distro-info-data), the tables of Alpine, Red Hat, AlmaLinux, Rocky
 * Linux, openSUSE, Fedora and Amazon. In order within a distribution. One that
 * is not among them is taken for alive.
 */
static const struct release {
	const char *id, *version, *end;
} releases[] = {
	{ "almalinux", "8", "2029-03-01" },
	{ "almalinux", "9", "2032-05-31" },
	{ "almalinux", "10", "2035-05-31" },
	{ "alpine", "3.0", "2016-05-01" },
	{ "alpine", "3.1", "2016-11-01" },
	{ "alpine", "3.2", "2017-05-01" },
	{ "alpine", "3.3", "2017-11-01" },
	{ "alpine", "3.4", "2018-05-01" },
	{ "alpine", "3.5", "2018-11-01" },
	{ "alpine", "3.6", "2019-05-01" },
	{ "alpine", "3.7", "2019-11-01" },
	{ "alpine", "3.8", "2020-05-01" },
	{ "alpine", "3.9", "2020-11-01" },
	{ "alpine", "3.10", "2021-05-01" },
	{ "alpine", "3.11", "2021-11-01" },
	{ "alpine", "3.12", "2022-05-01" },
	{ "alpine", "3.13", "2022-11-01" },
	{ "alpine", "3.14", "2023-05-01" },
	{ "alpine", "3.15", "2023-11-01" },
	{ "alpine", "3.16", "2024-05-23" },
	{ "alpine", "3.17", "2024-11-22" },
	{ "alpine", "3.18", "2025-05-09" },
	{ "alpine", "3.19", "2025-11-01" },
	{ "alpine", "3.20", "2026-04-01" },
	{ "alpine", "3.21", "2026-11-01" },
	{ "alpine", "3.22", "2027-05-01" },
	{ "alpine", "3.23", "2027-11-01" },
	{ "alpine", "3.24", "2028-06-01" },
	{ "amzn", "2018.03", "2023-12-31" },
	{ "amzn", "2", "2026-06-30" },
	{ "amzn", "2023", "2029-06-30" },
	{ "centos", "5", "2017-03-31" },
	{ "centos", "6", "2020-11-30" },
	{ "centos", "7", "2024-06-30" },
	{ "centos", "8", "2021-12-31" },
	{ "debian", "7", "2018-05-31" },
	{ "debian", "8", "2020-06-30" },
	{ "debian", "9", "2022-06-30" },
	{ "debian", "10", "2024-06-30" },
	{ "debian", "11", "2026-08-31" },
	{ "debian", "12", "2028-06-30" },
	{ "debian", "13", "2030-06-30" },
	{ "fedora", "37", "2023-12-05" },
	{ "fedora", "38", "2024-05-21" },
	{ "fedora", "39", "2024-11-26" },
	{ "fedora", "40", "2025-05-13" },
	{ "opensuse-leap", "15.0", "2019-12-03" },
	{ "opensuse-leap", "15.1", "2021-02-02" },
	{ "opensuse-leap", "15.2", "2022-01-04" },
	{ "opensuse-leap", "15.3", "2022-12-31" },
	{ "opensuse-leap", "15.4", "2023-12-07" },
	{ "opensuse-leap", "15.5", "2024-12-31" },
	{ "opensuse-leap", "15.6", "2026-04-30" },
	{ "rhel", "5", "2017-03-31" },
	{ "rhel", "6", "2020-11-30" },
	{ "rhel", "7", "2024-06-30" },
	{ "rhel", "8", "2029-05-31" },
	{ "rhel", "9", "2032-05-31" },
	{ "rhel", "10", "2035-05-31" },
	{ "rocky", "8", "2029-05-31" },
	{ "rocky", "9", "2032-05-31" },
	{ "rocky", "10", "2035-05-31" },
	{ "ubuntu", "12.04", "2017-04-28" },
	{ "ubuntu", "14.04", "2019-04-25" },
	{ "ubuntu", "16.04", "2021-04-30" },
	{ "ubuntu", "18.04", "2023-05-31" },
	{ "ubuntu", "18.10", "2019-07-18" },
	{ "ubuntu", "19.04", "2020-01-23" },
	{ "ubuntu", "19.10", "2020-07-17" },
	{ "ubuntu", "20.04", "2025-05-29" },
	{ "ubuntu", "20.10", "2021-07-22" },
	{ "ubuntu", "21.04", "2022-01-20" },
	{ "ubuntu", "21.10", "2022-07-14" },
	{ "ubuntu", "22.04", "2027-06-01" },
	{ "ubuntu", "22.10", "2023-07-20" },
	{ "ubuntu", "23.04", "2024-01-25" },
	{ "ubuntu", "23.10", "2024-07-11" },
	{ "ubuntu", "24.04", "2029-05-31" },
	{ "ubuntu", "24.10", "2025-07-10" },
	{ "ubuntu", "25.04", "2026-01-15" },
	{ "ubuntu", "25.10", "2026-07-09" },
	{ "ubuntu", "26.04", "2031-05-29" },
	{ "ubuntu", "26.10", "2027-07-15" },
};

enum { RELEASES = sizeof(releases) / sizeof(*releases) };

/* "3.20.3" is of release "3.20", "9.4" of "9", "12" of "12", "3.2" not of "3.20". */
static bool is_of_release(const char *version, const char *release)
{
	size_t n = strlen(release);

	return strncmp(version, release, n) == 0 && (version[n] == '\0' || version[n] == '.');
}

/* The release of an os-release's id and version, the longest name that fits; NULL when none does.
 */
static const struct release *find_release(const char *id, const char *version)
{
	const struct release *found = NULL;

	for (size_t i = 0; i < RELEASES; i++)
		if (strcmp(releases[i].id, id) == 0 &&
		    is_of_release(version, releases[i].version) &&
		    (!found || strlen(releases[i].version) > strlen(found->version)))
			found = &releases[i];
	return found;
}

/* The first release after this one that is still mended; NULL when we know of none. */
static const struct release *find_successor(const struct release *dead, const char *today)
{
	for (const struct release *r = dead + 1; r < releases + RELEASES; r++)
		if (strcmp(r->id, dead->id) == 0 && strcmp(r->end, today) >= 0)
			return r;
	return NULL;
}

static int add(struct report *report, const struct release *dead, const struct release *next,
	       struct err *e)
{
	const json_t *os = json_object_get(report->list, "os");
	const char *name = json_string_or_null(os, "name");
	auto_buf text = BUF_INIT(4096);
	struct finding *f;
	int r;

	report->release = json_pack("{ss ss ss ss ss ss sO?}", "name", dead->id, "version",
				    json_string_or_null(os, "version_id"), "arch", "", "source",
				    dead->id, "source_version", dead->version, "catalog", "os",
				    "layer", json_object_get(os, "layer"));
	if (!report->release)
		return FAIL_NOMEM(e);
	r = finding_add(report, &f, e);
	if (r < 0)
		return r;
	f->package = report->release;
	f->severity = SEVERITY_HIGH;
	buf_printf(&text, "EOL-%s-%s", dead->id, dead->version);
	r = finding_set(&f->advisory, buf_str(&text), e);
	buf_reset(&text);
	buf_printf(&text, "%s gets no fixes since %s", name ? name : dead->id, dead->end);
	r = r < 0 ? r : finding_set(&f->title, buf_str(&text), e);
	r = r < 0 ? r : finding_set(&f->status, "end-of-life", e);
	r = r < 0 ? r : finding_set(&f->unit, "plimsoll/releases", e);
	return r < 0 || !next ? r : finding_set(&f->fixed, next->version, e);
}

int finding_eol(struct report *report, int64_t now, struct err *e)
{
	const json_t *os = json_object_get(report->list, "os");
	const char *id = json_string_or_null(os, "id");
	const char *version = json_string_or_null(os, "version_id");
	const struct release *release = id && version ? find_release(id, version) : NULL;
	char today[RFC3339_MAX];

	clock_rfc3339(now, today);
	today[10] = '\0';
	if (!release || strcmp(release->end, today) >= 0)
		return 0;
	return add(report, release, find_successor(release, today), e);
}
