/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/trust/signing.h"
#include "pipeline/import/import.h"

struct import_options {
	const char *key, *passphrase_file, *fail_on;
	const char *max_age;
	bool ignore_unfixed;
};

static const struct opt import_options[] = {
	SIGNING_OPTIONS(struct import_options),
	OPT_AT(struct import_options, fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	       "refuse findings of this severity and above (findings are only recorded)"),
	MAX_AGE_OPTION(struct import_options),
	OPT_AT(struct import_options, ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	       "with --fail-on: let findings pass for which no fix is known"),
	OPT_END,
};

static int print(struct cli *c, const struct road *road, const struct report *report, struct err *e)
{
	auto_buf line = BUF_INIT(1024);
	auto_json *j = NULL;
	int r;

	if (c->json) {
		j = json_pack("{s:s, s:s, s:s, s:o}", "schema", "plimsoll.import/v1", "name",
			      road->name, "digest", road->image.digest.s, "findings",
			      report_summary(report));
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	if (c->quiet)
		return cli_print(c, e, "%s\n", road->image.digest.s);
	r = cli_report_line(report, &line, e);
	if (r < 0)
		return r;
	return cli_print(c, e, "imported %s\n%s\nscanned: %s\nsigned\n", road->name,
			 road->image.digest.s, buf_str(&line));
}

static int run_import(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct import_options *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct import_opts io = { .source = argv[0], .sign = { .key = o->key } };
	auto_report report = { 0 };
	auto_road road = { 0 };
	auto_buf name = BUF_INIT(LIMIT_REF);
	struct gate gate;
	int r = ref_parse(argv[1], &io.name, e);

	(void)argc;
	if (r == 0 && io.name.digest.s[0])
		r = FAIL(e, E_USAGE, "'%s': an image cannot be given a digest as its name",
			 argv[1]);
	if (r == 0 && o->fail_on) {
		r = cli_gate(c, o->fail_on, o->ignore_unfixed, o->max_age, &gate, e);
		io.gate = &gate;
	}
	if (r == 0)
		r = cli_passphrase(o->passphrase_file, &secret, &io.sign.passphrase, e);
	ref_tagged(&io.name, &name);
	if (r == 0)
		r = cli_road(c, buf_str(&name), &road, e);
	if (r == 0)
		r = import_image(&road, &io, &report, e);
	return r < 0 ? r : print(c, &road, &report, e);
}

const struct command cmd_import = {
	.name = "import",
	.group = "Images",
	.args = "SOURCE NAME[:TAG]",
	.brief = "Bring a root filesystem or an image in as an internal base image",
	.details =
		"SOURCE is a tar archive of a root filesystem, docker's archive of images (docker "
		"save), an OCI layout folder or the archive of one; archives are plain or in gzip, "
		"bzip2, xz or zstd, and - is standard input. Which it is, its content tells. Of "
		"several images, SOURCE:NAME picks one. Manifest, configuration and layers stay as "
		"they are; a plain layer of docker's is compressed.\n\n"
		"It is the one door in: every digest and diff ID is checked and every layer "
		"unpacked, what comes through is scanned, signed with this host's key and recorded "
		"in the trail, and only then can a FROM name it.",
	.example = "mmdebstrap --variant=minbase bookworm - | plimsoll import - debian:bookworm\n"
		   "docker save web:1 | plimsoll import - web:1\n"
		   "plimsoll import --fail-on critical layout:web web:1",
	.opts = import_options,
	.opts_size = sizeof(struct import_options),
	.min_args = 2,
	.max_args = 2,
	.any_owner = true,
	.run = run_import,
};
