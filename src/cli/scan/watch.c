/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan/watch.h"

#include "base/clock.h"
#include "cli/build/road.h"
#include "cli/config.h"
#include "pipeline/admit/readmit.h"

void cli_watch_notes(struct strv *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		text_sanitize(notes->v[i]);
		(void)fprintf(stderr, "plimsoll: %s\n", notes->v[i]);
	}
}

static int read_hook(const struct cli *c, struct watch_hook *ret, struct err *e)
{
	const char *url = cli_config(c, "watch.webhook");
	const char *insecure = cli_config(c, "watch.insecure");

	if (insecure && strcmp(insecure, "true") != 0 && strcmp(insecure, "false") != 0)
		return FAIL(e, E_USAGE, "watch.insecure: neither true nor false");
	if (url && *url && !starts_with(url, "https://") && !starts_with(url, "http://"))
		return FAIL(e, E_USAGE, "watch.webhook: '%.200s' is no http or https URL", url);
	*ret = (struct watch_hook){ .url = url && *url ? url : NULL,
				    .insecure = insecure && strcmp(insecure, "true") == 0 };
	return 0;
}

static void tell_container(const json_t *one)
{
	const char *outcome = json_string_or_null(one, "outcome");
	const char *failed = json_string_or_null(one, "stopFailed");
	auto_buf line = BUF_INIT(8192);
	auto_free char *text = NULL;

	buf_printf(&line, "container %s (%s) ", json_string_or_null(one, "name"),
		   json_string_or_null(one, "image") ?: "?");
	if (strcmp(outcome, "admitted") == 0)
		buf_puts(&line, "is admitted again");
	else
		buf_printf(&line, "%s: %s",
			   strcmp(outcome, "refused") == 0 ? "is no longer admitted"
							   : "could not be judged",
			   json_string_or_null(one, "reason"));
	if (json_is_true(json_object_get(one, "stopped")))
		buf_puts(&line, "; it was stopped");
	if (failed)
		buf_printf(&line, "; it could not be stopped: %s", failed);
	text = buf_take(&line);
	if (text)
		text_sanitize(text);
	(void)fprintf(stderr, "plimsoll: %s\n", text ? text : "a container is not admitted");
}

/* What runs is decided about anew. Changes wait for the webhook, which is told after this. */
static int readmit(struct cli *c, bool due, struct watching *ret, struct err *e)
{
	auto_readmitted all = { .containers = NULL };
	auto_free struct run_policy *policy = NULL;
	struct gate gate;
	auto_road road = { 0 };
	const json_t *one;
	size_t i;
	int r = cli_gate(c, NULL, false, NULL, &gate, e);

	if (r < 0 || (r = cli_config_run(c->config, &policy, e)) < 0)
		return r;
	r = cli_road(c, NULL, &road, e);
	if (r == 0) {
		const struct readmit_opts o = {
			.gate = &gate, .policy = policy, .due = due, .now = clock_now()
		};

		r = readmit_running(&road, &o, &all, e);
	}
	run_policy_free(policy);
	if (r < 0)
		return WRAP(e, r, "judge what runs");
	json_array_foreach(all.containers, i, one) tell_container(one);
	ret->containers = TAKE(all.containers);
	ret->judged = all.judged;
	ret->refused = all.refused;
	return 0;
}

int cli_watch_run(struct cli *c, struct watching *ret, struct err *e)
{
	const struct state *state;
	struct road road = { .progress = c->progress };
	struct watching judged = { 0 };
	struct watch_hook hook;
	int r = read_hook(c, &hook, e);

	r = r < 0 ? r : cli_state(c, &state, e);
	/* Without a container there is none to judge, and no store is made for it. */
	if (r == 0 && fs_exists(state->fd, "containers"))
		r = readmit(c, hook.url != NULL, &judged, e);
	if (r < 0)
		return r;
	road.state = state;
	r = watching_run(&road, &hook, clock_now(), ret, e);
	if (r < 0) {
		watching_free(&judged);
		return r;
	}
	ret->containers = judged.containers;
	ret->judged = judged.judged;
	ret->refused = judged.refused;
	cli_watch_notes(&ret->notes);
	return 0;
}

int cli_watch(struct cli *c, struct watching *ret, struct err *e)
{
	int r = cli_watch_run(c, ret, e);

	if (r < 0)
		return r;
	if (ret->failure)
		(void)fprintf(stderr,
			      "plimsoll: %s; %llu waiting, sent first next time\n"
			      "plimsoll: mend: plimsoll watch run\n",
			      ret->failure, (unsigned long long)ret->pending);
	return 0;
}

static int print_advisory(struct cli *c, const char *image, const json_t *a, struct err *e)
{
	auto_buf line = BUF_INIT(LIMIT_WATCH_NEWS);
	auto_free char *text = NULL;
	json_t *p;
	size_t i;

	buf_printf(&line, "new  %s  %s  %s ", image, json_string_or_null(a, "advisory"),
		   json_string_or_null(a, "severity"));
	json_array_foreach(json_object_get(a, "packages"), i, p)
	{
		const char *fixed = json_string_or_null(p, "fixed");

		buf_printf(&line, "%s %s %s%s%s", i ? "," : "", json_string_or_null(p, "name"),
			   json_string_or_null(p, "version"), fixed ? " -> " : "",
			   fixed ? fixed : "");
	}
	if (json_is_true(json_object_get(a, "exploited")))
		buf_puts(&line, "  exploited");
	text = buf_take(&line);
	if (!text)
		return FAIL_NOMEM(e);
	text_sanitize(text);
	return cli_print(c, e, "%s\n", text);
}

static int print_document(struct cli *c, const json_t *doc, struct err *e)
{
	json_t *image, *advisory;
	size_t i, k;
	int r = 0;

	json_array_foreach(json_object_get(doc, "images"), i, image)
		json_array_foreach(json_object_get(image, "advisories"), k, advisory) r =
			r < 0 ? r
			      : print_advisory(c, json_string_or_null(image, "name"), advisory, e);
	return r;
}

int cli_print_news(struct cli *c, const struct watching *w, struct err *e)
{
	json_t *doc;
	size_t i;
	int r = 0;

	json_array_foreach(w->news, i, doc) r = r < 0 ? r : print_document(c, doc, e);
	return r;
}

int cli_watch_json(const struct watching *w, json_t **ret, struct err *e)
{
	json_t *j = json_pack("{sI sO sI sI ss* sI sO*}", "matched", (json_int_t)w->images, "news",
			      w->news, "delivered", (json_int_t)w->delivered, "pending",
			      (json_int_t)w->pending, "failure", w->failure, "judged",
			      (json_int_t)w->judged, "containers", w->containers);

	if (!j)
		return FAIL_NOMEM(e);
	*ret = j;
	return 0;
}

int cli_watch_print(struct cli *c, const struct watching *w, json_t *j, struct err *e)
{
	json_t *watch = NULL;
	int r = 0;

	if (w->images || w->pending || w->judged || json_array_size(w->news)) {
		r = cli_watch_json(w, &watch, e);
		r = r < 0 ? r : json_put(j, "watch", watch, e);
	}
	return r < 0 ? r : cli_print_json(c, j, e);
}
