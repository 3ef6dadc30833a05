/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build/build_cache.h"
#include "cli/build/build_check.h"
#include "cli/build/road.h"
#include "cli/trust/signing.h"
#include "pipeline/build.h"
#include "pipeline/outfile.h"
#include "pipeline/output/output.h"

struct build_options {
	struct build_args args; /* first: BUILD_ARGS_OPTIONS */
	struct strv outputs;
	bool push, load, check;
};

static const struct opt build_options[] = {
	BUILD_ARGS_OPTIONS,
	OPT_AT(struct build_options, outputs, "output", 'o', OPT_LIST, "PATH|type=TYPE,...",
	       "where the image goes besides the store; may be given many times"),
	OPT_AT(struct build_options, push, "push", 0, OPT_FLAG, NULL,
	       "push every --tag: --output type=registry"),
	OPT_AT(struct build_options, load, "load", 0, OPT_FLAG, NULL,
	       "put the image into the store, as is done in any case"),
	OPT_AT(struct build_options, check, "check", 0, OPT_FLAG, NULL,
	       "print what the build checks find, and build nothing"),
	OPT_END,
};

enum { LIMIT_OUTPUTS = 64 };

struct outputs {
	struct output v[LIMIT_OUTPUTS];
	size_t n;
	bool to_stdout; /* what one of them writes is all that standard output may hold */
};

static void outputs_free(struct outputs *o)
{
	while (o->n)
		output_free(&o->v[--o->n]);
}
#define auto_outputs __attribute__((cleanup(outputs_free))) struct outputs

static int add_output(const struct build_options *o, const char *text, struct outputs *ret,
		      struct err *e)
{
	struct output *out = &ret->v[ret->n];
	int r;

	if (ret->n == LIMIT_OUTPUTS)
		return FAIL(e, E_USAGE, "more than %d outputs", LIMIT_OUTPUTS);
	r = output_parse(text, out, e);
	if (r < 0)
		return r;
	ret->n++;
	r = output_check(out, &o->args.tags, e);
	if (r < 0 || !out->dest || !outfile_is_stdout(out->dest))
		return r;
	if (ret->to_stdout)
		return FAIL(e, E_USAGE, "--output: only one can go to standard output");
	ret->to_stdout = true;
	return 0;
}

static int read_outputs(const struct cli *c, const struct build_options *o, struct outputs *ret,
			struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->outputs.n; i++)
		r = add_output(o, o->outputs.v[i], ret, e);
	if (r == 0 && o->push)
		r = add_output(o, "type=registry", ret, e);
	if (r == 0 && ret->to_stdout && c->json)
		r = FAIL(e, E_USAGE, "--output - and --format json both want standard output");
	return r;
}

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
	const struct build_options *o = opts;
	auto_build_request request = { 0 };
	struct build_result result = { 0 };
	auto_outputs outputs = { .n = 0 };
	auto_build_caches caches = { .from_n = 0 };
	auto_secret secret = BUF_INIT(LIMIT_PASSPHRASE + 2);
	struct trust_sign_opts sign = { .key = NULL };
	auto_road road = { 0 };
	int r = read_outputs(c, o, &outputs, e);

	(void)argc;
	if (r == 0)
		r = build_request(c, &o->args, argv[0], &request, e);
	if (r == 0 && o->check)
		return cli_build_check(c, &request.opts, e);
	if (r == 0)
		r = build_caches_read(&o->args, &caches, e);
	if (r == 0 && caches.to_n)
		r = cli_passphrase(NULL, &secret, &sign.passphrase, e);
	if (r == 0)
		r = cli_road(c, o->args.tags.n ? o->args.tags.v[0] : NULL, &road, e);
	if (r == 0)
		r = build_caches_import(&caches, &road, &request.opts, e);
	if (r == 0)
		r = step_build(&road, &request.opts, &result, e);
	for (size_t i = 0; r == 0 && i < outputs.n; i++)
		r = step_output(&road, &outputs.v[i], &o->args.tags, e);
	if (r == 0)
		r = build_caches_export(&caches, &road, &result, &sign, e);
	if (r == 0)
		r = build_write_files(&o->args, &result, e);
	if (r == 0 && !outputs.to_stdout)
		r = print(c, &o->args, &result, e);
	build_result_free(&result);
	return r;
}

const struct command cmd_build = {
	.name = "build",
	.limited = true,
	.group = "Images",
	.args = "CONTEXT",
	.brief = "Build an image from a Dockerfile",
	.details =
		"The image lands in the state folder's store and its digest on standard output. A "
		"base image is used only when the trust policy accepts its signature. The same "
		"context and Dockerfile give the same bytes: times are SOURCE_DATE_EPOCH, else the "
		"newest input's so far, and where git knows the context's files, the time of the "
		"commit that last touched them. What is not supported yet is refused with its "
		"place in the Dockerfile.\n\n"
		"--output PATH writes the root file system to a folder, --output - as a tar to "
		"standard output. In full: type=local,dest=DIR; type=tar,dest=FILE; "
		"type=oci,dest=FILE for an OCI layout and type=docker,dest=FILE for an archive "
		"that docker load takes (tar=false: a folder; name=REF); type=image,name=REF"
		"[,push=true]; type=registry. Each is there whole or not at all, and the same "
		"image gives the same bytes. The image is in the store in any case; without a "
		"name it stays until rmi or cache prune collect what nothing names.\n\n"
		"--cache-to gives what the build knows to others, signed with this host's key "
		"(key=NAME; PLIMSOLL_PASSPHRASE_FILE): the steps of the image's own layers, or "
		"with mode=max those of all stages. --cache-from uses such a cache when the trust "
		"policy accepts its signature (a folder is the repository local/cache); one that "
		"is not accepted or not whole is told, and the build does the steps itself.\n\n"
		"Build checks, with the names that docker gives them, warn of what is lawful and "
		"most often a slip. --check prints them with their places and ends with 3 when "
		"there are any; it needs no state folder, no base image and no root. The directive "
		"'# check=skip=RULE,...;error=true;experimental=all' or, instead, the build "
		"argument BUILDKIT_DOCKERFILE_CHECK leaves rules out (skip=all: all of them), and "
		"with error=true findings end a build before its first step.",
	.example =
		"plimsoll build -t web:1 .\n"
		"plimsoll build -t web:1 --cache-from type=local,src=cache --cache-to "
		"type=local,dest=cache,mode=max .\n"
		"plimsoll build --check .\n"
		"plimsoll build -o type=docker,dest=web.tar -t web:1 .\n"
		"plimsoll build -t web:debug --target debug --build-arg VERSION=2 -f Dockerfile .",
	.opts = build_options,
	.opts_size = sizeof(struct build_options),
	.min_args = 1,
	.max_args = 1,
	.any_owner = true,
	.run = run_build,
};
