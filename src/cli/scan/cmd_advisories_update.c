/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/scan/advisories.h"
#include "cli/scan/watch.h"
#include "pipeline/advisories/update.h"

static int print_source(struct cli *c, const json_t *s, struct err *e)
{
	const char *error = json_string_or_null(s, "error");
	auto_free char *text = strdup(error ? error : "");

	if (!text)
		return FAIL_NOMEM(e);
	text_sanitize(text);
	return cli_print(c, e, "%-12s %s%s%s\n", json_string_or_null(s, "source"),
			 json_string_or_null(s, "status"), error ? ": " : "", text);
}

static int report(struct cli *c, const struct update_result *u, const struct watching *w,
		  struct err *e)
{
	size_t i;
	json_t *s;
	int r = 0;

	if (c->json) {
		auto_json *j = json_pack("{ss sO sI sb}", "schema", "plimsoll.update/v1", "sources",
					 u->sources, "documents", (json_int_t)u->documents,
					 "changed", u->changed);

		return j ? cli_watch_print(c, w, j, e) : FAIL_NOMEM(e);
	}
	json_array_foreach(u->sources, i, s) r = r < 0 ? r : print_source(c, s, e);
	r = r < 0 ? r
		  : cli_print(c, e, "%llu documents: %s\n", (unsigned long long)u->documents,
			      u->changed ? "advisories updated" : "nothing new");
	return r < 0 ? r : cli_print_news(c, w, e);
}

/* The exit status is that of a network's failure, whatever did work. */
static int fail(const struct update_result *u, struct err *e)
{
	size_t n = json_array_size(u->sources), bad = u->failed ? u->failed : u->partly;
	int r = FAIL(e, E_REMOTE, "%zu of %zu source%s %s", bad, n, n == 1 ? "" : "s",
		     u->failed ? "failed" : "could not be read whole");

	return err_hint(e, r,
			u->failed ? "plimsoll advisories update, again: it goes on where it was cut"
				  : "plimsoll advisories status tells what; all else was taken");
}

static int run_update(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	__attribute__((cleanup(update_result_release))) struct update_result result = { 0 };
	auto_sources sources = { .n = 0 };
	auto_watching w = { 0 };
	const struct state *state;
	struct road road = { .progress = c->progress };
	int r = cli_state(c, &state, e);

	(void)opts;
	road.state = state;
	r = r < 0 ? r
		  : advisory_sources_read(json_object_get(c->config, "advisories"), &sources, e);
	r = r < 0 ? r
		  : advisories_update(&road, &sources, argv, (size_t)argc, clock_now(), &result, e);
	r = r < 0 ? r : cli_watch(c, &w, e);
	if (r == 0 && (!c->quiet || c->json))
		r = report(c, &result, &w, e);
	r = r < 0 ? r : cli_flush(c, e);
	return r == 0 && (result.failed || result.partly) ? fail(&result, e) : r;
}

const struct command cmd_advisories_update = {
	.name = "update",
	.args = "[SOURCE...]",
	.brief = "Fetch what is new and import it",
	.details =
		"Asks the sources of the configuration, or those that are named: debian (the "
		"security tracker), alpine (secdb), osv and ubuntu (OSV), redhat (CSAF VEX), kev "
		"(CISA's catalogue of exploited vulnerabilities) and epss (FIRST) are known of "
		"themselves. A mirror is one line of plimsoll.yaml: 'advisories: {sources: "
		"{debian: "
		"{url: https://mirror.example/json}}}'. A second time only what changed is "
		"fetched, and a transfer that was cut goes on where it was, also after a kill. A "
		"source that fails does not undo the others, and a document of a collection that "
		"cannot be read leaves the older copy of it as it is, unless they are more than "
		"one "
		"in a hundred (or ten): both are told, and the exit status is 7. "
		"Plain http is spoken only to this machine, or where 'insecure: true' says so.",
	.example = "plimsoll advisories update\n"
		   "plimsoll advisories update debian kev epss",
	.max_args = -1,
	.run = run_update,
};
