/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that came after most lists of what to refuse were written, and what sockets and
 * prctl(2) open by an option. By number: the C library has no names for them yet. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum {
	URETPROBE = 335,
	UPROBE = 336,
	PROCESS_MRELEASE = 448,
	SET_MEMPOLICY_HOME_NODE = 450,
	CACHESTAT = 451,
	MAP_SHADOW_STACK = 453,
	STATMOUNT = 457,
	LISTMOUNT = 458,
	LSM_SET_SELF_ATTR = 460,
	LSM_LIST_MODULES = 461,
	SETXATTRAT = 463,
	FILE_SETATTR = 469,
	LISTNS = 470,
};

/* Two connected sockets on the loopback; -errno. */
static int connected(int *ret)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(at);
	const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (server < 0 || fd < 0 || bind(server, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(server, 1) < 0 || getsockname(server, (struct sockaddr *)&at, &n) < 0 ||
	    connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	*ret = fd;
	return 0;
}

/* A protocol above TCP, which the kernel loads the driver of. */
static int above_tcp(const struct probe *p)
{
	int fd = -1, r = connected(&fd);

	return r < 0 ? r
		     : result(setsockopt(fd, IPPROTO_TCP, TCP_ULP, p->path,
					 (socklen_t)strlen(p->path) + 1));
}

/* An option of a socket, with zeroes or a number as its value. */
static int option(const struct probe *p)
{
	unsigned char value[256] = { 0 };
	const int number = (int)p->args[4];
	const int fd = socket((int)p->args[0], (int)p->args[1] | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	memcpy(value, &number, sizeof(number));
	r = result(setsockopt(fd, (int)p->args[2], (int)p->args[3], value,
			      number ? sizeof(number) : sizeof(value)));
	return r == -ENOPROTOOPT || r == -EOPNOTSUPP  ? ABSENT
	       : -r == p->past[0] || -r == p->past[1] ? 0
						      : r;
}

static int ask_option(const struct probe *p)
{
	unsigned char value[1024] = { 0 };
	socklen_t n = sizeof(value);
	const int fd = socket((int)p->args[0], (int)p->args[1] | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	(void)strcpy((char *)value, "filter");
	r = result(getsockopt(fd, (int)p->args[2], (int)p->args[3], value, &n));
	return r == -ENOPROTOOPT ? ABSENT : r;
}

/* The mounts of the first process, the host's where that is the host's. */
static int mounts_of_all(const struct probe *p)
{
	const struct {
		uint32_t size, spare;
		uint64_t mount, param, namespace;
	} ask = { .size = 24, .mount = ~0ULL }; /* LSMT_ROOT */
	uint64_t ids[16];

	return result(p->call == LISTMOUNT ? syscall(LISTMOUNT, &ask, ids, 16, 0)
					   : syscall(STATMOUNT, &ask, ids, sizeof(ids), 0));
}

static int list_modules(const struct probe *p)
{
	uint64_t ids[16];
	uint32_t n = sizeof(ids);

	(void)p;
	return result(syscall(LSM_LIST_MODULES, ids, &n, 0));
}

/* What of a file is in memory, which tells what others read. */
static int cached(const struct probe *p)
{
	const struct {
		uint64_t from, n;
	} range = { 0, 4096 };
	uint64_t answer[5];
	const int fd = open(p->path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : result(syscall(CACHESTAT, fd, &range, answer, 0));
}

/* Takes the memory of a process that ends. */
static int release(const struct probe *p)
{
	const pid_t pid = fork();
	int fd, r;

	(void)p;
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	r = fd < 0 ? -errno : result(syscall(PROCESS_MRELEASE, fd, 0));
	(void)kill(pid, 9);
	return r == -EINVAL ? 0 : r;
}

static int control(const struct probe *p)
{
	const long *a = p->args;
	const int r = result(prctl((int)a[0], a[1], a[2], a[3], a[4]));

	return -r == p->past[0] ? 0 : r;
}

#define CALL(n, meaning, number, ...) { n, probe_call, meaning, .call = number, __VA_ARGS__ }
#define OPTION(n, meaning, family, type, level, name, ...)                                         \
	{                                                                                          \
		n, option, meaning, .args = { family, type, level, name, __VA_ARGS__ }             \
	}

static const struct probe probes[] = {
	CALL("uretprobe", "the kernel's own return from a trap", URETPROBE,
	     .past = { EFAULT, ENXIO }),
	CALL("process_madvise_self", "changes the memory of other processes", 440,
	     .args = { -1, 0, 0, 21, 0 }, .past = { EBADF, EINVAL }),
	{ "process_mrelease", release, "takes the memory of another" },
	CALL("set_mempolicy_home_node", "where memory lies", SET_MEMPOLICY_HOME_NODE,
	     .args = { 0, 0, 0, 0 }, .past = { EINVAL }),
	{ "cachestat", cached, "what others read", "/" },
	CALL("map_shadow_stack", "a call that nobody needs", MAP_SHADOW_STACK,
	     .args = { 0, 4096, 0 }, .past = { EOPNOTSUPP }),
	{ "statmount", mounts_of_all, "mounts of the host", .call = STATMOUNT },
	{ "listmount", mounts_of_all, "mounts of the host", .call = LISTMOUNT },
	CALL("listns", "namespaces of the host", LISTNS, .args = { 0, 0, 0, 0 },
	     .past = { EFAULT, EINVAL }),
	{ "lsm_list_modules", list_modules, "which protections there are" },
	CALL("lsm_set_self_attr", "another label", LSM_SET_SELF_ATTR, .args = { 100, 0, 32, 0 },
	     .past = { EFAULT, EINVAL }),
	CALL("setxattrat", "labels of files past a list of calls", SETXATTRAT,
	     .args = { AT_FDCWD, (long)"/", 0, (long)"user.x", 0, 0 }, .past = { EINVAL, EFAULT }),
	CALL("file_setattr", "attributes of files past a list of calls", FILE_SETATTR,
	     .args = { AT_FDCWD, (long)"/", 0, 24, 0 }, .past = { EINVAL, EFAULT }),
	CALL("mbind", "where memory lies", SYS_mbind, .args = { 0, 4096, 0, 0, 0, 0 },
	     .past = { EFAULT, EINVAL }),
	CALL("nfsservctl", "file servers in the kernel", 180, .past = { EINVAL }),
	CALL("name_to_handle_fid", "file handles", SYS_name_to_handle_at,
	     .args = { AT_FDCWD, (long)"/", 0, 0, 0x200 }, .past = { EFAULT, EOVERFLOW }),
	CALL("pidfd_getfd_self", "descriptors of other processes", SYS_pidfd_getfd,
	     .args = { -1, 0, 0 }, .past = { EBADF }),
	{ "ulp_smc", above_tcp, "a driver more to attack", "smc" },
	{ "ulp_espintcp", above_tcp, "CVE-2022-27666's neighbour", "espintcp" },
	{ "ulp_mptcp", above_tcp, "a driver more to attack", "mptcp" },
	{ "ulp_tls", above_tcp, "CVE-2023-28466", "tls", MAY },
	OPTION("ip_replace_tables", "netfilter (CVE-2021-22555)", AF_INET, SOCK_STREAM, IPPROTO_IP,
	       64),
	OPTION("ip6_replace_tables", "netfilter (CVE-2021-22555)", AF_INET6, SOCK_STREAM,
	       IPPROTO_IPV6, 64),
	OPTION("arp_replace_tables", "netfilter", AF_INET, SOCK_STREAM, IPPROTO_IP, 96),
	{ "ip_tables_info", ask_option, "the rules of a firewall",
	  .args = { AF_INET, SOCK_STREAM, IPPROTO_IP, 64 } },
	{ "ip6_tables_info", ask_option, "the rules of a firewall",
	  .args = { AF_INET6, SOCK_STREAM, IPPROTO_IPV6, 64 } },
	OPTION("ip_multicast_router", "routes packets of others", AF_INET, SOCK_STREAM, IPPROTO_IP,
	       200),
	OPTION("ip_ipsec_policy", "IPsec (CVE-2017-16939)", AF_INET, SOCK_DGRAM, IPPROTO_IP, 17),
	OPTION("ip6_hop_options", "CVE-2016-3841's neighbours", AF_INET6, SOCK_DGRAM, IPPROTO_IPV6,
	       54, 8),
	OPTION("so_rcvbufforce", "memory past its limit", AF_INET, SOCK_STREAM, SOL_SOCKET,
	       SO_RCVBUFFORCE, 1 << 20),
	OPTION("so_priority", "packets before others", AF_INET, SOCK_STREAM, SOL_SOCKET,
	       SO_PRIORITY, 7),
	OPTION("so_txtime", "packets at the host's time", AF_INET, SOCK_DGRAM, SOL_SOCKET, 61),
	OPTION("so_debug", "the kernel's log", AF_INET, SOCK_STREAM, SOL_SOCKET, SO_DEBUG, 1),
	OPTION("so_attach_bpf", "programs in the kernel", AF_INET, SOCK_DGRAM, SOL_SOCKET,
	       SO_ATTACH_BPF, 1),
	OPTION("ip_freebind6", "addresses of others", AF_INET6, SOCK_STREAM, IPPROTO_IPV6, 75, 1),
	OPTION("tcp_fastopen_key", "the host's key", AF_INET, SOCK_STREAM, SOL_TCP, 33),
	OPTION("udp_encap_esp", "IPsec (CVE-2022-27666)", AF_INET, SOCK_DGRAM, IPPROTO_UDP, 100, 2),
	OPTION("udp_encap_l2tp", "CVE-2014-4943", AF_INET, SOCK_DGRAM, IPPROTO_UDP, 100, 3),
	{ "prctl_set_mm", control, "false names of processes", .args = { PR_SET_MM, 1, 0x10000 },
	  .past = { EINVAL } },
	{ "prctl_io_flusher", control, "memory before others", .args = { 57, 1 } },
	{ "prctl_mm_exe_file", control, "a false program", .args = { PR_SET_MM, 13, 0 },
	  .past = { EBADF } },
};

const struct probe_table table_newer = PROBE_TABLE("kernel", probes);
