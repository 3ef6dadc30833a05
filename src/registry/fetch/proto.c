/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/proto.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void put_int(struct buf *b, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_putc(b, (char)(unsigned char)(v >> (8 * i)));
}

static void put_text(struct buf *b, struct str s)
{
	put_int(b, s.n, 2);
	buf_put(b, s.p, s.n);
}

static void put_headers(struct buf *b, const struct http_headers *h)
{
	put_int(b, h->n, 2);
	for (size_t i = 0; i < h->n; i++) {
		put_text(b, str_of(h->v[i].name));
		put_text(b, str_of(h->v[i].value));
	}
}

/* A packet being read. Running past its end is remembered, so that readers check once. */
struct reader {
	struct str rest;
	bool bad;
};

static uint64_t get_int(struct reader *r, unsigned bytes)
{
	uint64_t v = 0;

	if (r->rest.n < bytes) {
		r->bad = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)(unsigned char)r->rest.p[i] << (8 * i);
	r->rest.p += bytes;
	r->rest.n -= bytes;
	return v;
}

static void get_raw(struct reader *r, void *ret, size_t n)
{
	if (r->rest.n < n) {
		r->bad = true;
		return;
	}
	memcpy(ret, r->rest.p, n);
	r->rest.p += n;
	r->rest.n -= n;
}

static struct str get_text(struct reader *r)
{
	size_t n = (size_t)get_int(r, 2);
	struct str s = { r->rest.p, n };

	if (r->bad || n > r->rest.n) {
		r->bad = true;
		return (struct str){ "", 0 };
	}
	r->rest.p += n;
	r->rest.n -= n;
	return s;
}

static int get_string(struct reader *r, char *ret, size_t cap, struct err *e)
{
	struct str s = get_text(r);

	if (r->bad || s.n >= cap || (s.n && memchr(s.p, '\0', s.n)))
		return FAIL(e, E_FORMAT, "fetch packet: bad string");
	if (s.n)
		memcpy(ret, s.p, s.n);
	ret[s.n] = '\0';
	return 0;
}

static int get_headers(struct reader *r, struct http_headers *ret, struct err *e)
{
	size_t n = (size_t)get_int(r, 2);

	for (size_t i = 0; i < n && !r->bad; i++) {
		struct str name = get_text(r), value = get_text(r);

		if (r->bad)
			break;

		int failed = http_headers_add(ret, name, value, e);

		if (failed < 0)
			return failed;
	}
	return r->bad ? FAIL(e, E_FORMAT, "fetch packet: bad headers") : 0;
}

/* Begins reading a packet that must be of this type. */
static struct reader begin(struct str packet, enum fetch_packet type)
{
	struct reader r = { .rest = packet };

	if (get_int(&r, 1) != type)
		r.bad = true;
	return r;
}

static int finish(const struct reader *r, struct err *e)
{
	return r->bad || r->rest.n ? FAIL(e, E_FORMAT, "fetch packet: malformed") : 0;
}

/* How a request and an answer's head both end. ret_headers is written only on success. */
static int get_url_and_headers(struct reader *r, char *url, size_t cap,
			       struct http_headers *ret_headers, struct err *e)
{
	auto_headers headers = { 0 };
	int failed;

	if ((failed = get_string(r, url, cap, e)) < 0 ||
	    (failed = get_headers(r, &headers, e)) < 0 || (failed = finish(r, e)) < 0)
		return failed;
	*ret_headers = headers;
	headers = (struct http_headers){ 0 };
	return 0;
}

int fetch_put_request(struct buf *b, const struct fetch_request *q, struct err *e)
{
	put_int(b, FETCH_REQUEST, 1);
	put_int(b, q->method, 1);
	put_int(b,
		(q->follow ? 1U : 0U) | (q->has_body ? 2U : 0U) | (q->web ? 4U : 0U) |
			(q->has_sum ? 8U : 0U) | (q->insecure ? 16U : 0U) | (q->decode ? 32U : 0U),
		1);
	put_int(b, q->total_seconds, 4);
	put_int(b, q->body_at, 8);
	put_int(b, q->body_n, 8);
	put_int(b, q->max_body, 8);
	buf_put(b, q->sum, q->has_sum ? sizeof(q->sum) : 0);
	put_text(b, str_of(q->url));
	put_headers(b, &q->headers);
	return buf_check(b, "HTTP request", e);
}

int fetch_get_request(struct str packet, struct fetch_request *ret, struct err *e)
{
	struct reader r = begin(packet, FETCH_REQUEST);
	uint64_t method = get_int(&r, 1), flags = get_int(&r, 1);

	if (method > HTTP_DELETE || flags > 63)
		r.bad = true;
	*ret = (struct fetch_request){
		.method = r.bad ? HTTP_GET : (enum http_method)method,
		.follow = flags & 1,
		.has_body = flags & 2,
		.web = flags & 4,
		.insecure = flags & 16,
		.decode = flags & 32,
		.total_seconds = (uint32_t)get_int(&r, 4),
		.body_at = get_int(&r, 8),
		.body_n = get_int(&r, 8),
		.max_body = get_int(&r, 8),
	};
	ret->has_sum = flags & 8;
	if (ret->has_sum)
		get_raw(&r, ret->sum, sizeof(ret->sum));
	if (ret->body_at > INT64_MAX || ret->body_n > INT64_MAX - ret->body_at ||
	    ret->max_body > INT64_MAX)
		r.bad = true;
	return get_url_and_headers(&r, ret->url, sizeof(ret->url), &ret->headers, e);
}

void fetch_put_lane(struct buf *b)
{
	put_int(b, FETCH_LANE, 1);
}

bool fetch_is_lane(struct str packet)
{
	return packet.n == 1 && packet.p[0] == FETCH_LANE;
}

int fetch_put_head(struct buf *b, const struct fetch_head *h, struct err *e)
{
	put_int(b, FETCH_HEAD, 1);
	put_int(b, h->status, 2);
	put_text(b, str_of(h->url));
	put_headers(b, &h->headers);
	return buf_check(b, "HTTP response headers", e);
}

int fetch_get_head(struct str packet, struct fetch_head *ret, struct err *e)
{
	struct reader r = begin(packet, FETCH_HEAD);

	*ret = (struct fetch_head){ .status = (unsigned)get_int(&r, 2) };
	if (ret->status < 100 || ret->status > 999)
		r.bad = true;
	return get_url_and_headers(&r, ret->url, sizeof(ret->url), &ret->headers, e);
}

void fetch_put_sent(struct buf *b, uint64_t bytes)
{
	put_int(b, FETCH_SENT, 1);
	put_int(b, bytes, 8);
}

int fetch_get_sent(struct str packet, uint64_t *ret, struct err *e)
{
	struct reader r = begin(packet, FETCH_SENT);

	*ret = get_int(&r, 8);
	return finish(&r, e);
}

void fetch_put_end(struct buf *b, const struct fetch_end *end)
{
	put_int(b, FETCH_END, 1);
	put_int(b, end->outcome, 1);
	put_text(b, str_of(end->text));
}

int fetch_get_end(struct str packet, struct fetch_end *ret, struct err *e)
{
	struct reader r = begin(packet, FETCH_END);
	uint64_t outcome = get_int(&r, 1);
	int failed;

	if (outcome >= FETCH_OUTCOMES)
		r.bad = true;
	*ret = (struct fetch_end){ .outcome = r.bad ? FETCH_FAILED : (enum fetch_outcome)outcome };
	failed = get_string(&r, ret->text, sizeof(ret->text), e);
	if (failed < 0)
		return failed;
	text_sanitize(ret->text);
	return finish(&r, e);
}
