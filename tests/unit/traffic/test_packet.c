/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic/packet.h"

#include <stdlib.h>

#include "frames.h"
#include "tap.h"

TAP_MAIN()

static struct made m;

/* From a copy on the heap of exactly that length: reading beyond it is seen. */
static bool parse(size_t n, struct packet *ret)
{
	static unsigned char *copy;

	free(copy);
	copy = malloc(n ? n : 1);
	memcpy(copy, m.p, n);
	return packet_parse(copy, n, ret);
}

TEST(tcp_and_udp_over_both)
{
	char text[ADDRESS_TEXT];
	struct packet p;

	made_tcp(&m, true, "192.0.2.2", 4000, "198.51.100.1", 80, 77, SYN | ACK, "data", 4);
	CHECK(parse(m.n, &p) && !p.udp && p.syn && p.ack && !p.fin && !p.rst && p.seq == 77);
	CHECK(p.n == 4 && memcmp(p.data, "data", 4) == 0 && !p.cut);
	CHECK(p.from_port == 4000 && p.to_port == 80);
	CHECK(memcmp(p.from_mac, frames_step, 6) == 0);
	address_port_text(&p.to, p.to_port, text);
	CHECK_STR(text, "198.51.100.1:80");
	made_tcp(&m, false, "2001:db8::1", 443, "fd00::2", 5, 1, RST | FIN, "", 0);
	CHECK(parse(m.n, &p) && p.rst && p.fin && p.n == 0);
	address_port_text(&p.from, p.from_port, text);
	CHECK_STR(text, "[2001:db8::1]:443");
	made_udp(&m, true, "192.0.2.2", 1, "192.0.2.3", 53, "question", 8);
	CHECK(parse(m.n, &p) && p.udp && p.n == 8);
	made_udp(&m, true, "fd00::1", 1, "fd00::2", 53, "question", 8);
	CHECK(parse(m.n, &p) && p.udp && p.n == 8 && p.to.v6);
}

TEST(padding_is_no_data_and_what_is_missing_is_seen)
{
	struct packet p;

	made_tcp(&m, true, "192.0.2.2", 1, "192.0.2.3", 2, 1, ACK, "", 0);
	memset(m.p + m.n, 0xee, 6);
	m.n += 6;
	CHECK(parse(m.n, &p) && p.n == 0 && !p.cut);
	made_tcp(&m, true, "192.0.2.2", 1, "192.0.2.3", 2, 1, ACK, "0123456789", 10);
	CHECK(parse(m.n - 4, &p) && p.n == 6 && p.cut);
}

TEST(every_cut_and_every_wrong_length)
{
	struct packet p;

	for (int v6 = 0; v6 < 2; v6++)
		for (int udp = 0; udp < 2; udp++) {
			const char *a = v6 ? "fd00::1" : "192.0.2.2";

			if (udp)
				made_udp(&m, true, a, 1, a, 2, "0123456789", 10);
			else
				made_tcp(&m, true, a, 1, a, 2, 1, ACK, "0123456789", 10);
			for (size_t n = 0; n < m.n; n++)
				if (parse(n, &p))
					CHECK(p.cut && p.n < 10);
			/* Any byte as anything: nothing is read that is not there. */
			for (size_t i = 12; i < m.n - 10; i++)
				for (int v = 0; v < 256; v += 15) {
					unsigned char was = m.p[i];

					m.p[i] = (unsigned char)v;
					if (parse(m.n, &p))
						CHECK(p.n <= m.n);
					m.p[i] = was;
				}
		}
}

TEST(fragments_and_other_protocols_are_nothing)
{
	struct packet p;

	made_udp(&m, true, "192.0.2.2", 1, "192.0.2.3", 2, "x", 1);
	m.p[14 + 6] = 0x20; /* more fragments */
	CHECK(!parse(m.n, &p));
	m.p[14 + 6] = 0x40; /* may not be fragmented */
	CHECK(parse(m.n, &p));
	m.p[14 + 7] = 1; /* not the first */
	CHECK(!parse(m.n, &p));
	made_ip(&m, true, "192.0.2.2", "192.0.2.3", 1, 8);
	made_be(&m, 4, 0);
	made_be(&m, 4, 0);
	CHECK(!parse(m.n, &p));
	m.p[13] = 0x06; /* ARP */
	CHECK(!parse(m.n, &p));
}

/* IPv6 with n destination options before UDP. */
static bool with_options(int n)
{
	struct packet p;

	made_ip(&m, true, "fd00::1", "fd00::2", n ? 60 : 17, (size_t)n * 8 + 9);
	for (int i = 0; i < n; i++) {
		made_be(&m, 2, (i + 1 < n ? 60U : 17U) << 8);
		made_be(&m, 4, 0);
		made_be(&m, 2, 0);
	}
	made_be(&m, 4, 1 << 16 | 53);
	made_be(&m, 4, 9 << 16);
	made_be(&m, 1, 'x');
	return parse(m.n, &p) && p.udp && p.n == 1 && p.to_port == 53;
}

TEST(extension_headers_up_to_the_limit)
{
	CHECK(with_options(0));
	CHECK(with_options(1));
	CHECK(with_options(LIMIT_IP6_HEADERS - 1));
	CHECK(!with_options(LIMIT_IP6_HEADERS));
}
