/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/explain.h"

#include "scan/match.h"
#include "scan/range.h"

struct explainer {
	const char *advisory;
	const struct report *report;
	json_t *answers;
};

static const struct {
	const char *name, *why;
} verdicts[] = {
	[MATCH_AFFECTED] = { "affected", "the installed version is one that the record names" },
	[MATCH_OUTSIDE] = { "outside",
			    "the installed version is none of those that the record names" },
	[MATCH_NOT_AFFECTED] = { "not-affected",
				 "the distribution says that its package never had it" },
	[MATCH_NO_KERNEL] = { "no-kernel", "the package is built from the kernel's source, but "
					   "brings none of the kernel's code" },
	[MATCH_NO_VERSION] = { "no-version", "the program does not say of which version of the "
					     "module it is, so nothing can be compared" },
	[MATCH_OTHER_STREAM] = { "other-stream", "the record is of another module stream, whose "
						 "versions are not those of this package" },
	[MATCH_OTHER_PLATFORM] = { "other-platform", "the record is about other platforms than the "
						     "one that the program was built for" },
	[MATCH_OWNED] = { "owned", "the file is of a package of the distribution, which mends it "
				   "under versions of its own" },
};

static const char *event_name(char kind)
{
	switch (kind) {
	case 'i': return "introduced";
	case 'f': return "fixed";
	case 'u': return "limit";
	default: return "last_affected";
	}
}

/* Where the installed version stands beside that of an event. */
static const char *standing(const struct match *m, const char *version)
{
	int r;

	if (strcmp(version, "0") == 0)
		return "after";
	if (!version_comparable(m->order, str_of(m->version), str_of(version)))
		return "not comparable";
	r = m->order->compare(str_of(m->version), str_of(version));
	return r < 0 ? "before" : r > 0 ? "after" : "same";
}

static int put_ranges(json_t *o, const struct match *m, struct err *e)
{
	const struct ranges *ranges = m->row->ranges;
	json_t *events = json_array(), *versions = json_array();
	int r = json_put(o, "events", events, e);

	if (r < 0)
		json_decref(versions);
	r = r < 0 ? r : json_put(o, "versions", versions, e);
	for (size_t i = 0; i < ranges->events_n && r == 0; i++)
		r = json_push(events,
			      json_pack("{sssssssb}", "event", event_name(ranges->events[i].kind),
					"version", ranges->events[i].version, "installed_is",
					standing(m, ranges->events[i].version), "begins_range",
					ranges->events[i].first),
			      e);
	for (size_t i = 0; i < ranges->versions_n && r == 0; i++)
		r = json_push(versions, json_string(ranges->versions[i]), e);
	return r;
}

static int put_compared(json_t *o, const struct match *m, struct err *e)
{
	const char *own = json_string_or_null(m->package, "version");
	const char *name = json_string_or_null(m->package, "name");
	bool is_own = own && name && strcmp(own, m->version) == 0 && strcmp(name, m->name) == 0;

	return json_put(o, "compared",
			json_pack("{ssssssssss}", "kind", is_own ? "package" : "source package",
				  "name", m->name, "version", m->version, "order", m->order->name,
				  "ecosystem", m->ecosystem),
			e);
}

static int put_origin(json_t *o, const struct explainer *x, const struct match *m, struct err *e)
{
	const struct finding at = { .package = m->package };
	int r = json_put_string(o, "path", json_string_or_null(m->package, "path"), e);

	r = r < 0 ? r : json_put_string(o, "layer", report_layer(x->report, &at), e);
	return r < 0 ? r : json_put_string(o, "instruction", report_instruction(x->report, &at), e);
}

static int put_answer(const struct explainer *x, const struct match *m, struct err *e)
{
	json_t *o = json_object();
	int r = json_push(x->answers, o, e);

	const char *const members[][2] = {
		{ "package", json_string_or_null(m->package, "name") },
		{ "installed", json_string_or_null(m->package, "version") },
		{ "verdict", verdicts[m->verdict].name },
		{ "why", verdicts[m->verdict].why },
		{ "advisory", m->row->id },
		{ "aliases", m->row->aliases },
		{ "record", m->row->unit },
		{ "source", m->row->source },
		{ "title", m->row->title },
		{ "status", m->row->status },
		{ "platforms", m->row->platforms },
		{ "fixed", m->fixed },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members) && r == 0; i++)
		r = json_put_string(o, members[i][0], members[i][1], e);
	r = r < 0 ? r : put_compared(o, m, e);
	r = r < 0 ? r : put_ranges(o, m, e);
	return r < 0 ? r : put_origin(o, x, m, e);
}

static int got_match(void *arg, const struct match *m, struct err *e)
{
	const struct explainer *x = arg;
	if (strcasecmp(m->row->id, x->advisory) != 0 &&
	    !has_word_any_case(m->row->aliases, x->advisory))
		return 0;
	return put_answer(x, m, e);
}

static int got_place(void *arg, const char *ecosystem, const char *package, const char *unit,
		     struct err *e)
{
	json_t *places = arg;

	if (json_array_size(places) >= LIMIT_ELSEWHERE)
		return 0;
	return json_push(
		places,
		json_pack("{ssssss}", "ecosystem", ecosystem, "package", package, "record", unit),
		e);
}

static int put_unchecked(json_t *o, const struct report *report, struct err *e)
{
	auto_strv lines = { 0 };
	json_t *list = json_array();
	int r = json_put(o, "unchecked", list, e);

	r = r < 0 ? r : report_unchecked(report, &lines, e);
	for (size_t i = 0; i < lines.n && r == 0; i++)
		r = json_push(list, json_string(lines.v[i]), e);
	return r;
}

int scan_explain(const struct state *state, const json_t *list, const char *advisory, json_t **ret,
		 struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_report report = { .list = json_incref((json_t *)(uintptr_t)list),
			       .has_advisories = true };
	auto_json *o = json_object(), *answers = json_array();
	int r = advisory_db_open(&db, state, e);
	struct explainer x = { .advisory = advisory, .report = &report, .answers = answers };
	const struct match_sink sink = { .row = got_match, .arg = &x, .all = true };

	if (r == 0 && (!o || !answers))
		r = FAIL_NOMEM(e);
	r = r < 0 ? r : match_packages(db, list, &sink, &report.uncovered, e);
	r = r < 0 ? r : json_put_string(o, "schema", SCAN_EXPLANATION_SCHEMA, e);
	r = r < 0 ? r : json_put_string(o, "advisory", advisory, e);
	r = r < 0 ? r : json_put(o, "elsewhere", json_array(), e);
	if (r == 0 && !json_array_size(answers))
		r = advisory_db_places(db, advisory, got_place, json_object_get(o, "elsewhere"), e);
	r = r < 0 ? r : json_put(o, "answers", TAKE(answers), e);
	r = r < 0 ? r : put_unchecked(o, &report, e);
	if (r == 0)
		*ret = TAKE(o);
	return r;
}
