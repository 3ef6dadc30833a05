/* SPDX-License-Identifier: Apache-2.0 */
#include "run/network/network.h"
#include "tap.h"

TAP_MAIN()

TEST(ports_as_docker_writes_them)
{
	struct ports p = { 0 };
	struct err e = ERR_INIT;
	auto_buf text = BUF_INIT(1024);

	CHECK(port_parse("8080:80", &p, &e) == 0 && p.n == 1);
	CHECK(p.p[0].host == 8080 && p.p[0].container == 80 && !p.p[0].udp && !p.p[0].ip[0]);
	CHECK(port_parse("127.0.0.1:53:5353/udp", &p, &e) == 0 && p.p[1].udp);
	CHECK_STR(p.p[1].ip, "127.0.0.1");
	CHECK(port_parse("[::1]:1:2/tcp", &p, &e) == 0);
	CHECK_STR(p.p[2].ip, "::1");
	CHECK(port_parse("8000-8002:80-82", &p, &e) == 0 && p.n == 6 && p.p[5].container == 82);
	CHECK(port_parse("80", &p, &e) == 0 && p.p[6].host == 0 && p.p[6].container == 80);
	CHECK(port_parse("127.0.0.1::80-81/udp", &p, &e) == 0 && p.n == 9 && !p.p[8].host);
	CHECK(ports_choose(&p, &e) == 0 && p.p[6].host && p.p[7].host && p.p[8].host);
	CHECK(p.p[0].host == 8080 && p.p[7].host != p.p[8].host);
	port_print(&p.p[0], &text);
	buf_putc(&text, ' ');
	port_print(&p.p[2], &text);
	CHECK_STR(buf_str(&text), "0.0.0.0:8080->80/tcp [::1]:1->2/tcp");
}

TEST(bad_ports_are_refused)
{
	static const char *const bad[] = { "",		"80-",		 ":80",	    "80:",
					   "0:80",	"65536:1",	 "1:65536", "a:1",
					   "1:1/sctp",	"1-3:1-2",	 "3-1:1-3", "1.2.3:1:2",
					   "1:2:3:4:5", "localhost:1:2", "-1:2",    "01:2" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ports p = { 0 };
		struct err e = ERR_INIT;

		CHECK(port_parse(bad[i], &p, &e) == E_USAGE);
		CHECK(p.n == 0);
	}
}

TEST(ports_at_the_limit_and_one_past_it)
{
	struct ports p = { 0 };
	struct err e = ERR_INIT;

	CHECK(port_parse("1000-1255:1000-1255", &p, &e) == 0 && p.n == LIMIT_PORTS);
	CHECK(port_parse("1:1", &p, &e) == E_USAGE && p.n == LIMIT_PORTS);
}

TEST(the_only_name_server_is_the_one_pasta_forwards)
{
	auto_buf out = BUF_INIT(4096), local = BUF_INIT(4096);
	struct err e = ERR_INIT;
	const char *text = "# x\nsearch example.test\nnameserver 192.0.2.53\nnameserver ::1\n";
	const char *stub = "nameserver 127.0.0.53\noptions edns0\n";

	CHECK(network_resolv_conf(text, strlen(text), &out, &e) == 0);
	CHECK_STR(buf_str(&out), "search example.test\nnameserver 169.254.1.1\n");
	CHECK(network_resolv_conf(stub, strlen(stub), &local, &e) == 0);
	CHECK_STR(buf_str(&local), "options edns0\nnameserver 169.254.1.1\n");
}
