/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http.h"

#include <stdlib.h>

#include "tap.h"

static int add(struct http_headers *h, const char *name, const char *value)
{
	return http_headers_add(h, str_of(name), str_of(value), NULL);
}

TEST(headers)
{
	auto_headers h = { 0 };

	CHECK(add(&h, "Content-Type", "a/b") == 0);
	CHECK(add(&h, "content-type", "c/d") == 0);
	CHECK_STR(http_headers_get(&h, "CONTENT-TYPE"), "a/b");
	CHECK(http_headers_get(&h, "x") == NULL);
	CHECK(add(&h, "", "x") == E_FORMAT);
	CHECK(add(&h, "a b", "x") == E_FORMAT);
	CHECK(add(&h, "a:", "x") == E_FORMAT);
	CHECK(add(&h, "a", "x\r\nEvil: 1") == E_FORMAT);
	CHECK(http_headers_add(&h, STR("a"), (struct str){ "x\0y", 3 }, NULL) == E_FORMAT);
	CHECK(add(&h, "a", "tab\there, high \xff") == 0);
}

TEST(header_limits)
{
	auto_headers h = { 0 };
	auto_buf b = BUF_INIT(LIMIT_HEADER_VALUE + 1);

	for (int i = 0; i < LIMIT_HEADER_NAME; i++)
		buf_putc(&b, 'n');
	CHECK(add(&h, buf_str(&b), "") == 0);
	buf_putc(&b, 'n');
	CHECK(add(&h, buf_str(&b), "") == E_FORMAT);
	while (b.n < LIMIT_HEADER_VALUE)
		buf_putc(&b, 'v');
	CHECK(add(&h, "v", buf_str(&b)) == 0);
	buf_putc(&b, 'v');
	CHECK(add(&h, "v", buf_str(&b)) == E_FORMAT);
	while (h.n < LIMIT_HEADERS)
		CHECK(add(&h, "n", "") == 0);
	CHECK(add(&h, "n", "") == E_FORMAT);
}

TEST(types)
{
	CHECK(http_type_is("text/html", "text/html"));
	CHECK(http_type_is("Text/HTML ; charset=utf-8", "text/html"));
	CHECK(!http_type_is("text/html2", "text/html"));
	CHECK(!http_type_is("text", "text/html"));
	CHECK(!http_type_is("", "text/html"));
	CHECK(!http_type_is(NULL, "text/html"));
}

TEST(content_range)
{
	static const char *const bad[] = { "",
					   "bytes",
					   "bytes */10",
					   "bytes 5-4/10",
					   "bytes 0-10/10",
					   "bytes 0-9/*",
					   "bytes -1-9/10",
					   "bytes 0-9/10 x",
					   "items 0-9/10",
					   "bytes 0-9",
					   "bytes 00-9/10",
					   "bytes 0-9/18446744073709551616" };
	struct http_range g;

	CHECK(http_content_range("bytes 0-9/10", &g, NULL) == 0);
	CHECK(g.first == 0 && g.last == 9 && g.total == 10);
	CHECK(http_content_range("bytes 7-7/8", &g, NULL) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(http_content_range(bad[i], &g, NULL) == E_FORMAT);
}

TEST(upload_range)
{
	uint64_t n = 7;

	CHECK(http_upload_range("0-0", &n, NULL) == 0 && n == 1);
	CHECK(http_upload_range("0-99", &n, NULL) == 0 && n == 100);
	CHECK(http_upload_range("bytes=0-4", &n, NULL) == 0 && n == 5);
	CHECK(http_upload_range("0-9223372036854775806", &n, NULL) == 0 && n == INT64_MAX);
	CHECK(http_upload_range("0--1", &n, NULL) == 0 && n == 0);
	n = 7;
	CHECK(http_upload_range("0--2", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("0-9223372036854775807", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("0-", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("-5", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("1-5", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("00-5", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("0-5/6", &n, NULL) == E_FORMAT);
	CHECK(http_upload_range("bytes 0-5", &n, NULL) == E_FORMAT);
	CHECK(n == 7);
}

TEST(retry_after)
{
	CHECK(http_retry_after("7", 946684799 - 12, 30, 1) == 7);
	CHECK(http_retry_after("31", 946684799 - 12, 30, 1) == 30);
	CHECK(http_retry_after(" 2 ", 946684799 - 12, 30, 1) == 2);
	CHECK(http_retry_after("99999999999", 946684799 - 12, 30, 1) == 30);
	CHECK(http_retry_after("99999999999999999999999", 946684799 - 12, 30, 1) == 30);
	CHECK(http_retry_after("1e9", 946684799 - 12, 30, 1) == 1);
	CHECK(http_retry_after("", 946684799 - 12, 30, 1) == 1);
	CHECK(http_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", 946684799 - 12, 30, 1) == 30);
	CHECK(http_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", 946684799 - 12, 30, 1) == 0);
	CHECK(http_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946684799 - 12, 30, 1) == 12);
	CHECK(http_retry_after("-1", 946684799 - 12, 30, 1) == 1);
	CHECK(http_retry_after(NULL, 946684799 - 12, 30, 1) == 1);
}

static int next(const char *s, struct buf *ret)
{
	buf_reset(ret);
	return http_link_next(s, ret, NULL);
}

TEST(link_next)
{
	auto_buf b = BUF_INIT(256);

	CHECK(next("</v2/n/tags/list?n=5&last=x>; rel=\"next\"", &b) == 0);
	CHECK_STR(buf_str(&b), "/v2/n/tags/list?n=5&last=x");
	CHECK(next("<a>; rel=prev, <b,c;d> ; title=\"x, y; z\" ; REL=Next", &b) == 0);
	CHECK_STR(buf_str(&b), "b,c;d");
	CHECK(next("<a>; rel=prev", &b) == E_NOTFOUND);
	CHECK(next("", &b) == E_NOTFOUND);
	CHECK(next("<a>; title=\"rel=next\"", &b) == E_NOTFOUND);
	CHECK(next("a; rel=next", &b) == E_FORMAT);
	CHECK(next("<a; rel=next", &b) == E_FORMAT);
	CHECK(next("<a>; rel=\"next", &b) == E_FORMAT);
	CHECK(next("<a> <b>; rel=next", &b) == E_FORMAT);
}

static struct http_error parse_error(const char *s)
{
	struct http_error x;

	http_error_parse(s, strlen(s), &x);
	return x;
}

TEST(errors)
{
	struct http_error x = parse_error("{\"errors\":[{\"code\":\"DENIED\",\"message\":"
					  "\"no\\u001b[1m\"},{\"code\":\"B\"}]}");

	CHECK_STR(x.code, "DENIED");
	CHECK_STR(x.message, "no?[1m");
	CHECK_STR(parse_error("<html>").code, "");
	CHECK_STR(parse_error("{\"errors\":{}}").code, "");
	CHECK_STR(parse_error("{\"errors\":[1]}").code, "");
	CHECK_STR(parse_error("{\"errors\":[{\"code\":5}]}").code, "");
	CHECK_STR(parse_error("").message, "");
}

TAP_MAIN()

TEST(dates)
{
	static const char *const bad[] = { "",
					   "Sunday, 06-Nov-94 08:49:37 GMT",
					   "Sun Nov  6 08:49:37 1994",
					   "Sun, 06 Nov 1994 08:49:37 UTC",
					   "Sun, 06 Nov 1994 08:49:37 GMT ",
					   "Sun, 6 Nov 1994 08:49:37 GMTx",
					   "Sun, 06 Xxx 1994 08:49:37 GMT",
					   "Sun, 00 Nov 1994 08:49:37 GMT",
					   "Sun, 06 Nov 1969 08:49:37 GMT",
					   "Sun, 06 Nov 1994 24:49:37 GMT",
					   "Sun, 06 Nov 1994 -1:49:37 GMT" };
	int64_t t = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(http_date(bad[i], &t, NULL) == E_FORMAT && t == 7);
	CHECK(http_date("Sun, 06 Nov 1994 08:49:37 GMT", &t, NULL) == 0 && t == 784111777);
	CHECK(http_date("Thu, 01 Jan 1970 00:00:00 GMT", &t, NULL) == 0 && t == 0);
}
