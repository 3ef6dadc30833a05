/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/fetch/proto.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"

/* Requests and heads hold a whole URL: too big to copy about, so each test fills one of its own. */
static void fill(struct fetch_request *q)
{
	*q = (struct fetch_request){ .method = HTTP_PATCH,
				     .follow = true,
				     .has_body = true,
				     .total_seconds = 70000,
				     .body_at = 3,
				     .body_n = 1ULL << 40,
				     .max_body = 5,
				     .has_sum = true,
				     .sum = { 7, [31] = 9 },
				     .url = "https://h/x" };
	CHECK(http_headers_add(&q->headers, STR("Range"), STR("bytes=5-"), NULL) == 0);
	CHECK(http_headers_add(&q->headers, STR("empty"), STR(""), NULL) == 0);
}

TEST(request_round_trip)
{
	struct fetch_request q, got;
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	fill(&q);
	CHECK(fetch_put_request(&b, &q, NULL) == 0);
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == 0);
	CHECK(got.method == HTTP_PATCH && got.follow && got.has_body);
	CHECK(got.total_seconds == 70000 && got.body_at == 3 && got.body_n == 1ULL << 40);
	CHECK(got.max_body == 5);
	CHECK(got.has_sum && got.sum[0] == 7 && got.sum[31] == 9);
	CHECK_STR(got.url, q.url);
	CHECK(got.headers.n == 2);
	CHECK_STR(http_headers_get(&got.headers, "range"), "bytes=5-");
	http_headers_free(&q.headers);
	http_headers_free(&got.headers);
}

/* Every shorter packet, and every one with a byte more, is refused. */
TEST(request_must_be_whole)
{
	struct fetch_request q, got;
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	fill(&q);
	CHECK(fetch_put_request(&b, &q, NULL) == 0);
	for (size_t n = 0; n < b.n; n++)
		CHECK(fetch_get_request((struct str){ b.p, n }, &got, NULL) == E_FORMAT);
	buf_putc(&b, 0);
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
	http_headers_free(&q.headers);
}

TEST(request_values)
{
	struct fetch_request q, got;
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	fill(&q);
	CHECK(fetch_put_request(&b, &q, NULL) == 0);
	b.p[0] = FETCH_HEAD;
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
	b.p[0] = FETCH_REQUEST;
	b.p[1] = HTTP_DELETE + 1;
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
	b.p[1] = HTTP_DELETE;
	b.p[2] = 64; /* a flag that is none */
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
	http_headers_free(&q.headers);

	/* A body whose end is past what a file can hold. */
	q.body_at = 1;
	q.body_n = INT64_MAX;
	buf_reset(&b);
	CHECK(fetch_put_request(&b, &q, NULL) == 0);
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
	q.body_at = 0;
	buf_reset(&b);
	CHECK(fetch_put_request(&b, &q, NULL) == 0);
	CHECK(fetch_get_request((struct str){ b.p, b.n }, &got, NULL) == 0);
	http_headers_free(&got.headers);
}

TEST(head)
{
	struct fetch_head h = { .status = 206, .url = "https://h/y" }, got;
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	CHECK(http_headers_add(&h.headers, STR("ETag"), STR("\"x\""), NULL) == 0);
	CHECK(fetch_put_head(&b, &h, NULL) == 0);
	CHECK(fetch_get_head((struct str){ b.p, b.n }, &got, NULL) == 0);
	CHECK(got.status == 206);
	CHECK_STR(http_headers_get(&got.headers, "etag"), "\"x\"");
	http_headers_free(&got.headers);
	for (size_t n = 0; n < b.n; n++)
		CHECK(fetch_get_head((struct str){ b.p, n }, &got, NULL) == E_FORMAT);
	http_headers_free(&h.headers);
	h.status = 99;
	buf_reset(&b);
	CHECK(fetch_put_head(&b, &h, NULL) == 0);
	CHECK(fetch_get_head((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
}

/* A head that is as large as limits allow still fits one packet, or is refused as a whole. */
TEST(head_over_the_packet)
{
	struct fetch_head h = { .status = 200, .url = "https://h/" };
	auto_buf value = BUF_INIT(LIMIT_HEADER_VALUE);
	auto_buf b = BUF_INIT(LIMIT_FETCH_PACKET);

	while (value.n < LIMIT_HEADER_VALUE)
		buf_putc(&value, 'v');
	for (int i = 0; i < 16; i++)
		CHECK(http_headers_add(&h.headers, STR("x"), str_of(buf_str(&value)), NULL) == 0);
	CHECK(fetch_put_head(&b, &h, NULL) == E_FORMAT);
	http_headers_free(&h.headers);
}

TEST(sent_and_end)
{
	const struct fetch_end end = { .outcome = FETCH_TLS, .text = "bad\x1b[1m cert" };
	struct fetch_end got;
	uint64_t sent = 0;
	auto_buf b = BUF_INIT(1024);

	fetch_put_sent(&b, UINT64_MAX);
	CHECK(fetch_get_sent((struct str){ b.p, b.n }, &sent, NULL) == 0);
	CHECK(sent == UINT64_MAX);
	CHECK(fetch_get_sent((struct str){ b.p, b.n - 1 }, &sent, NULL) == E_FORMAT);

	buf_reset(&b);
	fetch_put_end(&b, &end);
	CHECK(fetch_get_end((struct str){ b.p, b.n }, &got, NULL) == 0);
	CHECK(got.outcome == FETCH_TLS);
	CHECK_STR(got.text, "bad?[1m cert");
	b.p[1] = FETCH_OUTCOMES;
	CHECK(fetch_get_end((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
	b.p[1] = FETCH_TLS;
	b.p[4] = '\0';
	CHECK(fetch_get_end((struct str){ b.p, b.n }, &got, NULL) == E_FORMAT);
}

TAP_MAIN()
