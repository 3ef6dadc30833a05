/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/watching.h"

void watching_free(struct watching *w)
{
	json_decref(w->news);
	json_decref(w->containers);
	strv_free(&w->notes);
	free(w->failure);
	*w = (struct watching){ 0 };
}

int watching_add(const struct road *road, const struct report *report, int64_t now, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	auto_strv notes = { 0 };
	int r = watch_open(&w, road->state, true, &notes, e);

	r = r < 0 ? r : watch_add(w, road->name, &road->image.digest, report, now, e);
	for (size_t i = 0; i < notes.n; i++)
		progress_line(road->progress, notes.v[i]);
	return road_note(road, "watch-add", r, NULL, e);
}

/* An image's part of an entry of the trail: the names only. */
static json_t *names_of(const json_t *image)
{
	auto_json *names = json_array();
	json_t *advisory;
	size_t i;

	json_array_foreach(
		json_object_get(image, "advisories"), i,
		advisory) if (json_array_append(names, json_object_get(advisory, "advisory")) <
			      0) return NULL;
	return json_pack("{sO* sO* sO}", "name", json_object_get(image, "name"), "digest",
			 json_object_get(image, "digest"), "advisories", names);
}

static json_t *detail_of(const json_t *doc)
{
	auto_json *images = json_array();
	json_t *image;
	size_t i;

	json_array_foreach(json_object_get(doc, "images"), i,
			   image) if (json_array_append_new(images, names_of(image)) <
				      0) return NULL;
	return json_pack("{sO* sO* sO* sO* sO}", "id", json_object_get(doc, "id"), "database",
			 json_object_get(doc, "database"), "page", json_object_get(doc, "page"),
			 "more", json_object_get(doc, "more"), "images", images);
}

/* What nobody has recorded: that of this run, and of one that was killed before it did. */
static int record(const struct road *road, struct watch *w, json_t *ret, struct err *e)
{
	auto_json *doc = NULL;
	int64_t number = 0;
	int r;

	while ((r = watch_next(w, WATCH_UNRECORDED, number, &number, &doc, e)) > 0) {
		json_t *detail = detail_of(doc);

		r = detail ? road_note(road, "watch", 0, detail, e) : FAIL_NOMEM(e);
		r = r < 0 ? r : watch_done(w, WATCH_UNRECORDED, number, e);
		r = r < 0 ? r : json_push(ret, TAKE(doc), e);
		if (r < 0)
			return r;
	}
	return r;
}

static int match_and_record(const struct road *road, bool due, int64_t now, struct watching *ret,
			    struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	struct err own = ERR_INIT;
	int r = watch_open(&w, road->state, false, &ret->notes, &own);

	if (r == E_NOTFOUND)
		return 0;
	if (r < 0) {
		if (e)
			*e = own;
		return r;
	}
	r = watch_match(w, now, due, &ret->images, e);
	r = r < 0 ? r : record(road, w, ret->news, e);
	return r < 0 ? r : watch_pending(w, &ret->pending, e);
}

/* Its failure is told, not returned: what could not be sent is still there. */
static int deliver(const struct road *road, const struct watch_hook *hook, struct watching *ret,
		   struct err *e)
{
	struct err own = ERR_INIT;
	int r = watching_send(road, hook, ret, &own), noted;

	if (r < 0) {
		ret->failure = strdup(own.msg);
		if (!ret->failure)
			return FAIL_NOMEM(e);
		text_sanitize(ret->failure);
	}
	noted = road_note(road, "watch-send", r,
			  json_pack("{sI sI}", "delivered", (json_int_t)ret->delivered, "pending",
				    (json_int_t)ret->pending),
			  &own);
	/* What was delivered and is not written down is an error, as everywhere. */
	if (r < 0 && r != E_SIGNAL && r != E_NOMEM)
		return 0;
	if (noted < 0 && e)
		*e = own;
	return noted;
}

int watching_run(const struct road *road, const struct watch_hook *hook, int64_t now,
		 struct watching *ret, struct err *e)
{
	auto_watching w = { .news = json_array() };
	int r = w.news ? match_and_record(road, hook->url != NULL, now, &w, e) : FAIL_NOMEM(e);

	if (r == 0 && hook->url && w.pending)
		r = deliver(road, hook, &w, e);
	if (r < 0)
		return err_hint(e, r, "plimsoll watch run");
	*ret = w;
	w = (struct watching){ 0 };
	return 0;
}
