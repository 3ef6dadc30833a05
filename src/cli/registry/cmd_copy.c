/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "pipeline/copy/copy.h"
#include "pipeline/outfile.h"

struct copy_options {
	const char *platform, *multi_arch, *digestfile, *authfile;
	bool all, no_referrers, preserve_digests;
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

/* --multi-arch, as skopeo has it; what is copied by default is all. */
static int choose(const struct copy_options *o, char here[static 64], const char **ret,
		  struct err *e)
{
	bool one = o->multi_arch && strcmp(o->multi_arch, "system") == 0;

	if (o->multi_arch && strcmp(o->multi_arch, "all") != 0 && !one)
		return FAIL(e, E_USAGE,
			    "--multi-arch is all or system, not '%.40s': an index without its "
			    "images is of no use to anybody",
			    o->multi_arch);
	if ((o->all && (o->platform || one)) || (o->platform && o->multi_arch))
		return FAIL(e, E_USAGE, "one of --all, --multi-arch and --platform, not several");
	(void)snprintf(here, 64, "linux/%s", oci_architecture());
	*ret = one ? here : o->platform;
	return 0;
}

/* An archive on standard output is all that may be there. */
static int check_stdout(const struct cli *c, const struct copy_end *to, bool *ret, struct err *e)
{
	*ret = (to->kind == COPY_OCI_ARCHIVE || to->kind == COPY_DOCKER_ARCHIVE) &&
	       outfile_is_stdout(to->path);
	return *ret && c->json
		       ? FAIL(e, E_USAGE, "the archive and --format json both want standard output")
		       : 0;
}

static int run_copy(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct copy_options *o = opts;
	struct copy_opts co = { .if_index = o->multi_arch, .no_referrers = o->no_referrers };
	auto_copy_end from = { 0 }, to = { 0 };
	auto_road road = { 0 };
	struct copy_done done = { 0 };
	bool to_stdout = false;
	char here[64];
	int r = choose(o, here, &co.platform, e);

	(void)argc;
	if (r == 0)
		r = outfile_check(o->digestfile, e);
	if (r == 0)
		r = cli_use_authfile(o->authfile, e);
	if (r == 0)
		r = copy_end_parse(argv[0], &from, e);
	if (r == 0)
		r = copy_end_parse(argv[1], &to, e);
	if (r == 0)
		r = check_stdout(c, &to, &to_stdout, e);
	if (r == 0)
		r = cli_road(c, argv[0], &road, e);
	if (r == 0)
		r = step_copy(&road, &from, &to, &co, &done, e);
	if (r == 0 && o->digestfile)
		r = outfile_write(o->digestfile, road.image.digest.s, strlen(road.image.digest.s),
				  e);
	return r < 0 || to_stdout ? r : report(c, argv, &road.image, &done, e);
}

static const struct opt copy_options[] = {
	OPT_ALWAYS(struct copy_options, all, "all", 'a',
		   "all images of an index, which is so anyway"),
	OPT_AT(struct copy_options, platform, "platform", 0, OPT_STRING, "OS/ARCH[/VARIANT]",
	       "of an index, only the image for this platform"),
	OPT_AT(struct copy_options, no_referrers, "no-referrers", 0, OPT_FLAG, NULL,
	       "leave signatures and other referrers behind"),
	OPT_AT(struct copy_options, multi_arch, "multi-arch", 0, OPT_STRING, "WHICH",
	       "of an index: all, or system for the image for this machine"),
	OPT_ALWAYS(struct copy_options, preserve_digests, "preserve-digests", 0,
		   "change nothing, which is so anyway"),
	OPT_AT(struct copy_options, digestfile, "digestfile", 0, OPT_STRING, "FILE",
	       "write the digest to FILE, too"),
	OPT_AT(struct copy_options, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
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
		"docker's archive has room for one image and for no signature. FILE '-' of an "
		"archive "
		"is standard output, and then the digest is not printed. Blobs that another "
		"repository of the same registry has are mounted, not sent.",
	.example = "plimsoll copy registry.example/web:1 mirror.example/web:1\n"
		   "plimsoll copy docker://registry.example/web:1 oci:layout:1",
	.opts = copy_options,
	.opts_size = sizeof(struct copy_options),
	.min_args = 2,
	.max_args = 2,
	.run = run_copy,
};
