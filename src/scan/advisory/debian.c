/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/advisory/unit_make.h"
#include "scan/severity.h"

/*
 * Debian's security tracker (https://security-tracker.debian.org/tracker/data/json): one object of
 * source packages, each an object of vulnerabilities, each with its state in every release. It is
 * read package by package. What the security team thinks of it stays apart: a vulnerability that
 * gets no advisory of its own (no-dsa), or later (postponed), or never (ignored), one that is none
 * in practice (unimportant), and one that nobody has looked into (undetermined).
 */

/* Releases by their code names, as os-release numbers them. */
static const struct {
	const char *codename, *version;
} releases[] = {
	{ "squeeze", "6" }, { "wheezy", "7" },	  { "jessie", "8" },	{ "stretch", "9" },
	{ "buster", "10" }, { "bullseye", "11" }, { "bookworm", "12" }, { "trixie", "13" },
	{ "forky", "14" },  { "duke", "15" },
};

void advisory_debian_ecosystem(const char *codename, struct buf *ret)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++)
		if (strcmp(codename, releases[i].codename) == 0)
			codename = releases[i].version;
	buf_printf(ret, "Debian:%s", codename);
}

/* Past white space and this character; NULL when another stands there. */
static const char *skip_to(const char *p, const char *end, char c)
{
	while (p && p < end && strchr(" \t\r\n", *p) && *p)
		p++;
	return p && p < end && *p == c ? p + 1 : NULL;
}

static const char *skip_name(const char *p, const char *end)
{
	while (p && p < end && *p != '"' && *p != '\\')
		p++;
	return p && p < end && *p == '"' ? p + 1 : NULL;
}

bool advisory_is_debian(struct str head)
{
	const char *end = head.p + head.n, *p = skip_to(head.p, end, '{');

	p = skip_name(skip_to(p, end, '"'), end);
	p = skip_to(skip_to(skip_to(p, end, ':'), end, '{'), end, '"');
	return p && (str_starts((struct str){ p, (size_t)(end - p) }, "CVE-") ||
		     str_starts((struct str){ p, (size_t)(end - p) }, "TEMP-"));
}

/* "low**": rated by a rule, not by a person. */
static void read_urgency(const char *urgency, char *ret, size_t cap)
{
	size_t n = urgency ? strlen(urgency) : 0;

	while (n && urgency[n - 1] == '*')
		n--;
	(void)snprintf(ret, cap, "%.*s", (int)(n < cap ? n : 0), urgency ? urgency : "");
}

/* Why the security team leaves an open vulnerability as it is; NULL when it does not. */
static const char *no_dsa(const json_t *release)
{
	const char *reason = json_string_or_null(release, "nodsa_reason");

	if (!json_is_string(json_object_get(release, "nodsa")) && !reason)
		return NULL;
	if (reason && (strcmp(reason, "postponed") == 0 || strcmp(reason, "ignored") == 0))
		return reason;
	return "no-dsa";
}

/* The status of a row, and in fixed the version that mends it. */
static int read_state(const json_t *release, const char *urgency, const char **status,
		      const char **fixed, struct err *e)
{
	const char *state = json_string_or_null(release, "status");
	bool resolved = state && strcmp(state, "resolved") == 0;
	bool open = state && strcmp(state, "open") == 0;
	int r;

	*fixed = NULL;
	if (!resolved && !open && (!state || strcmp(state, "undetermined") != 0))
		return FAIL(e, E_FORMAT, "unknown status '%.40s'", state ? state : "");
	if (resolved) {
		*fixed = json_string_or_null(release, "fixed_version");
		r = unit_check_string(*fixed, "'fixed_version'", e);
		if (r < 0)
			return r;
	}
	if (resolved && strcmp(*fixed, "0") == 0)
		*status = "not-affected";
	else if (!resolved && !open)
		*status = "undetermined";
	else if (strcmp(urgency, "unimportant") == 0)
		*status = "unimportant";
	else if (strcmp(urgency, "end-of-life") == 0)
		*status = "end-of-life";
	else
		*status = resolved ? "fixed" : no_dsa(release);
	return 0;
}

static int read_release(json_t *unit, const char *package, const char *id, struct str title,
			const char *codename, const json_t *release, struct err *e)
{
	auto_buf ecosystem = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	const char *status = NULL, *fixed = NULL;
	char urgency[32];
	json_t *row = NULL;
	int r = unit_check_string(codename, "a release", e);

	read_urgency(json_string_or_null(release, "urgency"), urgency, sizeof(urgency));
	r = r < 0 ? r : read_state(release, urgency, &status, &fixed, e);
	if (r < 0)
		return WRAP(e, r, "%s: %.40s", id, codename);
	advisory_debian_ecosystem(codename, &ecosystem);
	r = unit_add_row(unit, buf_str(&ecosystem), package, id, &row, e);
	r = r < 0 ? r : json_put(row, "s", json_integer((json_int_t)severity_of_word(urgency)), e);
	r = r < 0 ? r : json_put_string(row, "st", status, e);
	if (r == 0 && title.n)
		r = json_put(row, "t", json_stringn(title.p, title.n), e);
	if (r == 0 && !(status && strcmp(status, "not-affected") == 0))
		r = unit_add_range(row, fixed, e);
	return r;
}

static int read_vulnerability(json_t *unit, const char *package, const char *id, const json_t *v,
			      struct err *e)
{
	struct str title = unit_title(json_string_or_null(v, "description"));
	json_t *list = json_object_get(v, "releases"), *release;
	const char *codename;

	if (!unit_is_id(id))
		return FAIL(e, E_FORMAT, "'%.80s' is not the name of a vulnerability", id);
	if (!json_is_object(list))
		return FAIL(e, E_FORMAT, "%s: 'releases' is missing", id);
	json_object_foreach(list, codename, release)
	{
		int r = read_release(unit, package, id, title, codename, release, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int advisory_debian(const char *package, const json_t *doc, json_t **ret, struct err *e)
{
	auto_json *unit = NULL;
	auto_buf name = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	const char *id;
	json_t *v;
	int r = unit_check_string(package, "a source package", e);

	if (r < 0)
		return r;
	buf_printf(&name, ADVISORY_DEBIAN_UNITS "%s", package);
	if (!json_is_object(doc))
		return FAIL(e, E_FORMAT, "%s: not an object", package);
	r = unit_new(&unit, buf_str(&name), "debian-tracker", 0, NULL, e);
	r = r < 0 ? r : json_put_string(unit, "replaces", ADVISORY_DEBIAN_UNITS, e);
	json_object_foreach((json_t *)(uintptr_t)doc, id, v)
	{
		r = r < 0 ? r : read_vulnerability(unit, package, id, v, e);
		if (r < 0)
			return WRAP(e, r, "%s", package);
	}
	if (r == 0)
		*ret = TAKE(unit);
	return r;
}
