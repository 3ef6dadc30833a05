/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/finding.h"

/* What is known of a CVE whatever the package: whether it is exploited, and how likely that is. */
static int add_facts(struct advisory_db *db, struct finding *f, struct err *e)
{
	struct advisory_fact fact;
	struct str rest = str_of(f->aliases), one;
	int r = advisory_db_fact(db, f->advisory, &fact, e);

	for (;;) {
		auto_free char *name = NULL;

		if (r < 0)
			return r;
		f->exploited |= fact.exploited;
		f->ransomware |= fact.ransomware;
		if (!*f->exploited_since)
			memcpy(f->exploited_since, fact.kev_date, sizeof(f->exploited_since));
		if (fact.epss_ppm > f->epss_ppm) {
			f->epss_ppm = fact.epss_ppm;
			f->epss_rank_ppm = fact.pct_ppm;
		}
		do {
			if (!str_cut(&rest, ' ', &one))
				return 0;
		} while (!str_starts(one, "CVE-"));
		name = str_dup(one);
		r = name ? advisory_db_fact(db, name, &fact, e) : FAIL_NOMEM(e);
	}
}

/* Takes the rating of the first name that has one. */
static int take_rating(struct advisory_db *db, struct finding *f, const char *name, struct err *e)
{
	struct advisory_rating rating;
	int r = advisory_db_rating(db, name, &rating, e);

	if (r <= 0)
		return r;
	f->severity = (enum severity)rating.severity;
	f->score = rating.score;
	r = finding_set(&f->vector, rating.vector, e);
	return r < 0 ? r : finding_set(&f->severity_from, rating.unit, e);
}

/* Of a vulnerability that none of the package's own records rates: as it is rated elsewhere. */
static int add_rating(struct advisory_db *db, struct finding *f, struct err *e)
{
	struct str rest = str_of(f->aliases), one;
	int r = take_rating(db, f, f->advisory, e);

	while (r == 0 && f->severity == SEVERITY_UNKNOWN && str_cut(&rest, ' ', &one)) {
		auto_free char *name = str_dup(one);

		r = name ? take_rating(db, f, name, e) : FAIL_NOMEM(e);
	}
	return r;
}

int findings_collect(struct advisory_db *db, struct report *report, struct err *e)
{
	int r = findings_match(db, report, e);

	for (size_t i = 0; i < report->findings_n && r == 0; i++) {
		r = add_facts(db, &report->findings[i], e);
		if (r == 0 && report->findings[i].severity == SEVERITY_UNKNOWN)
			r = add_rating(db, &report->findings[i], e);
	}
	return r;
}
