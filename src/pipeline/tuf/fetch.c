/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/proc.h"
#include "pipeline/tuf/internal.h"

/* One file on its way, to a buffer or to a descriptor. */
struct get {
	struct buf *to;
	int fd; /* when to is NULL */
	struct tuf_check *check;
	uint64_t size, max;
};

static int too_large(const struct get *g, struct err *e)
{
	return FAIL(e, E_FORMAT, "more than %llu bytes", (unsigned long long)g->max);
}

static int on_head(void *arg, const struct fetch_head *h, struct err *e)
{
	const struct get *g = arg;

	if (h->status != 200)
		return 0;
	return fetch_announced(h) > g->max ? too_large(g, e) : 1;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct get *g = arg;

	g->size += n;
	if (g->size > g->max)
		return too_large(g, e);
	if (!g->to) {
		tuf_check_update(g->check, p, n);
		return fs_write_all(g->fd, p, n, e);
	}
	buf_put(g->to, p, n);
	return buf_check(g->to, "metadata", e);
}

static int fail_of(const struct get *g, const struct fetch_response *resp, struct err *e)
{
	unsigned status = resp->head.status;

	if (resp->end.outcome == FETCH_TOO_LARGE)
		return too_large(g, e);
	if (resp->end.outcome == FETCH_FAILED)
		return FAIL(e, E_SYSTEM, "plimsoll-fetch: %s", resp->end.text);
	if (resp->end.outcome != FETCH_OK)
		return FAIL(e, E_REMOTE, "%s", resp->end.text);
	/* Stores of objects say 403 of what they do not have. */
	if (status == 403 || status == 404 || status == 410)
		return FAIL(e, E_NOTFOUND, "HTTP %u", status);
	return FAIL(e, E_REMOTE, "HTTP %u", status);
}

static bool worth_another(const struct fetch_response *resp)
{
	unsigned status = resp->head.status;

	if (resp->end.outcome == FETCH_BROKEN || resp->end.outcome == FETCH_STALLED)
		return true;
	return resp->end.outcome == FETCH_OK && (status == 408 || status == 429 || status >= 500);
}

/* 0 when it is whole; *ret_again when another try may help. */
static int try_once(struct fetch *f, const struct fetch_request *q, struct get *g, bool *ret_again,
		    struct err *e)
{
	const struct fetch_sink sink = { .head = on_head, .data = on_data, .arg = g };
	auto_response resp = { 0 };
	int r;

	*ret_again = false;
	r = fetch_do(f, q, -1, &sink, &resp, e);
	if (r < 0)
		return r;
	if (resp.end.outcome == FETCH_OK && resp.head.status == 200)
		return 0;
	*ret_again = worth_another(&resp);
	return fail_of(g, &resp, e);
}

/* Forgets what an earlier try brought. */
static int begin(struct get *g, const struct tuf_target *t, struct err *e)
{
	g->size = 0;
	if (g->to) {
		buf_reset(g->to);
		return 0;
	}
	tuf_check_free(g->check);
	g->check = NULL;
	if (ftruncate(g->fd, 0) < 0 || lseek(g->fd, 0, SEEK_SET) < 0)
		return FAIL_SYS(e, "write the target");
	return tuf_check_new(t->hashes, &g->check, e);
}

static int get(struct fetch *f, const char *url, unsigned seconds, const struct tuf_target *t,
	       struct get *g, struct err *e)
{
	const struct timespec pause = { .tv_nsec = 250 * 1000 * 1000 };
	struct fetch_request q = {
		.method = HTTP_GET, .follow = true, .total_seconds = seconds, .max_body = g->max
	};
	bool again = true;
	int r = 0;

	if (strlen(url) > LIMIT_URL)
		return FAIL(e, E_FORMAT, "URL: longer than %d bytes", LIMIT_URL);
	(void)snprintf(q.url, sizeof(q.url), "%s", url);
	for (int n = 0; again && n < TUF_TRIES; n++) {
		if (n)
			(void)nanosleep(&pause, NULL);
		if ((r = proc_interrupted(e)) < 0 || (r = begin(g, t, e)) < 0)
			break;
		r = try_once(f, &q, g, &again, e);
	}
	return r < 0 ? WRAP(e, r, "%.300s", url) : 0;
}

int tuf_fetch(struct fetch *f, const char *url, uint64_t max, struct buf *ret, struct err *e)
{
	struct get g = { .to = ret, .max = max };

	return get(f, url, TUF_SECONDS, NULL, &g, e);
}

int tuf_fetch_target(struct fetch *f, const char *url, const struct tuf_target *t, int fd,
		     struct err *e)
{
	struct get g = { .fd = fd, .max = t->length };
	int r = get(f, url, TUF_TARGET_SECONDS, t, &g, e);

	if (r == 0 && g.size != t->length)
		r = FAIL(e, E_VERIFY, "%.300s: it has %llu bytes, not %llu", url,
			 (unsigned long long)g.size, (unsigned long long)t->length);
	else if (r == 0 && (r = tuf_check_final(g.check, e)) < 0)
		r = WRAP(e, r, "%.300s", url);
	tuf_check_free(g.check);
	return r;
}

void tuf_url(const char *base, const char *path, struct buf *ret)
{
	buf_puts(ret, base);
	if (!ends_with(base, "/"))
		buf_putc(ret, '/');
	buf_puts(ret, path);
}
