/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/http.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static char seen[65536];

static int note(void *arg, const struct http_seen *s, struct err *e)
{
	size_t n = strlen(seen);

	(void)arg, (void)e;
	(void)snprintf(seen + n, sizeof(seen) - n, "%s %s %u %s %llu %s%s%s\n", s->method, s->url,
		       s->status, s->whole ? "whole" : "part", (unsigned long long)s->size,
		       s->has_digest ? digest_hex(&s->digest) : "-", s->encoding[0] ? " " : "",
		       s->encoding);
	return 0;
}

/* Client's and server's bytes in pieces of that size, all of the client's first. */
static void talk(const char *client, const char *server, size_t piece, bool clean)
{
	auto_release(http_free) struct http *h = NULL;
	struct err e = ERR_INIT;

	seen[0] = '\0';
	CHECK(http_new(&h, "198.51.100.1:80", note, NULL, &e) == 0);
	for (size_t at = 0, n = strlen(client); at < n; at += piece)
		CHECK(http_client(h, (const unsigned char *)client + at,
				  piece < n - at ? piece : n - at, &e) == 0);
	for (size_t at = 0, n = strlen(server); at < n; at += piece)
		CHECK(http_server(h, (const unsigned char *)server + at,
				  piece < n - at ? piece : n - at, &e) == 0);
	CHECK(http_end(h, clean, &e) == 0);
	CHECK(http_over(h));
}

#define OK_HEX "2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df"
#define EMPTY_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

TEST(pipelined_and_in_all_pieces)
{
	for (size_t piece = 1; piece < 300; piece += piece < 20 ? 1 : 40) {
		talk("GET /a HTTP/1.1\r\nHost: h\r\n\r\n\r\nPOST /b HTTP/1.1\nHost: "
		     "h\nContent-Length: 3\n\n"
		     "xyzHEAD /c HTTP/1.1\r\nhOST: h:81\r\n\r\nGET /d HTTP/1.0\r\n\r\n"
		     "PUT /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET "
		     "/f HTTP/1.1\r\n\r\n",
		     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 100 Continue\r\n\r\n"
		     "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
		     "HTTP/1.1 200 OK\nTransfer-Encoding: "
		     "Chunked\n\n1;a=b\r\no\r\n0001\r\nk\r\n0\r\nTrailer: x\r\n\r\n"
		     "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"
		     "HTTP/1.1 200 \r\nContent-Encoding: gzip\r\n\r\nok",
		     piece, true);
		CHECK_STR(seen, "GET http://h/a 200 whole 2 " OK_HEX "\n"
				"POST http://h/b 201 whole 0 " EMPTY_HEX "\n"
				"HEAD http://h:81/c 200 whole 0 -\n"
				"GET http://198.51.100.1:80/d 200 whole 2 " OK_HEX "\n"
				"PUT http://198.51.100.1:80/e 204 whole 0 -\n"
				"GET http://198.51.100.1:80/f 200 whole 2 " OK_HEX " gzip\n");
	}
}

TEST(no_digest_of_what_is_not_whole)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

	talk(get, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", 9, true);
	CHECK_STR(seen, "GET http://h/ 200 part 2 -\n");
	talk(get, "HTTP/1.1 200 OK\r\n\r\nok", 9, false);
	CHECK_STR(seen, "GET http://h/ 200 part 2 -\n");
	talk(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", 9, true);
	CHECK_STR(seen, "GET http://h/ 200 part 2 -\n");
	talk(get, "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\nok", 9, true);
	CHECK_STR(seen, "GET http://h/ 206 whole 2 -\n");
	talk(get, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok", 9, true);
	CHECK_STR(seen, "GET http://h/ 404 whole 2 -\n");
	talk(get, "", 9, true);
	CHECK_STR(seen, "GET http://h/ 0 part 0 -\n");
}

TEST(what_says_two_things_or_nothing)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	static const char *const bad[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nok",
		"HTTP/1.1 20 OK\r\n\r\nok",
		"HTTP/1.1 099 OK\r\n\r\nok",
		"HTTP/2 200 OK\r\n\r\nok",
		"SSH-2.0-x\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		talk(get, bad[i], 1000, true);
		CHECK_STR(seen, "GET http://h/ 0 part 0 -\n");
	}
	talk(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n", 1000, true);
	CHECK_STR(seen, "GET http://h/ 200 part 2 -\n");
	talk(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nok", 3,
	     true);
	CHECK_STR(seen, "GET http://h/ 200 part 0 -\n");
	/* An answer that nobody asked for. */
	talk("", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1000, true);
	CHECK_STR(seen, "");
}

TEST(heads_to_their_limit)
{
	auto_buf head = BUF_INIT(2 * LIMIT_HTTP_HEAD);

	for (int over = 0; over < 2; over++) {
		buf_reset(&head);
		buf_puts(&head, "GET / HTTP/1.1\r\nX: ");
		while (head.n < (size_t)LIMIT_HTTP_HEAD - 4 + (size_t)over)
			buf_putc(&head, 'x');
		buf_puts(&head, "\r\n\r\n");
		talk(buf_str(&head), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1000, true);
		CHECK_STR(seen, over ? "" : "GET http://198.51.100.1:80/ 200 whole 2 " OK_HEX "\n");
	}
}

TEST(requests_outstanding_to_their_limit)
{
	auto_buf all = BUF_INIT(1 << 20);
	size_t lines = 0;

	for (int i = 0; i < LIMIT_HTTP_PENDING; i++)
		buf_puts(&all, "GET / HTTP/1.1\r\n\r\n");
	talk(buf_str(&all), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1000, true);
	CHECK(strstr(seen, "whole") != NULL);
	buf_puts(&all, "GET / HTTP/1.1\r\n\r\n");
	talk(buf_str(&all), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1000, true);
	CHECK(!strstr(seen, "whole"));
	for (const char *p = seen; (p = strchr(p, '\n')); p++)
		lines++;
	CHECK(lines == LIMIT_HTTP_PENDING);
}

static const char *url(const char *target, const char *host, size_t cap, bool *cut)
{
	static char text[LIMIT_HTTP_URL + 1];
	auto_buf b = BUF_INIT(cap);
	struct http_head h = { .target = str_of(target), .host = str_of(host) };

	http_url(&h, "10.0.0.1:80", &b, cut);
	CHECK(buf_check(&b, "url", NULL) == 0);
	(void)snprintf(text, sizeof(text), "%s", buf_str(&b));
	return text;
}

TEST(urls)
{
	bool cut;

	CHECK_STR(url("/a?b=c#d", "h", 99, &cut), "http://h/a?b=c");
	CHECK_STR(url("/a b\"\xff", "h", 99, &cut), "http://h/a%20b%22%FF");
	CHECK_STR(url("/", "user:p@ss@h:80/x", 99, &cut), "http://h:80/");
	CHECK_STR(url("/", "", 99, &cut), "http://10.0.0.1:80/");
	CHECK_STR(url("*", "h", 99, &cut), "http://h");
	CHECK_STR(url("http://user:pw@h.example/p?q@r", "x", 99, &cut), "http://h.example/p?q@r");
	CHECK_STR(url("http://user:pw@h", "x", 99, &cut), "http://h");
	CHECK(!cut);
	CHECK_STR(url("/0123456789", "h", 16, &cut), "http://h/01234");
	CHECK(cut);
}

TEST(a_tunnel)
{
	auto_release(http_free) struct http *h = NULL;
	struct err e = ERR_INIT;
	static const char ask[] =
		"CONNECT u:p@h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n";
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	seen[0] = '\0';
	CHECK(http_new(&h, "x", note, NULL, &e) == 0);
	CHECK(http_client(h, (const unsigned char *)ask, strlen(ask), &e) == 0);
	CHECK(!http_tunnel(h));
	CHECK(http_server(h, (const unsigned char *)ok, strlen(ok), &e) == 0);
	CHECK_STR(http_tunnel(h) ?: "", "h.example:443");
	CHECK(http_over(h));
	CHECK_STR(seen, "CONNECT h.example:443 200 whole 0 -\n");
}
