/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/profile.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * The default profile has no capability. Binding low ports needs none: the container's own network
 * namespace has net.ipv4.ip_unprivileged_port_start = 0 (spec.c).
 */
static const struct profile_cap no_caps[] = { { NULL, NULL } };

/*
 * What --cap-add service gives: a service started as root commonly makes its folders its own, drops
 * to another user and signals its workers; it needs no more.
 */
const struct profile_cap profile_service_caps[] = {
	{ "CAP_CHOWN", "give folders to the user the service will run as" },
	{ "CAP_DAC_OVERRIDE", "write into those folders before dropping root" },
	{ "CAP_KILL", "a root master process signals workers of another user" },
	{ "CAP_SETGID", "drop to another group" },
	{ "CAP_SETUID", "drop to another user" },
	{ NULL, NULL },
};

/*
 * A RUN step. What of docker's default set package managers use; without raw sockets, device nodes
 * and SETPCAP.
 */
static const struct profile_cap build_caps[] = {
	{ "CAP_CHOWN", "unpack files of other owners" },
	{ "CAP_DAC_OVERRIDE", "write into folders of other users" },
	{ "CAP_FOWNER", "change modes and times of files of other users" },
	{ "CAP_FSETID", "keep setgid bits on files of other groups" },
	{ "CAP_KILL", "apt ends its download helpers, which run as _apt" },
	{ "CAP_SETFCAP", "packages set file capabilities (ping)" },
	{ "CAP_SETGID", "apt, su and useradd drop to other groups" },
	{ "CAP_SETUID", "apt, su and useradd drop to other users" },
	{ "CAP_SYS_CHROOT", "dpkg maintainer scripts, debootstrap" },
	{ "CAP_AUDIT_WRITE", "useradd and su write audit records and fail without" },
	{ NULL, NULL },
};

#define NO_EXEC "nosuid,noexec,nodev"

/* /proc is read-only, so that /proc/self/mem cannot be opened for writing (CVE-2016-5195 and its
 * kin) and no sysctl or sysrq file either. */
#define MOUNT_PROC { "/proc", "proc", "proc", NO_EXEC ",ro", "own processes only" }
#define MOUNTS_DEV                                                                                 \
	{ "/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=65536,nr_inodes=256", \
	  "a fresh /dev: the image's own is never used" },                                         \
		{ "/dev/pts", "devpts", "devpts",                                                  \
		  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5,max=64",                \
		  "terminals of its own" },                                                        \
		{ "/dev/mqueue", "mqueue", "mqueue", NO_EXEC, "POSIX message queues" }
#define MOUNT_SYS { "/sys", "sysfs", "sysfs", NO_EXEC ",ro", "devices and CPUs as programs expect" }
#define MOUNT_CGROUP                                                                               \
	{ "/sys/fs/cgroup", "cgroup", "cgroup", NO_EXEC ",relatime,ro",                            \
	  "its own limits, for run-times that size themselves by them" }

static const struct profile_mount service_mounts[] = {
	MOUNT_PROC,
	MOUNTS_DEV,
	{ "/dev/shm", "tmpfs", "shm", NO_EXEC ",mode=1777,size=64m,nr_inodes=4096",
	  "POSIX shared memory" },
	MOUNT_SYS,
	MOUNT_CGROUP,
	{ "/tmp", "tmpfs", "tmpfs", NO_EXEC ",mode=1777,size=64m,nr_inodes=16384",
	  "scratch files; small, and nothing in it can be executed" },
	{ "/run", "tmpfs", "tmpfs", NO_EXEC ",mode=755,size=16m,nr_inodes=4096,tmpcopyup",
	  "pid files and sockets, starting from what the image has there" },
	{ NULL, NULL, NULL, NULL, NULL },
};

static const struct profile_mount build_mounts[] = {
	MOUNT_PROC,
	MOUNTS_DEV,
	{ "/dev/shm", "tmpfs", "shm", NO_EXEC ",mode=1777,size=64m,nr_inodes=4096",
	  "POSIX shared memory" },
	MOUNT_SYS,
	MOUNT_CGROUP,
	{ NULL, NULL, NULL, NULL, NULL },
};

/* What the kernel shows of the host through proc and sysfs without a namespace of its own. */
static const char *const masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/bus",
	"/proc/config.gz",
	"/proc/fs",
	"/proc/interrupts",
	"/proc/irq",
	"/proc/kallsyms",
	"/proc/kcore",
	"/proc/keys",
	"/proc/key-users",
	"/proc/kmsg",
	"/proc/kpagecgroup",
	"/proc/kpagecount",
	"/proc/kpageflags",
	"/proc/latency_stats",
	"/proc/modules",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/slabinfo",
	"/proc/softirqs",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/vmallocinfo",
	"/sys/dev/block",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/fs/bpf",
	"/sys/fs/pstore",
	"/sys/fs/selinux",
	"/sys/kernel/boot_params",
	"/sys/kernel/btf",
	"/sys/kernel/debug",
	"/sys/kernel/irq",
	"/sys/kernel/notes",
	"/sys/kernel/security",
	"/sys/kernel/tracing",
	"/sys/kernel/vmcoreinfo",
	"/sys/module",
	NULL,
};

/* Already read-only as part of /proc; named again so that they stay so if /proc is relaxed. */
static const char *const readonly[] = { "/proc/sys", "/proc/sysrq-trigger", NULL };

const struct profile profile_default = {
	.name = "default",
	.caps = no_caps,
	.mounts = service_mounts,
	.masked = masked,
	.readonly = readonly,
	.limits = { .memory = 1ULL << 30,
		    .pids = 512,
		    .cpu_milli = 1000,
		    .nofile = 4096,
		    .disk = 10ULL << 30,
		    .signals = 8192 },
	.root_readonly = true,
};

static const struct profile_mount privileged_mounts[] = {
	{ "/proc", "proc", "proc", NO_EXEC, "all of it can be written" },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=1m,nr_inodes=8192",
	  "with the host's devices in it" },
	{ "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
	  "terminals of its own" },
	{ "/dev/mqueue", "mqueue", "mqueue", NO_EXEC, "POSIX message queues" },
	{ "/dev/shm", "tmpfs", "shm", NO_EXEC ",mode=1777,size=64m", "POSIX shared memory" },
	{ "/sys", "sysfs", "sysfs", NO_EXEC, "all of it can be written" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", NO_EXEC ",relatime", "groups of its own" },
	{ "/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777,size=64m", "scratch files" },
	{ "/run", "tmpfs", "tmpfs", "nosuid,nodev,mode=755,size=16m,tmpcopyup",
	  "pid files and sockets, starting from what the image has there" },
	{ NULL, NULL, NULL, NULL, NULL },
};

static const char *const nothing[] = { NULL };

const struct profile profile_privileged = {
	.name = "privileged",
	.caps = no_caps,
	.mounts = privileged_mounts,
	.masked = nothing,
	.readonly = nothing,
	.limits = { .memory = 1ULL << 30,
		    .pids = 512,
		    .cpu_milli = 1000,
		    .nofile = 4096,
		    .disk = 10ULL << 30,
		    .signals = 8192 },
	.no_seccomp = true,
	.no_landlock = true,
	.no_apparmor = true,
	.no_selinux = true,
	.new_privileges = true,
	.all_caps = true,
	.host_devices = true,
	.proc_writable = true,
	.root_readonly = true,
};

static const char *const build_syscalls[] = {
	"chroot", /* package managers */
	NULL,
};

const struct profile profile_build = {
	.name = "build",
	.caps = build_caps,
	.mounts = build_mounts,
	.masked = masked,
	.readonly = readonly,
	.limits = { .memory = 8ULL << 30,
		    .pids = 4096,
		    .cpu_milli = 0,
		    .nofile = 4096,
		    .signals = 8192 },
	.root_readonly = false,
	.syscalls = build_syscalls,
};

static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

const char *cap_name(unsigned number)
{
	return number < sizeof(cap_names) / sizeof(*cap_names) ? cap_names[number] : NULL;
}

int cap_parse(const char *name, unsigned *ret, struct err *e)
{
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

	for (unsigned i = 0; i < sizeof(cap_names) / sizeof(*cap_names); i++)
		if (strcasecmp(cap_names[i] + 4, bare) == 0) {
			*ret = i;
			return 0;
		}
	return FAIL(e, E_USAGE, "no capability is named '%s' (see capabilities(7))", name);
}

uint64_t caps_of(const struct profile_cap *table)
{
	uint64_t set = 0;
	unsigned n;

	for (const struct profile_cap *c = table; c->name; c++)
		if (cap_parse(c->name, &n, NULL) == 0)
			set |= 1ULL << n;
	return set;
}
