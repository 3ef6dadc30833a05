/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "pipeline/copy/copy.h"
#include "pipeline/steps.h"

struct pull_opts {
	const char *authfile, *platform;
	bool no_referrers;
};

static int report(struct cli *c, const char *name, const struct desc *d,
		  const struct referrers_got *got, struct err *e)
{
	auto_json *j = NULL;
	int r;

	if (!c->json)
		return cli_print(c, e, "%s\n", d->digest.s);
	j = desc_json(d);
	if (!j)
		return FAIL_NOMEM(e);
	r = json_put_string(j, "schema", "plimsoll.pull/v1", e);
	if (r == 0)
		r = json_put_string(j, "reference", name, e);
	if (r == 0)
		r = json_put_u64(j, "referrers", got->added, e);
	if (r == 0)
		r = json_put_u64(j, "referrersSkipped", got->skipped, e);
	return r < 0 ? r : cli_print_json(c, j, e);
}

/* One image of an index: a copy to here. */
static int pull_platform(struct road *road, const struct ref *ref, const struct pull_opts *o,
			 struct referrers_got *ret, struct err *e)
{
	const struct copy_end from = { .kind = COPY_REGISTRY, .ref = *ref };
	const struct copy_end to = { .kind = COPY_STORE, .ref = *ref };
	struct copy_done done = { 0 };
	int r;

	if (ref->digest.s[0])
		return FAIL(e, E_USAGE,
			    "--platform chooses by a tag; a digest says which image it is already");
	r = step_copy(
		road, &from, &to,
		&(struct copy_opts){ .platform = o->platform, .no_referrers = o->no_referrers },
		&done, e);
	if (r == 0)
		*ret = (struct referrers_got){ .added = done.referrers, .skipped = done.skipped };
	return r;
}

static int run_pull(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct pull_opts *o = opts;
	auto_road road = { 0 };
	auto_buf name = BUF_INIT(LIMIT_REF + 128);
	struct referrers_got got = { 0 };
	struct ref ref;
	int r = ref_parse(without_transport(argv[0]), &ref, e);

	(void)argc;
	r = r < 0 ? r : registry_qualify(&ref, e);
	if (r < 0)
		return r;
	ref_stored(&ref, &name);
	r = cli_use_authfile(o->authfile, e);
	if (r == 0)
		r = cli_road(c, without_transport(argv[0]), &road, e);
	if (r == 0)
		r = o->platform ? pull_platform(&road, &ref, o, &got, e)
				: step_pull(&road, &ref, o->no_referrers, &got, e);
	return r < 0 ? r : report(c, buf_str(&name), &road.image, &got, e);
}

static const struct opt pull_opts[] = {
	OPT_AT(struct pull_opts, no_referrers, "no-referrers", 0, OPT_FLAG, NULL,
	       "do not fetch signatures and other referrers"),
	OPT_AT(struct pull_opts, platform, "platform", 0, OPT_STRING, "OS/ARCH[/VARIANT]",
	       "of an index, only the image for this platform (else all of them)"),
	OPT_AT(struct pull_opts, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
	OPT_END,
};

const struct command cmd_pull = {
	.name = "pull",
	.group = "Registry",
	.args = "REF",
	.brief = "Fetch an image and its signatures from a registry",
	.details =
		"Every byte is checked against its digest before it has a name here. The digest is "
		"printed. Pulling decides nothing: run admits. A server that is silent for "
		"30 seconds is given up; PLIMSOLL_STALL_SECONDS sets another number. "
		"containers-registries.conf(5) is followed: mirrors, blocked and insecure "
		"registries, aliases of short names; docs/registries.md has what "
		"differs.",
	.example = "plimsoll pull 127.0.0.1:5000/web:1",
	.opts = pull_opts,
	.opts_size = sizeof(struct pull_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_pull,
};
