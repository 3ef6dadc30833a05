/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "pipeline/watch_internal.h"
#include "trail/trail.h"

void watch_result_free(struct watch_result *r)
{
	json_decref(r->news);
	*r = (struct watch_result){ 0 };
}

int watch_image(const struct road *road, const json_t *list, int64_t now, uint64_t *ret_told,
		struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	int r = watch_open(&w, road->state, true, e);

	r = r < 0 ? r : watch_add(w, road->name, road->image.digest.s, list, now, ret_told, e);
	return r < 0 ? r : watch_commit(w, e);
}

/* The ids, each once, as they come; how many there are in all is told beside them. */
static int put_advisories(json_t *detail, const json_t *findings, struct err *e)
{
	auto_json *names = json_object();
	json_t *list = json_array(), *finding;
	size_t i;
	int r = json_put(detail, "advisories", list, e);

	if (r == 0 && !names)
		r = FAIL_NOMEM(e);
	json_array_foreach(findings, i, finding)
	{
		const char *id = json_string_or_null(finding, "advisory");

		if (r < 0)
			return r;
		if (json_object_get(names, id))
			continue;
		r = json_put(names, id, json_true(), e);
		if (r == 0 && json_array_size(list) < WATCH_TRAIL_ADVISORIES)
			r = json_push(list, json_string(id), e);
	}
	return r < 0 ? r : json_put_u64(detail, "new", json_object_size(names), e);
}

/* An entry for each image. What is not written down was not told. */
static int record(const struct road *road, const json_t *news, struct err *e)
{
	size_t i;
	json_t *image;
	int r = 0;

	json_array_foreach(news, i, image)
	{
		auto_json *detail = json_object();
		const struct trail_event ev = {
			.kind = "watch",
			.result = "ok",
			.name = json_string_or_null(image, "image"),
			.digest = json_string_or_null(image, "digest"),
			.detail = detail,
		};

		r = detail ? put_advisories(detail, json_object_get(image, "findings"), e)
			   : FAIL_NOMEM(e);
		r = r < 0 ? r : trail_record(road->state, &ev, NULL, e);
		if (r < 0)
			return WRAP(e, r, "record 'watch' in the trail");
	}
	return r;
}

static int tell(const struct road *road, struct watch *w, const struct watch_hook *hook,
		int64_t now, struct watch_result *ret, struct err *e)
{
	int r = watch_match(w, &ret->news, e);

	if (r == 0 && json_array_size(ret->news)) {
		r = hook->url ? watch_notify(w, ret->news, now, e) : 0;
		r = r < 0 ? r : record(road, ret->news, e);
	}
	r = r < 0 ? r : watch_commit(w, e);
	return r < 0 || !hook->url ? r : watch_send(w, hook, ret, e);
}

int watch_tell(const struct road *road, const struct watch_hook *hook, int64_t now,
	       struct watch_result *ret, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	auto_watch_result result = { 0 };
	struct err own = ERR_INIT;
	int r = watch_open(&w, road->state, false, &own);

	if (r == E_NOTFOUND) {
		result.news = json_array();
		r = result.news ? 0 : FAIL_NOMEM(e);
	} else if (r < 0) {
		if (e)
			*e = own;
	} else {
		r = tell(road, w, hook, now, &result, e);
	}
	if (r < 0)
		return r;
	*ret = result;
	result = (struct watch_result){ 0 };
	return 0;
}
