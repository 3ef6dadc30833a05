/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/admit/readmit.h"

#include <string.h>

#include "run/run.h"
#include "scan/watch/watch.h"

#define READMIT_LOCK "readmit.lock"
enum { READMIT_WAIT_MS = 60 * 1000, READMIT_PAGE = 64 };

struct walk {
	const struct road *road;
	const struct readmit_opts *o;
	struct readmitted *ret;
	json_t *known; /* what was found of an image, by its name, digest and gate */
};

void readmitted_free(struct readmitted *r)
{
	json_decref(r->containers);
	*r = (struct readmitted){ .containers = NULL };
}

/* Containers of one image are judged once. */
static int key_of(const json_t *record, const struct gate *g, struct buf *ret, struct err *e)
{
	auto_json *key = json_pack("[O?, O?, i, b, I]", json_object_get(record, "image"),
				   json_object_get(record, "judged"), (int)g->fail_on,
				   g->ignore_unfixed, (json_int_t)g->max_age);

	return key ? json_canonical(key, ret, e) : FAIL_NOMEM(e);
}

static int judge_new(struct walk *w, const json_t *record, const struct gate *g, const char *key,
		     struct err *e)
{
	auto_json *found = json_object();
	struct err why = ERR_INIT;
	enum readmit_outcome outcome;
	int r = found ? readmit_judge(w->road, record, g, &outcome, found, &why, e) : FAIL_NOMEM(e);

	if (r < 0 || (r = json_put_string(found, "outcome", readmit_word(outcome), e)) < 0 ||
	    (r = json_put_string(found, "reason", outcome ? why.msg : "", e)) < 0 ||
	    (r = json_put(found, "code", json_integer(why.code), e)) < 0)
		return r;
	return json_put(w->known, key, TAKE(found), e);
}

static int judge(struct walk *w, const json_t *record, const json_t **ret, struct err *e)
{
	auto_buf key = BUF_INIT(64 * 1024);
	struct gate g;
	int r = admission_gate(record, w->o->gate, &g, e);

	r = r < 0 ? r : key_of(record, &g, &key, e);
	if (r == 0 && !json_object_get(w->known, buf_str(&key)))
		r = judge_new(w, record, &g, buf_str(&key), e);
	if (r == 0)
		*ret = json_object_get(w->known, buf_str(&key));
	return r;
}

static bool differs(const json_t *a, const json_t *b, const char *key)
{
	const char *x = json_string_or_null(a, key), *y = json_string_or_null(b, key);

	return strcmp(x ? x : "", y ? y : "") != 0;
}

/* Stops it where the policy says so; what came of that is told with it. */
static int act(const struct walk *w, const struct container *c, const json_t *found, json_t *told,
	       struct err *e)
{
	const char *outcome = json_string_or_null(found, "outcome");
	const bool refused = strcmp(outcome, "refused") == 0;
	const enum refusal what = refused ? w->o->policy->on_refusal : w->o->policy->unchecked;
	struct err own = ERR_INIT;
	int r;

	w->ret->refused += refused;
	w->ret->unchecked += !refused;
	if (what != REFUSAL_STOP)
		return 0;
	r = run_stop(w->road->state, c->id, 0, RUN_STOP_TIMEOUT, &own);
	w->ret->stopped += r == 0;
	if (r == 0)
		return json_put(told, "stopped", json_true(), e);
	if (r == E_SIGNAL) {
		if (e)
			*e = own;
		return r;
	}
	return json_put_string(told, "stopFailed", own.msg, e);
}

/* The entry of the trail: a refusal has its reason in it, and is no error of ours. */
static int record_entry(const struct walk *w, const struct container *c, const json_t *record,
			const json_t *found, const json_t *told, struct err *e)
{
	struct road own = *w->road;
	const char *outcome = json_string_or_null(found, "outcome");
	const int code = strcmp(outcome, "admitted") == 0  ? 0
			 : strcmp(outcome, "refused") == 0 ? E_VERIFY
							   : E_REMOTE;
	struct err why = { .code = code };
	json_t *detail = json_pack("{s:s, s:s, s:s, s:O*, s:O*, s:O*, s:O*}", "container", c->id,
				   "containerName", c->name, "outcome", outcome, "policyDigest",
				   json_object_get(found, "policy"), "findings",
				   json_object_get(found, "findings"), "stopped",
				   json_object_get(told, "stopped"), "stopFailed",
				   json_object_get(told, "stopFailed"));
	int r;

	if (!detail)
		return FAIL_NOMEM(e);
	own.name = c->image;
	(void)digest_parse(str_of(json_string_or_null(record, "digest") ?: ""), &own.image.digest,
			   NULL);
	(void)snprintf(why.msg, sizeof(why.msg), "%s", json_string_or_null(found, "reason"));
	r = road_note(&own, "readmit", code, detail, &why);
	/* Its outcome is what was given, unless the trail could not be written. */
	if (r == code && !strstr(why.msg, "(and the trail could not be written"))
		return 0;
	if (e)
		*e = why;
	return FAIL(e, E_SYSTEM, "%s", why.msg);
}

static int update(const struct walk *w, const struct container *c, json_t *record,
		  const json_t *found, struct err *e)
{
	auto_json *copy = json_copy((json_t *)(uintptr_t)found);
	int r;

	if (!copy || json_object_del(copy, "code") < 0 || json_object_update(record, copy) < 0)
		return FAIL_NOMEM(e);
	r = json_put(record, "checked", json_integer((json_int_t)w->o->now), e);
	if (r == 0)
		r = admission_save(c, record, e);
	/* It was removed meanwhile. */
	return r == E_NOTFOUND ? 0 : r;
}

static int settle(struct walk *w, const struct container *c, json_t *record, const json_t *found,
		  struct err *e)
{
	const char *outcome = json_string_or_null(found, "outcome");
	const bool admitted = strcmp(outcome, "admitted") == 0;
	/* Why one could not be asked says how long ago something was: that alone is no news. */
	const bool changed = differs(record, found, "outcome") ||
			     (strcmp(outcome, "refused") == 0 && differs(record, found, "reason"));
	auto_json *told = json_pack(
		"{s:s, s:s, s:s?, s:O?, s:s, s:O, s:b, s:b}", "id", c->id, "name", c->name, "image",
		c->image, "digest", json_object_get(record, "digest"), "outcome", outcome, "reason",
		json_object_get(found, "reason"), "changed", changed, "stopped", false);
	int r = told ? 0 : FAIL_NOMEM(e);

	w->ret->judged++;
	if (r == 0 && !admitted)
		r = act(w, c, found, told, e);
	if (r == 0 && (changed || json_is_true(json_object_get(told, "stopped"))))
		r = record_entry(w, c, record, found, told, e);
	if (r == 0)
		r = update(w, c, record, found, e);
	if (r == 0 && (!admitted || changed))
		r = json_push(w->ret->containers, json_incref(told), e);
	return r;
}

/* One that an older plimsoll started, or whose record is damaged. */
static int no_record(struct walk *w, const struct container *c, const struct err *own,
		     struct err *e)
{
	auto_json *found = json_pack("{s:s, s:s}", "outcome", "unchecked", "reason", own->msg);
	auto_json *record = json_pack("{s:s*, s:s, s:s}", "digest", c->digest, "outcome",
				      "unchecked", "reason", own->msg);
	auto_json *told =
		json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s, s:b, s:b}", "id", c->id, "name",
			  c->name, "image", c->image, "digest", c->digest, "outcome", "unchecked",
			  "reason", own->msg, "changed", false, "stopped", false);
	int r = found && record && told ? act(w, c, found, told, e) : FAIL_NOMEM(e);

	w->ret->judged++;
	if (r == 0 && json_is_true(json_object_get(told, "stopped")))
		r = record_entry(w, c, record, found, told, e);
	return r < 0 ? r : json_push(w->ret->containers, json_incref(told), e);
}

static int visit(void *arg, struct container *c, struct err *e)
{
	struct walk *w = arg;
	struct container_status status;
	struct err own = ERR_INIT;
	auto_json *record = NULL;
	const json_t *found = NULL;
	int r;

	/* One that ended is of no interest; nor is a step, which a build decided about. */
	if (c->kind == CONTAINER_STEP || container_status(c, &status, NULL) < 0 ||
	    status.phase != PHASE_RUNNING)
		return 0;
	r = admission_load(c, &record, &own);
	if (r < 0)
		return no_record(w, c, &own, e);
	r = judge(w, record, &found, e);
	return r < 0 ? r : settle(w, c, record, found, e);
}

/* Changes wait with the news of images, in order, until the webhook takes them. */
static int post(const struct road *road, const struct readmit_opts *o, const json_t *containers,
		struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	auto_json *page = json_array();
	auto_strv notes = { 0 };
	const json_t *one;
	size_t i;
	int r = page ? 0 : FAIL_NOMEM(e);

	json_array_foreach(containers, i, one)
	{
		if (r == 0 && (json_is_true(json_object_get(one, "changed")) ||
			       json_is_true(json_object_get(one, "stopped"))))
			r = json_array_append(page, (json_t *)(uintptr_t)one) < 0 ? FAIL_NOMEM(e)
										  : 0;
		if (r == 0 && json_array_size(page) > 0 &&
		    (json_array_size(page) == READMIT_PAGE ||
		     i + 1 == json_array_size(containers))) {
			auto_json *doc = json_pack("{s:s, s:O}", "schema", READMIT_SCHEMA,
						   "containers", page);

			r = doc ? 0 : FAIL_NOMEM(e);
			if (r == 0 && !w)
				r = watch_open(&w, road->state, true, &notes, e);
			if (r == 0)
				r = watch_post(w, doc, o->now, e);
			json_decref(page);
			page = json_array();
			if (!page)
				return FAIL_NOMEM(e);
		}
	}
	return r;
}

int readmit_running(const struct road *road, const struct readmit_opts *o, struct readmitted *ret,
		    struct err *e)
{
	auto_json *known = json_object();
	auto_readmitted all = { .containers = json_array() };
	struct walk w = { .road = road, .o = o, .ret = &all, .known = known };
	auto_close int lock = -1;
	int r = known && all.containers ? 0 : FAIL_NOMEM(e);

	if (r == 0 && fs_exists(road->state->fd, "containers")) {
		lock = fs_lock(road->state->fd, READMIT_LOCK, READMIT_WAIT_MS, e);
		r = lock < 0 ? WRAP(e, lock, "somebody else judges what runs")
			     : container_each(road->state, visit, &w, e);
	}
	if (r == 0 && o->due)
		r = post(road, o, all.containers, e);
	if (r < 0)
		return r;
	*ret = all;
	all.containers = NULL;
	return 0;
}
