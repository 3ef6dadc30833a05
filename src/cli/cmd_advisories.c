/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/table.h"
#include "cli/cli.h"
#include "scan/advisory/db.h"

static int run_import(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	struct advisory_import done;
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	r = r < 0 ? r
		  : advisory_import(state, argv, (size_t)argc, clock_now(), c->progress, &done, e);
	if (r < 0 || c->quiet)
		return r;
	if (c->json) {
		auto_json *j =
			json_pack("{ss sI sI sI sb}", "schema", "plimsoll.import/v1", "files",
				  (json_int_t)done.files, "skipped", (json_int_t)done.skipped,
				  "documents", (json_int_t)done.units, "changed", done.changed);

		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	r = cli_print(c, e, "%llu documents of %llu files: %s\n", (unsigned long long)done.units,
		      (unsigned long long)(done.files - done.skipped),
		      done.changed ? "advisories updated" : "nothing new");
	if (r == 0 && done.skipped)
		r = cli_print(c, e, "%llu other files passed over\n",
			      (unsigned long long)done.skipped);
	return r;
}

static const struct command cmd_import = {
	.name = "import",
	.args = "FILE|DIR...",
	.brief = "Read advisories into the database",
	.details = "Takes OSV documents (one in a file, a JSON array, or JSON lines) and Alpine's "
		   "secdb "
		   "(YAML or JSON). Of a folder, its .json, .jsonl, .yaml and .yml files are read, "
		   "and "
		   "JSON of other kinds is passed over. What is imported adds to what is there; a "
		   "newer "
		   "copy of a document replaces the older, and the same again changes nothing. A "
		   "broken "
		   "file changes nothing either: an import is whole or not at all.",
	.example = "plimsoll advisories import secdb/v3.20/main.json\n"
		   "plimsoll advisories import osv/Debian/",
	.min_args = 1,
	.max_args = -1,
	.run = run_import,
};

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

static int print_sources(struct cli *c, const json_t *sources, const char *date, struct err *e)
{
	static const char *const headings[] = { "SOURCE", "ADVISORIES", "NEWEST", "IMPORTED" };
	auto_release(table_free) struct table *t = NULL;
	size_t i;
	json_t *source;
	int r = table_new(&t, headings, 4, e);

	json_array_foreach(sources, i, source) r = r < 0 ? r : add_source(t, source, e);
	r = r < 0 ? r : cli_print_table(c, t, e);
	return r < 0 ? r : cli_print(c, e, "\nDatabase of %s\n", date);
}

static int run_status(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(advisory_db_close) struct advisory_db *db = NULL;
	auto_json *sources = NULL;
	const struct state *state;
	char date[RFC3339_MAX];
	int64_t when;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc, (void)argv;
	r = r < 0 ? r : advisory_db_open(&db, state, e);
	r = r < 0 ? r : advisory_db_date(db, &when, e);
	r = r < 0 ? r : advisory_db_sources(db, &sources, e);
	if (r < 0)
		return r;
	clock_rfc3339(when, date);
	if (c->json) {
		auto_json *j = json_pack("{ss ss sO}", "schema", "plimsoll.advisories/v1", "date",
					 date, "sources", sources);

		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	return print_sources(c, sources, date, e);
}

static const struct command cmd_status = {
	.name = "status",
	.args = "",
	.brief = "Show where advisories come from and how old they are",
	.details = "NEWEST is when the newest document of a source was last changed by its "
		   "publisher, where it says so; IMPORTED is when an import last brought something "
		   "new from it.",
	.example = "plimsoll advisories status",
	.run = run_status,
};

static const struct command *const subs[] = { &cmd_import, &cmd_status, NULL };

const struct command cmd_advisories = {
	.name = "advisories",
	.group = "Scan",
	.args = "",
	.brief = "Import and inspect the advisories that scans match against",
	.example = "plimsoll advisories status",
	.subs = subs,
};
