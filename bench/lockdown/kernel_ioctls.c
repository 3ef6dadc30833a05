/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl(2): drivers of terminals, and what file systems do when they are asked. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <linux/tty.h>
#include <linux/vt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

/* A terminal of our own. */
static int terminal(void)
{
	const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlock = 0, number = 0;
	char path[32];

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(master, TIOCGPTN, &number) < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/dev/pts/%d", number);
	return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* Another line discipline, whose driver the kernel loads. */
static int discipline(const struct probe *p)
{
	const int fd = terminal(), number = (int)p->args[0];

	if (fd < 0)
		return fd == -1 ? -errno : fd;
	return result(syscall(SYS_ioctl, fd, TIOCSETD | (unsigned long)p->args[1], &number));
}

static int of_terminal(const struct probe *p)
{
	static unsigned char value[256];
	const int fd = terminal();
	int r;

	if (fd < 0)
		return fd == -1 ? -errno : fd;
	r = result(ioctl(fd, (unsigned long)p->args[0], p->args[1] ? (void *)p->args[1] : value));
	return -r == p->past[0] ? 0 : r;
}

/* Of a folder or file that is there. */
static int of_file(const struct probe *p)
{
	static unsigned char value[4096];
	const int fd = open(p->path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	memcpy(value, &p->args[1], sizeof(p->args[1]));
	r = result(ioctl(fd, (unsigned long)p->args[0], value));
	return r == -EOPNOTSUPP ? ABSENT : -r == p->past[0] || -r == p->past[1] ? 0 : r;
}

/* Of a file of our own. */
static int of_scratch(const struct probe *p)
{
	static unsigned char value[4096];
	const int fd = scratch(p->path, 4096);
	int r;

	if (fd < 0)
		return fd;
	memcpy(value, &p->args[1], sizeof(p->args[1]));
	r = result(ioctl(fd, (unsigned long)p->args[0], value));
	return r == -EOPNOTSUPP ? ABSENT : -r == p->past[0] || -r == p->past[1] ? 0 : r;
}

static int of_socket(const struct probe *p)
{
	struct ifreq r = { .ifr_name = "lo" };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	r.ifr_flags = IFF_UP | IFF_PROMISC;
	if (p->args[0] == SIOCETHTOOL)
		r.ifr_data = (void *)p->args;
	return result(ioctl(fd, (unsigned long)p->args[0], &r));
}

#define TERMINAL(name, number, ...)                                                                \
	{                                                                                          \
		name, of_terminal, __VA_ARGS__, .args = { number }                                 \
	}
#define LINE(name, number, means)                                                                  \
	{                                                                                          \
		"tty_line_" name, discipline, means, .args = { number }                            \
	}
#define NET(name, number, means)                                                                   \
	{                                                                                          \
		"net_" name, of_socket, means, .args = { number }                                  \
	}

static const struct probe probes[] = {
	LINE("slip", N_SLIP, "a driver more to attack"),
	LINE("ppp", N_PPP, "CVE-2022-4842's neighbours"),
	LINE("hdlc", N_HDLC, "CVE-2017-2636"),
	LINE("sync_ppp", N_SYNC_PPP, "a driver more to attack"),
	LINE("hci", N_HCI, "CVE-2019-10207"),
	LINE("gsm", N_GSM0710, "CVE-2023-6546"),
	LINE("caif", N_CAIF, "a driver more to attack"),
	LINE("null", 27, "a driver more to attack"),
	{ "tty_line_high", discipline, "past a comparison of 64 bits", .args = { 27, 1L << 32 } },
	TERMINAL("tty_console", TIOCCONS, "reads what the host's console shows"),
	TERMINAL("tty_hangup", TIOCVHANGUP, "ends sessions of others"),
	TERMINAL("tty_lock", 0x5457, "settings of others", .past = { EFAULT }),
	TERMINAL("tty_keyboard", KDSKBMODE, "the host's keyboard"),
	TERMINAL("tty_keymap", KDSKBSENT, "commands at the host's keyboard (CVE-2020-25656)"),
	TERMINAL("tty_font", KDFONTOP, "CVE-2020-14390's neighbours"),
	TERMINAL("tty_switch", VT_ACTIVATE, "the host's screen"),
	{ "freeze", of_file, "stops the host's disk", "/", .args = { FIFREEZE },
	  .past = { EOPNOTSUPP } },
	{ "freeze_tmp", of_file, "stops a file system", "/tmp", .args = { FIFREEZE } },
	{ "thaw", of_file, "a frozen disk's snapshot", "/", .args = { FITHAW },
	  .past = { EINVAL } },
	{ "trim", of_file, "the host's disk", "/", .args = { FITRIM } },
	{ "block_map", of_file, "where files lie on the disk", "/", .args = { FIBMAP } },
	{ "extents", of_file, "where files lie on the disk", "/lockdown", .args = { FS_IOC_FIEMAP },
	  .flags = MAY },
	{ "immutable", of_scratch, "files that the host cannot remove", "/tmp",
	  .args = { FS_IOC_SETFLAGS, FS_IMMUTABLE_FL } },
	{ "immutable_shm", of_scratch, "files that the host cannot remove", "/dev/shm",
	  .args = { FS_IOC_SETFLAGS, FS_IMMUTABLE_FL } },
	{ "append_only", of_scratch, "files that the host cannot remove", "/tmp",
	  .args = { FS_IOC_SETFLAGS, FS_APPEND_FL } },
	{ "immutable_x", of_scratch, "files that the host cannot remove", "/tmp",
	  .args = { FS_IOC_FSSETXATTR, FS_XFLAG_IMMUTABLE } },
	{ "encrypt_policy", of_file, "keys of the kernel", "/tmp", .args = { 0x800c6613 } },
	{ "encrypt_add_key", of_file, "keys of the kernel", "/", .args = { 0xc0506617 } },
	{ "shutdown_disk", of_file, "ends the host's disk", "/", .args = { 0x8004587d },
	  .past = { EINVAL } },
	{ "swap_boot", of_file, "the host's disk", "/", .args = { 0x6611 } },
	{ "loop_attach", of_file, "the host's disks", "/dev/null", .args = { LOOP_SET_FD } },
	NET("flags", SIOCSIFFLAGS, "packets of others"),
	NET("address", SIOCSIFADDR, "addresses of others"),
	NET("name", SIOCSIFNAME, "devices of others"),
	NET("delete", SIOCDELRT, "routes of others"),
	NET("bridge", 0x89a0, "networks of its own"),
	NET("vlan", SIOCSIFVLAN, "networks of its own"),
	NET("tunnel", 0x89f1, "networks of its own"),
	NET("bond", 0x8990, "networks of its own"),
	NET("timestamps", SIOCSHWTSTAMP, "a driver more to attack"),
	NET("mii", SIOCSMIIREG, "registers of the device"),
};

const struct probe_table table_ioctls = PROBE_TABLE("kernel", probes);
