/* SPDX-License-Identifier: Apache-2.0 */
/* A large blob: sent by PATCH in a session that is gone on with where it broke. */
#include <stdlib.h>

#include "registry/upload_kept.h"

struct session {
	const struct outgoing *out;
	struct kept kept;
	struct url at; /* while open */
	bool open;
	bool inherited; /* an earlier process began it: how much it sent is not known */
	bool unsure;	/* the registry is asked how much it has before more is sent */
	bool refused;	/* it did not want the bytes from where it said that it was (416) */
	bool broke;	/* something went wrong on the way: the end is looked at twice */
	bool closing;	/* the request that completes it was sent: it may be there */
	uint64_t held;	/* how much of it the registry has, as it says */
	uint64_t sent;	/* in this session, at most: it cannot have more */
};

/* What a step comes to, beside errors. */
enum step { GO_ON, AGAIN, FINISHED, MOUNTED, NO_SESSIONS };

/* The session is over, or of no use. */
static int forget(struct session *u)
{
	kept_drop(&u->kept);
	u->open = u->inherited = u->unsure = u->refused = false;
	u->held = u->sent = 0;
	u->broke = true;
	return AGAIN;
}

static void open_at(struct session *u, bool inherited)
{
	u->open = true;
	u->inherited = u->unsure = inherited;
	u->broke |= inherited;
	u->held = 0;
	u->sent = inherited ? u->out->d->size : 0;
}

/* Where to go on, when the answer says so. */
static int follow(struct session *u, const struct fetch_response *resp, struct err *e)
{
	int r = upload_location(u->out, resp, &u->at, e);

	if (r == 0)
		kept_save(&u->kept, u->out, &u->at);
	return r == E_NOTFOUND ? 0 : r;
}

/* Range, "0-N", is how much the registry has; more than was sent is a lie. An answer without one,
 * or with "0-0", which is also said of nothing at all, means `silent`. */
static int read_held(struct session *u, const struct fetch_response *resp, uint64_t silent,
		     struct err *e)
{
	const char *range = http_headers_get(&resp->head.headers, "range");
	uint64_t n = 0;
	int r = range ? http_upload_range(range, &n, e) : 0;

	if (r < 0)
		return WRAP(e, blame_registry(e), "upload");
	if (n <= 1)
		n = silent;
	if (n > u->sent)
		return FAIL(
			e, E_REMOTE,
			"upload: the registry says that it has %llu bytes of it, %llu were sent",
			(unsigned long long)n, (unsigned long long)u->sent);
	u->held = n;
	return 0;
}

static int begin(struct session *u, struct fetch_response *resp, struct err *e)
{
	int r = upload_begin(u->out, &u->at, resp, e);

	if (r != 0)
		return r < 0 ? r : MOUNTED;
	open_at(u, false);
	kept_save(&u->kept, u->out, &u->at);
	return GO_ON;
}

/* GET: how much of it is there (204, Range)? */
static int ask(struct session *u, struct fetch_response *resp, struct err *e)
{
	const struct call c = { .method = HTTP_GET, .name = u->out->name, .url = &u->at };
	uint64_t before = u->held;
	int r;

	fetch_response_free(resp);
	r = registry_call(u->out->reg, &c, resp, e);
	if (r == 0 && registry_may_pass(resp))
		r = registry_status(u->out->reg, &c, resp, e);
	if (r < 0)
		return r;
	if (resp->head.status < 200 || resp->head.status > 299)
		return forget(u); /* it expired, or is damaged */
	r = follow(u, resp, e);
	if (r == 0)
		r = read_held(u, resp, 0, e);
	/* An earlier process' session may be anything; ours is the registry's fault. */
	if (r < 0)
		return u->inherited ? forget(u) : r;
	if (u->refused && u->held == before)
		return forget(u);
	u->unsure = u->refused = false;
	return GO_ON;
}

/* PATCH: the rest of it. */
static int send_rest(struct session *u, struct fetch_response *resp, struct err *e)
{
	const struct call c = { .method = HTTP_PATCH, .name = u->out->name, .url = &u->at };
	uint64_t size = u->out->d->size;
	unsigned status;
	int r;

	u->unsure = true; /* until we know better */
	r = upload_call(u->out, HTTP_PATCH, &u->at, u->held, &u->sent, resp, e);
	if (r < 0)
		return r;
	status = resp->head.status;
	u->refused = status == 416;
	if (status == 404)
		return forget(u);
	if (status == 416)
		return AGAIN;
	if ((status == 405 || status == 501) && u->held == 0)
		return NO_SESSIONS;
	if (status < 200 || status > 204)
		return registry_status(u->out->reg, &c, resp, e);
	u->sent = size;
	r = follow(u, resp, e);
	if (r == 0)
		r = read_held(u, resp, size, e);
	if (r < 0)
		return r;
	u->unsure = u->held < size;
	return u->unsure ? AGAIN : GO_ON;
}

/* PUT: that was all of it. */
static int finish(struct session *u, struct fetch_response *resp, struct err *e)
{
	struct url closing;
	uint64_t size = u->out->d->size;
	unsigned status;
	int r = upload_closing(u->out, &u->at, &closing, e);

	if (r < 0)
		return r;
	u->unsure = u->closing = true;
	r = upload_call(u->out, HTTP_PUT, &closing, size, &u->sent, resp, e);
	if (r < 0)
		return r;
	status = resp->head.status;
	/* What came before something broke may not be what we sent: all of it anew. */
	if (status == 404 || (u->broke && (status == 400 || status == 416)))
		return forget(u);
	r = upload_done(u->out, &closing, resp, e);
	return r < 0 ? r : FINISHED;
}

/* From where the session is to its end. */
static int attempt(struct session *u, struct fetch_response *resp, struct err *e)
{
	int r = u->open ? GO_ON : begin(u, resp, e);

	if (r == GO_ON && u->unsure)
		r = ask(u, resp, e);
	if (r == GO_ON && u->held < u->out->d->size)
		r = send_rest(u, resp, e);
	return r == GO_ON ? finish(u, resp, e) : r;
}

/* Whether another attempt makes sense; waits before it. 1: no need, the blob is there. */
static int next_try(struct session *u, unsigned n, int r, const struct fetch_response *resp,
		    struct err *e)
{
	bool has = false;

	if (r < 0 && (r != E_REMOTE || !registry_may_pass(resp)))
		return r;
	if (n >= UPLOAD_TRIES || (resp->end.outcome == FETCH_STALLED && n >= UPLOAD_STALLS))
		return r < 0 ? r
			     : FAIL(e, E_REMOTE, "upload: begun %u times, and none came to its end",
				    n);
	u->broke = true;
	r = registry_pause(u->out->reg, n, resp, e);
	if (r == 0 && u->closing)
		r = upload_has(u->out, &has, e);
	u->closing = false;
	return r < 0 ? r : has;
}

/* After a way with breaks: the registry says that it has the blob, but does it? */
static int look_again(const struct session *u, struct err *e)
{
	bool has = false;
	int r = u->broke ? upload_has(u->out, &has, e) : 0;

	if (r < 0 || !u->broke || has)
		return r;
	return FAIL(e, E_REMOTE, "upload: the registry took it, and does not have it");
}

static int run(struct session *u, const char **ret_note, struct err *e)
{
	uint64_t best = 0;

	for (unsigned n = 1;; n++) {
		auto_response resp = { 0 };
		int r = attempt(u, &resp, e);

		if (r == NO_SESSIONS) {
			upload_cancel(u->out, &u->at);
			return upload_whole(u->out, ret_note, e);
		}
		*ret_note = r == MOUNTED ? "mounted" : NULL;
		if (r == MOUNTED)
			return 0;
		if (r == FINISHED)
			return look_again(u, e);
		if (u->held >= best + UPLOAD_PROGRESS_MIN) {
			best = u->held;
			n = 1;
		}
		r = next_try(u, n, r, &resp, e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

int upload_session(const struct outgoing *out, const char **ret_note, struct err *e)
{
	auto_free struct session *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return FAIL_NOMEM(e);
	u->out = out;
	kept_open(&u->kept, out);
	if (kept_load(&u->kept, out, &u->at))
		open_at(u, true);
	r = run(u, ret_note, e);
	if (r == E_VERIFY && u->open)
		upload_cancel(out, &u->at);
	/* A registry that was not there and a user who interrupts leave a session to go on with. */
	if (r != E_REMOTE && r != E_SIGNAL)
		kept_drop(&u->kept);
	kept_close(&u->kept);
	return r;
}
