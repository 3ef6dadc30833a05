/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/road.h"
#include "cli/registry/login.h"
#include "registry/repo.h"

struct tags_options {
	bool all;
	const char *authfile;
};

/* The repository that an argument names, without a tag. */
int cli_parse_repository(const char *arg, struct ref *ret, struct err *e)
{
	const char *text = without_transport(arg);
	const char *slash = strrchr(text, '/');
	int r = ref_parse(text, ret, e);

	if (r == 0 && (strchr(slash ? slash : text, ':') || ret->digest.s[0]))
		r = FAIL(e, E_USAGE, "'%s': a repository is named without tag and digest", arg);
	return r < 0 ? r : registry_qualify(ret, e);
}

/* Tags that belong to an image: the fallback tag of its referrers, cosign's. */
static bool is_helper(const char *tag)
{
	size_t hex = strspn(tag + (starts_with(tag, "sha256-") ? 7 : 0), "0123456789abcdef");

	return starts_with(tag, "sha256-") && hex >= 64 &&
	       (tag[7 + hex] == '\0' || tag[7 + hex] == '.');
}

static int print_json(struct cli *c, const struct ref *ref, const struct strv *tags, bool all,
		      struct err *e)
{
	auto_buf name = BUF_INIT(LIMIT_REF);
	auto_json *list = json_array(), *j = NULL;
	int r = list ? 0 : FAIL_NOMEM(e);

	ref_repository(ref, &name);
	for (size_t i = 0; i < tags->n && r == 0; i++)
		if (all || !is_helper(tags->v[i]))
			r = json_push(list, json_string(tags->v[i]), e);
	if (r < 0)
		return r;
	j = json_pack("{s:s, s:s, s:O}", "schema", "plimsoll.tags/v1", "repository", buf_str(&name),
		      "tags", list);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_tags(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct tags_options *o = opts;
	auto_release(registry_close) struct registry *reg = NULL;
	auto_strv tags = { 0 };
	struct ref ref;
	int r = cli_parse_repository(argv[0], &ref, e);

	(void)argc;
	if (r == 0)
		r = cli_use_authfile(o->authfile, e);
	if (r == 0)
		r = registry_open(&ref, REGISTRY_CHANGE, c->progress, &reg, e);
	if (r == 0)
		r = registry_tags(reg, ref.name, &tags, e);
	if (r < 0)
		return r;
	if (c->json)
		return print_json(c, &ref, &tags, o->all, e);
	for (size_t i = 0; i < tags.n && r == 0; i++)
		if (o->all || !is_helper(tags.v[i]))
			r = cli_print(c, e, "%s\n", tags.v[i]);
	return r;
}

static const struct opt tags_options[] = {
	OPT_AT(struct tags_options, all, "all", 'a', OPT_FLAG, NULL,
	       "also tags that belong to an image: sha256-… of referrers and of cosign"),
	OPT_AT(struct tags_options, authfile, "authfile", 0, OPT_STRING, "FILE", AUTHFILE_HELP),
	OPT_END,
};

const struct command cmd_tags = {
	.name = "tags",
	.group = "Registry",
	.args = "REPOSITORY",
	.brief = "List the tags of a repository in a registry",
	.details = "In the order in which the registry gives them, one a line.",
	.example = "plimsoll tags registry.example/team/web",
	.opts = tags_options,
	.opts_size = sizeof(struct tags_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_tags,
};
