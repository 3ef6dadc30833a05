/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/scan/advisories.h"
#include "cli/scan/watch.h"
#include "scan/advisory/checks.h"
#include "scan/advisory/db.h"

/* An import from files is an answer of a source, too. */
static int note_import(const struct state *state, struct err *e)
{
	auto_json *checks = NULL;
	int r = advisory_checks_load(state, &checks, e);

	r = r < 0 ? r
		  : advisory_checks_note(checks, ADVISORY_CHECKS_IMPORT, clock_now(), NULL, 0, e);
	return r < 0 ? r : advisory_checks_save(state, checks, e);
}

static int print_import(struct cli *c, const struct advisory_import *done, const struct watching *w,
			struct err *e)
{
	int r = cli_print(c, e, "%llu documents of %llu files: %s\n",
			  (unsigned long long)done->units,
			  (unsigned long long)(done->files - done->skipped),
			  done->changed ? "advisories updated" : "nothing new");

	if (r == 0 && done->skipped)
		r = cli_print(c, e, "%llu other files passed over\n",
			      (unsigned long long)done->skipped);
	return r < 0 ? r : cli_print_news(c, w, e);
}

static int run_import(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_watching w = { 0 };
	auto_json *j = NULL;
	struct advisory_import done;
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	r = r < 0 ? r
		  : advisory_import(state, argv, (size_t)argc, clock_now(), c->progress, &done, e);
	r = r < 0 ? r : note_import(state, e);
	r = r < 0 ? r : cli_watch(c, &w, e);
	if (r < 0 || (c->quiet && !c->json))
		return r;
	if (!c->json)
		return print_import(c, &done, &w, e);
	j = json_pack("{ss sI sI sI sb}", "schema", "plimsoll.advisories-import/v1", "files",
		      (json_int_t)done.files, "skipped", (json_int_t)done.skipped, "documents",
		      (json_int_t)done.units, "changed", done.changed);
	return j ? cli_watch_print(c, &w, j, e) : FAIL_NOMEM(e);
}

static const struct command cmd_import = {
	.name = "import",
	.args = "FILE|DIR...",
	.brief = "Read advisories into the database",
	.details =
		"Takes OSV documents (one in a file, a JSON array, or JSON lines), Debian's "
		"security tracker and its lists of advisories, Alpine's secdb (YAML or JSON), CSAF "
		"2.0 of Red Hat and SUSE, CISA's catalogue of exploited vulnerabilities, EPSS, "
		"fixes of Debian's changelogs, and tables of the kernel's CVEs. What a file is is "
		"told by what is in it; gzip, zstd, bzip2 and xz are undone. Of a folder, zip or "
		"tar archive, its .json, .jsonl, .yaml, .yml, .csv, .tsv and .list files are read, "
		"and those of other kinds are passed over. What is imported adds to what is there; "
		"a newer copy of a document replaces the older, Debian's tracker, CISA's catalogue "
		"and EPSS replace themselves whole, and the same again changes nothing. A broken "
		"file changes nothing either: an import is whole or not at all.",
	.example = "plimsoll advisories import secdb/v3.20/main.json\n"
		   "plimsoll advisories import osv/Debian/",
	.min_args = 1,
	.max_args = -1,
	.run = run_import,
};

static const struct command *const subs[] = { &cmd_advisories_update,  &cmd_import,
					      &cmd_advisories_publish, &cmd_advisories_fetch,
					      &cmd_advisories_status,  NULL };

const struct command cmd_advisories = {
	.name = "advisories",
	.group = "Scan",
	.args = "",
	.brief = "Fetch, import and share the advisories that scans match against",
	.example = "plimsoll advisories update\n"
		   "plimsoll advisories status",
	.subs = subs,
};
