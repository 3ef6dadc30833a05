/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/build/build_cache.h"
#include "cli/build/road.h"
#include "cli/trust/signing.h"
#include "pipeline/attest/attest.h"
#include "pipeline/ship.h"

struct ship_options {
	struct build_args build; /* first: BUILD_ARGS_OPTIONS */
	const char *key, *passphrase_file, *fail_on;
	const char *max_age, *builder_id;
	bool ignore_unfixed, times;
};

static const struct opt ship_options[] = {
	BUILD_ARGS_OPTIONS,
	OPT_AT(struct ship_options, fail_on, "fail-on", 0, OPT_STRING, "SEVERITY",
	       "refuse findings of this severity and above (high; what has no fix passes)"),
	MAX_AGE_OPTION(struct ship_options),
	OPT_AT(struct ship_options, ignore_unfixed, "ignore-unfixed", 0, OPT_FLAG, NULL,
	       "with --fail-on: let findings pass for which no fix is known"),
	SIGNING_OPTIONS(struct ship_options),
	OPT_AT(struct ship_options, builder_id, "builder-id", 0, OPT_STRING, "URI",
	       "who builds, as the provenance says (" BUILDER_ID_DEFAULT ")"),
	OPT_AT(struct ship_options, times, "times", 0, OPT_FLAG, NULL,
	       "say in the provenance when it was built; without, the same build gives the same"),
	OPT_END,
};

/* The first tag that names a registry is where it goes, with the others of that repository: for it
 * is signed, and in another nobody would take it. */
static int destination(const struct strv *tags, struct ref *ret, const char **ret_name,
		       struct strv *ret_also, struct err *e)
{
	*ret_name = NULL;
	for (size_t i = 0; i < tags->n; i++) {
		struct ref ref;
		int r = ref_parse(tags->v[i], &ref, e);

		if (r < 0)
			return r;
		if (!ref.host[0])
			continue;
		if (!*ret_name) {
			*ret = ref;
			*ret_name = tags->v[i];
			continue;
		}
		if (strcmp(ref.host, ret->host) != 0 || strcmp(ref.name, ret->name) != 0)
			return err_hint(e,
					FAIL(e, E_USAGE,
					     "it is signed for one repository, and '%s' is of "
					     "another than '%s'",
					     tags->v[i], *ret_name),
					"plimsoll ship -t %s CONTEXT", tags->v[i]);
		r = strv_add(ret_also, tags->v[i], e);
		if (r < 0)
			return r;
	}
	if (*ret_name)
		return 0;
	return err_hint(e, FAIL(e, E_USAGE, "no --tag names a registry to ship to"),
			"plimsoll ship -t HOST[:PORT]/NAME:TAG CONTEXT");
}

static int print(struct cli *c, const struct road *road, const struct ship_result *s, struct err *e)
{
	auto_buf line = BUF_INIT(1024);
	auto_json *j = NULL;
	int r;

	if (c->json) {
		j = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "schema", "plimsoll.ship/v1",
			      "reference", road->name, "digest", road->image.digest.s, "signature",
			      s->signature.digest.s, "attestations", (json_int_t)s->attestations,
			      "referrers", (json_int_t)s->referrers, "findings",
			      report_summary(&s->report));
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	if (c->quiet)
		return cli_print(c, e, "%s\n", road->image.digest.s);
	r = cli_report_line(&s->report, &line, e);
	if (r < 0)
		return r;
	return cli_print(c, e,
			 "built    %zu steps, %zu of them known\nscanned  %s\nsigned   %s\n"
			 "attested provenance, SBOM, scan and decision, %zu of them new\n"
			 "shipped  %s\n%s\n",
			 s->build.steps, s->build.cached, buf_str(&line), s->signature.digest.s,
			 s->attestations, road->name, road->image.digest.s);
}

/* --builder-id, else the configuration's. */
static int builder_id(const struct cli *c, const struct ship_options *o, const char **ret,
		      struct err *e)
{
	*ret = o->builder_id ? o->builder_id : cli_config(c, "ship.builder-id");
	return *ret ? attest_check_uri(o->builder_id ? "--builder-id" : "ship.builder-id", *ret, e)
		    : 0;
}

static int run_ship(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct ship_options *o = opts;
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	auto_build_request request = { 0 };
	auto_build_caches caches = { .from_n = 0 };
	struct ship_result result = { 0 };
	struct ref to;
	auto_strv also = { 0 };
	struct ship_opts so = { .to = &to, .also = &also, .sign.key = o->key, .times = o->times };
	const char *name;
	auto_road road = { 0 };
	int r = destination(&o->build.tags, &to, &name, &also, e);

	(void)argc;
	if (r == 0)
		r = builder_id(c, o, &so.builder_id, e);
	if (r == 0)
		r = build_caches_read(&o->build, &caches, e);
	if (r == 0)
		r = build_request(c, &o->build, argv[0], &request, e);
	if (r == 0)
		r = cli_gate(c, o->fail_on, o->ignore_unfixed, o->max_age, &so.gate, e);
	if (r == 0)
		r = cli_passphrase(o->passphrase_file, &secret, &so.sign.passphrase, e);
	if (r == 0)
		r = cli_road(c, name, &road, e);
	if (r == 0)
		r = build_caches_import(&caches, &road, &request.opts, e);
	so.build = request.opts;
	so.tuf_passphrase = so.sign.passphrase;
	if (r == 0)
		r = ship(&road, &so, &result, e);
	if (r == 0)
		r = build_write_files(&o->build, &result.build, e);
	if (r == 0 && (r = build_caches_export(&caches, &road, &result.build, &so.sign, e)) < 0)
		r = WRAP(e, r, "%s is shipped, but not its cache", road.image.digest.s);
	if (r == 0)
		r = print(c, &road, &result, e);
	ship_result_free(&result);
	return r;
}

const struct command cmd_ship = {
	.name = "ship",
	.limited = true,
	.group = "The road",
	.args = "CONTEXT",
	.brief = "Build, scan, gate, sign, attest and push: the road from a Dockerfile to a "
		 "registry",
	.details =
		"Each step writes one entry into the audit trail, also when it refuses. The "
		"image goes where the "
		"--tag with a registry says, under each tag of that repository; its digest is the "
		"last line on standard "
		"output. An image over "
		"the gate is neither signed nor pushed, and the exit status is 3.\n\n"
		"Beside its signature, the image gets four signed attestations: SLSA provenance, "
		"the SBOM (SPDX), the scan's report and the decision of the gate, each for this "
		"repository. Signature and attestations are in the registry, and listed by it, "
		"before the tag moves: a ship that ends anywhere leaves the tag as it was.",
	.example = "plimsoll ship -t 127.0.0.1:5000/web:1 .\n"
		   "plimsoll ship -t registry.example/team/web:1 --fail-on critical "
		   "--ignore-unfixed .",
	.opts = ship_options,
	.opts_size = sizeof(struct ship_options),
	.min_args = 1,
	.max_args = 1,
	.any_owner = true,
	.run = run_ship,
};
