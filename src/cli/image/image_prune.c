/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/agree.h"
#include "cli/container/prune.h"
#include "cli/image/image_usage.h"
#include "cli/image/images.h"
#include "pipeline/prune/usage.h"
#include "run/life/when.h"

static bool made_before(const json_t *image, const char *when)
{
	const json_int_t created = json_integer_value(json_object_get(image, "created"));
	int64_t t = 0;

	return when_parse(when, when_now(), &t, NULL) == 0 && created * 1000000000 < t;
}

static bool wanted(const json_t *image, const struct filters *f)
{
	const json_t *labels = json_object_get(image, "labels");

	FILTER_ALL(f, "until", value, made_before(image, value));
	FILTER_ALL(f, "label", value, filter_label(labels, value));
	FILTER_ALL(f, "label!", value, !filter_label(labels, value));
	return json_array_size(json_object_get(image, "containers")) == 0;
}

static int untag(struct cli *c, struct store *s, const json_t *image, struct strv *untagged,
		 struct strv *gone, struct err *e)
{
	struct digest digest = { "" };
	const json_t *name;
	size_t i;
	int r = 0;

	(void)digest_parse(str_of(json_string_or_null(image, "digest") ?: ""), &digest, NULL);
	json_array_foreach(json_object_get(image, "names"), i, name)
	{
		if (r == 0)
			r = store_untag(s, json_string_value(name), e);
		/* Gone is what was asked for. */
		if (r == E_NOTFOUND)
			r = 0;
		else if (r == 0)
			r = strv_add(untagged, json_string_value(name), e);
		if (r == 0)
			image_event(c, "untag", &digest, json_string_value(name));
	}
	if (r == 0)
		image_event(c, "delete", &digest, NULL);
	return r == 0 ? strv_add(gone, json_string_or_null(image, "digest") ?: "", e) : r;
}

int prune_images(struct cli *c, struct store *s, bool all, const struct filters *f,
		 struct strv *untagged, struct strv *gone, uint64_t *bytes, struct err *e)
{
	auto_json *images = NULL, *keep = NULL;
	const struct state *state;
	const json_t *one;
	uint64_t freed = 0;
	size_t i;
	int r = all ? image_usage(c, s, &images, e) : 0;

	json_array_foreach(images, i, one)
	{
		if (r == 0 && wanted(one, f))
			r = untag(c, s, one, untagged, gone, e);
	}
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = usage_blobs(state, &keep, e);
	if (r == 0)
		r = store_gc_but(s, keep, &freed, e);
	*bytes += freed;
	return r;
}

struct prune_options {
	bool all, force;
	struct strv filter;
};

static int report(struct cli *c, const struct strv *untagged, const struct strv *gone,
		  uint64_t bytes, struct err *e)
{
	char size[16];
	int r = 0;

	size_human(bytes, size);
	if (gone->n)
		r = cli_print(c, e, "Deleted Images:\n");
	for (size_t i = 0; r == 0 && i < untagged->n; i++)
		r = cli_print(c, e, "untagged: %s\n", untagged->v[i]);
	for (size_t i = 0; r == 0 && i < gone->n; i++)
		r = cli_print(c, e, "deleted: %s\n", gone->v[i]);
	return r == 0 ? cli_print(c, e, "%sTotal reclaimed space: %s\n", gone->n ? "\n" : "", size)
		      : r;
}

static int run_image_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const names[] = { "until", "label", "label!", "dangling", NULL };
	const struct prune_options *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_strv untagged = { 0 }, gone = { 0 };
	struct filters filters;
	uint64_t bytes = 0;
	bool all = o->all;
	int r = filters_parse(&o->filter, names, &filters, e);

	(void)argc, (void)argv;
	for (size_t i = 0; r == 0 && i < filters.n; i++)
		if (strcmp(filters.v[i].name, "dangling") == 0)
			all = strcmp(filters.v[i].value, "false") == 0 ||
			      strcmp(filters.v[i].value, "0") == 0;
	if (r == 0)
		r = prune_check_times(&filters, e);
	if (r == 0)
		r = cli_agree(c, o->force, "image prune",
			      all ? "This will remove all images without at least one container "
				    "associated to them."
				  : "This will remove all dangling images.",
			      e);
	if (r == 0)
		r = cli_store(c, &s, e);
	if (r == 0)
		r = prune_images(c, s, all, &filters, &untagged, &gone, &bytes, e);
	return r == 0 ? report(c, &untagged, &gone, bytes, e) : r;
}

static const struct opt prune_table[] = {
	OPT_AT(struct prune_options, all, "all", 'a', OPT_FLAG, NULL,
	       "the names of all that no container has, too"),
	OPT_AT(struct prune_options, filter, "filter", 0, OPT_LIST, "NAME=VALUE",
	       "with --all, only those made before until=TIME (24h, 2026-11-27T10:00:00Z), with "
	       "this label=KEY[=VALUE], or without it: label!=KEY[=VALUE]; dangling=false is "
	       "--all"),
	OPT_AT(struct prune_options, force, "force", 'f', OPT_FLAG, NULL, "ask nothing"),
	OPT_END,
};

const struct command image_prune_command = {
	.name = "prune",
	.args = "",
	.brief = "Remove what no image has, or all images that no container has",
	.details = "Without --all, bytes that no name and no build step reaches: most of them went "
		   "with the name. Nothing goes while another plimsoll has the store open.",
	.example = "plimsoll image prune -f\nplimsoll image prune -a --filter until=24h",
	.opts = prune_table,
	.opts_size = sizeof(struct prune_options),
	.max_args = 0,
	.run = run_image_prune,
};
