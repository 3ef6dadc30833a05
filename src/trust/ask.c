/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ask.h"

#include <stdio.h>
#include <sys/mman.h>

#include "base/fs.h"

static int on_head(void *arg, const struct fetch_head *h, struct err *e)
{
	(void)arg, (void)e;
	return h->status == 200;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct buf *b = arg;

	buf_put(b, p, n);
	return buf_check(b, "answer", e);
}

static int make_request(const struct ask *q, struct fetch_request *ret, struct err *e)
{
	*ret = (struct fetch_request){ .method = q->content_type ? HTTP_POST : HTTP_GET,
				       .follow = !q->content_type,
				       .web = true,
				       .has_body = q->content_type != NULL,
				       .body_n = q->body.n,
				       .total_seconds = q->seconds,
				       .max_body = q->max };
	if (strlen(q->url) > LIMIT_URL)
		return FAIL(e, E_FORMAT, "URL: longer than %d bytes", LIMIT_URL);
	(void)snprintf(ret->url, sizeof(ret->url), "%s", q->url);
	return q->content_type ? http_headers_add(&ret->headers, STR("content-type"),
						  str_of(q->content_type), e)
			       : 0;
}

static int exchange(struct fetch **f, const struct fetch_request *q, int body, struct buf *ret,
		    struct err *e)
{
	const struct fetch_sink sink = { .head = on_head, .data = on_data, .arg = ret };
	auto_response resp = { 0 };
	int r = *f ? 0 : fetch_new(f, e);

	if (r == 0)
		r = fetch_do(*f, q, body, &sink, &resp, e);
	if (r < 0)
		return r;
	if (resp.end.outcome == FETCH_TOO_LARGE)
		return FAIL(e, E_FORMAT, "an answer of more than %llu bytes",
			    (unsigned long long)q->max_body);
	if (resp.end.outcome != FETCH_OK)
		return FAIL(e, E_REMOTE, "%s", resp.end.text);
	return resp.head.status == 200 ? 0 : FAIL(e, E_REMOTE, "HTTP %u", resp.head.status);
}

int ask(struct fetch **f, const struct ask *q, struct buf *ret, struct err *e)
{
	struct fetch_request req;
	auto_close int fd = q->content_type ? memfd_create("question", MFD_CLOEXEC) : -1;
	int r = make_request(q, &req, e);

	if (r == 0 && q->content_type && fd < 0)
		r = FAIL_SYS(e, "memfd");
	if (r == 0 && q->content_type)
		r = fs_write_all(fd, q->body.p, q->body.n, e);
	if (r == 0)
		r = exchange(f, &req, fd, ret, e);
	http_headers_free(&req.headers);
	return r < 0 ? WRAP(e, r, "%.200s", q->url) : 0;
}
