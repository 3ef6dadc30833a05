/* SPDX-License-Identifier: Apache-2.0 */
/* A scan's report as in-toto's predicate vulns v0.2. */
#include <string.h>

#include "base/clock.h"
#include "pipeline/attest/attest.h"
#include "scan/purl.h"

/* By our own scale, and the CVSS base score where there is a vector. */
static int severities(const struct finding *f, json_t **ret, struct err *e)
{
	auto_json *list = json_array();
	char score[16];
	int r = json_push(
		list,
		json_pack("{s:s, s:s}", "method", "plimsoll", "score", severity_name(f->severity)),
		e);

	if (r == 0 && f->score >= 0) {
		(void)snprintf(score, sizeof(score), "%d.%d", f->score / 10, f->score % 10);
		r = json_push(list, json_pack("{s:s, s:s}", "method", "cvss_score", "score", score),
			      e);
	}
	if (r == 0 && f->vector[0])
		r = json_push(list,
			      json_pack("{s:s, s:s}", "method", "cvss_vector", "score", f->vector),
			      e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

/* Which package it is in. */
static int annotations(const struct report *report, const struct finding *f, json_t **ret,
		       struct err *e)
{
	auto_buf purl = BUF_INIT(LIMIT_PURL);
	auto_json *o = json_object();
	int r = purl_of_package(report->list, f->package, &purl, NULL);

	if (r == 0 && purl.n)
		r = json_put_string(o, "purl", buf_str(&purl), e);
	else
		r = 0;
	if (r < 0 ||
	    (r = json_put_string(o, "package", json_string_or_null(f->package, "name"), e)) < 0 ||
	    (r = json_put_string(o, "version", json_string_or_null(f->package, "version"), e)) <
		    0 ||
	    (r = json_put_string(o, "fixed", f->fixed[0] ? f->fixed : NULL, e)) < 0 ||
	    (r = json_put_string(o, "aliases", f->aliases[0] ? f->aliases : NULL, e)) < 0 ||
	    (r = json_put_string(o, "exploited", f->exploited ? "true" : NULL, e)) < 0)
		return r;
	*ret = json_pack("[O]", o);
	return *ret ? 0 : FAIL_NOMEM(e);
}

static int add_finding(json_t *list, const struct report *report, const struct finding *f,
		       struct err *e)
{
	auto_json *severity = NULL, *notes = NULL;
	int r = severities(f, &severity, e);

	if (r == 0)
		r = annotations(report, f, &notes, e);
	return r < 0 ? r
		     : json_push(list,
				 json_pack("{s:s, s:O, s:O}", "id", f->advisory, "severity",
					   severity, "annotations", notes),
				 e);
}

static json_t *scanner(const struct report *report, json_t *result)
{
	char updated[RFC3339_MAX];

	clock_rfc3339(report->advisories_date, updated);
	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:O}", "uri", "pkg:generic/plimsoll", "version",
			 PLIMSOLL_VERSION, "db", "uri", "urn:plimsoll:advisories", "lastUpdate",
			 updated, "result", result);
}

int vulns_predicate(const struct report *report, int64_t started, int64_t finished, json_t **ret,
		    struct err *e)
{
	auto_json *result = json_array(), *j = json_object();
	char from[RFC3339_MAX], to[RFC3339_MAX];
	int r = result && j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < report->findings_n; i++)
		r = add_finding(result, report, &report->findings[i], e);
	clock_rfc3339(started, from);
	clock_rfc3339(finished, to);
	if (r == 0)
		r = json_put(j, "scanner", scanner(report, result), e);
	if (r == 0)
		r = json_put(j, "metadata",
			     json_pack("{s:s, s:s}", "scanStartedOn", from, "scanFinishedOn", to),
			     e);
	if (r == 0)
		*ret = TAKE(j);
	return r;
}
