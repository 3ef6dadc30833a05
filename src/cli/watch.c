/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include "base/clock.h"

int cli_watch_hook(const struct cli *c, struct watch_hook *ret, struct err *e)
{
	const char *url = cli_config(c, "watch.webhook");
	const char *insecure = cli_config(c, "watch.insecure");

	if (insecure && strcmp(insecure, "true") != 0 && strcmp(insecure, "false") != 0)
		return FAIL(e, E_USAGE, "watch.insecure: neither true nor false");
	if (url && !starts_with(url, "https://") && !starts_with(url, "http://"))
		return FAIL(e, E_USAGE, "watch.webhook: '%.200s' is no http or https URL", url);
	*ret = (struct watch_hook){ .url = url,
				    .insecure = insecure && strcmp(insecure, "true") == 0 };
	return 0;
}

static int add_rows(struct table *t, const json_t *image, struct err *e)
{
	size_t i;
	json_t *f;
	int r = 0;

	json_array_foreach(json_object_get(image, "findings"), i, f)
	{
		const char *fixed = json_string_or_null(f, "fixed");
		const char *const cells[] = {
			json_string_or_null(image, "image"), json_string_or_null(f, "advisory"),
			json_string_or_null(f, "severity"),  json_string_or_null(f, "package"),
			json_string_or_null(f, "version"),   fixed,
		};

		r = r < 0 ? r : table_row(t, cells, e);
	}
	return r;
}

static int print_news(struct cli *c, const struct watch_result *w, struct err *e)
{
	static const char *const headings[] = { "IMAGE",   "ADVISORY",	"SEVERITY",
						"PACKAGE", "INSTALLED", "FIXED" };
	auto_release(table_free) struct table *t = NULL;
	const size_t n = json_array_size(w->news);
	size_t i;
	json_t *image;
	int r;

	if (n) {
		r = table_new(&t, headings, 6, e);
		json_array_foreach(w->news, i, image) r = r < 0 ? r : add_rows(t, image, e);
		r = r < 0 ? r
			  : cli_print(c, e, "\nNew for %zu watched image%s:\n", n,
				      n == 1 ? "" : "s");
		r = r < 0 ? r : cli_print_table(c, t, e);
		if (r < 0)
			return r;
	}
	if (!w->kept)
		return 0;
	return cli_print(c, e, "webhook: %s; %llu notification%s kept for the next time\n",
			 w->problem, (unsigned long long)w->kept, w->kept == 1 ? "" : "s");
}

int cli_watch(struct cli *c, json_t **ret, struct err *e)
{
	auto_watch_result result = { 0 };
	struct road road = { .progress = c->progress };
	struct watch_hook hook;
	int r = cli_watch_hook(c, &hook, e);

	r = r < 0 ? r : cli_state(c, &road.state, e);
	r = r < 0 ? r : watch_tell(&road, &hook, clock_now(), &result, e);
	if (r == 0 && ret) {
		*ret = json_pack("{sO sI sI ss*}", "images", result.news, "sent",
				 (json_int_t)result.sent, "kept", (json_int_t)result.kept,
				 "problem", *result.problem ? result.problem : NULL);
		r = *ret ? 0 : FAIL_NOMEM(e);
	}
	return r < 0 || c->json || c->quiet ? r : print_news(c, &result, e);
}
