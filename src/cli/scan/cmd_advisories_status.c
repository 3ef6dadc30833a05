/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/build/road.h"
#include "cli/scan/advisories.h"
#include "pipeline/advisories/sources.h"
#include "scan/advisory/checks.h"
#include "scan/advisory/db.h"

/* "3 h", "5 d": how long ago. */
static const char *age_of(int64_t when, int64_t now, char ret[static 32])
{
	int64_t s = now > when ? now - when : 0;

	if (!when)
		return "never";
	if (s < 3600)
		(void)snprintf(ret, 32, "%lld min", (long long)s / 60);
	else if (s < 3 * 86400)
		(void)snprintf(ret, 32, "%lld h", (long long)s / 3600);
	else
		(void)snprintf(ret, 32, "%lld d", (long long)s / 86400);
	return ret;
}

static int64_t time_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* One source that was asked. */
static int add_check(json_t *list, const char *name, const json_t *check, int64_t now,
		     struct err *e)
{
	const int64_t checked = time_of(check, "checked"), attempted = time_of(check, "attempted");
	auto_json *o = json_pack("{ss}", "source", name);
	char text[RFC3339_MAX];
	int r = o ? 0 : FAIL_NOMEM(e);

	if (r == 0 && checked) {
		clock_rfc3339(checked, text);
		r = json_put_string(o, "checked", text, e);
		r = r < 0 ? r : json_put(o, "age", json_integer(now - checked), e);
	}
	if (r == 0 && attempted) {
		clock_rfc3339(attempted, text);
		r = json_put_string(o, "attempted", text, e);
	}
	r = r < 0 ? r : json_put_string(o, "error", json_string_or_null(check, "error"), e);
	if (r == 0 && json_object_get(check, "unreadable"))
		r = json_put(o, "unreadable", json_integer(time_of(check, "unreadable")), e);
	return r < 0 ? r : json_push(list, TAKE(o), e);
}

/* Those of the configuration that were never asked are old, too. */
static int list_checks(struct cli *c, const json_t *checks, int64_t now, json_t **ret,
		       struct err *e)
{
	auto_sources sources = { .n = 0 };
	auto_json *list = json_array();
	json_t *asked = json_object_get(checks, "sources"), *check;
	const char *name;
	int r = list ? 0 : FAIL_NOMEM(e);

	r = r < 0 ? r
		  : advisory_sources_read(json_object_get(c->config, "advisories"), &sources, e);
	json_object_foreach(asked, name, check) r =
		r < 0 ? r : add_check(list, name, check, now, e);
	for (size_t i = 0; i < sources.n && r == 0; i++)
		if (sources.v[i].enabled && !json_object_get(asked, sources.v[i].name))
			r = add_check(list, sources.v[i].name, NULL, now, e);
	if (r == 0)
		*ret = TAKE(list);
	return r;
}

static int print_checks(struct cli *c, const json_t *checks, int64_t now, struct err *e)
{
	static const char *const headings[] = { "SOURCE", "ASKED", "ERROR" };
	auto_release(table_free) struct table *t = NULL;
	json_t *sources = json_object_get(checks, "sources"), *check;
	const char *name;
	int r = json_object_size(sources) ? table_new(&t, headings, 3, e) : 0;

	json_object_foreach(sources, name, check)
	{
		char age[32];
		const char *const cells[] = { name, age_of(time_of(check, "checked"), now, age),
					      json_string_or_null(check, "error") };

		r = r < 0 ? r : table_row(t, cells, e);
	}
	if (r == 0 && t)
		r = cli_print(c, e, "\n");
	return r < 0 || !t ? r : cli_print_table(c, t, e);
}

static int add_source(struct table *t, const json_t *source, struct err *e)
{
	char count[32];
	const char *const cells[] = { json_string_or_null(source, "source"), count,
				      json_string_or_null(source, "newest"),
				      json_string_or_null(source, "imported") };

	(void)snprintf(count, sizeof(count), "%lld",
		       (long long)json_integer_value(json_object_get(source, "advisories")));
	return table_row(t, cells, e);
}

static int print_sources(struct cli *c, const json_t *sources, struct err *e)
{
	static const char *const headings[] = { "DATA", "ADVISORIES", "NEWEST", "CHANGED" };
	auto_release(table_free) struct table *t = NULL;
	size_t i;
	json_t *source;
	int r = table_new(&t, headings, 4, e);

	json_array_foreach(sources, i, source) r = r < 0 ? r : add_source(t, source, e);
	return r < 0 ? r : cli_print_table(c, t, e);
}

struct status_opts {
	const char *max_age;
};

static const struct opt status_opts[] = {
	MAX_AGE_OPTION(struct status_opts),
	OPT_END,
};

static int check_age(struct cli *c, const struct status_opts *o, const json_t *checks, int64_t date,
		     struct err *e)
{
	struct report r = { .has_advisories = true };
	const char *oldest = "";
	int64_t max_age, when = advisory_checks_oldest(checks, &oldest);
	int error = cli_max_age(c, o->max_age, &max_age, e);

	if (error < 0)
		return error;
	r.advisories_checked = when < 0 ? date : when;
	(void)snprintf(r.advisories_oldest, sizeof(r.advisories_oldest), "%s", oldest);
	return scan_fresh(&r, max_age, e);
}

static int run_status(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_json *data = NULL, *checks = NULL, *list = NULL;
	const struct state *state;
	const int64_t now = clock_now();
	char date[RFC3339_MAX];
	int64_t when;
	int r = cli_state(c, &state, e);

	(void)argc, (void)argv;
	r = r < 0 ? r : advisory_db_open(&db, state, e);
	r = r < 0 ? r : advisory_db_date(db, &when, e);
	r = r < 0 ? r : advisory_db_sources(db, &data, e);
	r = r < 0 ? r : advisory_checks_load(state, &checks, e);
	r = r < 0 ? r : list_checks(c, checks, now, &list, e);
	if (r < 0)
		return r;
	clock_rfc3339(when, date);
	if (c->json) {
		auto_json *j = json_pack("{ss ss sO sO}", "schema", "plimsoll.advisories/v2",
					 "date", date, "sources", data, "asked", list);

		r = j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	} else {
		r = print_sources(c, data, e);
		r = r < 0 ? r : print_checks(c, checks, now, e);
		r = r < 0 ? r : cli_print(c, e, "\nDatabase of %s\n", date);
	}
	r = r < 0 ? r : cli_flush(c, e);
	return r < 0 ? r : check_age(c, opts, checks, when, e);
}

const struct command cmd_advisories_status = {
	.name = "status",
	.args = "",
	.brief = "Show where advisories come from and how old they are",
	.details =
		"First what the database holds: NEWEST is when the newest document was last "
		"changed by its publisher, where it says so; CHANGED is when an import last "
		"brought something new. Then the sources that were asked: how long ago the last "
		"one that answered was, and why the last attempt failed, or what of it could not "
		"be read. With "
		"--max-age (or gate.max-age in plimsoll.yaml) data that is older refuse: exit "
		"status 3.",
	.example = "plimsoll advisories status\n"
		   "plimsoll advisories status --max-age 24h",
	.opts = status_opts,
	.opts_size = sizeof(struct status_opts),
	.run = run_status,
};
