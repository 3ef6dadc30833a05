/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes: making them, and opening those that are there. Never a watchdog, which would begin
 * to count by being opened. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probe.h"

static int make_node(const struct probe *p)
{
	char path[128];
	const dev_t number = makedev((unsigned)p->args[1], (unsigned)p->args[2]);
	int r;

	(void)snprintf(path, sizeof(path), "%s/.lockdown-node", p->path);
	if (mknod(path, (mode_t)p->args[0] | 0600, number) < 0)
		return -errno;
	r = 0;
	if (p->args[3]) { /* also opened */
		const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		r = fd < 0 && errno != ENXIO ? -errno : 0;
	}
	(void)unlink(path);
	return r;
}

static int open_device(const struct probe *p)
{
	return result(open(p->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

#define NODE(name, folder, type, major, minor, opened)                                             \
	{                                                                                          \
		name, make_node, "a device of its own making", folder, .args = {                   \
			type,                                                                      \
			major,                                                                     \
			minor,                                                                     \
			opened                                                                     \
		}                                                                                  \
	}
#define DEVICE(node, means) { "dev_" #node, open_device, means, "/dev/" #node }

static const struct probe probes[] = {
	NODE("mknod_null", "/tmp", S_IFCHR, 1, 3, 0),
	NODE("mknod_null_dev", "/dev", S_IFCHR, 1, 3, 0),
	NODE("mknod_null_root", "", S_IFCHR, 1, 3, 0),
	NODE("mknod_mem_open", "/tmp", S_IFCHR, 1, 1, 1),
	NODE("mknod_kmsg_open", "/tmp", S_IFCHR, 1, 11, 1),
	NODE("mknod_disk_open", "/tmp", S_IFBLK, 254, 0, 1),
	NODE("mknod_disk_open_dev", "/dev", S_IFBLK, 254, 0, 1),
	NODE("mknod_loop_open_root", "", S_IFBLK, 7, 0, 1),
	DEVICE(mem, "all memory"),
	DEVICE(port, "ports of devices"),
	DEVICE(kmsg, "the kernel's log"),
	DEVICE(vda, "the host's disk"),
	DEVICE(sda, "the host's disk"),
	DEVICE(loop0, "a disk of the host's"),
	{ "dev_loop_control", open_device, "disks", "/dev/loop-control" },
	DEVICE(kvm, "the hypervisor's driver"),
	DEVICE(fuse, "filesystems of its own"),
	{ "dev_tun", open_device, "networks of its own", "/dev/net/tun" },
	DEVICE(userfaultfd, "stops the kernel within a copy"),
	DEVICE(vsock, "the hypervisor"),
	DEVICE(tty1, "the host's console"),
	DEVICE(vcs, "the screen of the host's console"),
	DEVICE(ttyS0, "the host's serial line"),
	DEVICE(autofs, "mounts by request"),
	{ "dev_btrfs", open_device, "a driver more to attack", "/dev/btrfs-control" },
	{ "dev_mapper", open_device, "disks", "/dev/mapper/control" },
	{ "dev_msr", open_device, "registers of the processor", "/dev/cpu/0/msr" },
	{ "dev_latency", open_device, "how the processor sleeps", "/dev/cpu_dma_latency" },
	{ "dev_input", open_device, "the keyboard", "/dev/input/event0" },
	{ "dev_dri", open_device, "the graphics driver", "/dev/dri/card0" },
	DEVICE(hwrng, "the entropy of others"),
	DEVICE(zram0, "swapped memory"),
};

const struct probe_table table_devices = PROBE_TABLE("escape", probes);
