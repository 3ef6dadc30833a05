/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/road.h"
#include "pipeline/build.h"

struct build_options {
	struct strv tags, build_args, labels;
	const char *file, *target, *network, *platform, *iidfile, *progress;
	bool no_cache;
};

static const struct opt build_options[] = {
	OPT_AT(struct build_options, tags, "tag", 't', OPT_LIST, "NAME[:TAG]",
	       "name of the image; may be given many times"),
	OPT_AT(struct build_options, file, "file", 'f', OPT_STRING, "FILE",
	       "the Dockerfile, - for standard input (CONTEXT/Dockerfile)"),
	OPT_AT(struct build_options, target, "target", 0, OPT_STRING, "STAGE",
	       "build this stage, by name or index (the last one)"),
	OPT_AT(struct build_options, build_args, "build-arg", 0, OPT_LIST, "NAME[=VALUE]",
	       "value of an ARG; without a value, that of the environment"),
	OPT_AT(struct build_options, labels, "label", 0, OPT_LIST, "NAME[=VALUE]",
	       "add a label to the image"),
	OPT_AT(struct build_options, no_cache, "no-cache", 0, OPT_FLAG, NULL,
	       "do every step again"),
	OPT_AT(struct build_options, network, "network", 0, OPT_STRING, "none|default",
	       "the network of RUN steps (default)"),
	OPT_AT(struct build_options, platform, "platform", 0, OPT_STRING, "OS/ARCH",
	       "only this machine's own can be built"),
	OPT_AT(struct build_options, iidfile, "iidfile", 0, OPT_STRING, "FILE",
	       "write the image's digest to FILE"),
	OPT_AT(struct build_options, progress, "progress", 0, OPT_STRING, "auto|plain|tty",
	       "how progress is shown (auto: by whether standard error is a terminal)"),
	OPT_END,
};

/* "NAME" alone takes its value from the environment; a name that is not set there is left out. */
static int read_args(const struct strv *given, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->n; i++) {
		const char *value = strchr(given->v[i], '=') ? NULL : getenv(given->v[i]);

		if (strchr(given->v[i], '='))
			r = strv_add(ret, given->v[i], e);
		else if (value)
			r = strv_addf(ret, e, "%s=%s", given->v[i], value);
	}
	return r;
}

static int read_labels(const struct strv *given, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->n; i++)
		r = strv_addf(ret, e, "%s%s", given->v[i], strchr(given->v[i], '=') ? "" : "=");
	return r;
}

/* SOURCE_DATE_EPOCH of the environment, also what an ARG of that name gets. */
static int read_epoch(struct build_opts *b, struct strv *args, struct err *e)
{
	const char *s = getenv("SOURCE_DATE_EPOCH");
	uint64_t v;

	for (size_t i = 0; i < args->n; i++)
		if (starts_with(args->v[i], "SOURCE_DATE_EPOCH="))
			s = strchr(args->v[i], '=') + 1;
	b->source_date_epoch = -1;
	if (!s || !*s)
		return 0;
	/* Four-digit years, as RFC 3339 has them. */
	if (str_u64(str_of(s), UINT64_C(253402300799), &v, NULL) < 0)
		return FAIL(e, E_USAGE, "SOURCE_DATE_EPOCH '%.40s' is no unix time", s);
	b->source_date_epoch = (int64_t)v;
	return strv_addf(args, e, "SOURCE_DATE_EPOCH=%s", s);
}

static int read_network(const char *s, enum build_network *ret, struct err *e)
{
	*ret = s && strcmp(s, "none") == 0 ? BUILD_NETWORK_NONE : BUILD_NETWORK_DEFAULT;
	if (s && strcmp(s, "none") != 0 && strcmp(s, "default") != 0)
		return FAIL(e, E_USAGE, "--network is none or default, not '%.40s'", s);
	return 0;
}

static int check_progress(const char *s, struct err *e)
{
	if (s && strcmp(s, "auto") != 0 && strcmp(s, "plain") != 0 && strcmp(s, "tty") != 0)
		return FAIL(e, E_USAGE, "--progress is auto, plain or tty, not '%.40s'", s);
	return 0;
}

static int print(struct cli *c, const struct build_options *o, const struct build_result *b,
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

static int write_iid(const char *path, const struct build_result *b, struct err *e)
{
	return path ? fs_write_file(AT_FDCWD, path, b->image.digest.s, strlen(b->image.digest.s),
				    0644, e)
		    : 0;
}

static int build(struct cli *c, const struct build_options *o, const struct build_opts *bo,
		 struct err *e)
{
	struct build_result result = { 0 };
	auto_road road = { 0 };
	int r = cli_road(c, o->tags.n ? o->tags.v[0] : NULL, &road, e);

	if (r < 0)
		return r;
	r = step_build(&road, bo, &result, e);
	if (r == 0)
		r = write_iid(o->iidfile, &result, e);
	if (r == 0)
		r = print(c, o, &result, e);
	build_result_free(&result);
	return r;
}

static int run_build(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct build_options *o = opts;
	auto_strv args = { 0 }, labels = { 0 };
	struct build_opts b = {
		.context = argv[0],
		.dockerfile = o->file,
		.tags = &o->tags,
		.build_args = &args,
		.labels = &labels,
		.target = o->target,
		.platform = o->platform,
		.no_cache = o->no_cache,
	};
	int r = read_network(o->network, &b.network, e);

	(void)argc;
	if (r == 0)
		r = check_progress(o->progress, e);
	if (r == 0)
		r = read_args(&o->build_args, &args, e);
	if (r == 0)
		r = read_labels(&o->labels, &labels, e);
	if (r == 0)
		r = read_epoch(&b, &args, e);
	return r < 0 ? r : build(c, o, &b, e);
}

const struct command cmd_build = {
	.name = "build",
	.group = "Images",
	.args = "CONTEXT",
	.brief = "Build an image from a Dockerfile",
	.details =
		"The image lands in the state folder's store and its digest on standard output. A "
		"base image is used only when the trust policy accepts its signature. The same "
		"context and Dockerfile give the same bytes: times are those of the newest input, "
		"or SOURCE_DATE_EPOCH. What is not supported yet is refused with its place in the "
		"Dockerfile.",
	.example =
		"plimsoll build -t web:1 .\n"
		"plimsoll build -t web:debug --target debug --build-arg VERSION=2 -f Dockerfile .",
	.opts = build_options,
	.opts_size = sizeof(struct build_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_build,
};
