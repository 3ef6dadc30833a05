/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "scan/advisory/unit_make.h"

/*
 * CISA's catalogue of known exploited vulnerabilities (known_exploited_vulnerabilities.json): since
 * when each is known to be used in attacks, and whether ransomware does. It says nothing of
 * packages; its unit holds facts only.
 */
bool advisory_is_kev(const json_t *doc)
{
	return json_string_or_null(doc, "catalogVersion") &&
	       json_is_array(json_object_get(doc, "vulnerabilities"));
}

/* "2026-08-07", and a day that there is. */
static bool is_date(const char *s)
{
	char text[RFC3339_MAX];
	int64_t when;

	if (!s || strlen(s) != 10)
		return false;
	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", s);
	return clock_parse_rfc3339(str_of(text), &when, NULL) == 0;
}

static int read_entry(const json_t *entry, json_t *facts, struct err *e)
{
	const char *id = json_string_or_null(entry, "cveID");
	const char *date = json_string_or_null(entry, "dateAdded");
	const char *ransomware = json_string_or_null(entry, "knownRansomwareCampaignUse");
	json_t *fact;

	if (!unit_is_id(id))
		return FAIL(e, E_FORMAT, "'cveID' is missing or no name of a vulnerability");
	if (!is_date(date))
		return FAIL(e, E_FORMAT, "%s: 'dateAdded' is not a day", id);
	fact = json_pack("{ss ss}", "id", id, "kev", date);
	if (fact && ransomware && strcmp(ransomware, "Known") == 0 &&
	    json_object_set_new(fact, "ransomware", json_true()) < 0) {
		json_decref(fact);
		fact = NULL;
	}
	return json_push(facts, fact, e);
}

int advisory_kev(const json_t *doc, json_t **ret, struct err *e)
{
	auto_json *unit = NULL, *facts = json_array();
	const json_t *list = json_object_get(doc, "vulnerabilities");
	const char *released = json_string_or_null(doc, "dateReleased");
	int64_t when = 0;
	size_t i;
	json_t *entry;
	int r = 0;

	if (!facts)
		return FAIL_NOMEM(e);
	if (json_array_size(list) > LIMIT_ADVISORY_AFFECTED)
		return FAIL(e, E_FORMAT, "more than %d vulnerabilities", LIMIT_ADVISORY_AFFECTED);
	if (released && clock_parse_rfc3339(str_of(released), &when, e) < 0)
		return FAIL(e, E_FORMAT, "'dateReleased' is not a time");
	json_array_foreach(list, i, entry)
	{
		r = read_entry(entry, facts, e);
		if (r < 0)
			return WRAP(e, r, "entry %zu", i + 1);
	}
	r = unit_new(&unit, "kev", "kev", when > 0 ? when : 0, NULL, e);
	r = r < 0 ? r : json_put(unit, "facts", TAKE(facts), e);
	if (r == 0)
		*ret = TAKE(unit);
	return r;
}
