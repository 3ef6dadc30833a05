/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/road.h"
#include "pipeline/copy.h"

struct copy_options {
	const char *platform;
	bool all, no_referrers;
};

static int report(struct cli *c, char **argv, const struct desc *d, const struct copy_done *done,
		  struct err *e)
{
	auto_json *j = NULL;
	int r;

	if (!c->json)
		return cli_print(c, e, "%s\n", d->digest.s);
	j = desc_json(d);
	if (!j)
		return FAIL_NOMEM(e);
	if ((r = json_put_string(j, "schema", "plimsoll.copy/v1", e)) < 0 ||
	    (r = json_put_string(j, "from", argv[0], e)) < 0 ||
	    (r = json_put_string(j, "to", argv[1], e)) < 0 ||
	    (r = json_put_u64(j, "manifests", done->manifests, e)) < 0 ||
	    (r = json_put_u64(j, "referrers", done->referrers, e)) < 0 ||
	    (r = json_put_u64(j, "skipped", done->skipped, e)) < 0 ||
	    (r = json_put_u64(j, "blobs", done->blobs, e)) < 0 ||
	    (r = json_put_u64(j, "blobsThere", done->there, e)) < 0 ||
	    (r = json_put_u64(j, "blobsMounted", done->mounted, e)) < 0)
		return r;
	return cli_print_json(c, j, e);
}

static int run_copy(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct copy_options *o = opts;
	const struct copy_opts co = { .platform = o->platform, .no_referrers = o->no_referrers };
	auto_copy_end from = { 0 }, to = { 0 };
	auto_road road = { 0 };
	struct copy_done done = { 0 };
	int r;

	(void)argc;
	if (o->all && o->platform)
		return FAIL(e, E_USAGE, "--all or --platform, not both");
	r = copy_end_parse(argv[0], &from, e);
	if (r == 0)
		r = copy_end_parse(argv[1], &to, e);
	if (r == 0)
		r = cli_road(c, argv[0], &road, e);
	if (r == 0)
		r = step_copy(&road, &from, &to, &co, &done, e);
	return r < 0 ? r : report(c, argv, &road.image, &done, e);
}

static const struct opt copy_options[] = {
	OPT_AT(struct copy_options, all, "all", 'a', OPT_FLAG, NULL,
	       "all images of an index, which is so anyway"),
	OPT_AT(struct copy_options, platform, "platform", 0, OPT_STRING, "OS/ARCH[/VARIANT]",
	       "of an index, only the image for this platform"),
	OPT_AT(struct copy_options, no_referrers, "no-referrers", 0, OPT_FLAG, NULL,
	       "leave signatures and other referrers behind"),
	OPT_END,
};

const struct command cmd_copy = {
	.name = "copy",
	.group = "Registry",
	.args = "SOURCE DESTINATION",
	.brief = "Copy an image with its signatures between registries, layouts and archives",
	.details =
		"An end is docker://REF, a registry; oci:FOLDER[:TAG] or oci-archive:FILE[:TAG], "
		"an "
		"OCI layout; docker-archive:FILE[:NAME]; store:REF, the state folder; or a bare "
		"REF: a registry's when it names one, else the state folder's. What is copied is "
		"byte for byte the same, so that every digest stays: all images of an index, what "
		"refers to any of them (signatures, attestations, SBOMs: by the referrers API, the "
		"fallback tag, and cosign's tags), and what refers to that. The tag is given last. "
		"A copy judges nothing: signatures are verified where the image is pulled and run. "
		"docker's archive has room for one image and for no signature. Blobs that another "
		"repository of the same registry has are mounted, not sent.",
	.example = "plimsoll copy registry.example/web:1 mirror.example/web:1\n"
		   "plimsoll copy docker://registry.example/web:1 oci:layout:1",
	.opts = copy_options,
	.opts_size = sizeof(struct copy_options),
	.min_args = 2,
	.max_args = 2,
	.run = run_copy,
};
