/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "base/clock.h"
#include "scan/advisory/unit_make.h"

/*
 * Debian's lists of advisories, data/DSA/list and data/DLA/list of the security tracker:
 *
 *   [29 Mar 2023] DSA-5380-1 xorg-server - security update
 *           {CVE-2023-1393}
 *           [bullseye] - xorg-server 2:1.20.11-1+deb11u6
 *
 * They give the vulnerabilities of the tracker their other names. Notes are passed over.
 */

/* "29 Mar 2023", 0 when it is none. */
static int64_t read_date(struct str s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[RFC3339_MAX], name[4] = "";
	const char *at;
	int64_t when;

	if (s.n != 11)
		return 0;
	memcpy(name, s.p + 3, 3);
	at = strstr(months, name);
	if (!at || (at - months) % 3)
		return 0;
	(void)snprintf(text, sizeof(text), "%.4s-%02d-%.2sT00:00:00Z", s.p + 7,
		       (int)(at - months) / 3 + 1, s.p);
	return clock_parse_rfc3339(str_of(text), &when, NULL) == 0 && when > 0 ? when : 0;
}

/* Takes "[...]" off the beginning. */
static bool take_brackets(struct str *s, struct str *ret)
{
	const char *end = s->n && *s->p == '[' ? memchr(s->p, ']', s->n) : NULL;

	if (!end)
		return false;
	*ret = (struct str){ s->p + 1, (size_t)(end - s->p - 1) };
	s->n -= (size_t)(end + 1 - s->p);
	s->p = end + 1;
	*s = str_trim(*s);
	return true;
}

bool advisory_is_debian_list(struct str head)
{
	struct str date;

	return take_brackets(&head, &date) && read_date(date) &&
	       (str_starts(head, "DSA-") || str_starts(head, "DLA-"));
}

/* "DSA-5380-1 xorg-server - security update" */
static int begin_entry(struct str line, int64_t when, json_t **ret, struct err *e)
{
	auto_buf name = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	auto_free char *id = NULL, *title = NULL;
	struct str word = STR("");
	const char *source;
	int r;

	(void)str_cut(&line, ' ', &word);
	id = str_dup(word);
	title = str_dup(str_trim(line));
	if (!id || !title)
		return FAIL_NOMEM(e);
	if (!unit_is_id(id) || (!starts_with(id, "DSA-") && !starts_with(id, "DLA-")))
		return FAIL(e, E_FORMAT, "'%.80s' is neither a DSA nor a DLA", id);
	source = starts_with(id, "DSA-") ? "debian-dsa" : "debian-dla";
	buf_printf(&name, "%s/%s", source, id);
	r = unit_new(ret, buf_str(&name), source, when, title, e);
	name.n = strlen(source) + 1;
	name.p[name.n] = '\0';
	r = r < 0 ? r : json_put_string(*ret, "replaces", buf_str(&name), e);
	/* Until CVEs are named it is a vulnerability by itself. */
	return r < 0 ? r : json_put(*ret, "ids", json_pack("[[s]]", id), e);
}

/* "{CVE-2023-1 CVE-2023-2}": a vulnerability each. */
static int read_names(json_t *unit, struct str line, struct err *e)
{
	const char *end = memchr(line.p, '}', line.n);
	const char *own = strchr(json_string_or_null(unit, "unit"), '/') + 1;
	auto_json *ids = json_array();
	struct str rest, word;
	int r = ids ? 0 : FAIL_NOMEM(e);

	if (!end)
		return FAIL(e, E_FORMAT, "'{' without '}'");
	rest = (struct str){ line.p + 1, (size_t)(end - line.p - 1) };
	while (r == 0 && str_cut(&rest, ' ', &word)) {
		auto_free char *id = str_dup(word);

		if (!word.n)
			continue;
		if (!id)
			return FAIL_NOMEM(e);
		if (!unit_is_id(id))
			return FAIL(e, E_FORMAT, "'%.80s' is not the name of a vulnerability", id);
		if (json_array_size(ids) >= LIMIT_ADVISORY_IDS)
			return FAIL(e, E_FORMAT, "more than %d ids", LIMIT_ADVISORY_IDS);
		r = json_push(ids, json_pack("[ss]", id, own), e);
	}
	return r < 0 || !json_array_size(ids) ? r : json_put(unit, "ids", TAKE(ids), e);
}

/* "- xorg-server 2:1.20.11-1+deb11u6", of a release. */
static int read_fix(json_t *unit, struct str release, struct str line, struct err *e)
{
	auto_buf ecosystem = BUF_INIT(2 * LIMIT_ADVISORY_STRING);
	auto_free char *codename = str_dup(release), *package = NULL, *version = NULL;
	struct str dash, name = STR(""), fixed = STR("");
	json_t *row = NULL;
	bool mended;
	int r;

	if (!str_cut(&line, ' ', &dash) || !str_eqz(dash, "-"))
		return 0; /* a remark about a release */
	line = str_trim(line);
	(void)str_cut(&line, ' ', &name);
	line = str_trim(line);
	(void)str_cut(&line, ' ', &fixed);
	package = str_dup(name);
	version = str_dup(fixed);
	if (!codename || !package || !version)
		return FAIL_NOMEM(e);
	r = unit_check_string(codename, "a release", e);
	r = r < 0 ? r : unit_check_string(package, "a source package", e);
	r = r < 0 ? r : unit_check_string(version, "a version", e);
	if (r < 0 || strcmp(version, "<not-affected>") == 0)
		return r;
	mended = *version != '<';
	advisory_debian_ecosystem(codename, &ecosystem);
	r = unit_add_row(unit, buf_str(&ecosystem), package, "", &row, e);
	(void)json_object_del(row, "ids"); /* all of the unit's */
	r = r < 0 ? r : unit_add_range(row, mended ? version : NULL, e);
	if (r == 0 && strcmp(version, "<end-of-life>") == 0)
		r = json_put_string(row, "st", "end-of-life", e);
	return r;
}

static int read_line(json_t *unit, struct str line, struct err *e)
{
	struct str release;

	if (*line.p == '{')
		return read_names(unit, line, e);
	return take_brackets(&line, &release) ? read_fix(unit, release, line, e) : 0;
}

int advisory_debian_list(const struct advisory_lines *lines, const struct unit_sink *to,
			 struct err *e)
{
	auto_json *unit = NULL;
	struct str line, date;
	size_t n = 0;
	int r;

	while ((r = lines->next(lines->arg, &line, e)) > 0) {
		bool indented = line.n && isspace((unsigned char)*line.p);

		n++;
		line = str_trim(line);
		if (!line.n)
			continue;
		if (indented) {
			r = unit ? read_line(unit, line, e)
				 : FAIL(e, E_FORMAT, "it belongs to no advisory");
		} else {
			r = unit ? unit_emit(to, unit, e) : 0;
			json_decref(unit);
			unit = NULL;
			if (r == 0 && !take_brackets(&line, &date))
				r = FAIL(e, E_FORMAT, "no \"[DATE] ID\"");
			r = r < 0 ? r : begin_entry(line, read_date(date), &unit, e);
		}
		if (r < 0)
			return WRAP(e, r, "line %zu", n);
	}
	return r < 0 || !unit ? r : unit_emit(to, unit, e);
}
