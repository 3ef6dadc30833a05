/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/build/road.h"
#include "cli/output_file.h"
#include "cli/scan/scan_explain.h"
#include "cli/scan/scan_output.h"
#include "cli/scan/scan_table.h"
#include "pipeline/inspect.h"
#include "scan/explain.h"
#include "scan/sbom/sbom.h"

struct scan_opts {
	const char *fail_on, *severity, *explain, *format, *output, *sbom, *max_age;
	bool ignore_unfixed;
};

static const struct opt scan_opts[] = {
	OPT_AT(struct scan_opts, fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	       "exit 3 when a finding is of SEVERITY or worse: unknown (all), low, medium, high, "
	       "critical"),
	OPT_AT(struct scan_opts, ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	       "leave out findings for which no fix is known"),
	OPT_AT(struct scan_opts, ignore_unfixed, "only-fixed", 0, OPT_FLAG, NULL,
	       "the same, as others call it"),
	MAX_AGE_OPTION(struct scan_opts),
	OPT_AT(struct scan_opts, severity, "severity", 's', OPT_STRING, "LIST",
	       "show only these severities, separated by commas"),
	OPT_AT(struct scan_opts, format, "format", 0, OPT_STRING, "FORMAT",
	       "table (default), json, sarif, junit, html, spdx-json, cyclonedx"),
	OPT_AT(struct scan_opts, output, "output", 'o', OPT_STRING, "FILE",
	       "write to FILE, not to standard output"),
	OPT_AT(struct scan_opts, sbom, "sbom", 0, OPT_STRING, "FILE",
	       "scan this SBOM (SPDX 2, CycloneDX or Syft's, also in an attestation; - reads "
	       "standard input), no image"),
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

/* The report as a document. */
static int print_json(struct cli *c, const struct report *report, const char *image, struct err *e)
{
	auto_json *j = NULL;
	int r = report_json(report, &j, e);

	r = r < 0 ? r : json_put_string(j, "image", image, e);
	return r < 0 ? r : cli_print_json(c, j, e);
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

/* What is scanned: an image, or an SBOM in its place. */
struct target {
	struct road road;
	struct ref ref;	  /* of an image */
	struct sbom sbom; /* its list is NULL for an image */
	struct subject subject;
};

static void target_release(struct target *t)
{
	store_close(t->road.store);
	sbom_free(&t->sbom);
}

/* The image's digest, for an SBOM the one that it claims. */
static const char *target_digest(const struct target *t)
{
	return t->sbom.list ? t->subject.digest : t->road.image.digest.s;
}

static int print(struct cli *c, const struct scan_opts *o, enum scan_format format,
		 const struct target *t, const struct report *report, const struct filter *f,
		 struct err *e)
{
	auto_free struct finding *some = calloc(report->findings_n + 1, sizeof(*some));
	struct report view = *report; /* with those findings only that are to be shown */
	struct output_file file;
	int r = some ? output_file_begin(c, o->output, &file, e) : FAIL_NOMEM(e);

	if (r < 0)
		return r;
	view.findings = some;
	view.findings_n = 0;
	for (size_t i = 0; i < report->findings_n; i++)
		if (shown(f, &report->findings[i]))
			some[view.findings_n++] = report->findings[i];
	if (format == SCAN_JSON)
		r = print_json(c, &view, target_digest(t), e);
	else if (format != SCAN_TABLE)
		r = scan_print(c, format, &t->subject, &view, e);
	else if (!c->quiet)
		r = scan_print_table(c, &view, report->findings_n - view.findings_n, e);
	r = output_file_end(c, &file, r, e);
	if (r == 0 && !c->quiet)
		r = cli_flush(c, e);
	return r < 0 || c->quiet ? r : print_notes(report, e);
}

static int explain(struct cli *c, const struct target *t, const char *advisory, bool json,
		   struct err *e)
{
	const struct road *road = &t->road;
	auto_json *list = json_incref(t->sbom.list), *answer = NULL;
	int r = list ? 0
		     : scan_packages(road->state, road->store, &road->image, road->progress, &list,
				     e);

	r = r < 0 ? r : scan_explain(road->state, list, advisory, &answer, e);
	r = r < 0 || !json ? r : json_put_string(answer, "image", target_digest(t), e);
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

/* The SBOM that is to be scanned: --sbom FILE, or "sbom:FILE" where there is such a file. NULL: an
 * image. */
static int which_sbom(const struct scan_opts *o, int argc, char **argv, const char **ret,
		      struct err *e)
{
	static const char prefix[] = "sbom:";
	const char *file =
		argc && starts_with(argv[0], prefix) ? argv[0] + sizeof(prefix) - 1 : NULL;

	if (o->sbom && argc)
		return FAIL(e, E_USAGE, "--sbom takes the place of IMAGE '%s'", argv[0]);
	if (!o->sbom && !argc)
		return FAIL(e, E_USAGE, "needs IMAGE, or --sbom FILE");
	*ret = o->sbom ? o->sbom : file && access(file, F_OK) == 0 ? file : NULL;
	return 0;
}

static int open_target(struct cli *c, const char *sbom, const char *image, struct target *t,
		       struct err *e)
{
	int64_t epoch;
	int r = cli_road(c, sbom ? sbom : image, &t->road, e);

	r = r < 0 ? r : source_date_epoch(&epoch, e);
	if (r < 0)
		return r;
	if (sbom) {
		r = sbom_read(sbom, &t->sbom, e);
		t->subject = t->sbom.subject;
		if (r == 0 && epoch >= 0)
			clock_rfc3339(epoch, t->subject.created);
		return r;
	}
	r = store_lookup(t->road.store, image, &t->ref, &t->road.image, e);
	return r < 0 ? r
		     : subject_of_image(t->road.store, &t->ref, &t->road.image, epoch, &t->subject,
					e);
}

static int run_scan(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	__attribute__((cleanup(target_release))) struct target t = { .subject = { .name = "" } };
	const struct scan_opts *o = opts;
	auto_report report = { 0 };
	enum scan_format format;
	const char *sbom = NULL;
	struct filter filter;
	struct gate gate;
	int r = parse_options(c, o, &filter, &gate, &format, e);

	r = r < 0 ? r : cli_max_age(c, o->max_age, &gate.max_age, e);
	r = r < 0 ? r : which_sbom(o, argc, argv, &sbom, e);
	r = r < 0 ? r : open_target(c, sbom, argv[0], &t, e);
	if (r == 0 && o->explain)
		return explain(c, &t, o->explain, format == SCAN_JSON, e);
	if (r == 0 && t.sbom.list)
		r = step_match(&t.road, t.sbom.list, &report, e);
	else if (r == 0)
		r = step_scan(&t.road, &report, e);
	r = r < 0 ? r : print(c, o, format, &t, &report, &filter, e);
	if (r == 0 && o->fail_on)
		r = step_gate(&t.road, &report, &gate, e);
	else if (r == 0 && o->max_age)
		r = scan_fresh(&report, gate.max_age, e);
	return r;
}

const struct command cmd_scan = {
	.name = "scan",
	.group = "Scan",
	.args = "IMAGE|sbom:FILE",
	.brief = "Match an image's packages against the advisories",
	.details =
		"Reads the package lists of dpkg, apk, rpm and pacman and what Go programs are "
		"made of from the image's layers (each layer once: its list is kept) and prints "
		"what the imported advisories say of them, the most urgent first, by the package "
		"to upgrade and the instruction that brought it. With --fail-on, findings of that "
		"severity or worse refuse the image: exit status 3. So does what could not be "
		"checked: a package list that cannot be read, packages of an unknown "
		"distribution, or of one without advisories. A severity that nobody rated is "
		"unknown and stands below low: only --fail-on unknown counts it. --severity "
		"changes what is shown, not what the gate looks at.\n\n"
		"--format: json is plimsoll's own, sarif is for code scanning, junit for "
		"pipelines, html one page for people that needs no network, spdx-json (2.3) and "
		"cyclonedx (1.6) are SBOMs; cyclonedx has the findings in it. An SBOM, of "
		"plimsoll, Syft or Trivy, is scanned in an image's place with --sbom FILE or as "
		"sbom:FILE; what it lists of kinds that plimsoll does not match is told.",
	.example = "plimsoll scan web:1\n"
		   "plimsoll scan --fail-on high --ignore-unfixed web:1\n"
		   "plimsoll scan --format html -o web.html web:1\n"
		   "plimsoll scan --sbom web.spdx.json",
	.opts = scan_opts,
	.opts_size = sizeof(struct scan_opts),
	.min_args = 0,
	.max_args = 1,
	.run = run_scan,
};
