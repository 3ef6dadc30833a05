/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own reading of the filter on a container's network. */
#include "run/network/closed.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../traffic/frames.h"
#include "base/cleanup.h"
#include "tap.h"

TAP_MAIN()

static struct closed closed;
static struct ports ports;
static int ends[2];
static struct made m;

static void add(const char *text, unsigned bits, bool route)
{
	struct closed_address *a = &closed.v[closed.n++];

	*a = (struct closed_address){ .bits = (unsigned char)bits,
				      .v6 = strchr(text, ':') != NULL,
				      .route = route };
	CHECK(inet_pton(a->v6 ? AF_INET6 : AF_INET, text, a->ip) == 1);
}

/* A socket with the filter: what it lets through, its other end receives. */
static void attach(void)
{
	static struct sock_filter code[LIMIT_CLOSED_FILTER];
	struct sock_fprog p = { .filter = code };
	size_t n;

	closed_filter(&closed, &ports, code, &n);
	CHECK(n <= LIMIT_CLOSED_FILTER);
	p.len = (unsigned short)n;
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) == 0);
}

static void detach(void)
{
	(void)close(ends[0]);
	(void)close(ends[1]);
	closed.n = ports.n = 0;
}

static bool passes(void)
{
	static char back[65536];

	(void)send(ends[1], m.p, m.n, 0);
	return recv(ends[0], back, sizeof(back), 0) == (ssize_t)m.n;
}

static bool tcp(const char *to, unsigned flags)
{
	made_tcp(&m, true, strchr(to, ':') ? "fd00::2" : "192.0.2.2", 4000, to, 80, 1, flags, "",
		 0);
	return passes();
}

static bool udp(const char *to, unsigned from_port)
{
	made_udp(&m, true, strchr(to, ':') ? "fd00::2" : "192.0.2.2", from_port, to, 53, "x", 1);
	return passes();
}

TEST(no_connection_to_what_is_closed)
{
	static const char *const open[] = { "198.51.100.1",    "169.254.1.1", "10.0.0.2",
					    "169.254.127.255", "fd00::8",     "fd00:ec3::1",
					    "2001:db8::1" };
	static const char *const shut[] = { "10.0.0.1", "fd00::7" };
	static const char *const never[] = { "169.254.169.254", "169.254.128.0", "fd00:ec2::254" };

	add("169.254.128.0", 17, true);
	add("fd00:ec2::", 32, true);
	add("10.0.0.1", 32, false);
	add("fd00::7", 128, false);
	attach();
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		CHECK(tcp(open[i], SYN) && tcp(open[i], SYN | ACK) && tcp(open[i], ACK) &&
		      udp(open[i], 40000));
	/* What the host asked is answered. */
	for (size_t i = 0; i < sizeof(shut) / sizeof(*shut); i++)
		CHECK(!tcp(shut[i], SYN) && tcp(shut[i], SYN | ACK) && tcp(shut[i], ACK) &&
		      !udp(shut[i], 40000));
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		CHECK(!tcp(never[i], SYN) && !tcp(never[i], SYN | ACK) && !udp(never[i], 40000));
	detach();
}

TEST(datagrams_from_ports_that_are_published_or_given)
{
	static const uint16_t published[] = { 53, 5353, 8000 };

	add("10.0.0.1", 32, false);
	add("fd00::7", 128, false);
	for (size_t i = 0; i < 3; i++)
		ports.p[ports.n++] =
			(struct port){ .udp = true, .container = published[i], .host = 1 };
	ports.p[ports.n++] = (struct port){ .container = 123, .host = 123 }; /* TCP */
	attach();
	for (int v6 = 0; v6 < 2; v6++) {
		const char *other = v6 ? "2001:db8::1" : "198.51.100.1",
			   *host = v6 ? "fd00::7" : "10.0.0.1";

		for (size_t i = 0; i < 3; i++)
			CHECK(udp(other, published[i]) && udp(host, published[i]));
		CHECK(!udp(other, 123) && !udp(other, 52) && !udp(other, 54) && !udp(other, 32767));
		CHECK(udp(other, 32768) && udp(other, 65535) && !udp(host, 32768));
		CHECK(tcp(other, SYN) && !tcp(host, SYN));
	}
	detach();
}

/* Who has no capability may put a routing header there (ipv6(7), IPV6_RTHDR). */
TEST(no_header_between)
{
	enum { AT_NEXT = 14 + 6 };

	attach();
	for (unsigned next = 0; next < 256; next++) {
		made_udp(&m, true, "fd00::2", 123, "2001:db8::1", 53, "x", 1);
		m.p[AT_NEXT] = (unsigned char)next;
		CHECK(passes() == (next == 6 || next == 58));
	}
	detach();
}

TEST(as_many_as_there_may_be)
{
	while (closed.n < LIMIT_CLOSED)
		add(closed.n % 2 ? "fd00::7" : "10.0.0.1", closed.n % 2 ? 128 : 32, false);
	for (unsigned i = 1; ports.n < LIMIT_PORTS; i++)
		ports.p[ports.n++] =
			(struct port){ .udp = true, .container = (uint16_t)i, .host = 1 };
	attach();
	CHECK(udp("198.51.100.1", 1) && udp("198.51.100.1", LIMIT_PORTS) &&
	      !udp("198.51.100.1", LIMIT_PORTS + 1) && !tcp("10.0.0.1", SYN) &&
	      !tcp("fd00::7", SYN) && tcp("10.0.0.2", SYN));
	detach();
}
