/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of a named network (rtnetlink(7)). */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/step/reach.h"

enum { LIMIT_ANSWER = 256 * 1024, LIMIT_ROUTES = 256, ROUNDS = 8 };

struct request {
	struct nlmsghdr head;
	struct rtmsg route;
	char attributes[256];
};

static int open_netlink(struct err *e)
{
	const struct timeval patience = { .tv_sec = 10 };
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return FAIL_SYS(e, "open rtnetlink");
	return TAKE_FD(fd);
}

/* The kernel's answer to one request: 0 or an errno; -1 when it cannot be had. */
static int ask(int fd, const struct nlmsghdr *request)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char request[sizeof(struct request)];
	} answer;
	ssize_t n;

	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -1;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)(sizeof(answer.head) + sizeof(answer.error)) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return -1;
	return -answer.error.error;
}

static void put_attribute(struct request *r, unsigned short type, const void *p, size_t n)
{
	struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(n), .rta_type = type };
	char *at = (char *)r + NLMSG_ALIGN(r->head.nlmsg_len);

	memcpy(at, &a, sizeof(a));
	memcpy(at + RTA_LENGTH(0), p, n);
	r->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_ALIGN(a.rta_len));
}

static bool of_device(const struct nlmsghdr *h, int device)
{
	struct rtmsg route;
	const char *at = (const char *)h + NLMSG_LENGTH(sizeof(route));
	size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(route));
	struct rtattr a;
	int oif;

	memcpy(&route, (const char *)h + NLMSG_LENGTH(0), sizeof(route));
	/* Those of the table "local" are the device's own addresses, and multicast. */
	if (route.rtm_table != RT_TABLE_MAIN)
		return false;
	while (left >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > left)
			return false;
		memcpy(&oif, at + RTA_LENGTH(0),
		       a.rta_len >= RTA_LENGTH(sizeof(oif)) ? sizeof(oif) : 0);
		if (a.rta_type == RTA_OIF && a.rta_len == RTA_LENGTH(sizeof(oif)) && oif == device)
			return true;
		left -= RTA_ALIGN(a.rta_len) < left ? RTA_ALIGN(a.rta_len) : left;
		at += RTA_ALIGN(a.rta_len);
	}
	return false;
}

/* Copies the device's routes of one family as the kernel tells them. */
struct routes {
	char *v[LIMIT_ROUTES]; /* each a message; owned */
	size_t n;
};

static int take_routes(const char *p, size_t n, int device, struct routes *ret, bool *ret_done,
		       struct err *e)
{
	struct nlmsghdr h;

	while (n >= sizeof(h)) {
		char *copy;

		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > n)
			return FAIL(e, E_SYSTEM, "rtnetlink: an answer without sense");
		*ret_done = h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR;
		if (*ret_done)
			return 0;
		if (h.nlmsg_type == RTM_NEWROUTE &&
		    h.nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg))) {
			copy = malloc(h.nlmsg_len);
			if (!copy)
				return FAIL_NOMEM(e);
			memcpy(copy, p, h.nlmsg_len);
			if (ret->n < LIMIT_ROUTES &&
			    of_device((struct nlmsghdr *)(void *)copy, device))
				ret->v[ret->n++] = copy;
			else
				free(copy);
		}
		n -= NLMSG_ALIGN(h.nlmsg_len) < n ? NLMSG_ALIGN(h.nlmsg_len) : n;
		p += NLMSG_ALIGN(h.nlmsg_len);
	}
	return 0;
}

static int list_routes(int fd, unsigned char family, int device, struct routes *ret, struct err *e)
{
	auto_free char *answer = malloc(LIMIT_ANSWER);
	struct request r = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.route)),
				       .nlmsg_type = RTM_GETROUTE,
				       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
			     .route = { .rtm_family = family } };
	bool done = false;
	int k = 0;

	if (!answer)
		return FAIL_NOMEM(e);
	if (send(fd, &r, r.head.nlmsg_len, 0) < 0)
		return FAIL_SYS(e, "ask for routes");
	while (k == 0 && !done) {
		ssize_t n = recv(fd, answer, LIMIT_ANSWER, 0);

		if (n <= 0)
			return FAIL_SYS(e, "ask for routes");
		k = take_routes(answer, (size_t)n, device, ret, &done, e);
	}
	return k;
}

/* How many there were; a removed one may bring another to light. */
static int remove_routes(int fd, unsigned char family, int device, struct err *e)
{
	struct routes all = { .n = 0 };
	int k = list_routes(fd, family, device, &all, e);

	for (size_t i = 0; i < all.n; i++) {
		struct nlmsghdr *h = (void *)all.v[i];
		int failed;

		h->nlmsg_type = RTM_DELROUTE;
		h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
		h->nlmsg_pid = 0;
		failed = k == 0 ? ask(fd, h) : 0;
		if (failed && failed != ESRCH) {
			errno = failed > 0 ? failed : EPROTO;
			k = FAIL_SYS(e, "remove a route");
		}
		free(all.v[i]);
	}
	return k < 0 ? k : (int)all.n;
}

static int add_route(int fd, int device, const struct reach_rule *rule, struct err *e)
{
	struct request r = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.route)),
			  .nlmsg_type = RTM_NEWROUTE,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE },
		.route = { .rtm_family = rule->v6 ? AF_INET6 : AF_INET,
			   .rtm_dst_len = (unsigned char)rule->bits,
			   .rtm_table = RT_TABLE_MAIN,
			   .rtm_protocol = RTPROT_STATIC,
			   .rtm_scope = rule->v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
			   .rtm_type = RTN_UNICAST },
	};
	int failed;

	put_attribute(&r, RTA_DST, rule->ip, rule->v6 ? 16 : 4);
	put_attribute(&r, RTA_OIF, &device, sizeof(device));
	failed = ask(fd, &r.head);
	/* A machine without IPv6 reaches nothing by it, which is no more than was allowed. */
	if (failed == 0 || failed == EEXIST || (rule->v6 && failed > 0))
		return 0;
	errno = failed > 0 ? failed : EPROTO;
	return FAIL_SYS(e, "add a route");
}

int reach_routes(const struct reach *r, struct err *e)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	const int device = (int)if_nametoindex(REACH_DEVICE);
	auto_close int fd = open_netlink(e);
	int k = fd < 0 ? fd : 0;

	if (k == 0 && device == 0)
		return FAIL_SYS(e, "find the network's device");
	for (size_t i = 0; k >= 0 && i < sizeof(families); i++) {
		k = 1;
		for (int round = 0; k > 0 && round < ROUNDS; round++)
			k = remove_routes(fd, families[i], device, e);
		if (k > 0)
			return FAIL(e, E_SYSTEM, "the network's routes come back");
	}
	/* pasta answers for every address as for a neighbour. */
	for (size_t i = 0; k == 0 && i < r->n; i++)
		k = add_route(fd, device, &r->v[i], e);
	return k;
}
