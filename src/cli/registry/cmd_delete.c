/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "pipeline/prune/delete.h"
#include "registry/registry.h"

struct delete_options {
	bool force;
	const char *authfile;
};

static int print_json(struct cli *c, const char *name, const struct desc *d,
		      const struct delete_done *done, struct err *e)
{
	json_t *tags = json_array();
	auto_json *j =
		json_pack("{s:s, s:s, s:s, s:o, s:I, s:b}", "schema", "plimsoll.delete/v1",
			  "reference", name, "digest", d->digest.s, "tags", tags, "referrers",
			  (json_int_t)done->referrers, "onlyTag", (int)done->only_tag);
	int r = j ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; i < done->tags.n && r == 0; i++)
		r = json_push(tags, json_string(done->tags.v[i]), e);
	return r < 0 ? r : cli_print_json(c, j, e);
}

static int report(struct cli *c, const char *name, const struct desc *d,
		  const struct delete_done *done, struct err *e)
{
	int r;

	if (c->json)
		return print_json(c, name, d, done, e);
	if (done->only_tag && !c->quiet)
		return cli_print(c, e, "%s: the tag is gone, %s stays\n", name, d->digest.s);
	r = cli_print(c, e, "%s\n", d->digest.s);
	for (size_t i = 0; i < done->tags.n && r == 0 && !c->quiet; i++)
		r = cli_print(c, e, "  tag %s\n", done->tags.v[i]);
	if (r == 0 && done->referrers && !c->quiet)
		r = cli_print(c, e,
			      "  %zu signatures or other referrers are left: plimsoll prune "
			      "removes them\n",
			      done->referrers);
	return r;
}

static int run_delete(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct delete_options *o = opts;
	const struct delete_opts d = { .force = o->force };
	struct delete_done done = { 0 };
	auto_road road = { 0 };
	struct ref ref;
	int r = ref_parse(without_transport(argv[0]), &ref, e);

	(void)argc;
	if (r == 0)
		r = cli_use_authfile(o->authfile, e);
	if (r == 0)
		r = registry_qualify(&ref, e);
	if (r == 0)
		r = cli_road(c, without_transport(argv[0]), &road, e);
	if (r == 0)
		r = step_delete(&road, &ref, &d, &done, e);
	if (r == 0)
		r = report(c, argv[0], &road.image, &done, e);
	delete_done_free(&done);
	return r;
}

static const struct opt delete_options[] = {
	OPT_AT(struct delete_options, force, "force", 'f', OPT_FLAG, NULL,
	       "also when other tags or indexes name the image"),
	OPT_AT(struct delete_options, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
	OPT_END,
};

const struct command cmd_delete = {
	.name = "delete",
	.group = "Registry",
	.args = "REF",
	.brief = "Remove an image from a registry",
	.details =
		"Registries remove by digest, and all tags of that digest go with it. When other "
		"tags name the image, or an index holds it, only the tag is removed where the "
		"registry can do that; else nothing is, they are named, and the exit status is 3. "
		"docker-registry deletes only with REGISTRY_STORAGE_DELETE_ENABLED=true; blobs "
		"stay until its own garbage collection.",
	.example = "plimsoll delete registry.example/web:1",
	.opts = delete_options,
	.opts_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_delete,
};
