/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/output/cyclonedx.h"

/* Findings as CycloneDX' vulnerabilities: one for each advisory, with all packages it affects. */

static int put_source(json_t *o, const char *id, struct err *e)
{
	const char *publisher = advisory_publisher(id);
	auto_buf url = BUF_INIT(LIMIT_REF_TEXT);

	if (!*publisher)
		return 0;
	advisory_url(id, &url);
	return json_put(
		o, "source",
		json_pack("{ss ss*}", "name", publisher, "url", url.n ? buf_str(&url) : NULL), e);
}

static json_t *rating(const struct finding *f)
{
	const char *method = cvss_method(f->vector);
	json_t *o = json_object();
	int r = o ? 0 : -1;

	if (r == 0 && f->score >= 0)
		r = json_object_set_new(o, "score", json_real(f->score / 10.0));
	r = r < 0 ? r : json_object_set_new(o, "severity", json_string(severity_name(f->severity)));
	if (r == 0 && method) {
		r = json_object_set_new(o, "method", json_string(method));
		r = r < 0 ? r : json_object_set_new(o, "vector", json_string(f->vector));
	}
	if (r == 0)
		return o;
	json_decref(o);
	return NULL;
}

/* Ratings that packages of one advisory share stand once. */
static int add_rating(json_t *o, const struct finding *f, struct err *e)
{
	json_t *ratings = json_object_get(o, "ratings"), *one, *mine = rating(f);
	size_t i;

	if (!mine)
		return FAIL_NOMEM(e);
	json_array_foreach(ratings, i, one) if (json_equal(one, mine))
	{
		json_decref(mine);
		return 0;
	}
	return json_push(ratings, mine, e);
}

static int add_epss(json_t *o, const struct finding *f, struct err *e)
{
	char percentile[64];

	if (f->epss_ppm < 0)
		return 0;
	(void)snprintf(percentile, sizeof(percentile), "percentile %.4f", f->epss_rank_ppm / 1e6);
	return json_push(json_object_get(o, "ratings"),
			 json_pack("{s{ss ss} sf ss ss*}", "source", "name", "EPSS", "url",
				   "https://www.first.org/epss/", "score", f->epss_ppm / 1e6,
				   "method", "other", "justification",
				   f->epss_rank_ppm < 0 ? NULL : percentile),
			 e);
}

static int put_exploited(json_t *o, const struct finding *f, struct err *e)
{
	json_t *properties;
	int r;

	if (!f->exploited)
		return 0;
	properties = json_pack("[{ss ss}]", "name", LIST_PREFIX "exploited", "value",
			       *f->exploited_since ? f->exploited_since : "yes");
	r = json_put(o, "properties", properties, e);
	if (r == 0 && f->ransomware)
		r = json_push(
			properties,
			json_pack("{ss ss}", "name", LIST_PREFIX "ransomware", "value", "yes"), e);
	return r;
}

static bool has_reference(const json_t *references, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach(references, i, one) if (strcmp(member(one, "id"), id) == 0) return true;
	return false;
}

/* The other names, which may be others for each package. */
static int add_references(json_t *o, const char *aliases, struct err *e)
{
	struct str rest = str_of(aliases), word;
	json_t *list = json_object_get(o, "references");
	int r = *aliases && !list ? json_put(o, "references", list = json_array(), e) : 0;

	while (r == 0 && str_cut(&rest, ' ', &word)) {
		auto_free char *id = str_dup(word);
		json_t *reference;

		if (!id)
			return FAIL_NOMEM(e);
		if (!*id || has_reference(list, id))
			continue;
		reference = json_pack("{ss s{ss}}", "id", id, "source", "name", "unknown");
		r = json_push(list, reference, e);
		r = r < 0 ? r : put_source(reference, id, e);
	}
	return r;
}

/* What the distribution decided; nothing where it only says that the package is affected. */
static int put_analysis(json_t *o, const char *status, struct err *e)
{
	static const char *const wont[] = { "wont-fix", "ignored", "end-of-life" };
	static const char *const triage[] = { "investigating", "undetermined" };
	json_t *analysis;

	if (!*status)
		return 0;
	analysis = json_pack("{ss+}", "detail", "status given by the distribution: ", status);
	for (size_t i = 0; analysis && i < sizeof(wont) / sizeof(*wont); i++)
		if (strcmp(status, wont[i]) == 0)
			(void)json_object_set_new(analysis, "response",
						  json_pack("[s]", "will_not_fix"));
	for (size_t i = 0; analysis && i < sizeof(triage) / sizeof(*triage); i++)
		if (strcmp(status, triage[i]) == 0)
			(void)json_object_set_new(analysis, "state", json_string("in_triage"));
	return json_put(o, "analysis", analysis, e);
}

static int add_affected(json_t *o, const struct finding *f, const char *ref, struct err *e)
{
	json_t *affects = json_object_get(o, "affects");
	const char *version = member(f->package, "version");

	return json_push(affects,
			 json_pack("{ss s[{ss ss}]}", "ref", ref, "versions", "version", version,
				   "status", "affected"),
			 e);
}

/* "Upgrade libssl3 to 3.0.11-1~deb12u3", one line a package. */
static int add_recommendation(json_t *o, const struct finding *f, struct err *e)
{
	const char *before = member(o, "recommendation");
	auto_buf b = BUF_INIT(SIZE_MAX);

	if (!*f->fixed)
		return 0;
	buf_printf(&b, "%s%sUpgrade %s to %s", before, *before ? "\n" : "",
		   member(f->package, "name"), f->fixed);
	return json_put_string(o, "recommendation", buf_str(&b), e);
}

static int new_vulnerability(json_t *list, json_t *by_id, const struct finding *f, json_t **ret,
			     struct err *e)
{
	json_t *o = json_pack("{ss ss}", "bom-ref", f->advisory, "id", f->advisory);
	auto_buf url = BUF_INIT(LIMIT_REF_TEXT);
	int r = json_push(list, o, e);

	if (r == 0 && json_object_set(by_id, f->advisory, o) < 0)
		r = FAIL_NOMEM(e);
	r = r < 0 ? r : put_source(o, f->advisory, e);
	r = r < 0 ? r : json_put(o, "ratings", json_array(), e);
	r = r < 0 ? r : add_epss(o, f, e);
	if (r == 0 && *f->title)
		r = json_put_string(o, "description", f->title, e);
	advisory_url(f->advisory, &url);
	if (r == 0 && url.n)
		r = json_put(o, "advisories", json_pack("[{ss}]", "url", buf_str(&url)), e);
	r = r < 0 ? r : put_analysis(o, f->status, e);
	r = r < 0 ? r : json_put(o, "affects", json_array(), e);
	r = r < 0 ? r : put_exploited(o, f, e);
	if (r == 0)
		*ret = o;
	return r;
}

int cyclonedx_vulnerabilities(json_t *doc, const struct report *report,
			      const struct package_refs *refs, struct err *e)
{
	auto_json *by_id = json_object();
	json_t *list = json_array();
	int r = json_put(doc, "vulnerabilities", list, e);

	if (!by_id)
		return FAIL_NOMEM(e);
	for (size_t i = 0; i < report->findings_n && r == 0; i++) {
		const struct finding *f = &report->findings[i];
		/* What is of no package, such as a release past its end, is of the system. */
		const struct package_ref *known = package_ref_of(refs, f->package);
		const char *ref = known ? known->ref : OS_REF;
		json_t *o = json_object_get(by_id, f->advisory);

		r = o ? 0 : new_vulnerability(list, by_id, f, &o, e);
		r = r < 0 ? r : add_references(o, f->aliases, e);
		r = r < 0 ? r : add_rating(o, f, e);
		r = r < 0 ? r : add_affected(o, f, ref, e);
		r = r < 0 ? r : add_recommendation(o, f, e);
	}
	return r;
}
