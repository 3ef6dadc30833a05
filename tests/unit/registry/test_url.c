/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/url.h"

#include <stdlib.h>

#include "tap.h"

static int parse(const char *s, struct url *u)
{
	return url_parse(str_of(s), u, NULL);
}

static int resolve(const char *base, const char *location, struct buf *ret)
{
	struct url b, u;

	buf_reset(ret);
	if (parse(base, &b) < 0 || url_resolve(&b, str_of(location), &u, NULL) < 0)
		return -1;
	url_put(&u, ret);
	return 0;
}

TEST(parts)
{
	struct url u;

	CHECK(parse("https://Reg.Example:5000/v2/?n=1#frag", &u) == 0);
	CHECK(u.https);
	CHECK_STR(u.host, "reg.example");
	CHECK(u.port == 5000);
	CHECK_STR(u.target, "/v2/?n=1");
	CHECK(parse("HTTP://127.0.0.1", &u) == 0);
	CHECK(!u.https && u.port == 80);
	CHECK_STR(u.target, "/");
	CHECK(parse("https://[::1]:5000/x", &u) == 0);
	CHECK_STR(u.host, "::1");
	CHECK(u.port == 5000);
	CHECK(parse("https://h?q", &u) == 0);
	CHECK_STR(u.target, "/?q");
}

TEST(refused)
{
	static const char *const bad[] = {
		"",
		"ftp://h/",
		"https:/h/",
		"https://",
		"https:///x",
		"https://user@h/",
		"https://user:pw@h/",
		"https://h:0/",
		"https://h:65536/",
		"https://h:/",
		"https://h:05/",
		"https://h:1:2/",
		"https://[::1/",
		"https://[::1]x/",
		"https://[zz]/",
		"https://h/a b",
		"https://h/a\\b",
		"https://h/\x7f",
		"https://h/\r\nX: y",
		"https://h/../v2",
		"https://h/a/..",
		"https://h/./a",
		"https://-h/",
		"https://h%2f/",
		"https://h\xc3\xa9/",
	};
	struct url u;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(parse(bad[i], &u) == E_FORMAT);
		if (parse(bad[i], &u) == 0)
			printf("# accepted %s\n", bad[i]);
	}
}

TEST(limits)
{
	auto_buf b = BUF_INIT(LIMIT_URL + 64);
	struct url u;

	buf_puts(&b, "https://h/");
	while (b.n < strlen("https://h") + LIMIT_URL - 1)
		buf_putc(&b, 'a');
	CHECK(url_parse((struct str){ b.p, b.n }, &u, NULL) == 0);
	CHECK(strlen(u.target) == LIMIT_URL - 1);
	buf_putc(&b, 'a');
	CHECK(url_parse((struct str){ b.p, b.n }, &u, NULL) == E_FORMAT);

	buf_reset(&b);
	buf_puts(&b, "https://");
	for (int i = 0; i < LIMIT_HOST; i++)
		buf_putc(&b, 'h');
	CHECK(url_parse((struct str){ b.p, b.n }, &u, NULL) == 0);
	buf_putc(&b, 'h');
	CHECK(url_parse((struct str){ b.p, b.n }, &u, NULL) == E_FORMAT);
}

TEST(locations)
{
	static const struct {
		const char *location, *want;
	} cases[] = {
		{ "https://o.test/x", "https://o.test/x" },
		{ "http://o.test:80/x", "http://o.test/x" },
		{ "//o.test:5/x", "https://o.test:5/x" },
		{ "/v2/n/blobs/uploads/1?_state=a%2Fb",
		  "https://h:1/v2/n/blobs/uploads/1?_state=a%2Fb" },
		{ "2?x=1", "https://h:1/v2/n/2?x=1" },
		{ "?page=2", "https://h:1/v2/n/list?page=2" },
		{ "2?u=a:b", "https://h:1/v2/n/2?u=a:b" },
		{ "x/a:b", "https://h:1/v2/n/x/a:b" },
	};
	static const char *const bad[] = { "",	 "javascript:x", "ftp://o/", "../up",
					   "//", "//u@o/",	 "/a\nb",    "file:///etc/passwd" };
	auto_buf got = BUF_INIT(LIMIT_URL);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CHECK(resolve("https://h:1/v2/n/list?n=1", cases[i].location, &got) == 0);
		CHECK_STR(buf_str(&got), cases[i].want);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(resolve("https://h:1/v2/n/list?n=1", bad[i], &got) < 0);
}

TEST(origins)
{
	struct url a, b;

	CHECK(parse("https://h/a", &a) == 0 && parse("https://H:443/b", &b) == 0);
	CHECK(url_same_origin(&a, &b));
	CHECK(parse("http://h:443/b", &b) == 0);
	CHECK(!url_same_origin(&a, &b));
	CHECK(parse("https://h:444/b", &b) == 0);
	CHECK(!url_same_origin(&a, &b));
	CHECK(parse("https://h.h/b", &b) == 0);
	CHECK(!url_same_origin(&a, &b));
}

TEST(loopback)
{
	static const char *const here[] = { "localhost", "LocalHost", "127.0.0.1", "127.255.0.9",
					    "::1" };
	static const char *const away[] = { "localhost.test", "128.0.0.1",  "127.1",
					    "0.0.0.0",	      "::",	    "10.0.0.1",
					    "127.0.0.1.test", "0x7f.0.0.1", "" };

	for (size_t i = 0; i < sizeof(here) / sizeof(*here); i++)
		CHECK(host_is_loopback(here[i]));
	for (size_t i = 0; i < sizeof(away) / sizeof(*away); i++)
		CHECK(!host_is_loopback(away[i]));
}

TAP_MAIN()
