/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit_make.h"

/*
 * Fixes that changelogs of Debian's packages tell of: source package, vulnerability, the version
 * that mends it and the suite it was uploaded to, separated by tabs. A line is a unit, since one
 * vulnerability may have been mended twice. Of the suites, those of a release count ("bookworm",
 * "bookworm-security", "bookworm-proposed-updates"); what was uploaded elsewhere is passed over.
 * Changelogs say what was meant to be mended: the tracker's word goes before theirs (finding.c).
 */
enum { COLUMNS = 4, LINE_SOURCE = 0, LINE_ID, LINE_VERSION, LINE_SUITE };

static bool split(struct str line, struct str cells[static COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (!str_cut(&line, '\t', &cells[i]) || !cells[i].n)
			return false;
	return !line.n;
}

bool advisory_is_debian_fixed(struct str head)
{
	struct str line, cells[COLUMNS];

	return str_line(&head, &line) && split(line, cells) && str_starts(cells[LINE_ID], "CVE-");
}

/* "bookworm-security" is of bookworm; false for what is of no release. */
static bool read_suite(struct str suite, struct buf *ret)
{
	static const char *const parts[] = { "-security", "-proposed-updates", "-updates" };
	char name[64];

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (str_ends(suite, parts[i])) {
			suite.n -= strlen(parts[i]);
			break;
		}
	if (suite.n >= sizeof(name))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)suite.n, suite.p);
	advisory_debian_ecosystem(name, ret);
	/* A release that has a number. */
	return ret->n > strlen("Debian:") && strchr("0123456789", ret->p[strlen("Debian:")]);
}

static int read_line(struct str line, const struct unit_sink *to, struct err *e)
{
	auto_buf name = BUF_INIT(4 * LIMIT_ADVISORY_STRING), ecosystem = BUF_INIT(128);
	auto_free char *package = NULL, *id = NULL, *version = NULL;
	auto_json *unit = NULL;
	struct str cells[COLUMNS];
	json_t *row;
	int r;

	if (!split(line, cells))
		return FAIL(e, E_FORMAT, "not \"SOURCE, CVE, VERSION, SUITE\" between tabs");
	if (!read_suite(cells[LINE_SUITE], &ecosystem))
		return 0;
	package = str_dup(cells[LINE_SOURCE]);
	id = str_dup(cells[LINE_ID]);
	version = str_dup(cells[LINE_VERSION]);
	if (!package || !id || !version)
		return FAIL_NOMEM(e);
	if (!unit_is_id(id))
		return FAIL(e, E_FORMAT, "'%.80s' is not the name of a vulnerability", id);
	r = unit_check_string(package, "a source package", e);
	r = r < 0 ? r : unit_check_string(version, "a version", e);
	buf_printf(&name, ADVISORY_DEBIAN_FIXED_UNITS "%s/%s/%s", package, id, version);
	r = r < 0 ? r : buf_check(&name, "a line", e);
	r = r < 0 ? r : unit_new(&unit, buf_str(&name), "debian-changelogs", 0, NULL, e);
	r = r < 0 ? r : unit_add_row(unit, buf_str(&ecosystem), package, id, &row, e);
	r = r < 0 ? r : unit_add_range(row, version, e);
	return r < 0 ? r : unit_emit(to, unit, e);
}

int advisory_debian_fixed(const struct advisory_lines *lines, const struct unit_sink *to,
			  struct err *e)
{
	return unit_each_line(lines, read_line, to, e);
}
