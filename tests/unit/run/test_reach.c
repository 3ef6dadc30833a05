/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of a named network, and the kernel's own reading of the filter that they become. */
#include "run/step/reach.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../traffic/frames.h"
#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static struct reach reach;

static int parse(const char *text)
{
	struct err e = ERR_INIT;
	int r = reach_parse(text, &reach, &e);

	CHECK((r < 0) == (e.msg[0] != '\0'));
	return r;
}

TEST(what_is_a_rule)
{
	static const char *const good[] = {
		"deb.example.org:80", "localhost",	    "a_b-c.example",   "10.0.0.0/8:443",
		"192.0.2.7",	      "0.0.0.0/0:443",	    "[2001:db8::]:80", "[2001:db8::/32]",
		"[::/0]:1",	      "192.0.2.7/32:65535",
	};
	static const char *const bad[] = {
		"",
		":80",
		"h:",
		"h:0",
		"h:65536",
		"h:x",
		"h:+1",
		"10.0.0.1/8",
		"10.0.0.0/33:1",
		"10.0.0.0/:1",
		"10.0.0",
		"1.2.3.4.5:1",
		"300.1.1.1",
		"2001:db8::1",
		"2001:db8::1:80",
		"[10.0.0.1]:80",
		"[h]:80",
		"[2001:db8::1/32]:80",
		"[::/129]",
		"[::",
		"::]",
		"[]",
		"h/24:80",
		"*.example",
		"http://h/",
		"-h",
		".h",
		"h h",
		"h\n",
		"[fe80::1%eth0]:1",
	};
	auto_free char *longest = calloc(1, LIMIT_REACH_TEXT + 2);

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (parse(good[i]) != 0)
			CHECK_STR(good[i], "");
	CHECK(reach.n == sizeof(good) / sizeof(*good));
	CHECK_STR(reach.v[0].name, "deb.example.org");
	CHECK(reach.v[0].port == 80 && reach.v[1].port == 0);
	CHECK(!reach.v[3].name && reach.v[3].bits == 8 && reach.v[3].ip[0] == 10);
	CHECK(reach.v[7].v6 && reach.v[7].bits == 32 && reach.v[7].port == 0);
	reach_free(&reach);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (parse(bad[i]) != E_USAGE)
			CHECK_STR(bad[i], "");
	CHECK(reach.n == 0);
	memset(longest, 'a', LIMIT_REACH_TEXT + 1);
	CHECK(parse(longest) == E_USAGE);
}

TEST(as_many_rules_as_there_may_be)
{
	for (int i = 0; i < LIMIT_REACH; i++)
		CHECK(parse("192.0.2.7:80") == 0);
	CHECK(parse("192.0.2.7:80") == E_USAGE);
	reach_free(&reach);
}

TEST(names_by_the_resolver_of_the_host)
{
	struct err e = ERR_INIT;

	/* From /etc/hosts: no network is asked. */
	CHECK(parse("localhost:81") == 0 && parse("192.0.2.7:80") == 0);
	CHECK(reach_resolve(&reach, &e) == 0);
	CHECK(reach.n >= 2 && reach.hosts.n == reach.n - 1);
	for (size_t i = 0; i < reach.n; i++)
		CHECK(!reach.v[i].name && reach.v[i].port == (i + 1 < reach.n ? 81 : 80));
	CHECK(strv_has(&reach.hosts, "localhost:127.0.0.1") ||
	      strv_has(&reach.hosts, "localhost:[::1]"));
	reach_free(&reach);
}

static int ends[2];

/* A socket with the filter: what it lets through, its other end receives. */
static void attach(void)
{
	static struct sock_filter code[LIMIT_REACH_FILTER];
	struct sock_fprog p = { .filter = code };
	size_t n;

	reach_filter(&reach, code, &n);
	CHECK(n <= LIMIT_REACH_FILTER);
	p.len = (unsigned short)n;
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) == 0);
}

static void detach(void)
{
	(void)close(ends[0]);
	(void)close(ends[1]);
	reach_free(&reach);
}

static struct made m;

static bool passes(void)
{
	static char back[65536];

	(void)send(ends[1], m.p, m.n, 0);
	return recv(ends[0], back, sizeof(back), 0) == (ssize_t)m.n;
}

static bool tcp(const char *to, unsigned port)
{
	made_tcp(&m, true, strchr(to, ':') ? "fd00::2" : "192.0.2.2", 4000, to, port, 1, SYN, "",
		 0);
	return passes();
}

static bool udp(const char *to, unsigned port)
{
	made_udp(&m, true, strchr(to, ':') ? "fd00::2" : "192.0.2.2", 4000, to, port, "x", 1);
	return passes();
}

TEST(the_filter_lets_through_what_is_allowed)
{
	CHECK(parse("198.51.100.1:80") == 0 && parse("10.128.0.0/9:443") == 0 &&
	      parse("203.0.113.5") == 0);
	CHECK(parse("[2001:db8::/33]:443") == 0 && parse("[fd00::7]") == 0);
	attach();
	CHECK(tcp("198.51.100.1", 80));
	CHECK(!tcp("198.51.100.1", 443));
	CHECK(!tcp("198.51.100.2", 80));
	CHECK(tcp("10.128.0.0", 443) && tcp("10.255.255.255", 443));
	CHECK(!tcp("10.127.255.255", 443) && !tcp("11.128.0.0", 443) && !tcp("10.200.0.1", 80));
	CHECK(tcp("203.0.113.5", 1) && tcp("203.0.113.5", 65535) && !tcp("203.0.113.4", 1));
	CHECK(tcp("2001:db8:7fff::1", 443) && !tcp("2001:db8:8000::1", 443) &&
	      !tcp("2001:db8::1", 80));
	CHECK(tcp("fd00::7", 22) && !tcp("fd00::8", 22) && !tcp("fd00:0:1::7", 22));
	CHECK(!udp("203.0.113.5", 53) && !udp("fd00::7", 53) && !udp("169.254.1.1", 53));
	detach();
}

TEST(other_frames)
{
	CHECK(parse("198.51.100.1:80") == 0 && parse("[fd00::7]:80") == 0);
	attach();
	/* Options before the port. */
	CHECK(tcp("198.51.100.1", 80));
	memmove(m.p + 14 + 24, m.p + 14 + 20, m.n - 14 - 20);
	memset(m.p + 14 + 20, 1, 4);
	m.n += 4;
	m.p[14] = 0x46;
	CHECK(passes());
	/* A later fragment, whose port is not there. */
	CHECK(tcp("198.51.100.1", 80));
	m.p[14 + 7] = 1;
	CHECK(!passes());
	/* ICMP, SCTP and what else there is. */
	for (unsigned proto = 0; proto < 256; proto++) {
		CHECK(tcp("198.51.100.1", 80));
		m.p[14 + 9] = (unsigned char)proto;
		CHECK(passes() == (proto == 6));
		CHECK(tcp("fd00::7", 80));
		m.p[14 + 6] = (unsigned char)proto;
		m.p[14 + 40] = 128; /* echo request */
		CHECK(proto == 6 || !passes());
	}
	/* Neighbours are found; routers are not. */
	for (unsigned type = 128; type < 140; type++) {
		CHECK(tcp("fd00::9", 80) == false);
		m.p[14 + 6] = 58;
		m.p[14 + 40] = (unsigned char)type;
		CHECK(passes() == (type == 135 || type == 136));
	}
	for (unsigned type = 0; type < 65536; type++) {
		CHECK(tcp("198.51.100.2", 80) == false);
		m.p[12] = (unsigned char)(type >> 8);
		m.p[13] = (unsigned char)type;
		CHECK(passes() == (type == 0x0806 || type == REACH_ETHERTYPE));
	}
	/* Too short to be anything. */
	CHECK(tcp("198.51.100.1", 80));
	for (size_t n = m.n, i = 1; i < 14 + 20 + 4; i++) {
		m.n = i;
		CHECK(!passes());
		m.n = n;
	}
	detach();
}

TEST(the_longest_filter)
{
	char text[64];

	for (unsigned i = 0; i < LIMIT_REACH; i++) {
		(void)snprintf(text, sizeof(text), "[2001:db8::%x:0/127]:443", i);
		CHECK(parse(text) == 0);
	}
	attach();
	(void)snprintf(text, sizeof(text), "2001:db8::%x:1", LIMIT_REACH - 1U);
	CHECK(tcp(text, 443) && !tcp(text, 80));
	(void)snprintf(text, sizeof(text), "2001:db8::%x:2", LIMIT_REACH - 1U);
	CHECK(!tcp(text, 443));
	detach();
	attach(); /* nothing may be reached */
	CHECK(!tcp("198.51.100.1", 80) && !tcp("2001:db8::1", 443));
	detach();
}
