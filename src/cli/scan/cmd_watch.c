/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "cli/build/road.h"
#include "cli/scan/watch.h"

/* The index, if there is one: who only looks, or takes away, makes none. */
static int open_index(struct cli *c, struct watch **ret, struct err *e)
{
	auto_strv notes = { 0 };
	const struct state *state;
	int r = cli_state(c, &state, e);

	r = r < 0 ? r : watch_open(ret, state, false, &notes, e);
	cli_watch_notes(&notes);
	return r;
}

static int print_list(struct cli *c, const json_t *list, struct err *e)
{
	static const char *const headings[] = { "IMAGE", "DIGEST", "SINCE", "PACKAGES", "KNOWN" };
	auto_release(table_free) struct table *t = NULL;
	size_t i;
	json_t *o;
	int r = table_new(&t, headings, 5, e);

	json_array_foreach(list, i, o)
	{
		char packages[24], known[24];
		const char *const cells[] = { json_string_or_null(o, "name"),
					      json_string_or_null(o, "digest"),
					      json_string_or_null(o, "since"), packages, known };

		(void)snprintf(packages, sizeof(packages), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(json_object_get(o, "packages")));
		(void)snprintf(known, sizeof(known), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(json_object_get(o, "known")));
		r = r < 0 ? r : table_row(t, cells, e);
	}
	return r < 0 ? r : cli_print_table(c, t, e);
}

/* Nothing was ever watched: an empty list. */
static int read_list(struct cli *c, json_t **ret, uint64_t *ret_pending, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	struct err own = ERR_INIT;
	int r = open_index(c, &w, &own);

	*ret_pending = 0;
	if (r == E_NOTFOUND) {
		*ret = json_array();
		return *ret ? 0 : FAIL_NOMEM(e);
	}
	if (r < 0) {
		*e = own;
		return r;
	}
	r = watch_list(w, ret, e);
	return r < 0 ? r : watch_pending(w, ret_pending, e);
}

static int run_list(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *list = NULL;
	uint64_t pending = 0;
	int r = read_list(c, &list, &pending, e);

	(void)opts, (void)argc, (void)argv;
	if (r < 0)
		return r;
	if (c->json) {
		auto_json *j = json_pack("{ss sO sI}", "schema", "plimsoll.watching/v1", "images",
					 list, "pending", (json_int_t)pending);

		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	r = print_list(c, list, e);
	if (r == 0 && pending)
		r = cli_print(c, e, "\n%llu notification%s to be delivered\n",
			      (unsigned long long)pending, pending == 1 ? " waits" : "s wait");
	return r;
}

/* ret gets what a document says of it. */
static int add_one(struct cli *c, const char *image, json_t *ret, struct err *e)
{
	auto_road road = { 0 };
	auto_report report = { 0 };
	struct ref ref;
	int r = cli_road(c, image, &road, e);

	r = r < 0 ? r : store_lookup(road.store, image, &ref, &road.image, e);
	r = r < 0 ? r : scan_image(road.state, road.store, &road.image, road.progress, &report, e);
	r = r < 0 ? r : watching_add(&road, &report, clock_now(), e);
	if (r < 0)
		return r;
	if (!c->json && !c->quiet)
		r = cli_print(c, e, "watching %s %s\n", road.name, road.image.digest.s);
	return r < 0 ? r
		     : json_push(ret,
				 json_pack("{ss ss sI}", "name", road.name, "digest",
					   road.image.digest.s, "known",
					   (json_int_t)report.findings_n),
				 e);
}

static int run_add(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_json *images = json_array(), *j = NULL;
	int r = images ? 0 : FAIL_NOMEM(e);

	(void)opts;
	for (int i = 0; i < argc && r == 0; i++)
		r = add_one(c, argv[i], images, e);
	if (r < 0 || !c->json)
		return r;
	j = json_pack("{ss sO}", "schema", "plimsoll.watch-add/v1", "images", images);
	return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
}

static int run_rm(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	struct road road = { .progress = c->progress };
	size_t n = 0, all = 0;
	int r = open_index(c, &w, e);

	(void)opts;
	if (r < 0)
		return r;
	road.state = &c->state;
	for (int i = 0; i < argc && r == 0; i++) {
		r = watch_remove(w, argv[i], &n, e);
		road.name = argv[i];
		r = road_note(&road, "watch-rm", r, NULL, e);
		all += r == 0 ? n : 0;
	}
	if (r < 0)
		return r;
	if (c->json) {
		auto_json *j = json_pack("{ss sI}", "schema", "plimsoll.watch-rm/v1", "removed",
					 (json_int_t)all);

		return j ? cli_print_json(c, j, e) : FAIL_NOMEM(e);
	}
	return c->quiet ? 0
			: cli_print(c, e, "%zu image%s no longer watched\n", all,
				    all == 1 ? "" : "s");
}

static int run_once(struct cli *c, struct err *e)
{
	auto_watching w = { 0 };
	int r = cli_watch_run(c, &w, e);

	if (r == 0 && c->json) {
		auto_json *j = NULL;

		r = cli_watch_json(&w, &j, e);
		r = r < 0 ? r : json_put_string(j, "schema", "plimsoll.watch-run/v1", e);
		r = r < 0 ? r : cli_print_json(c, j, e);
	} else if (r == 0 && !c->quiet) {
		r = cli_print_news(c, &w, e);
	}
	r = r < 0 ? r : cli_flush(c, e);
	if (r == 0 && w.failure)
		return FAIL(e, E_REMOTE, "%s", w.failure);
	if (r == 0 && w.refused)
		return FAIL(e, E_POLICY, "%zu of %zu running containers %s not admitted", w.refused,
			    w.judged, w.refused == 1 ? "is" : "are");
	return r;
}

struct run_opts_of_watch {
	const char *every;
};

static int run_run(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct run_opts_of_watch *o = opts;

	(void)argc, (void)argv;
	return o->every ? cli_watch_every(c, o->every, e) : run_once(c, e);
}

static const struct opt run_table[] = {
	OPT_AT(struct run_opts_of_watch, every, "every", 0, OPT_STRING, "DURATION",
	       "stay, and do it whenever something that decides changed, and this often: 5m"),
	OPT_END,
};

static const struct command cmd_list = {
	.name = "list",
	.args = "",
	.brief = "Show which images are watched",
	.details =
		"KNOWN is how many advisories an image was told of, be it when it was scanned or "
		"later.",
	.example = "plimsoll watch list",
	.run = run_list,
};

static const struct command cmd_add = {
	.name = "add",
	.args = "IMAGE...",
	.brief = "Watch images, from what is known of them today",
	.details = "What 'plimsoll ship' ships is watched of itself. An image is known by its "
		   "digest; it may leave the store, and is watched until 'plimsoll watch rm'.",
	.example = "plimsoll watch add web:1",
	.min_args = 1,
	.max_args = -1,
	.run = run_add,
};

static const struct command cmd_rm = {
	.name = "rm",
	.args = "IMAGE...",
	.brief = "Watch an image no longer",
	.details =
		"By its name, then all digests that were watched under it; or by a digest, or its "
		"first hex digits, at least 6.",
	.example = "plimsoll watch rm 127.0.0.1:5000/web:1\n"
		   "plimsoll watch rm sha256:9f2c41",
	.min_args = 1,
	.max_args = -1,
	.run = run_rm,
};

static const struct command cmd_run = {
	.name = "run",
	.args = "",
	.brief = "Match watched images and judge running containers now, and deliver what waits",
	.details =
		"The image of each running container is decided about as if it started now. One "
		"that is no longer admitted is reported, or stopped where plimsoll.yaml says "
		"run: {on-refusal: stop}; then the exit status is 3. One that could not be judged, "
		"because a server does not answer, is reported, or stopped by run: {unchecked: "
		"stop}. "
		"Happens of itself after advisories update, import and fetch. When the webhook "
		"does not take what waits, the exit status is 7.\n\n"
		"--every stays: each second it looks whether the trust policy, withdrawn keys, the "
		"configuration or the advisories changed, and does the same then; and every "
		"DURATION for what changes elsewhere: revocation by OCSP and CRL, TUF, expiry.",
	.example = "plimsoll watch run\n"
		   "plimsoll watch run --every 5m",
	.opts = run_table,
	.opts_size = sizeof(struct run_opts_of_watch),
	.run = run_run,
};

static const struct command *const subs[] = { &cmd_list, &cmd_add, &cmd_rm, &cmd_run, NULL };

const struct command cmd_watch = {
	.name = "watch",
	.group = "Scan",
	.args = "",
	.brief = "Be told when an advisory is new for an image, or a running one is refused",
	.example = "plimsoll watch list\n"
		   "plimsoll watch add web:1",
	.subs = subs,
};
