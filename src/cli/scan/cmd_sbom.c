/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/output_file.h"
#include "cli/scan/scan_output.h"

struct sbom_opts {
	const char *format, *output;
};

static const struct opt sbom_opts[] = { OPT_AT(struct sbom_opts, format, "format", 0, OPT_STRING,
					       "FORMAT", "spdx-json (default) or cyclonedx-json"),
					OPT_AT(struct sbom_opts, output, "output", 'o', OPT_STRING,
					       "FILE", "write to FILE, not to standard output"),
					OPT_END };

static int parse_format(const struct cli *c, const char *name, enum scan_format *ret, struct err *e)
{
	enum scan_format format;

	if (scan_format_parse(c, name ? name : "spdx-json", &format, NULL) < 0 ||
	    (format != SCAN_SPDX && format != SCAN_CYCLONEDX))
		return FAIL(e, E_USAGE, "--format is spdx-json or cyclonedx-json, not '%.40s'",
			    name);
	*ret = format;
	return 0;
}

static int run_sbom(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct sbom_opts *o = opts;
	struct output_file file = { .path = NULL };
	auto_road road = { 0 };
	auto_json *list = NULL;
	enum scan_format format;
	struct subject subject;
	int64_t epoch;
	struct ref ref;
	int r = parse_format(c, o->format, &format, e);

	(void)argc;
	r = r < 0 ? r : source_date_epoch(&epoch, e);
	r = r < 0 ? r : cli_road(c, argv[0], &road, e);
	r = r < 0 ? r : store_lookup(road.store, argv[0], &ref, &road.image, e);
	r = r < 0 ? r : subject_of_image(road.store, &ref, &road.image, epoch, &subject, e);
	r = r < 0 ? r : scan_packages(road.state, road.store, &road.image, road.progress, &list, e);
	r = r < 0 ? r : output_file_begin(c, o->output, &file, e);
	if (r < 0)
		return r;
	r = sbom_print(c, format, &subject, list, e);
	return output_file_end(c, &file, r, e);
}

const struct command cmd_sbom = {
	.name = "sbom",
	.group = "Scan",
	.args = "IMAGE",
	.brief = "List an image's packages as SPDX or CycloneDX",
	.details = "A software bill of materials: SPDX 2.3 or CycloneDX 1.6, in JSON. The same "
		   "image gives the same bytes: the time in it is SOURCE_DATE_EPOCH, else when the "
		   "image was created, and its identifier is made of its content. 'plimsoll scan "
		   "--sbom FILE' says of it what 'plimsoll scan' says of the image.",
	.example = "plimsoll sbom web:1 -o web.spdx.json\n"
		   "plimsoll sbom --format cyclonedx-json web:1",
	.opts = sbom_opts,
	.opts_size = sizeof(struct sbom_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sbom,
};
