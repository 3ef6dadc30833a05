/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "crypto/digest.h"
#include "pipeline/watch_internal.h"
#include "registry/fetch.h"

enum { LIMIT_ANSWER = 64 * 1024, RETRY_AFTER_MAX = 10 };

/* Kept with the body: what is sent again, because an answer was lost, has the same. */
static int put_id(json_t *body, struct err *e)
{
	auto_buf text = BUF_INIT(256U * 1024 * 1024);
	struct digest id;
	int r = json_canonical(body, &text, e);

	r = r < 0 ? r : buf_check(&text, "a notification", e);
	if (r < 0)
		return r;
	digest_of(buf_str(&text), text.n, &id);
	return json_put_string(body, "id", id.s, e);
}

/* One body of images, put to what has to be sent; the list begins anew. */
static int flush(struct watch *w, json_t *images, int64_t now, struct err *e)
{
	auto_buf text = BUF_INIT(256U * 1024 * 1024);
	auto_json *body = NULL;
	char when[RFC3339_MAX], host[256] = "";
	int r;

	if (!json_array_size(images))
		return 0;
	clock_rfc3339(now, when);
	if (gethostname(host, sizeof(host) - 1) < 0 || !str_utf8(str_of(host)))
		host[0] = '\0';
	body = json_pack("{ss ss ss sO}", "schema", WATCH_SCHEMA, "time", when, "host", host,
			 "images", images);
	r = body ? put_id(body, e) : FAIL_NOMEM(e);
	r = r < 0 ? r : json_canonical(body, &text, e);
	r = r < 0 ? r : buf_check(&text, "a notification", e);
	r = r < 0 ? r : watch_pend(w, buf_str(&text), now, e);
	return r == 0 && json_array_clear(images) < 0 ? FAIL_NOMEM(e) : r;
}

int watch_notify(struct watch *w, const json_t *news, int64_t now, struct err *e)
{
	auto_json *images = json_array();
	size_t i, bytes = 0;
	json_t *image;
	int r = images ? 0 : FAIL_NOMEM(e);

	json_array_foreach(news, i, image)
	{
		/* About as many: what it is written as is not known before. */
		bytes += 300 + 300 * json_array_size(json_object_get(image, "findings"));
		r = r < 0 ? r : json_push(images, json_incref(image), e);
		if (r == 0 && bytes >= WATCH_BODY) {
			r = flush(w, images, now, e);
			bytes = 0;
		}
		if (r < 0)
			return r;
	}
	return r < 0 ? r : flush(w, images, now, e);
}

/* The body as a descriptor, for the helper that sends it. */
static int body_fd(const char *body, struct err *e)
{
	int fd = memfd_create("webhook", MFD_CLOEXEC), r;

	if (fd < 0)
		return FAIL_SYS(e, "memfd_create");
	r = fs_write_all(fd, body, strlen(body), e);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

static int make_request(const struct watch_hook *hook, size_t n, struct fetch_request *q,
			struct err *e)
{
	*q = (struct fetch_request){ .method = HTTP_POST,
				     .web = hook->insecure,
				     .has_body = true,
				     .body_n = n,
				     .total_seconds = WATCH_SECONDS,
				     .max_body = LIMIT_ANSWER };
	if (strlen(hook->url) > LIMIT_URL)
		return FAIL(e, E_FORMAT, "watch.webhook: longer than %d bytes", LIMIT_URL);
	(void)snprintf(q->url, sizeof(q->url), "%s", hook->url);
	return http_headers_add(&q->headers, STR("content-type"), STR("application/json"), e);
}

/* One try: 1 sent, 0 not; then problem says why, and *pause how long to wait. */
static int post(struct fetch *f, const struct watch_hook *hook, const char *body, char *problem,
		size_t cap, unsigned *pause, struct err *e)
{
	auto_response resp = { 0 };
	auto_close int fd = body_fd(body, e);
	struct fetch_request q;
	int r = fd < 0 ? fd : make_request(hook, strlen(body), &q, e);

	if (r < 0)
		return r;
	r = fetch_do(f, &q, fd, &(struct fetch_sink){ 0 }, &resp, e);
	http_headers_free(&q.headers);
	if (r < 0)
		return r;
	if (resp.end.outcome != FETCH_OK) {
		(void)snprintf(problem, cap, "%s", resp.end.text);
		return 0;
	}
	if (resp.head.status >= 200 && resp.head.status < 300)
		return 1;
	(void)snprintf(problem, cap, "HTTP %u", resp.head.status);
	*pause = http_retry_after(http_headers_get(&resp.head.headers, "retry-after"),
				  RETRY_AFTER_MAX, *pause);
	return 0;
}

/* Waits, but not for one who ends us. */
static int wait_seconds(unsigned n, struct err *e)
{
	const struct timespec step = { .tv_nsec = 100 * 1000 * 1000 };
	int r = 0;

	for (unsigned i = 0; i < 10 * n && r == 0; i++) {
		(void)nanosleep(&step, NULL);
		r = proc_interrupted(e);
	}
	return r;
}

/* 1 sent, 0 not. */
static int send_one(struct fetch *f, const struct watch_hook *hook, const char *body,
		    struct watch_result *ret, struct err *e)
{
	for (unsigned n = 0;; n++) {
		unsigned pause = 1U << n;
		struct err own = ERR_INIT;
		int r = post(f, hook, body, ret->problem, sizeof(ret->problem), &pause, &own);

		if (r < 0 && r != E_SIGNAL && r != E_NOMEM) {
			/* A URL that is none, a helper that does not run: no later try helps. */
			(void)snprintf(ret->problem, sizeof(ret->problem), "%.500s", own.msg);
			return 0;
		}
		if (r < 0 && e)
			*e = own;
		if (r != 0 || n + 1 == WATCH_TRIES)
			return r;
		r = wait_seconds(pause, e);
		if (r < 0)
			return r;
	}
}

int watch_send(struct watch *w, const struct watch_hook *hook, struct watch_result *ret,
	       struct err *e)
{
	auto_release(fetch_free) struct fetch *f = NULL;
	int64_t n = 0;
	int more = 1, r = fetch_new(&f, e);

	while (r >= 0 && more > 0) {
		auto_free char *body = NULL;

		r = more = watch_pending(w, n, &n, &body, e);
		if (r <= 0)
			break;
		r = more = send_one(f, hook, body, ret, e);
		if (r <= 0)
			break;
		/* Each on its own: what was sent is not sent again, whatever comes. */
		ret->sent++;
		r = watch_sent(w, n, e);
		r = r < 0 ? r : watch_commit(w, e);
	}
	if (r >= 0 && more > 0)
		ret->problem[0] = '\0';
	text_sanitize(ret->problem);
	return r < 0 ? r : watch_pending_count(w, &ret->kept, e);
}
