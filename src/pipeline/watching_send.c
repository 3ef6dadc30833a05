/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"
#include "pipeline/watching.h"
#include "registry/fetch/fetch.h"

enum {
	SEND_TRIES = 4,
	SEND_FIRST_MS = 500, /* before the second try; twice as long before each other */
	SEND_SECONDS = 30,
	SEND_RETRY_AFTER = 20, /* seconds that a receiver may ask for */
	SEND_ANSWER = 64 * 1024,
};

struct sending {
	struct fetch *fetch;
	const struct watch_hook *hook;
};

static int body_of(const json_t *doc, uint64_t *ret_n, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_WATCH_NEWS);
	auto_close int fd = memfd_create("news", MFD_CLOEXEC);
	int r = fd < 0 ? FAIL_SYS(e, "memfd_create") : json_canonical(doc, &text, e);

	r = r < 0 ? r : buf_check(&text, "news", e);
	r = r < 0 ? r : fs_write_all(fd, text.p, text.n, e);
	*ret_n = text.n;
	return r < 0 ? r : TAKE_FD(fd);
}

static bool may_pass(const struct fetch_response *resp)
{
	const unsigned s = resp->head.status;

	if (resp->end.outcome != FETCH_OK)
		return resp->end.outcome == FETCH_REFUSED ||
		       resp->end.outcome == FETCH_UNREACHABLE ||
		       resp->end.outcome == FETCH_STALLED || resp->end.outcome == FETCH_BROKEN;
	return s == 408 || s == 425 || s == 429 || s >= 500;
}

static int pause_before(unsigned try, const struct fetch_response *resp, struct err *e)
{
	const char *after = http_headers_get(&resp->head.headers, "retry-after");
	unsigned ms = (unsigned)SEND_FIRST_MS << (try - 1);
	int r = 0;

	ms += 1000 * http_retry_after(after, (int64_t)time(NULL), SEND_RETRY_AFTER, 0);
	for (unsigned done = 0; done < ms && r == 0; done += 50) {
		const struct timespec step = { .tv_nsec = 50 * 1000 * 1000 };

		(void)nanosleep(&step, NULL);
		r = proc_interrupted(e);
	}
	return r;
}

/* 0 taken; 1 not, and *e says why. */
static int post_once(const struct sending *s, const struct fetch_request *q, int body,
		     struct fetch_response *resp, struct err *e)
{
	int r = fetch_do(s->fetch, q, body, NULL, resp, e);

	if (r < 0)
		return r;
	if (resp->end.outcome == FETCH_OK && resp->head.status / 100 == 2)
		return 0;
	(void)(resp->end.outcome == FETCH_OK
		       ? FAIL(e, E_REMOTE, "the webhook answered HTTP %u", resp->head.status)
		       : FAIL(e, E_REMOTE, "the webhook: %s",
			      resp->end.outcome == FETCH_REFUSED ? "connection refused"
								 : resp->end.text));
	return 1;
}

static int post_request(const struct sending *s, uint64_t n, struct fetch_request *q, struct err *e)
{
	*q = (struct fetch_request){ .method = HTTP_POST,
				     .web = s->hook->insecure,
				     .has_body = true,
				     .body_n = n,
				     .total_seconds = SEND_SECONDS,
				     .max_body = SEND_ANSWER };
	if (strlen(s->hook->url) > LIMIT_URL)
		return FAIL(e, E_USAGE, "watch.webhook: longer than %d bytes", LIMIT_URL);
	(void)snprintf(q->url, sizeof(q->url), "%s", s->hook->url);
	return http_headers_add(&q->headers, STR("content-type"), STR("application/json"), e);
}

static int post(const struct sending *s, const json_t *doc, struct err *e)
{
	struct fetch_request q = { 0 };
	uint64_t n = 0;
	auto_close int body = body_of(doc, &n, e);
	int r = body < 0 ? body : post_request(s, n, &q, e);

	for (unsigned try = 1; r == 0; try++) {
		auto_response resp = { 0 };

		r = post_once(s, &q, body, &resp, e);
		if (r == 1 && (try == SEND_TRIES || !may_pass(&resp)))
			r = E_REMOTE;
		if (r != 1)
			break;
		r = pause_before(try, &resp, e);
	}
	http_headers_free(&q.headers);
	return r;
}

/* The oldest that waits: 1, or 0 when there is none. The index is not held while it is sent. */
static int oldest(const struct road *road, int64_t *ret_number, json_t **ret, struct watching *to,
		  struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	int r = watch_open(&w, road->state, false, &to->notes, e);

	r = r < 0 ? r : watch_pending(w, &to->pending, e);
	return r < 0 ? r : watch_next(w, WATCH_UNDELIVERED, 0, ret_number, ret, e);
}

static int done(const struct road *road, int64_t number, struct watching *to, struct err *e)
{
	auto_release(watch_close) struct watch *w = NULL;
	int r = watch_open(&w, road->state, false, &to->notes, e);

	return r < 0 ? r : watch_done(w, WATCH_UNDELIVERED, number, e);
}

int watching_send(const struct road *road, const struct watch_hook *hook, struct watching *ret,
		  struct err *e)
{
	auto_release(fetch_free) struct fetch *fetch = NULL;
	struct sending s = { .hook = hook };
	/* One at a time, so that the order holds. */
	auto_close int lock = fs_lock(road->state->fd, "watch/send.lock", WATCH_LOCK_MS, e);
	int64_t number;
	int r = lock < 0 ? WRAP(e, lock, "somebody else is sending") : fetch_new(&fetch, e);

	s.fetch = fetch;
	while (r >= 0) {
		auto_json *doc = NULL;

		r = oldest(road, &number, &doc, ret, e);
		if (r <= 0)
			return r;
		r = post(&s, doc, e);
		r = r < 0 ? r : done(road, number, ret, e);
		ret->delivered += r == 0;
		r = r < 0 ? r : proc_interrupted(e);
	}
	return r;
}
