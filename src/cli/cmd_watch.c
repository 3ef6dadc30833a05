/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/road.h"
#include "cli/watch.h"
#include "scan/watch.h"

/* The name that an image is watched under: with its tag. */
static int full_name(const char *image, struct buf *ret, struct err *e)
{
	struct ref ref;
	int r = ref_parse(image, &ref, e);

	if (r < 0)
		return r;
	ref_stored(&ref, ret);
	return buf_check(ret, "a name", e);
}

static int add_one(struct cli *c, const char *image, struct err *e)
{
	auto_buf name = BUF_INIT(4096);
	auto_json *list = NULL;
	auto_road road = { 0 };
	struct ref ref;
	uint64_t told;
	int r = full_name(image, &name, e);

	r = r < 0 ? r : cli_road(c, buf_str(&name), &road, e);
	r = r < 0 ? r : store_lookup(road.store, image, &ref, &road.image, e);
	r = r < 0 ? r : scan_packages(road.state, road.store, &road.image, c->progress, &list, e);
	r = r < 0 ? r : watch_image(&road, list, clock_now(), &told, e);
	if (r < 0 || c->quiet)
		return r;
	return cli_print(c, e, "%s: %zu packages, %llu advisories known\n", buf_str(&name),
			 json_array_size(json_object_get(list, "packages")),
			 (unsigned long long)told);
}

static int run_add(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	int r = 0;

	(void)opts;
	for (int i = 0; i < argc && r == 0; i++)
		r = add_one(c, argv[i], e);
	return r;
}

static const struct command cmd_add = {
	.name = "add",
	.args = "IMAGE...",
	.brief = "Watch images of the store",
	.details = "What is known of an image now counts as told; only what comes later is news. "
		   "Images that are shipped are watched of themselves. Watching an image again "
		   "under the same name puts the new one in place of the old. It needs no image "
		   "afterwards: what was read of it is kept.",
	.example = "plimsoll watch add web:1",
	.min_args = 1,
	.max_args = -1,
	.run = run_add,
};

static int run_rm(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	const struct state *state;
	int r = cli_state(c, &state, e);

	(void)opts;
	r = r < 0 ? r : watch_open(&w, state, false, e);
	for (int i = 0; i < argc && r == 0; i++) {
		auto_buf name = BUF_INIT(4096);

		r = full_name(argv[i], &name, e);
		r = r < 0 ? r : watch_remove(w, buf_str(&name), e);
	}
	return r < 0 ? r : watch_commit(w, e);
}

static const struct command cmd_rm_watch = {
	.name = "rm",
	.args = "IMAGE...",
	.brief = "Watch images no longer",
	.example = "plimsoll watch rm web:1",
	.min_args = 1,
	.max_args = -1,
	.run = run_rm,
};

static int print_list(struct cli *c, const json_t *list, struct err *e)
{
	static const char *const headings[] = { "IMAGE", "DIGEST", "PACKAGES", "ADVISORIES",
						"SINCE" };
	auto_release(table_free) struct table *t = NULL;
	size_t i;
	json_t *image;
	int r = table_new(&t, headings, 5, e);

	json_array_foreach(list, i, image)
	{
		char digest[20], packages[32], advisories[32];
		const char *const cells[] = { json_string_or_null(image, "image"), digest, packages,
					      advisories, json_string_or_null(image, "since") };

		(void)snprintf(digest, sizeof(digest), "%.19s",
			       json_string_or_null(image, "digest"));
		(void)snprintf(packages, sizeof(packages), "%lld",
			       (long long)json_integer_value(json_object_get(image, "packages")));
		(void)snprintf(advisories, sizeof(advisories), "%lld",
			       (long long)json_integer_value(json_object_get(image, "advisories")));
		r = r < 0 ? r : table_row(t, cells, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

static int run_list(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	auto_json *list = NULL;
	const struct state *state;
	struct err own = ERR_INIT;
	int r = cli_state(c, &state, e);

	(void)opts, (void)argc, (void)argv;
	if (r < 0)
		return r;
	r = watch_open(&w, state, false, &own);
	if (r == E_NOTFOUND)
		list = json_array();
	else if (r < 0)
		*e = own;
	r = r == E_NOTFOUND ? 0 : r < 0 ? r : watch_list(w, &list, e);
	if (r == 0 && !list)
		r = FAIL_NOMEM(e);
	if (r < 0)
		return r;
	if (c->json) {
		auto_json *j =
			json_pack("{ss sO}", "schema", "plimsoll.watched/v1", "images", list);

		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	return print_list(c, list, e);
}

static const struct command cmd_list = {
	.name = "list",
	.args = "",
	.brief = "Show the watched images, and how many advisories were told of each",
	.example = "plimsoll watch list",
	.run = run_list,
};

static int run_now(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *doc = NULL;
	int r = cli_watch(c, &doc, e);

	(void)opts, (void)argc, (void)argv;
	if (r < 0 || !c->json)
		return r;
	r = json_put_string(doc, "schema", "plimsoll.watching/v1", e);
	return r < 0 ? r : cli_print_json(c, doc, e);
}

static const struct command cmd_run_watch = {
	.name = "run",
	.args = "",
	.brief = "Match the watched images now, and send what could not be sent",
	.details = "The commands that change the advisories do this of themselves.",
	.example = "plimsoll watch run",
	.run = run_now,
};

static const struct command *const subs[] = { &cmd_add, &cmd_rm_watch, &cmd_list, &cmd_run_watch,
					      NULL };

const struct command cmd_watch = {
	.name = "watch",
	.group = "Scan",
	.args = "",
	.brief = "Tell what new advisories say of images that were shipped",
	.details = "After each change of the advisories the watched images are matched anew, "
		   "without reading them, and what is news for one of them is told once: on "
		   "standard output, in the audit trail, and to the webhook of the configuration "
		   "(watch.webhook) as JSON. What a webhook does not accept is kept and sent the "
		   "next time.",
	.example = "plimsoll watch add web:1\n"
		   "plimsoll watch list",
	.subs = subs,
};
