/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by the old and the new interface, and what cgroup v1 runs on the host. What succeeds is in
 * a mount namespace of the probe's own wherever one can be had, and ends with it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#define SYS_fspick 433
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define CALL_open_tree_attr 467

static const char *mount_point(void)
{
	static const char *const folders[] = { "/tmp", "/mnt", "/run", "/dev/shm", "/" };
	struct stat st;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (stat(folders[i], &st) == 0)
			return folders[i];
	return "/";
}

/* path is the type. */
static int mount_type(const struct probe *p)
{
	const char *options = p->args[1] ? (const char *)p->args[1] : NULL;

	return result(mount("none", mount_point(), p->path, 0, options));
}

/* A device that is none: what comes behind the check of privilege is ENOENT. */
static int mount_disk(const struct probe *p)
{
	const int r = result(mount("/dev/lockdown-none", mount_point(), p->path, MS_RDONLY, NULL));

	return r == -ENOENT || r == -ENOTBLK ? 0 : r;
}

static int mount_flags(const struct probe *p)
{
	return result(mount(p->path, p->args[1] ? mount_point() : p->path, NULL,
			    (unsigned long)p->args[0], NULL));
}

static int unmount(const struct probe *p)
{
	struct stat st;

	int r;

	if (stat(p->path, &st) < 0)
		return ABSENT;
	r = result(umount2(p->path, MNT_DETACH));
	return r == -EINVAL ? ABSENT : r; /* no mount, or locked to those around it */
}

static int pivot(const struct probe *p)
{
	const int r = result(syscall(p->call, "/", "/"));

	return r == -EBUSY || r == -EINVAL ? 0 : r;
}

static int change_root(const struct probe *p)
{
	return result(chroot(p->path));
}

static int fs_open(const struct probe *p)
{
	const long fd = syscall(SYS_fsopen, p->path, 0);

	if (fd < 0 || p->call != SYS_fsconfig)
		return result(fd);
	/* FSCONFIG_CMD_CREATE is 6 */
	return result(syscall(SYS_fsconfig, fd, 6, NULL, NULL, 0));
}

static int tree(const struct probe *p)
{
	return result(syscall(p->call, AT_FDCWD, "/", p->args[0], NULL, 0));
}

static int set_attributes(const struct probe *p)
{
	struct {
		uint64_t set, clear, propagation, userns;
	} a = { 0, MS_RDONLY, 0, 0 };

	return result(syscall(p->call, AT_FDCWD, "/", 0, &a, sizeof(a)));
}

/* The agent of cgroup v1's first hierarchies: opened for writing, never written. */
static int release_agent(const struct probe *p)
{
	static const char *const hierarchies[] = { "memory",  "pids", "cpu",
						   "systemd", "rdma", "freezer" };
	char path[128];
	int r = ABSENT;

	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(*hierarchies); i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", hierarchies[i], p->path);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0) {
			detail("%s", path);
			return 0;
		}
		if (errno != ENOENT)
			r = -errno;
	}
	return r;
}

static int make_cgroup(const struct probe *p)
{
	static const char *const places[] = { "", "/memory", "/pids", "/unified" };
	char path[128];
	int r = ABSENT;

	(void)p;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct stat st;

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs", places[i]);
		if (stat(path, &st) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/lockdown-probe", places[i]);
		if (mkdir(path, 0755) == 0)
			return result(rmdir(path));
		r = -errno;
	}
	return r;
}

static const struct probe probes[] = {
	{ "mount_tmpfs", mount_type, "covers and fills", "tmpfs", MOUNTS },
	{ "mount_proc", mount_type, "a /proc with nothing masked", "proc", MOUNTS },
	{ "mount_sysfs", mount_type, "a /sys with nothing masked", "sysfs", MOUNTS },
	{ "mount_devpts", mount_type, "terminals of others", "devpts", MOUNTS },
	{ "mount_mqueue", mount_type, "a driver more to attack", "mqueue", MOUNTS },
	{ "mount_ramfs", mount_type, "memory without a limit", "ramfs", MOUNTS },
	{ "mount_debugfs", mount_type, "the kernel's inside", "debugfs", MOUNTS },
	{ "mount_tracefs", mount_type, "the kernel's inside", "tracefs", MOUNTS },
	{ "mount_securityfs", mount_type, "the security modules", "securityfs", MOUNTS },
	{ "mount_bpffs", mount_type, "pinned programs", "bpf", MOUNTS },
	{ "mount_binfmt_misc", mount_type, "what the host's programs run by", "binfmt_misc",
	  MOUNTS },
	{ "mount_configfs", mount_type, "a driver more to attack", "configfs", MOUNTS },
	{ "mount_devtmpfs", mount_type, "all devices", "devtmpfs", MOUNTS },
	{ "mount_cgroup_v1", mount_type, "release_agent (CVE-2022-0492)", "cgroup", MOUNTS,
	  .args = { 0, (long)"pids" } },
	{ "mount_cgroup_v2", mount_type, "limits of others", "cgroup2", MOUNTS },
	{ "mount_overlay", mount_type, "CVE-2021-3493, CVE-2023-0386", "overlay", MOUNTS,
	  .args = { 0, (long)"lowerdir=/:/tmp" } },
	{ "mount_ext4", mount_disk, "a filesystem that somebody made to break the kernel", "ext4",
	  MOUNTS },
	{ "mount_squashfs", mount_disk, "the same", "squashfs", MOUNTS },
	{ "mount_bind", mount_flags, "covers what is masked", "/", MOUNTS, .args = { MS_BIND, 1 } },
	{ "mount_rbind", mount_flags, "covers what is masked", "/proc", MOUNTS,
	  .args = { MS_BIND | MS_REC, 1 } },
	{ "mount_remount_root", mount_flags, "writes where only reading is allowed", "/", MOUNTS,
	  .args = { MS_REMOUNT | MS_BIND } },
	{ "mount_remount_proc", mount_flags, "writes where only reading is allowed", "/proc",
	  MOUNTS, .args = { MS_REMOUNT | MS_BIND } },
	{ "mount_remount_exec", mount_flags, "executes what it wrote", "/dev", MOUNTS,
	  .args = { MS_REMOUNT | MS_BIND | MS_NOSUID } },
	{ "mount_shared", mount_flags, "mounts that others see", "/", MOUNTS,
	  .args = { MS_SHARED } },
	{ "umount_proc", unmount, "uncovers what is masked", "/proc", MOUNTS },
	{ "umount_kcore", unmount, "uncovers what is masked", "/proc/kcore", MOUNTS },
	{ "umount_firmware", unmount, "uncovers what is masked", "/sys/firmware", MOUNTS },
	{ "umount_proc_sys", unmount, "uncovers what is read-only", "/proc/sys", MOUNTS },
	{ "umount_dev", unmount, "uncovers the image's own /dev", "/dev", MOUNTS },
	{ "pivot_root", pivot, "another root", .flags = MOUNTS, .call = SYS_pivot_root },
	{ "chroot", change_root, "a way out with a folder's descriptor", "/" },
	{ "fsopen_tmpfs", fs_open, "the new interface of mounts", "tmpfs" },
	{ "fsopen_ext4", fs_open, "CVE-2022-0185's neighbours", "ext4" },
	{ "fsconfig_create", fs_open, "CVE-2022-0185", "proc", .call = SYS_fsconfig },
	{ "fsmount", probe_call, "the new interface of mounts", .call = SYS_fsmount, .args = { -1 },
	  .past = { EBADF } },
	{ "fspick", tree, "changes a mounted filesystem", .call = SYS_fspick },
	{ "open_tree_clone", tree, "a copy of all mounts", .args = { 1 }, .call = SYS_open_tree },
	{ "open_tree_attr", tree, "the same, newer", .args = { 1 }, .call = CALL_open_tree_attr },
	{ "move_mount", probe_call, "the new interface of mounts", .call = SYS_move_mount,
	  .args = { AT_FDCWD, (long)"/", AT_FDCWD, (long)"/" }, .past = { EINVAL, EBUSY } },
	{ "mount_setattr", set_attributes, "writes where only reading is allowed", .flags = MOUNTS,
	  .call = SYS_mount_setattr },
	{ "release_agent", release_agent, "a program that the host runs", "release_agent" },
	{ "cgroup_notify", release_agent, "what calls the release agent", "notify_on_release" },
	{ "cgroup_devices", release_agent, "devices of the host", "../devices/devices.allow" },
	{ "cgroup_procs", release_agent, "leaves its limits", "cgroup.procs" },
	{ "cgroup_memory_limit", release_agent, "lifts its limits",
	  "../memory/memory.limit_in_bytes" },
	{ "cgroup2_procs", probe_open, "leaves its limits", "/sys/fs/cgroup/cgroup.procs" },
	{ "cgroup2_memory_max", probe_open, "lifts its limits", "/sys/fs/cgroup/memory.max" },
	{ "cgroup_mkdir", make_cgroup, "cgroups of its own" },
};

const struct probe_table table_mounts = PROBE_TABLE("escape", probes);
