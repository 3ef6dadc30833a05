/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "cli/config.h"
#include "run/options/needs.h"
#include "scan/scan.h"
#include "trust/trust.h"

/* Before it, no clock is right: certificates would not be valid yet. */
enum { CLOCK_LEAST = 1735689600 /* 2025-01-01 */ };

static int add(json_t *list, const char *name, bool fine, const char *found, const char *mend,
	       struct err *e)
{
	return json_push(list,
			 json_pack("{s:s, s:s, s:s, s:s, s:s*}", "group", "admission", "name", name,
				   "state", fine ? "fine" : "note", "found", found, "mend",
				   fine ? NULL : mend),
			 e);
}

/* Nothing runs that nobody signed, nor without advisories: what of that is here. */
static int add_admission(const struct state *state, json_t *list, struct err *e)
{
	auto_json *trusted = NULL,
		  *packages = json_pack("{s:s, s:s, s:[], s:[], s:[]}", "schema", SCAN_LIST_SCHEMA,
					"ecosystem", "", "layers", "packages", "unreadable");
	auto_report report = { 0 };
	char text[64], at[RFC3339_MAX];
	size_t certificates = 0;
	int r = 0;

	clock_rfc3339(clock_now(), at);
	if (trust_list(state, NULL, &trusted, NULL) == 0)
		certificates = json_array_size(json_object_get(trusted, "certificates"));
	(void)snprintf(text, sizeof(text), "%zu trusted certificate%s", certificates,
		       certificates == 1 ? "" : "s");
	r = add(list, "trust", certificates > 0, text,
		"plimsoll trust init, or plimsoll trust add CERT.pem", e);
	if (r == 0)
		r = packages ? scan_match(state, packages, &report, e) : FAIL_NOMEM(e);
	if (r == 0) {
		if (report.has_advisories)
			(void)snprintf(text, sizeof(text), "%lld hours since they were asked for",
				       (long long)(clock_now() - report.advisories_checked) / 3600);
		else
			(void)snprintf(text, sizeof(text), "none");
		r = add(list, "advisories", report.has_advisories, text,
			"plimsoll advisories update", e);
	}
	return r < 0 ? r
		     : add(list, "clock", clock_now() > CLOCK_LEAST, at,
			   "set the clock (systemd-timesyncd)", e);
}

static int print(struct cli *c, const json_t *facts, struct err *e)
{
	static const char *const headings[] = { "WHAT", "STATE", "FOUND", "TO DO" };
	auto_release(table_free) struct table *t = NULL;
	const json_t *one;
	size_t i;
	int r = table_new(&t, headings, 4, e);

	json_array_foreach(facts, i, one)
	{
		const char *const cells[] = { json_string_or_null(one, "name"),
					      json_string_or_null(one, "state"),
					      json_string_or_null(one, "found"),
					      json_string_or_null(one, "mend") };

		r = r < 0 ? r : table_row(t, cells, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

static size_t count_lacking(const json_t *facts)
{
	const json_t *one;
	size_t i, n = 0;

	json_array_foreach(facts, i, one) n +=
		strcmp(json_string_or_null(one, "state"), "lacking") == 0;
	return n;
}

static int run_doctor(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_free struct run_policy *policy = NULL;
	auto_json *facts = NULL, *doc = NULL;
	const struct state *state;
	size_t lacking;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc, (void)argv;
	r = r < 0 ? r : cli_config_run(c->config, &policy, e);
	if (r < 0)
		return r;
	r = facts_find(state, policy, &facts, e);
	run_policy_free(policy);
	r = r < 0 ? r : add_admission(state, facts, e);
	if (r < 0)
		return r;
	lacking = count_lacking(facts);
	if (c->json) {
		doc = json_pack("{s:s, s:I, s:O}", "schema", "plimsoll.doctor/v1", "lacking",
				(json_int_t)lacking, "facts", facts);
		r = doc ? cli_print_json(c, doc, e) : FAIL_NOMEM(e);
	} else {
		r = print(c, facts, e);
	}
	r = r < 0 ? r : cli_flush(c, e);
	if (r == 0 && lacking)
		return FAIL(e, E_POLICY, "%zu thing%s lacking that running a container needs",
			    lacking, lacking == 1 ? " is" : "s are");
	return r;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.group = "Other",
	.args = "",
	.brief = "Show what this machine has and lacks for running containers",
	.details =
		"Each thing is fine; lacking, which refuses every start; excused, where it would "
		"but for run: {without: [...]} in plimsoll.yaml; or a note, which is worth a look. "
		"The exit status is 3 when something is lacking.",
	.example = "plimsoll doctor\n"
		   "plimsoll --format json doctor",
	.limited = true, /* what it tells is what they would find */
	.run = run_doctor,
};
