/* SPDX-License-Identifier: Apache-2.0 */
/* Socket families and protocols that services do not need: each is a driver of the kernel that
 * anybody may talk to. Families without a number in the headers are written as one. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.h"

static int make_socket(const struct probe *p)
{
	const int r =
		result(socket((int)p->args[0], (int)p->args[1] | SOCK_CLOEXEC, (int)p->args[2]));

	return r == -EINVAL ? ABSENT : r;
}

static int make_pair(const struct probe *p)
{
	int fd[2];

	return result(socketpair((int)p->args[0], (int)p->args[1], 0, fd));
}

/* A link of a kind that does not exist: EOPNOTSUPP comes behind the check of privilege. */
static int new_link(const struct probe *p)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
		struct rtattr info, kind;
		char name[16];
	} ask = { { sizeof(ask), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0 },
		  { 0 },
		  { sizeof(ask.info) + sizeof(ask.kind) + sizeof(ask.name), IFLA_LINKINFO },
		  { sizeof(ask.kind) + sizeof(ask.name), IFLA_INFO_KIND },
		  "lockdown-none" };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr e;
		char rest[512];
	} answer = { 0 };
	const struct timeval wait = { 3, 0 };
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	(void)p;
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.e.error == -EOPNOTSUPP ? 0 : answer.e.error;
}

static int set_option(const struct probe *p)
{
	const int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return result(setsockopt(fd, (int)p->args[0], (int)p->args[1], &one, sizeof(one)));
}

#define FAMILY(name, number, type)                                                                 \
	{ "sock_" name, make_socket, "a driver more to attack", .args = { number, type, 0 } }
#define NETLINK(name, number, means)                                                               \
	{                                                                                          \
		"netlink_" name, make_socket, means, .args = { AF_NETLINK, SOCK_RAW, number }      \
	}
#define INET(name, family, type, protocol, means)                                                  \
	{                                                                                          \
		"inet_" name, make_socket, means, .args = { family, type, protocol }               \
	}

static const struct probe probes[] = {
	{ "sock_alg", make_socket, "the kernel's ciphers (CVE-2026-31431)",
	  .args = { AF_ALG, SOCK_SEQPACKET, 0 } },
	{ "sock_vsock", make_socket, "the hypervisor", .args = { AF_VSOCK, SOCK_STREAM, 0 } },
	{ "sock_packet_raw", make_socket, "packets of others",
	  .args = { AF_PACKET, SOCK_RAW, 0x300 } },
	{ "sock_packet_dgram", make_socket, "packets of others",
	  .args = { AF_PACKET, SOCK_DGRAM, 0x300 } },
	FAMILY("xdp", AF_XDP, SOCK_RAW),
	{ "sock_key", make_socket, "IPsec's keys", .args = { AF_KEY, SOCK_RAW, 2 } },
	FAMILY("tipc", AF_TIPC, SOCK_RDM),
	FAMILY("rds", AF_RDS, SOCK_SEQPACKET),
	FAMILY("smc", AF_SMC, SOCK_STREAM),
	FAMILY("kcm", AF_KCM, SOCK_DGRAM),
	{ "sock_can", make_socket, "CVE-2021-3609", .args = { AF_CAN, SOCK_RAW, 1 } },
	{ "sock_bluetooth", make_socket, "CVE-2020-12351", .args = { AF_BLUETOOTH, SOCK_RAW, 1 } },
	FAMILY("nfc", AF_NFC, SOCK_SEQPACKET),
	FAMILY("qipcrtr", AF_QIPCRTR, SOCK_DGRAM),
	FAMILY("phonet", AF_PHONET, SOCK_DGRAM),
	FAMILY("caif", AF_CAIF, SOCK_SEQPACKET),
	FAMILY("ieee802154", AF_IEEE802154, SOCK_DGRAM),
	{ "sock_llc", make_socket, "CVE-2017-6345's neighbours",
	  .args = { AF_LLC, SOCK_STREAM, 0 } },
	FAMILY("x25", AF_X25, SOCK_SEQPACKET),
	FAMILY("ax25", AF_AX25, SOCK_DGRAM),
	FAMILY("netrom", AF_NETROM, SOCK_SEQPACKET),
	FAMILY("rose", AF_ROSE, SOCK_SEQPACKET),
	FAMILY("appletalk", AF_APPLETALK, SOCK_DGRAM),
	FAMILY("ipx", AF_IPX, SOCK_DGRAM),
	FAMILY("pppox", AF_PPPOX, SOCK_STREAM),
	FAMILY("atm", AF_ATMPVC, SOCK_DGRAM),
	FAMILY("isdn", AF_ISDN, SOCK_RAW),
	FAMILY("rxrpc", AF_RXRPC, SOCK_DGRAM),
	FAMILY("mctp", 45, SOCK_DGRAM),
	FAMILY("decnet", AF_DECnet, SOCK_SEQPACKET),
	FAMILY("econet", AF_ECONET, SOCK_DGRAM),
	NETLINK("netfilter", NETLINK_NETFILTER, "nftables (CVE-2024-1086)"),
	NETLINK("audit", NETLINK_AUDIT, "the audit log"),
	NETLINK("uevent", NETLINK_KOBJECT_UEVENT, "devices of the host"),
	NETLINK("sock_diag", NETLINK_SOCK_DIAG, "CVE-2013-1763"),
	NETLINK("xfrm", NETLINK_XFRM, "CVE-2017-7184"),
	NETLINK("generic", NETLINK_GENERIC, "dozens of drivers"),
	NETLINK("connector", NETLINK_CONNECTOR, "processes of the host"),
	NETLINK("crypto", NETLINK_CRYPTO, "the kernel's ciphers"),
	NETLINK("selinux", NETLINK_SELINUX, "the security module"),
	NETLINK("iscsi", NETLINK_ISCSI, "CVE-2021-27365"),
	NETLINK("rdma", NETLINK_RDMA, "a driver more to attack"),
	NETLINK("scsi", NETLINK_SCSITRANSPORT, "a driver more to attack"),
	NETLINK("fib_lookup", NETLINK_FIB_LOOKUP, "a driver more to attack"),
	{ "netlink_newlink", new_link, "networks of its own" },
	INET("raw_tcp", AF_INET, SOCK_RAW, IPPROTO_TCP, "packets with false senders"),
	INET("raw_icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP, "packets with false senders"),
	INET("raw_any", AF_INET, SOCK_RAW, IPPROTO_RAW, "packets with false senders"),
	INET("raw6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "false router announcements"),
	INET("old_packet", AF_INET, SOCK_PACKET, 0x300, "packets of others"),
	INET("sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP, "CVE-2019-8956"),
	INET("sctp_seqpacket", AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP, "CVE-2019-8956"),
	INET("sctp6", AF_INET6, SOCK_STREAM, IPPROTO_SCTP, "CVE-2019-8956"),
	INET("dccp", AF_INET, SOCK_DCCP, IPPROTO_DCCP, "CVE-2017-6074"),
	INET("udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "a driver more to attack"),
	INET("l2tp", AF_INET, SOCK_DGRAM, 115, "CVE-2016-10200"),
	INET("mptcp", AF_INET, SOCK_STREAM, 262, "a driver more to attack"),
	{ "socketpair_tipc", make_pair, "a driver more to attack",
	  .args = { AF_TIPC, SOCK_SEQPACKET } },
	{ "so_mark", set_option, "past the host's routing", .args = { SOL_SOCKET, SO_MARK } },
	{ "so_sndbufforce", set_option, "memory past its limit",
	  .args = { SOL_SOCKET, SO_SNDBUFFORCE } },
	{ "ip_transparent", set_option, "addresses of others", .args = { IPPROTO_IP, 19 } },
	{ "tcp_repair", set_option, "connections of its own making", .args = { IPPROTO_TCP, 19 } },
};

const struct probe_table table_sockets = PROBE_TABLE("kernel", probes);
