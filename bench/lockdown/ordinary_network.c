/* SPDX-License-Identifier: Apache-2.0 */
/* What servers and clients do with sockets every day, on loopback only. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static socklen_t loopback(union address *a, int family, int port)
{
	*a = (union address){ 0 };
	if (family == AF_INET) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(a->v4);
	}
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons((uint16_t)port);
	a->v6.sin6_addr = in6addr_loopback;
	return sizeof(a->v6);
}

/* A server and a client on a port of loopback. */
static int converse(const struct probe *p)
{
	const int family = (int)p->args[0], one = 1;
	const int server = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	union address a;
	socklen_t n = loopback(&a, family, (int)p->args[1]);
	int peer;
	char c;

	if (server < 0 || client < 0 ||
	    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
	    bind(server, &a.any, n) < 0 || listen(server, 8) < 0 ||
	    getsockname(server, &a.any, &n) < 0 || connect(client, &a.any, n) < 0)
		return -errno;
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	if (peer < 0 || send(client, "x", 1, MSG_NOSIGNAL) != 1 || recv(peer, &c, 1, 0) != 1)
		return -errno;
	return result(shutdown(peer, SHUT_RDWR));
}

static int datagrams(const struct probe *p)
{
	const int family = (int)p->args[0];
	const int a = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int b = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	struct mmsghdr many = { 0 };
	char text[4] = "abc";
	struct iovec v = { text, 3 };
	union address at;
	socklen_t n = loopback(&at, family, 0);

	if (a < 0 || b < 0 || bind(a, &at.any, n) < 0 || getsockname(a, &at.any, &n) < 0 ||
	    connect(b, &at.any, n) < 0)
		return -errno;
	many.msg_hdr.msg_iov = &v;
	many.msg_hdr.msg_iovlen = 1;
	if (sendmmsg(b, &many, 1, 0) != 1)
		return -errno;
	return recv(a, text, sizeof(text), 0) == 3 ? 0 : -errno;
}

static int local_pair(const struct probe *p)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, c = 'x';
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	const int passed = 0;
	int fd[2];

	if (socketpair(AF_UNIX, (int)p->args[0] | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &passed, sizeof(passed));
	if (sendmsg(fd[0], &m, 0) != 1)
		return -errno;
	return recvmsg(fd[1], &m, 0) == 1 ? 0 : -errno;
}

/* A socket with a name: in a folder, or abstract. */
static int local_server(const struct probe *p)
{
	const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	union address a = { .local = { .sun_family = AF_UNIX } };
	int r;

	(void)snprintf(a.local.sun_path, sizeof(a.local.sun_path), "%s.ordinary-%d", p->path,
		       getpid());
	if (p->args[0])
		a.local.sun_path[0] = 0;
	if (server < 0 || client < 0 || bind(server, &a.any, sizeof(a.local)) < 0)
		return -errno;
	r = result(listen(server, 1));
	if (r == 0)
		r = result(connect(client, &a.any, sizeof(a.local)));
	if (!p->args[0])
		(void)unlink(a.local.sun_path);
	return r;
}

static int interfaces(const struct probe *p)
{
	struct ifaddrs *list;
	bool found = false;

	(void)p;
	if (getifaddrs(&list) < 0)
		return -errno;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		found |= strcmp(i->ifa_name, "lo") == 0;
	freeifaddrs(list);
	return found ? 0 : -ENODEV;
}

static int route_socket(const struct probe *p)
{
	(void)p;
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static int echo_socket(const struct probe *p)
{
	(void)p;
	return result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static int both_families(const struct probe *p)
{
	const int zero = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)p;
	return fd < 0 ? -errno
		      : result(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)));
}

#define WORKS(name, run, ...) { name, run, "ordinary", __VA_ARGS__ }

static const struct probe probes[] = {
	WORKS("tcp4", converse, .args = { AF_INET, 0 }),
	WORKS("tcp6", converse, .args = { AF_INET6, 0 }),
	WORKS("tcp_port_80", converse, .args = { AF_INET, 80 }),
	WORKS("udp4", datagrams, .args = { AF_INET }),
	WORKS("udp6", datagrams, .args = { AF_INET6 }),
	WORKS("unix_pair", local_pair, .args = { SOCK_STREAM }),
	WORKS("unix_seqpacket", local_pair, .args = { SOCK_SEQPACKET }),
	WORKS("unix_server", local_server, "/tmp/"),
	WORKS("unix_abstract", local_server, "@", .args = { 1 }),
	WORKS("interfaces", interfaces),
	WORKS("netlink_route", route_socket),
	WORKS("icmp_echo", echo_socket),
	WORKS("dual_stack", both_families),
};

const struct probe_table table_ordinary_network = PROBE_TABLE("ordinary", probes);
