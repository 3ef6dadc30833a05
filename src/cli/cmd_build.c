/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build_args.h"
#include "cli/road.h"
#include "pipeline/build.h"

static const struct opt build_options[] = {
	BUILD_ARGS_OPTIONS,
	OPT_END,
};

static int print(struct cli *c, const struct build_args *o, const struct build_result *b,
		 struct err *e)
{
	auto_json *j = NULL, *names = json_array();
	int r = 0;

	if (!c->json)
		return cli_print(c, e, "%s\n", b->image.digest.s);
	for (size_t i = 0; r == 0 && i < o->tags.n; i++)
		r = json_push(names, json_string(o->tags.v[i]), e);
	if (r < 0)
		return r;
	j = json_pack("{s:s, s:O, s:s, s:s, s:I, s:I, s:I}", "schema", "plimsoll.build/v1", "names",
		      names, "digest", b->image.digest.s, "config", b->config.s, "stages",
		      (json_int_t)b->stages, "steps", (json_int_t)b->steps, "cached",
		      (json_int_t)b->cached);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_build(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct build_args *o = opts;
	auto_build_request request = { 0 };
	struct build_result result = { 0 };
	auto_road road = { 0 };
	int r = build_request(c, o, argv[0], &request, e);

	(void)argc;
	if (r == 0)
		r = cli_road(c, o->tags.n ? o->tags.v[0] : NULL, &road, e);
	if (r == 0)
		r = step_build(&road, &request.opts, &result, e);
	if (r == 0)
		r = build_write_files(o, &result, e);
	if (r == 0)
		r = print(c, o, &result, e);
	build_result_free(&result);
	return r;
}

const struct command cmd_build = {
	.name = "build",
	.group = "Images",
	.args = "CONTEXT",
	.brief = "Build an image from a Dockerfile",
	.details =
		"The image lands in the state folder's store and its digest on standard output. A "
		"base image is used only when the trust policy accepts its signature. The same "
		"context and Dockerfile give the same bytes: times are SOURCE_DATE_EPOCH, else the "
		"commit's of a context without changes, else the newest input's. What is not "
		"supported yet is refused with its place in the Dockerfile.",
	.example =
		"plimsoll build -t web:1 .\n"
		"plimsoll build -t web:debug --target debug --build-arg VERSION=2 -f Dockerfile .",
	.opts = build_options,
	.opts_size = sizeof(struct build_args),
	.min_args = 1,
	.max_args = 1,
	.run = run_build,
};
