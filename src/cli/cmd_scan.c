/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/output_file.h"
#include "cli/road.h"
#include "cli/scan_explain.h"
#include "cli/scan_output.h"
#include "cli/scan_table.h"
#include "pipeline/inspect.h"
#include "scan/explain.h"

struct scan_opts {
	const char *fail_on, *severity, *explain, *format, *output;
	bool ignore_unfixed;
};

static const struct opt scan_opts[] = {
	OPT_AT(struct scan_opts, fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	       "exit 3 when a finding is of SEVERITY or worse: unknown (all), low, medium, high, "
	       "critical"),
	OPT_AT(struct scan_opts, ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	       "leave out findings for which no fix is known"),
	OPT_AT(struct scan_opts, severity, "severity", 's', OPT_STRING, "LIST",
	       "show only these severities, separated by commas"),
	OPT_AT(struct scan_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "table (default), json, sarif, junit, spdx-json, cyclonedx"),
	OPT_AT(struct scan_opts, output, "output", 'o', OPT_STRING, "FILE",
	       "write to FILE, not to standard output"),
	OPT_AT(struct scan_opts, explain, "explain", 0, OPT_STRING, "ADVISORY",
	       "tell why ADVISORY is, or is not, a finding: the records, the versions compared, "
	       "the file and layer read"),
	OPT_END
};

/* What is shown: of the chosen severities, and with a fix if asked for. */
struct filter {
	bool severity[SEVERITIES];
	bool ignore_unfixed;
};

static int parse_filter(const struct scan_opts *o, struct filter *ret, struct err *e)
{
	struct str rest = str_of(o->severity), word;

	*ret = (struct filter){ .ignore_unfixed = o->ignore_unfixed };
	for (int i = 0; i < SEVERITIES; i++)
		ret->severity[i] = !o->severity;
	if (o->severity && !rest.n)
		return FAIL(e, E_USAGE, "--severity names none");
	while (str_cut(&rest, ',', &word)) {
		auto_free char *name = str_dup(str_trim(word));
		enum severity s;
		int r = name ? severity_parse(name, &s, e) : FAIL_NOMEM(e);

		if (r < 0)
			return WRAP(e, r, "--severity");
		ret->severity[s] = true;
	}
	return 0;
}

static bool shown(const struct filter *f, const struct finding *finding)
{
	return f->severity[finding->severity] && (!f->ignore_unfixed || *finding->fixed);
}

/* Which findings are shown, a place for each. Owned; NULL: out of memory. */
static bool *choose(const struct filter *f, const struct report *report)
{
	bool *ret = calloc(report->findings_n + 1, sizeof(*ret));

	for (size_t i = 0; ret && i < report->findings_n; i++)
		ret[i] = shown(f, &report->findings[i]);
	return ret;
}

static int print_report(struct cli *c, const struct report *report, const struct filter *f,
			struct err *e)
{
	auto_free bool *which = choose(f, report);

	return which ? scan_print_table(c, report, which, e) : FAIL_NOMEM(e);
}

/* The report as a document, findings that are not to be shown left out. */
static int print_json(struct cli *c, const struct report *report, const struct filter *f,
		      const char *image, struct err *e)
{
	auto_json *j = NULL;
	json_t *list;
	int r = report_json(report, &j, e);

	r = r < 0 ? r : json_put_string(j, "image", image, e);
	if (r < 0)
		return r;
	list = json_object_get(j, "findings");
	for (size_t i = report->findings_n; i-- > 0;)
		if (!shown(f, &report->findings[i]))
			(void)json_array_remove(list, i);
	return cli_print_json(c, j, e);
}

static int print_notes(const struct report *report, struct err *e)
{
	auto_strv notes = { 0 };
	int r = report_notes(report, &notes, e);

	for (size_t i = 0; i < notes.n && r == 0; i++) {
		text_sanitize(notes.v[i]);
		(void)fprintf(stderr, "plimsoll: %s\n", notes.v[i]);
	}
	if (r == 0 && notes.n && (!report->has_advisories || report->uncovered.n))
		(void)fprintf(stderr, "plimsoll: mend: plimsoll advisories update\n");
	return r;
}

/* The other formats are given only what is to be shown. */
static int print_document(struct cli *c, enum scan_format format, const struct subject *subject,
			  const struct report *report, const struct filter *f, struct err *e)
{
	auto_free struct finding *some = calloc(report->findings_n + 1, sizeof(*some));
	struct report view = *report;

	if (!some)
		return FAIL_NOMEM(e);
	view.findings = some;
	view.findings_n = 0;
	for (size_t i = 0; i < report->findings_n; i++)
		if (shown(f, &report->findings[i]))
			some[view.findings_n++] = report->findings[i];
	return scan_print(c, format, subject, &view, e);
}

static int print(struct cli *c, const struct scan_opts *o, enum scan_format format,
		 const struct road *road, const struct subject *subject,
		 const struct report *report, const struct filter *f, struct err *e)
{
	struct output_file file;
	int r = output_file_begin(c, o->output, &file, e);

	if (r < 0)
		return r;
	if (format == SCAN_JSON)
		r = print_json(c, report, f, road->image.digest.s, e);
	else if (format != SCAN_TABLE)
		r = print_document(c, format, subject, report, f, e);
	else if (!c->quiet)
		r = print_report(c, report, f, e);
	r = output_file_end(c, &file, r, e);
	if (r == 0 && !c->quiet)
		r = cli_flush(c, e);
	return r < 0 || c->quiet ? r : print_notes(report, e);
}

static int explain(struct cli *c, const struct road *road, const char *advisory, bool json,
		   struct err *e)
{
	auto_json *list = NULL, *answer = NULL;
	int r = scan_packages(road->state, road->store, &road->image, road->progress, &list, e);

	r = r < 0 ? r : scan_explain(road->state, list, advisory, &answer, e);
	r = r < 0 || !json ? r : json_put_string(answer, "image", road->image.digest.s, e);
	if (r < 0)
		return r;
	return json ? cli_print_json(c, answer, e) : scan_print_explanation(c, answer, e);
}

static int parse_options(const struct cli *c, const struct scan_opts *o, struct filter *filter,
			 struct gate *gate, enum scan_format *format, struct err *e)
{
	int r = parse_filter(o, filter, e);

	*gate = (struct gate){ .ignore_unfixed = o->ignore_unfixed };
	if (r == 0 && o->fail_on) {
		r = severity_parse(o->fail_on, &gate->fail_on, e);
		if (r < 0)
			return WRAP(e, r, "--fail-on");
	}
	r = r < 0 ? r : scan_format_parse(c, o->format, format, e);
	if (r == 0 && o->explain && *format != SCAN_TABLE && *format != SCAN_JSON)
		return FAIL(e, E_USAGE, "--explain is told as table or json, not as '%s'",
			    o->format);
	return r;
}

static int run_scan(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct scan_opts *o = opts;
	auto_report report = { 0 };
	auto_road road = { 0 };
	enum scan_format format;
	struct subject subject;
	struct filter filter;
	struct gate gate;
	int64_t epoch;
	struct ref ref;
	int r = parse_options(c, o, &filter, &gate, &format, e);

	(void)argc;
	r = r < 0 ? r : source_date_epoch(&epoch, e);
	r = r < 0 ? r : cli_road(c, argv[0], &road, e);
	r = r < 0 ? r : store_lookup(road.store, argv[0], &ref, &road.image, e);
	if (r == 0 && o->explain)
		return explain(c, &road, o->explain, format == SCAN_JSON, e);
	r = r < 0 ? r : step_scan(&road, &report, e);
	r = r < 0 ? r : subject_of_image(road.store, &ref, &road.image, epoch, &subject, e);
	r = r < 0 ? r : print(c, o, format, &road, &subject, &report, &filter, e);
	if (r == 0 && o->fail_on)
		r = step_gate(&road, &report, &gate, e);
	return r;
}

const struct command cmd_scan = {
	.name = "scan",
	.group = "Scan",
	.args = "IMAGE",
	.brief = "Match an image's packages against the advisories",
	.details =
		"Reads the package lists of dpkg and apk from the image's layers (each layer once: "
		"its list is kept) and prints what the imported advisories say of them, the worst "
		"first, with the instruction that brought the package. With --fail-on, findings of "
		"that severity or worse refuse the image: exit status 3. So does what could not be "
		"checked: a package list that cannot be read, packages of an unknown distribution, "
		"or of one without advisories. A severity that nobody rated is unknown and stands "
		"below low: only --fail-on unknown counts it. --severity changes what is shown, "
		"not "
		"what the gate looks at.",
	.example = "plimsoll scan web:1\n"
		   "plimsoll scan --fail-on high --ignore-unfixed web:1",
	.opts = scan_opts,
	.opts_size = sizeof(struct scan_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_scan,
};
