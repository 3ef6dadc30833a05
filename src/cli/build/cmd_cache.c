/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/image/images.h"
#include "cli/shorten.h"
#include "cli/trust/signing.h"
#include "pipeline/prune/usage.h"

enum { PRUNE_WAIT_MS = 60 * 1000, LIMIT_TEXT = 64 * 1024 * 1024 };

struct du_options {
	bool verbose;
};

static const struct opt du_options[] = {
	OPT_AT(struct du_options, verbose, "verbose", 'v', OPT_FLAG, NULL, "show every item"),
	OPT_END,
};

static bool reclaimable(const struct usage *u)
{
	return !u->needed && !u->busy;
}

static int du_json(struct cli *c, const struct usages *u, struct err *e)
{
	auto_json *j = NULL, *list = json_array();
	uint64_t total = 0, free = 0;
	int r = list ? 0 : FAIL_NOMEM(e);

	for (size_t i = 0; r == 0 && i < u->n; i++) {
		const struct usage *x = &u->v[i];
		char used[RFC3339_MAX];

		clock_rfc3339(x->used, used);
		r = json_push(list,
			      json_pack("{s:s, s:s, s:I, s:b, s:b, s:s, s:s*}", "type",
					usage_kind_name(x->kind), "id", x->id, "size",
					(json_int_t)(x->own + x->blob), "reclaimable",
					reclaimable(x), "inUse", x->busy, "lastUsed", used, "name",
					x->note),
			      e);
		total += x->own + x->blob;
		free += reclaimable(x) ? x->own + x->blob : 0;
	}
	if (r < 0)
		return r;
	j = json_pack("{s:s, s:O, s:I, s:I}", "schema", "plimsoll.cache/v1", "items", list, "size",
		      (json_int_t)total, "reclaimable", (json_int_t)free);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int du_items(struct table *t, const struct usages *u, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < u->n; i++) {
		const struct usage *x = &u->v[i];
		char id[16], size[16], age[32];

		(void)snprintf(id, sizeof(id), "%.12s", x->id);
		size_human(x->own + x->blob, size);
		age_human(clock_now() - x->used, age);

		const char *const row[] = {
			id,  usage_kind_name(x->kind), reclaimable(x) ? "true" : "false", size,
			age, x->note ? x->note : ""
		};

		r = table_row(t, row, e);
	}
	return r;
}

static int du_kinds(struct table *t, const struct usages *u, struct err *e)
{
	uint64_t total = 0, all_free = 0;
	char size[16], free[16], count[24];
	int r = 0;

	for (int k = 0; r == 0 && k < USAGE_KINDS; k++) {
		uint64_t bytes = 0, may_go = 0;
		size_t n = 0;

		for (size_t i = 0; i < u->n; i++) {
			const struct usage *x = &u->v[i];

			if (x->kind != (enum usage_kind)k)
				continue;
			n++;
			bytes += x->own + x->blob;
			may_go += reclaimable(x) ? x->own + x->blob : 0;
		}
		total += bytes;
		all_free += may_go;
		size_human(bytes, size);
		size_human(may_go, free);
		(void)snprintf(count, sizeof(count), "%zu", n);

		const char *const row[] = { usage_kind_name((enum usage_kind)k), count, size,
					    free };

		r = table_row(t, row, e);
	}
	if (r < 0)
		return r;
	size_human(total, size);
	size_human(all_free, free);
	(void)snprintf(count, sizeof(count), "%zu", u->n);
	return table_row(t, (const char *const[]){ "total", count, size, free }, e);
}

static int du_table(struct cli *c, const struct usages *u, bool verbose, struct err *e)
{
	static const char *const items[] = { "ID",   "TYPE",	  "RECLAIMABLE",
					     "SIZE", "LAST USED", "NAME" };
	static const char *const kinds[] = { "TYPE", "COUNT", "SIZE", "RECLAIMABLE" };
	auto_release(table_free) struct table *t = NULL;
	auto_buf out = BUF_INIT(LIMIT_TEXT);
	int r = table_new(&t, verbose ? items : kinds, verbose ? 6 : 4, e);

	if (r == 0)
		r = verbose ? du_items(t, u, e) : du_kinds(t, u, e);
	if (r == 0)
		r = table_render(t, &out, e);
	return r < 0 ? r : cli_print(c, e, "%s", buf_str(&out));
}

static int run_du(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct du_options *o = opts;
	auto_release(store_close) struct store *s = NULL;
	auto_usages u = { 0 };
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)argc, (void)argv;
	if (r == 0)
		r = cli_store(c, &s, e);
	if (r == 0)
		r = usage_survey(state, s, &u, e);
	if (r < 0)
		return r;
	return c->json ? du_json(c, &u, e) : du_table(c, &u, o->verbose, e);
}

static const struct command cmd_du = {
	.name = "du",
	.args = "",
	.brief = "Show what can be made again, and what of it no image needs",
	.details = "Types: step (a build step, with its layer when no image has it), layer "
		   "(unpacked), "
		   "packages (package lists for scans), mount (RUN --mount=type=cache), http "
		   "(validators of URLs that ADD fetched). Bytes that two share count once.",
	.example = "plimsoll cache du -v",
	.opts = du_options,
	.opts_size = sizeof(struct du_options),
	.run = run_du,
};

struct prune_options {
	struct strv filters;
	const char *older_than, *keep_storage;
	bool all, force;
};

static const struct opt prune_options[] = {
	OPT_AT(struct prune_options, all, "all", 'a', OPT_FLAG, NULL,
	       "also what images have: it is done, read or unpacked again when asked for"),
	OPT_AT(struct prune_options, force, "force", 'f', OPT_FLAG, NULL, "do not ask"),
	OPT_AT(struct prune_options, filters, "filter", 0, OPT_LIST, "until=DURATION",
	       "only what was not used for so long: 24h, 30d"),
	OPT_AT(struct prune_options, older_than, "older-than", 0, OPT_STRING, "DURATION",
	       "the same as --filter until="),
	OPT_AT(struct prune_options, keep_storage, "keep-storage", 0, OPT_STRING, "SIZE",
	       "leave as much of what was used last: 512m, 10GB"),
	OPT_END,
};

/* "512m", "10GB", "1.5" is none: powers of 1024, as docker reads them here. */
static int parse_size(const char *text, uint64_t *ret, struct err *e)
{
	static const char units[] = "bkmgt";
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	const char *unit = *rest ? strchr(units, *rest | 0x20) : units;
	uint64_t n;

	if (unit && *rest && (rest[1] | 0x20) == 'b' && unit != units)
		rest++;
	if (!unit || (*rest && rest[1]) ||
	    str_u64((struct str){ text, digits }, UINT64_MAX, &n, NULL) < 0 ||
	    __builtin_mul_overflow(n, UINT64_C(1) << (10 * (unit - units)), ret))
		return FAIL(e, E_USAGE, "'%.40s' is not a size such as 512m or 10GB", text);
	return 0;
}

static int read_filter(const char *text, struct prune_opts *ret, struct err *e)
{
	if (!starts_with(text, "until="))
		return FAIL(e, E_USAGE, "--filter '%.100s': only until=DURATION is known", text);
	return cli_duration(text + strlen("until="), &ret->unused, e);
}

static int read_options(const struct prune_options *o, struct prune_opts *ret, struct err *e)
{
	int r = 0;

	*ret = (struct prune_opts){ .all = o->all, .now = clock_now(), .wait_ms = PRUNE_WAIT_MS };
	for (size_t i = 0; r == 0 && i < o->filters.n; i++)
		r = read_filter(o->filters.v[i], ret, e);
	if (r == 0 && o->older_than)
		r = cli_duration(o->older_than, &ret->unused, e);
	if (r == 0 && o->keep_storage)
		r = parse_size(o->keep_storage, &ret->keep, e);
	return r;
}

/* True for "y" and "yes". */
static bool agreed(bool all)
{
	char line[16] = "";

	(void)fprintf(
		stderr,
		"This removes build steps, unpacked layers and caches%s.\nAre you sure? [y/N] ",
		all ? ", also those that images have" : " that no image needs");
	(void)fflush(stderr);
	return fgets(line, sizeof(line), stdin) && (line[0] | 0x20) == 'y';
}

static int run_prune(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct prune_options *o = opts;
	auto_release(store_close) struct store *s = NULL;
	struct prune_result res = { 0 };
	struct prune_opts po;
	const struct state *state;
	auto_json *j = NULL;
	char size[16];
	int r = read_options(o, &po, e);

	(void)argc, (void)argv;
	if (r == 0 && !o->force && !agreed(o->all))
		return 0;
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0)
		r = cli_store(c, &s, e);
	if (r == 0)
		r = cache_prune(state, s, &po, &res, e);
	if (r < 0)
		return r;
	if (c->json) {
		j = json_pack("{s:s, s:I, s:I}", "schema", "plimsoll.cache-prune/v1", "removed",
			      (json_int_t)res.removed, "bytes", (json_int_t)res.bytes);
		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	size_human(res.bytes, size);
	return cli_print(c, e, "Total reclaimed space: %s\n", size);
}

static const struct command cmd_prune = {
	.name = "prune",
	.args = "",
	.brief = "Remove what can be made again and no image needs",
	.details =
		"Nothing is removed while another plimsoll works in the state folder, since it may "
		"need any of it: it is waited for, for a minute. Layers that a running container "
		"stands on stay. What killed commands left half-made goes in any case.",
	.example = "plimsoll cache prune -f --filter until=168h\n"
		   "plimsoll cache prune -af --keep-storage 10GB",
	.opts = prune_options,
	.opts_size = sizeof(struct prune_options),
	.run = run_prune,
};

static const struct command *const subs[] = { &cmd_du, &cmd_prune, NULL };

const struct command cmd_cache = {
	.name = "cache",
	.group = "Images",
	.args = "",
	.brief = "See and remove what builds and scans keep to be faster",
	.example = "plimsoll cache du -v\nplimsoll cache prune --older-than 7d",
	.subs = subs,
};
