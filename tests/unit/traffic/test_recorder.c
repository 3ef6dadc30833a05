/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in, a record out: order, loss, repetition, markers. */
#include "traffic/recorder.h"

#include <stdlib.h>

#include "frames.h"
#include "tap.h"

TAP_MAIN()

#define STEP "192.0.2.2"
#define HOST "198.51.100.1"
#define OK_DIGEST "sha256:2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df"

static struct recorder_opts opts;
static struct recorder *rec;
static char told[65536];
static int marks;

static int marked(void *arg, struct recorder *r, uint64_t number, struct err *e)
{
	auto_buf b = BUF_INIT(LIMIT_RECORD_JSON);
	int k = recorder_take(r, &b, e);

	(void)arg, (void)number;
	marks++;
	(void)snprintf(told, sizeof(told), "%s", buf_str(&b));
	return k;
}

static void put(const void *frame, size_t n)
{
	uint32_t head[4] = { 0, 0, (uint32_t)n, (uint32_t)n };
	struct err e = ERR_INIT;

	CHECK(recorder_feed(rec, (const unsigned char *)head, sizeof(head), marked, NULL, &e) == 0);
	CHECK(recorder_feed(rec, frame, n, marked, NULL, &e) == 0);
}

static void begin(void)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 4U << 16 | 2, 0, 0, 65535, 1 };
	struct err e = ERR_INIT;

	memcpy(opts.mac, frames_step, 6);
	memset(opts.secret, 7, sizeof(opts.secret));
	(void)inet_pton(AF_INET, "169.254.1.1", opts.dns.ip);
	CHECK(recorder_new(&opts, &rec, &e) == 0);
	CHECK(recorder_feed(rec, (const unsigned char *)head, sizeof(head), marked, NULL, &e) == 0);
	marks = 0;
}

static const char *end(uint64_t number)
{
	unsigned char frame[RECORDER_MARKER];

	recorder_marker(&opts, number, frame);
	told[0] = '\0';
	put(frame, sizeof(frame));
	return told;
}

static struct made m;

static void out(uint32_t seq, unsigned flags, const char *text)
{
	made_tcp(&m, true, STEP, 4000, HOST, 80, seq, flags, text, strlen(text));
	put(m.p, m.n);
}

static void in(uint32_t seq, unsigned flags, const char *text)
{
	made_tcp(&m, false, HOST, 80, STEP, 4000, seq, flags, text, strlen(text));
	put(m.p, m.n);
}

static void connect_at(uint32_t ours, uint32_t theirs)
{
	out(ours, SYN, "");
	in(theirs, SYN | ACK, "");
	out(ours + 1, ACK, "");
}

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
#define WHOLE                                                                                      \
	"{\"fetched\":[{\"address\":\"198.51.100.1:80\",\"digest\":\"" OK_DIGEST                   \
	"\",\"size\":2,\"status\":200,\"uri\":\"http://h/a\"}]}"
#define PART                                                                                       \
	"{\"fetched\":[{\"address\":\"198.51.100.1:80\",\"incomplete\":true,\"size\":%s,"          \
	"\"status\":200,\"uri\":\"http://h/a\"}]}"
enum { N_GET = sizeof(GET) - 1, N_HEAD = sizeof(OK_HEAD) - 1 };

TEST(in_order_and_over_the_end_of_the_numbers)
{
	begin();
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t theirs = i ? 0xfffffff0 : 1000;

		connect_at(UINT32_MAX - 3, theirs);
		out(UINT32_MAX - 2, ACK, GET);
		in(theirs + 1, ACK, OK_HEAD);
		in(theirs + 1 + N_HEAD, ACK, "ok");
		in(theirs + 3 + N_HEAD, FIN | ACK, "");
		out(UINT32_MAX - 2 + N_GET, FIN | ACK, "");
		in(theirs + 4 + N_HEAD, ACK, "");
		CHECK_STR(end(i + 1), WHOLE);
	}
	recorder_free(rec);
}

TEST(what_comes_again_is_dropped_whatever_it_says)
{
	begin();
	out(1, SYN, "");
	out(1, SYN, "");
	in(1, SYN | ACK, "");
	out(2, ACK, GET);
	out(2, ACK, GET);
	in(2, ACK, OK_HEAD);
	in(2, ACK, OK_HEAD "o");
	in(2 + N_HEAD, ACK, "Xk");
	in(1, ACK, "Y");
	CHECK_STR(end(1), WHOLE);
	recorder_free(rec);
}

TEST(after_a_gap_nothing_is_claimed)
{
	char want[256];

	begin();
	connect_at(1, 1);
	out(2, ACK, GET);
	in(2, ACK, OK_HEAD);
	in(2 + N_HEAD + 1, ACK, "k");
	in(2 + N_HEAD, ACK, "ok");
	(void)snprintf(want, sizeof(want), PART, "0");
	CHECK_STR(end(1), want);
	/* A frame that was cut is one, too. */
	connect_at(1, 1);
	out(2, ACK, GET);
	in(2, ACK, OK_HEAD);
	made_tcp(&m, false, HOST, 80, STEP, 4000, 2 + N_HEAD, ACK, "ok", 2);
	put(m.p, m.n - 1);
	(void)snprintf(want, sizeof(want), PART, "0");
	CHECK_STR(end(2), want);
	recorder_free(rec);
}

TEST(a_reset_an_early_end_and_one_that_never_came)
{
	char want[256];

	begin();
	connect_at(1, 1);
	out(2, ACK, GET);
	in(2, ACK, OK_HEAD "o");
	in(3 + N_HEAD, RST, "");
	(void)snprintf(want, sizeof(want), PART, "1");
	CHECK_STR(end(1), want);
	out(1, SYN, "");
	in(0, RST | ACK, "");
	CHECK_STR(end(2), "{\"fetched\":[]}");
	/* The end is told before the data: pasta may do so. */
	connect_at(1, 1);
	out(2, ACK, "GET /a HTTP/1.0\r\nHost: h\r\n\r\n");
	in(2 + 21, FIN | ACK, "");
	in(2, ACK, "HTTP/1.0 200 OK\r\n\r\nok");
	CHECK_STR(end(3), WHOLE);
	recorder_free(rec);
}

TEST(one_port_twice)
{
	begin();
	for (uint32_t i = 0; i < 2; i++) {
		connect_at(100 + i * 5000, 1);
		out(101 + i * 5000, ACK, GET);
		in(2, ACK, OK_HEAD "ok");
	}
	CHECK_STR(end(1), WHOLE);
	recorder_free(rec);
}

TEST(what_began_before_the_step_is_not_its_own)
{
	begin();
	connect_at(1, 1);
	out(2, ACK, GET);
	(void)end(1);
	CHECK(strstr(told, "incomplete") != NULL);
	in(2, ACK, OK_HEAD "ok");
	out(2 + N_GET, ACK, GET);
	CHECK_STR(end(2), "{\"fetched\":[]}");
	recorder_free(rec);
}

TEST(markers)
{
	unsigned char forged[RECORDER_MARKER];

	begin();
	(void)end(1);
	(void)end(1);
	CHECK(marks == 1);
	(void)end(2);
	CHECK(marks == 2);
	recorder_marker(&opts, 3, forged);
	forged[20] ^= 1;
	put(forged, sizeof(forged));
	put(forged, sizeof(forged) - 1);
	CHECK(marks == 2);
	recorder_free(rec);
}

TEST(names_of_the_believed_server_alone)
{
	static const char answer[] = "\0\1\x81\x80\0\1\0\1\0\0\0\0\3web\4test\0\0\1\0\1"
				     "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc6\x33\x64\1";

	begin();
	for (int believed = 0; believed < 2; believed++) {
		made_udp(&m, false, believed ? "169.254.1.1" : "10.9.9.9", 53, STEP, 5000, answer,
			 sizeof(answer) - 1);
		put(m.p, m.n);
		connect_at(1, 1);
		out(2, ACK, "\x16\x03\x01\xff\xff\x01");
		CHECK(strstr(end((uint64_t)believed + 1),
			     believed ? "tcp://web.test:80" : "tcp://198.51.100.1:80"));
	}
	recorder_free(rec);
}

TEST(more_connections_than_are_followed)
{
	begin();
	for (unsigned i = 0; i < LIMIT_FLOWS + 3; i++) {
		made_tcp(&m, true, STEP, 1 + i, HOST, 80, 1, SYN, "", 0);
		put(m.p, m.n);
	}
	CHECK(strstr(end(1), "\"more\":3") != NULL);
	recorder_free(rec);
}
