/* SPDX-License-Identifier: Apache-2.0 */
#include "run/network/closed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Where clouds have them. pasta's own name server is 169.254.1.1 (network.h). */
static const struct {
	const char *address;
	unsigned char bits;
} metadata[] = {
	{ "169.254.128.0",
	  17 }, /* AWS, Azure, Google, Oracle, OpenStack and most others; ECS and EKS */
	{ "100.100.100.200", 32 },     /* Alibaba */
	{ "168.63.129.16", 32 },       /* Azure's wire server */
	{ "192.0.0.192", 32 },	       /* Oracle, formerly */
	{ "fd00:ec2::", 32 },	       /* AWS */
	{ "fd20:ce::254", 128 },       /* Google */
	{ "fd00:c1::a9fe:a9fe", 128 }, /* Oracle */
};

static void add(struct closed *c, bool v6, const void *ip, unsigned char bits, bool route)
{
	struct closed_address *a = &c->v[c->n];

	if (c->n == LIMIT_CLOSED)
		return;
	*a = (struct closed_address){ .bits = bits, .v6 = v6, .route = route };
	memcpy(a->ip, ip, v6 ? 16 : 4);
	c->n++;
}

void closed_collect(struct closed *ret)
{
	struct ifaddrs *all = NULL;
	unsigned char ip[16];

	ret->n = 0;
	for (size_t i = 0; i < sizeof(metadata) / sizeof(*metadata); i++) {
		const bool v6 = strchr(metadata[i].address, ':') != NULL;

		if (inet_pton(v6 ? AF_INET6 : AF_INET, metadata[i].address, ip) == 1)
			add(ret, v6, ip, metadata[i].bits, true);
	}
	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		const struct sockaddr_in *four = (const void *)a->ifa_addr;
		const struct sockaddr_in6 *six = (const void *)a->ifa_addr;

		if (four && four->sin_family == AF_INET &&
		    (ntohl(four->sin_addr.s_addr) >> IN_CLASSA_NSHIFT) != IN_LOOPBACKNET)
			add(ret, false, &four->sin_addr, 32, false);
		else if (six && six->sin6_family == AF_INET6 &&
			 !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr))
			add(ret, true, &six->sin6_addr, 128, false);
	}
	freeifaddrs(all);
}

struct request {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr to;
	unsigned char ip[16];
};

/* An errno, or 0. One that is there is closed already; without IPv6 nothing is reached by it. */
static int answer_of(int fd, bool v6)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char request[sizeof(struct request)];
	} answer;
	ssize_t n;

	while ((n = recv(fd, &answer, sizeof(answer), 0)) < 0 && errno == EINTR)
		;
	if (n < (ssize_t)(sizeof(answer.head) + sizeof(answer.error)) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return EPROTO;
	return v6 || answer.error.error == -EEXIST ? 0 : -answer.error.error;
}

static int prohibit(int fd, const struct closed_address *a)
{
	const unsigned short length = a->v6 ? 16 : 4;
	struct request r = {
		.head = { .nlmsg_len =
				  (uint32_t)(NLMSG_LENGTH(sizeof(r.route)) + RTA_LENGTH(length)),
			  .nlmsg_type = RTM_NEWROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.route = { .rtm_family = a->v6 ? AF_INET6 : AF_INET,
			   .rtm_dst_len = a->bits,
			   .rtm_table = RT_TABLE_MAIN,
			   .rtm_protocol = RTPROT_STATIC,
			   .rtm_scope = RT_SCOPE_UNIVERSE,
			   .rtm_type = RTN_PROHIBIT },
		.to = { .rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = RTA_DST },
	};

	memcpy(r.ip, a->ip, length);
	if (send(fd, &r, r.head.nlmsg_len, 0) < 0)
		return -1;
	errno = answer_of(fd, a->v6);
	return errno ? -1 : 0;
}

int closed_routes(const struct closed *c)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r = fd < 0 ? -1 : 0;

	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = c->v[i].route ? prohibit(fd, &c->v[i]) : 0;
	return r;
}
