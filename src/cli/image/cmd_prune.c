/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "cli/trust/signing.h"
#include "pipeline/prune/repo_prune.h"
#include "registry/registry.h"

struct prune_options {
	bool dry_run;
	const char *older_than, *keep, *authfile;
};

static int print_digests(struct cli *c, const struct prune_done *done, struct err *e)
{
	json_t *entry;
	size_t i;
	int r = 0;

	json_array_foreach(done->removed, i, entry)
	{
		if (r == 0)
			r = cli_print(c, e, "%s\n", json_string_or_null(entry, "digest"));
	}
	return r;
}

static int print_list(struct cli *c, const struct prune_done *done, bool dry_run, struct err *e)
{
	json_t *entry, *tag;
	size_t i, k;
	int r = 0;

	json_array_foreach(done->removed, i, entry)
	{
		if (r == 0)
			r = cli_print(c, e, "%s%s  %s", dry_run ? "would remove " : "",
				      json_string_or_null(entry, "digest"),
				      json_string_or_null(entry, "why"));
		json_array_foreach(json_object_get(entry, "tags"), k, tag) if (r == 0) r =
			cli_print(c, e, "%s%s", k ? ", " : "  ", json_string_value(tag));
		if (r == 0)
			r = cli_print(c, e, "\n");
	}
	json_array_foreach(done->kept_signed, i, entry)
	{
		if (r == 0)
			r = cli_print(c, e, "kept %s: it is signed\n", json_string_value(entry));
	}
	return r;
}

static int report(struct cli *c, const char *name, const struct prune_done *done, bool dry_run,
		  struct err *e)
{
	auto_json *j = NULL;

	if (!c->json)
		return c->quiet ? print_digests(c, done, e) : print_list(c, done, dry_run, e);
	j = json_pack("{s:s, s:s, s:b, s:O, s:O}", "schema", "plimsoll.prune/v1", "repository",
		      name, "dryRun", (int)dry_run, "removed", done->removed, "keptSigned",
		      done->kept_signed);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int parse_opts(const struct prune_options *o, struct prune_opts *ret, struct err *e)
{
	int r = 0;

	ret->dry_run = o->dry_run;
	ret->by_age = o->older_than;
	ret->by_count = o->keep;
	if (o->older_than)
		r = cli_duration(o->older_than, &ret->older_than, e);
	if (r < 0)
		return WRAP(e, r, "--older-than");
	if (o->keep)
		r = str_u64(str_of(o->keep), UINT32_MAX, &ret->keep, e);
	return r < 0 ? FAIL(e, E_USAGE, "--keep wants a number, not '%s'", o->keep) : 0;
}

static int run_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct prune_options *o = opts;
	struct prune_done done = { 0 };
	struct prune_opts po = { 0 };
	auto_road road = { 0 };
	struct ref ref;
	int r = parse_opts(o, &po, e);

	(void)argc;
	if (r == 0)
		r = cli_parse_repository(argv[0], &ref, e);
	if (r == 0)
		r = cli_use_authfile(o->authfile, e);
	if (r == 0)
		r = cli_road(c, without_transport(argv[0]), &road, e);
	if (r == 0)
		r = step_repo_prune(&road, &ref, &po, &done, e);
	if (r == 0)
		r = report(c, argv[0], &done, o->dry_run, e);
	prune_done_free(&done);
	return r;
}

static const struct opt prune_options[] = {
	OPT_AT(struct prune_options, dry_run, "dry-run", 'n', OPT_FLAG, NULL,
	       "say what would be removed, and remove nothing"),
	OPT_AT(struct prune_options, keep, "keep", 0, OPT_STRING, "N",
	       "remove images, too, but not the N newest"),
	OPT_AT(struct prune_options, older_than, "older-than", 0, OPT_STRING, "DURATION",
	       "remove images, too, that were made longer ago: 30d, 12h"),
	OPT_AT(struct prune_options, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
	OPT_END,
};

const struct command cmd_prune = {
	.name = "prune",
	.group = "Registry",
	.args = "REPOSITORY",
	.brief = "Remove from a registry's repository what nothing needs",
	.details =
		"Without an option only signatures and other referrers of images that are gone. "
		"With --keep and --older-than (of both, what both say) old images, too, with what "
		"refers to them. Never removed is what a tag that stays needs, and a tag whose "
		"image has a signature, whoever made it; such tags are named. An image whose age "
		"is not known stays. Tags that others set meanwhile stop it before anything is "
		"removed. Registries do not list manifests without a tag: those are not seen.",
	.example = "plimsoll prune --dry-run --keep 10 --older-than 90d registry.example/team/web",
	.opts = prune_options,
	.opts_size = sizeof(struct prune_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_prune,
};
