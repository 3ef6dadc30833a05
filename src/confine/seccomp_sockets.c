/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "confine/seccomp_rules.h"

#ifndef UDP_ENCAP
#define UDP_ENCAP 100
#endif

/*
 * Two options put a driver above a connection that few need and bugs were in: TCP_ULP (TLS in the
 * kernel, SMC, IPsec over TCP) and UDP_ENCAP (IPsec, L2TP). Programs that would use the first do
 * without where it is not there.
 */
static int allow_options(json_t *rules, struct err *e)
{
	static const uint32_t levels[] = { IPPROTO_TCP, IPPROTO_UDP };
	static const uint32_t options[] = { TCP_ULP, UDP_ENCAP };
	int r = rule_allow_others(rules, "setsockopt", 1, levels, 2, e);

	if (r == 0)
		r = rule_allow_others(rules, "setsockopt", 2, options, 2, e);
	for (size_t i = 0; r == 0 && i < 2; i++) {
		const struct compare c[] = { { 1, levels[i], UINT32_MAX },
					     { 2, options[i], UINT32_MAX } };

		r = rule_answer(rules, "setsockopt", c, 2, ENOPROTOOPT, e);
	}
	return r;
}

/* socket(2): the families a service needs, and no protocol beyond TCP, UDP and ping: SCTP, DCCP and
 * the rest are reached through the same families. */
int rules_allow_sockets(json_t *rules, const struct seccomp_guard *g, struct err *e)
{
	enum { TYPE = 0xf }; /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
	static const uint64_t types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const struct {
		uint64_t family, protocol;
	} table[] = {
		{ AF_INET, 0 },
		{ AF_INET, IPPROTO_TCP },
		{ AF_INET, IPPROTO_UDP },
		{ AF_INET, IPPROTO_ICMP },
		{ AF_INET6, 0 },
		{ AF_INET6, IPPROTO_TCP },
		{ AF_INET6, IPPROTO_UDP },
		{ AF_INET6, IPPROTO_ICMPV6 },
		{ AF_NETLINK, 0 /* NETLINK_ROUTE */ },
	};
	const struct compare local = { 0, AF_UNIX, 0 };
	int r = rule_allow(rules, "socket", &local, 1, e);

	if (r == 0)
		r = rule_allow(rules, "socketpair", &local, 1, e);
	if (r == 0)
		r = allow_options(rules, e);
	for (size_t i = 0; r == 0 && i < sizeof(table) / sizeof(*table); i++) {
		const bool inet = table[i].family != AF_NETLINK;
		struct compare c[] = { { 0, table[i].family, 0 },
				       { 2, table[i].protocol, 0 },
				       { 1, SOCK_RAW, TYPE } };

		/* Its answers are charged to nobody: the guard counts them. */
		if (!inet && g) {
			r = rule_notify(rules, "socket", c, 2, e);
			continue;
		}
		if (!g || g->caps & 1ULL << CAP_NET_RAW) {
			r = rule_allow(rules, "socket", c, 2, e);
			continue;
		}
		/* The kernel would refuse a raw one: the guard does, and says why. */
		r = rule_notify(rules, "socket", c, 3, e);
		for (size_t t = 0; r == 0 && t < sizeof(types) / sizeof(*types); t++) {
			c[2].value = types[t];
			r = rule_allow(rules, "socket", c, 3, e);
		}
	}
	return r;
}

/*
 * Sockets that are not given. ENOSYS would do for the filter, but not for the programs: libaudit,
 * within groupadd and useradd, goes on without an audit log only for these errors, and ends the
 * program for any other.
 */
int rules_refuse_sockets(json_t *rules, const struct seccomp_guard *g, struct err *e)
{
	enum { NETLINK_BITS = 5 }; /* MAX_LINKS is 32 */
	static const uint64_t families[] = { AF_ALG, AF_PACKET, AF_VSOCK, AF_KEY, AF_BLUETOOTH };
	int r = 0;

	for (unsigned bit = 0; r == 0 && bit < NETLINK_BITS; bit++) {
		const struct compare c[] = { { 0, AF_NETLINK, 0 }, { 2, 1U << bit, 1U << bit } };

		r = rule_answer(rules, "socket", c, 2, EPROTONOSUPPORT, e);
	}
	for (size_t i = 0; r == 0 && i < sizeof(families) / sizeof(*families); i++) {
		const struct compare c = { 0, families[i], 0 };

		r = g ? rule_notify(rules, "socket", &c, 1, e)
		      : rule_answer(rules, "socket", &c, 1, EAFNOSUPPORT, e);
	}
	return r;
}
