/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/build/road.h"
#include "cli/image/images.h"
#include "cli/shorten.h"
#include "cli/trust/signing.h"
#include "pipeline/base/base.h"

struct base_options {
	const char *name, *variant, *mirror, *key, *passphrase_file, *fail_on;
	struct strv include;
	bool slim, no_shell, refresh, ignore_unfixed;
};

static const struct opt base_options[] = {
	OPT_AT(struct base_options, name, "name", 't', OPT_STRING, "NAME[:TAG]",
	       "name of the image (that of the base)"),
	OPT_AT(struct base_options, variant, "variant", 0, OPT_STRING, "KIND",
	       "apt (default), minimal, no-shell or static"),
	OPT_AT(struct base_options, no_shell, "no-shell", 0, OPT_FLAG, NULL,
	       "the same as --variant no-shell"),
	OPT_AT(struct base_options, slim, "slim", 0, OPT_FLAG, NULL,
	       "without manual pages, documentation and translations"),
	OPT_AT(struct base_options, include, "include", 0, OPT_LIST, "PACKAGE,...",
	       "install these as well; may be given many times"),
	OPT_AT(struct base_options, mirror, "mirror", 0, OPT_STRING, "URL",
	       "the Debian archive (where this machine's apt fetches it)"),
	OPT_AT(struct base_options, refresh, "refresh", 0, OPT_FLAG, NULL,
	       "make the base again if the archive has newer packages"),
	SIGNING_OPTIONS(struct base_options),
	OPT_AT(struct base_options, fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	       "refuse findings of this severity and above (findings are only recorded)"),
	OPT_AT(struct base_options, ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	       "with --fail-on: let findings pass for which no fix is known"),
	OPT_END,
};

static int print_findings(struct cli *c, const struct report *report, struct err *e)
{
	auto_buf line = BUF_INIT(1024);
	int r = cli_report_line(report, &line, e);

	return r < 0 ? r : cli_print(c, e, "scanned: %s\n", buf_str(&line));
}

static int print_made(struct cli *c, const struct road *road, const struct report *report,
		      struct err *e)
{
	auto_json *j = NULL;
	int r;

	if (c->json) {
		j = json_pack("{s:s, s:s, s:s, s:o}", "schema", "plimsoll.base/v1", "name",
			      road->name, "digest", road->image.digest.s, "findings",
			      report_summary(report));
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	if (c->quiet)
		return cli_print(c, e, "%s\n", road->image.digest.s);
	r = cli_print(c, e, "made %s\n%s\n", road->name, road->image.digest.s);
	if (r == 0)
		r = print_findings(c, report, e);
	return r < 0 ? r : cli_print(c, e, "signed\n");
}

static int print_refreshed(struct cli *c, const struct road *road, const struct base_refresh *b,
			   struct err *e)
{
	json_t *change;
	auto_json *j = NULL;
	size_t i;
	int r;

	if (c->json) {
		j = json_pack("{s:s, s:s, s:s, s:b, s:O, s:o}", "schema",
			      "plimsoll.base-refresh/v1", "name", road->name, "digest",
			      road->image.digest.s, "rebuilt", b->rebuilt, "changes", b->changes,
			      "findings", report_summary(&b->now));
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	if (c->quiet)
		return cli_print(c, e, "%s\n", road->image.digest.s);
	r = cli_print(c, e, "%s %s\n%s\n", road->name,
		      b->rebuilt ? "made again" : "is up to date: the archive has nothing newer",
		      road->image.digest.s);
	json_array_foreach(b->changes, i, change)
	{
		const char *from = json_string_or_null(change, "from");
		const char *to = json_string_or_null(change, "to");

		if (r == 0)
			r = cli_print(c, e, "  %s %s -> %s\n",
				      json_string_or_null(change, "package"), from ?: "(none)",
				      to ?: "(none)");
	}
	return r < 0 ? r : print_findings(c, &b->now, e);
}

static int refresh(struct cli *c, const char *name, struct base_opts *bo, struct err *e)
{
	auto_base_refresh b = { 0 };
	auto_road road = { 0 };
	auto_buf tagged = BUF_INIT(LIMIT_REF);
	struct ref ref;
	int r = ref_parse(name, &bo->name, e);

	if (r < 0)
		return r;
	ref_tagged(&bo->name, &tagged);
	r = cli_road(c, buf_str(&tagged), &road, e);
	if (r == 0)
		r = store_lookup(road.store, buf_str(&tagged), &ref, &road.image, e);
	if (r == 0)
		r = base_refresh(&road, bo, &b, e);
	return r < 0 ? r : print_refreshed(c, &road, &b, e);
}

static int make(struct cli *c, const char *what, const char *name, struct base_opts *bo,
		struct err *e)
{
	auto_free char *suite = NULL;
	auto_report report = { 0 };
	auto_road road = { 0 };
	auto_buf tagged = BUF_INIT(LIMIT_REF);
	bool slim;
	int r = base_parse_name(what, &suite, &slim, e);

	bo->suite = suite;
	bo->slim |= slim;
	if (r == 0)
		r = ref_parse(name ?: what, &bo->name, e);
	if (r == 0 && bo->name.digest.s[0])
		r = FAIL(e, E_USAGE, "'%s': an image cannot be given a digest as its name", name);
	ref_tagged(&bo->name, &tagged);
	if (r == 0)
		r = cli_road(c, buf_str(&tagged), &road, e);
	if (r == 0)
		r = base_make(&road, bo, &report, e);
	return r < 0 ? r : print_made(c, &road, &report, e);
}

static int list_row(struct table *t, const json_t *base, struct err *e)
{
	const char *created = json_string_or_null(base, "created");
	char age[32] = "-", packages[24], fixable[24], digest[20];
	int64_t when;

	if (created && clock_parse_rfc3339(str_of(created), &when, NULL) == 0)
		age_human(clock_now() - when, age);
	(void)snprintf(packages, sizeof(packages), "%lld",
		       json_integer_value(json_object_get(base, "packages")));
	(void)snprintf(fixable, sizeof(fixable), "%lld",
		       json_integer_value(json_object_get(base, "fixable")));
	(void)snprintf(digest, sizeof(digest), "%.12s",
		       (json_string_or_null(base, "digest") ?: "sha256:") + strlen("sha256:"));

	const char *const row[] = { json_string_or_null(base, "name"),
				    json_string_or_null(base, "variant"),
				    digest,
				    age,
				    packages,
				    fixable };

	return table_row(t, row, e);
}

static int list(struct cli *c, struct err *e)
{
	static const char *const headings[] = { "NAME",	   "VARIANT",  "DIGEST",
						"CREATED", "PACKAGES", "FIXES" };
	auto_release(table_free) struct table *t = NULL;
	auto_road road = { 0 };
	auto_json *bases = NULL;
	json_t *base;
	size_t i;
	int r = cli_road(c, "", &road, e);

	if (r == 0)
		r = base_list(&road, &bases, e);
	if (r < 0 || c->json)
		return r < 0 ? r : cli_print_json(c, bases, e);
	r = table_new(&t, headings, sizeof(headings) / sizeof(*headings), e);
	json_array_foreach(bases, i, base)
	{
		if (r == 0)
			r = list_row(t, base, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

static int run_base(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct base_options *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct base_opts bo = { .slim = o->slim,
				.include = &o->include,
				.mirror = o->mirror,
				.sign = { .key = o->key } };
	struct gate gate;
	int r = 0;

	(void)argc;
	if (strcmp(argv[0], "ls") == 0)
		return list(c, e);
	if (o->refresh && (o->variant || o->no_shell || o->slim || o->include.n || o->name))
		return FAIL(e, E_USAGE, "--refresh makes a base as it was made: no other options");
	if (o->variant && o->no_shell)
		return FAIL(e, E_USAGE, "--no-shell is a variant: not beside --variant");
	if (o->variant)
		r = base_variant_parse(o->variant, &bo.variant, e);
	if (o->no_shell)
		bo.variant = BASE_NO_SHELL;
	if (r == 0 && o->fail_on) {
		r = cli_gate(c, o->fail_on, o->ignore_unfixed, NULL, &gate, e);
		bo.gate = &gate;
	}
	if (r == 0)
		r = cli_passphrase(o->passphrase_file, &secret, &bo.sign.passphrase, e);
	if (r < 0)
		return r;
	return o->refresh ? refresh(c, argv[0], &bo, e) : make(c, argv[0], o->name, &bo, e);
}

const struct command cmd_base = {
	.name = "base",
	.group = "Images",
	.args = "debian:SUITE[-slim] | --refresh NAME | ls",
	.brief = "Make a base image from Debian's signed archive",
	.details =
		"mmdebstrap makes it, confined, from packages whose signatures apt checks with "
		"Debian's keyring; then it is scanned, signed and recorded like an import, with "
		"the archive's state. The same archive gives the same bytes; their time is the "
		"archive's, or SOURCE_DATE_EPOCH.\n\n"
		"A variant without a shell has the C library, certificates, time zones and users, "
		"and what --include names with its dependencies, but no shell, no package manager "
		"and no script; its package list is kept for scanners. static is the same without "
		"the C library.\n\n"
		"--refresh asks the archive what is newer than the packages of a base, and makes "
		"it again the same way only then. ls lists the bases, with how many findings a "
		"newer package would mend.",
	.example = "plimsoll base debian:bookworm\n"
		   "plimsoll base debian:bookworm-slim --include ca-certificates,curl --name "
		   "web-base\n"
		   "plimsoll base debian:bookworm --no-shell --name debian:bookworm-no-shell\n"
		   "plimsoll base --refresh debian:bookworm",
	.opts = base_options,
	.opts_size = sizeof(struct base_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_base,
};
