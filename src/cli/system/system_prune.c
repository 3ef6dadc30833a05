/* SPDX-License-Identifier: Apache-2.0 */
/* docker's system prune: containers, volumes, images, what can be made again; in that order, since
 * each makes the next one free. */
#include <string.h>

#include "base/clock.h"
#include "cli/agree.h"
#include "cli/container/prune.h"
#include "cli/image/image_usage.h"
#include "cli/image/images.h"
#include "cli/system/system_df.h"
#include "pipeline/prune/usage.h"
#include "run/life/when.h"

enum { CACHE_WAIT_MS = 10 * 1000 };

struct prune_options {
	bool all, force, volumes;
	struct strv filter;
};

struct removed {
	struct strv containers, volumes, untagged, images;
	size_t cache;
	uint64_t bytes;
};

static void removed_free(struct removed *r)
{
	strv_free(&r->containers);
	strv_free(&r->volumes);
	strv_free(&r->untagged);
	strv_free(&r->images);
}
#define auto_removed __attribute__((cleanup(removed_free))) struct removed

static int agree(struct cli *c, const struct prune_options *o, struct err *e)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "This will remove:\n"
		       "  - all stopped containers\n"
		       "%s  - all %s\n"
		       "  - all %s\n",
		       o->volumes ? "  - all volumes not used by at least one container, those "
				    "with a name too\n"
				  : "",
		       o->all ? "images without at least one container associated to them"
			      : "dangling images",
		       o->all ? "build cache" : "dangling build cache");
	return cli_agree(c, o->force, "system prune", text, e);
}

/* What is in use, or waited for in vain, stays. */
static int prune_cache(const struct state *state, struct store *s, const struct prune_options *o,
		       const struct filters *f, struct removed *ret, struct err *e)
{
	struct prune_opts po = { .all = o->all, .now = clock_now(), .wait_ms = CACHE_WAIT_MS };
	struct prune_result done = { 0 };
	int64_t t = 0;
	int r = 0;

	/* What a label is asked of, a cache does not have. */
	if (filters_has(f, "label"))
		return 0;
	for (size_t i = 0; r == 0 && i < f->n; i++)
		if (strcmp(f->v[i].name, "until") == 0) {
			r = when_parse(f->v[i].value, when_now(), &t, e);
			po.unused = po.now - t / 1000000000 > 0 ? po.now - t / 1000000000 : 0;
		}
	if (r == 0)
		r = cache_prune(state, s, &po, &done, e);
	ret->cache = done.removed;
	ret->bytes += done.bytes;
	return r;
}

static int remove_all(struct cli *c, const struct prune_options *o, const struct filters *f,
		      struct removed *ret, struct err *e)
{
	auto_release(store_close) struct store *s = NULL;
	const struct state *state;
	int r = cli_state(c, &state, e);

	if (r == 0)
		r = prune_containers(c, f, &ret->containers, &ret->bytes, e);
	if (r == 0 && o->volumes)
		r = prune_volumes(c, f, &ret->volumes, &ret->bytes, e);
	if (r == 0)
		r = cli_store(c, &s, e);
	if (r == 0)
		r = prune_images(c, s, o->all, f, &ret->untagged, &ret->images, &ret->bytes, e);
	return r == 0 ? prune_cache(state, s, o, f, ret, e) : r;
}

static int print_list(struct cli *c, const char *title, const char *before, const struct strv *list,
		      struct err *e)
{
	int r = list->n && title ? cli_print(c, e, "%s:\n", title) : 0;

	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = cli_print(c, e, "%s%s\n", before, list->v[i]);
	return r;
}

/* What was removed is told, also when something failed after it. */
static int report(struct cli *c, const struct removed *d, struct err *e)
{
	char size[16];
	int r = print_list(c, "Deleted Containers", "", &d->containers, e);

	size_human(d->bytes, size);
	if (r == 0 && d->containers.n)
		r = cli_print(c, e, "\n");
	if (r == 0)
		r = print_list(c, "Deleted Volumes", "", &d->volumes, e);
	if (r == 0 && d->volumes.n)
		r = cli_print(c, e, "\n");
	if (r == 0)
		r = print_list(c, "Deleted Images", "untagged: ", &d->untagged, e);
	if (r == 0)
		r = print_list(c, d->untagged.n ? NULL : "Deleted Images", "deleted: ", &d->images,
			       e);
	if (r == 0 && d->images.n)
		r = cli_print(c, e, "\n");
	if (r == 0 && d->cache)
		r = cli_print(c, e, "Deleted build cache objects: %zu\n\n", d->cache);
	return r == 0 ? cli_print(c, e, "Total reclaimed space: %s\n", size) : r;
}

static int run_system_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	static const char *const names[] = { "until", "label", "label!", NULL };
	const struct prune_options *o = opts;
	auto_removed done = { 0 };
	struct filters filters;
	int r = filters_parse(&o->filter, names, &filters, e), printed;

	(void)argc, (void)argv;
	if (r == 0 && o->volumes && filters_has(&filters, "until"))
		r = err_hint(e,
			     FAIL(e, E_USAGE,
				  "--filter until= does not go with --volumes: a volume's age says "
				  "nothing of its content"),
			     "plimsoll volume prune");
	if (r == 0)
		r = prune_check_times(&filters, e);
	if (r == 0)
		r = agree(c, o, e);
	if (r < 0)
		return r;
	r = remove_all(c, o, &filters, &done, e);
	printed = report(c, &done, r < 0 ? NULL : e);
	return r < 0 ? r : printed;
}

static const struct opt prune_table[] = {
	OPT_AT(struct prune_options, all, "all", 'a', OPT_FLAG, NULL,
	       "all images that no container has, and all of the build cache"),
	OPT_AT(struct prune_options, filter, "filter", 0, OPT_LIST, "NAME=VALUE",
	       "only what was made before until=TIME (24h, 2026-11-27T10:00:00Z), has this "
	       "label=KEY[=VALUE], or has it not: label!=KEY[=VALUE]"),
	OPT_AT(struct prune_options, force, "force", 'f', OPT_FLAG, NULL, "ask nothing"),
	OPT_AT(struct prune_options, volumes, "volumes", 0, OPT_FLAG, NULL,
	       "volumes that no container has, too, also those with a name"),
	OPT_END,
};

const struct command system_prune_command = {
	.name = "prune",
	.args = "",
	.brief = "Remove stopped containers, and what nothing needs",
	.details = "In this order: containers that do not run; with --volumes the volumes that no "
		   "container has then; what no image has any more, with --all the images that no "
		   "container has; build steps, unpacked layers and caches that no image needs, "
		   "with --all those that can be made again. While another plimsoll works in the "
		   "state folder its caches stay, and it is an error. Nothing of the trail, the "
		   "trust stores and the advisories is touched.",
	.example = "plimsoll system prune\nplimsoll system prune -af --filter until=168h",
	.opts = prune_table,
	.opts_size = sizeof(struct prune_options),
	.max_args = 0,
	.run = run_system_prune,
};
