/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces by every route and what they open; the other namespaces; entering those of
 * others, and being in the host's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static int by_unshare(const struct probe *p)
{
	return result(syscall(SYS_unshare, (unsigned long)p->args[0]));
}

static int wait_child(long pid)
{
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(0);
	(void)waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static int by_clone(const struct probe *p)
{
	return wait_child(syscall(SYS_clone, (unsigned long)p->args[0] | SIGCHLD, 0, 0, 0, 0));
}

static int by_clone3(const struct probe *p)
{
	uint64_t args[8] = { (uint64_t)p->args[0], 0, 0, 0, SIGCHLD };

	return wait_child(syscall(SYS_clone3, args, sizeof(args)));
}

/* A user namespace by whichever route there is, with our ids mapped to root in it. */
static int enter_userns(int more)
{
	const int uid = (int)getuid();
	char map[64];
	int fd;

	if (unshare(CLONE_NEWUSER | more) < 0)
		return -errno;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	(void)snprintf(map, sizeof(map), "0 %d 1\n", uid);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		detail("made, without a map");
	return 0;
}

static int userns_then(const struct probe *p)
{
	int r = enter_userns((int)p->args[0]);

	if (r < 0)
		return r;
	return result(mount("none", "/tmp", p->path, 0, p->args[1] ? (char *)p->args[1] : NULL));
}

static int userns_fsconfig(const struct probe *p)
{
	const int r = enter_userns(CLONE_NEWNS);
	long fd;

	(void)p;
	if (r < 0)
		return r;
	fd = syscall(SYS_fsopen, "tmpfs", 0);
	/* FSCONFIG_SET_STRING is 1 */
	return fd < 0 ? -errno : result(syscall(SYS_fsconfig, fd, 1, "size", "4096", 0));
}

/* Asks for the tables: a dump that only who administers the network may have. */
static int userns_nftables(const struct probe *p)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg gen;
	} ask = { { sizeof(ask), NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
		    NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		  { 0 } };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr e;
		char rest[4096];
	} answer;
	const int r = p->args[0] ? enter_userns(CLONE_NEWNET) : 0;
	const int fd = r < 0 ? -1 : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return r < 0 ? r : -errno;
	if (send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.head.nlmsg_type == NLMSG_ERROR ? answer.e.error : 0;
}

static int userns_socket(const struct probe *p)
{
	const int r = enter_userns(CLONE_NEWNET);

	if (r < 0)
		return r;
	return result(socket((int)p->args[0], (int)p->args[1], (int)p->args[2]));
}

static int userns_chroot(const struct probe *p)
{
	const int r = enter_userns(0);

	(void)p;
	return r < 0 ? r : result(chroot("/"));
}

static int join(const struct probe *p)
{
	const int fd = open(p->path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : result(setns(fd, 0));
}

static int join_pidfd(const struct probe *p)
{
	const int fd = (int)syscall(SYS_pidfd_open, getppid(), 0);

	return fd < 0 ? -errno : result(setns(fd, (int)p->args[0]));
}

/* The host's own namespaces have numbers that are fixed in the kernel (proc_ns.h). */
static int is_host_ns(const struct probe *p)
{
	struct stat st;

	if (stat(p->path, &st) < 0)
		return -errno;
	return st.st_ino == (ino_t)p->args[0] ? 0 : -EPERM;
}

#define HIGH 0x100000000L
#define USERNS_MOUNT(name, type, options)                                                          \
	{                                                                                          \
		name, userns_then, "a mount as root of a user namespace", type, MOUNTS, .args = {  \
			CLONE_NEWNS,                                                               \
			(long)(options)                                                            \
		}                                                                                  \
	}
#define HOST_NS(ns, number)                                                                        \
	{                                                                                          \
		"host_" #ns "_ns", is_host_ns, "sees what the host sees", "/proc/self/ns/" #ns,    \
			.args = {                                                                  \
				number                                                             \
			}                                                                          \
	}

static const struct probe probes[] = {
	{ "userns_unshare", by_unshare, "all capabilities over a namespace of its own",
	  .args = { CLONE_NEWUSER } },
	{ "userns_unshare_high", by_unshare, "the same, past a filter of 64 bits",
	  .args = { HIGH | CLONE_NEWUSER } },
	{ "userns_clone", by_clone, "the same by clone", .args = { CLONE_NEWUSER } },
	{ "userns_clone_high", by_clone, "the same, past a filter of 64 bits",
	  .args = { HIGH | CLONE_NEWUSER } },
	{ "userns_clone_with_net", by_clone, "the same with another namespace",
	  .args = { CLONE_NEWUSER | CLONE_NEWNET } },
	{ "userns_clone3", by_clone3, "the same by clone3", .args = { CLONE_NEWUSER } },
	{ "userns_clone3_with_ns", by_clone3, "the same with another namespace",
	  .args = { CLONE_NEWUSER | CLONE_NEWNS } },
	{ "userns_nftables", userns_nftables, "CVE-2024-1086, CVE-2023-32233", .args = { 1 } },
	{ "nftables_dump", userns_nftables, "the packet filter", .args = { 0 } },
	{ "userns_fsconfig", userns_fsconfig, "CVE-2022-0185", .flags = MOUNTS },
	USERNS_MOUNT("userns_mount_tmpfs", "tmpfs", ""),
	USERNS_MOUNT("userns_mount_overlay", "overlay", "lowerdir=/:/tmp"),
	USERNS_MOUNT("userns_mount_ramfs", "ramfs", ""),
	{ "userns_mount_proc", userns_then, "a /proc with nothing masked", "proc", MOUNTS,
	  .args = { CLONE_NEWNS | CLONE_NEWPID } },
	{ "userns_mount_cgroup_v1", userns_then, "CVE-2022-0492", "cgroup", MOUNTS,
	  .args = { CLONE_NEWNS | CLONE_NEWCGROUP, (long)"pids" } },
	{ "userns_mount_cgroup_v2", userns_then, "limits of others", "cgroup2", MOUNTS,
	  .args = { CLONE_NEWNS | CLONE_NEWCGROUP } },
	{ "userns_packet", userns_socket, "CVE-2020-14386", .args = { AF_PACKET, SOCK_RAW, 0 } },
	{ "userns_raw", userns_socket, "packets of one's own making",
	  .args = { AF_INET, SOCK_RAW, 1 } },
	{ "userns_xfrm", userns_socket, "CVE-2017-7184", .args = { AF_NETLINK, SOCK_RAW, 6 } },
	{ "userns_chroot", userns_chroot, "a way out with a folder's descriptor" },
	{ "ns_mount", by_unshare, "mounts of its own", .args = { CLONE_NEWNS } },
	{ "ns_net", by_unshare, "a network of its own", .args = { CLONE_NEWNET } },
	{ "ns_pid", by_unshare, "processes of its own", .args = { CLONE_NEWPID } },
	{ "ns_ipc", by_unshare, "queues of its own", .args = { CLONE_NEWIPC } },
	{ "ns_uts", by_unshare, "a name of its own", .args = { CLONE_NEWUTS } },
	{ "ns_cgroup", by_unshare, "cgroup v1's mounts", .args = { CLONE_NEWCGROUP } },
	{ "ns_time", by_unshare, "clocks of its own", .args = { CLONE_NEWTIME } },
	{ "ns_net_clone", by_clone, "a network of its own", .args = { CLONE_NEWNET } },
	{ "ns_mount_clone3", by_clone3, "mounts of its own", .args = { CLONE_NEWNS } },
	{ "setns_mount", join, "enters another's files", "/proc/1/ns/mnt" },
	{ "setns_net", join, "enters another's network", "/proc/self/ns/net" },
	{ "setns_pid", join, "enters among other processes", "/proc/self/ns/pid" },
	{ "setns_user", join, "enters another's ids", "/proc/1/ns/user" },
	{ "setns_pidfd", join_pidfd, "enters all of them", .args = { CLONE_NEWUTS } },
	HOST_NS(user, 0xEFFFFFFDL),
	HOST_NS(pid, 0xEFFFFFFCL),
	HOST_NS(ipc, 0xEFFFFFFFL),
	HOST_NS(uts, 0xEFFFFFFEL),
	HOST_NS(cgroup, 0xEFFFFFFBL),
	{ "host_net_ns", is_host_ns, "sees what the host sees", "/proc/self/ns/net",
	  .args = { 0xEFFFFFF9L } },
	{ "host_mnt_ns", is_host_ns, "sees what the host sees", "/proc/self/ns/mnt",
	  .args = { 0xEFFFFFF8L } },
	{ "host_time_ns", is_host_ns, "knows how long the host runs", "/proc/self/ns/time", MAY,
	  .args = { 0xEFFFFFFAL } },
};

const struct probe_table table_namespaces = PROBE_TABLE("escape", probes);
