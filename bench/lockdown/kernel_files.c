/* SPDX-License-Identifier: Apache-2.0 */
/* Files of /proc and /sys that change the kernel. A sysctl is written back as it was read; what has
 * no value to write back is only opened. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static int write_back(const struct probe *p)
{
	char value[4096];
	ssize_t n;
	const int fd = open(p->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = slurp(p->path, value, sizeof(value));
	if (n <= 0)
		return 0; /* it could be opened: enough */
	return result(write(fd, value, (size_t)n));
}

/* The first file of the pattern that there is. */
static int open_any(const struct probe *p)
{
	glob_t found = { 0 };
	int r = ABSENT;

	if (glob(p->path, 0, NULL, &found) == 0) {
		r = result(open(found.gl_pathv[0], O_WRONLY | O_NONBLOCK | O_CLOEXEC));
		detail("%s", found.gl_pathv[0]);
	}
	globfree(&found);
	return r;
}

#define SYSCTL(name, file, means) { "sysctl_" name, write_back, means, "/proc/sys/" file }
#define FILE_OPEN(name, file, means) { name, probe_open, means, file }

static const struct probe probes[] = {
	SYSCTL("core_pattern", "kernel/core_pattern", "a program that the host runs"),
	SYSCTL("modprobe", "kernel/modprobe", "a program that the host runs"),
	SYSCTL("hotplug", "kernel/hotplug", "a program that the host runs"),
	SYSCTL("usermodehelper", "kernel/usermodehelper/bset", "what the host's programs may"),
	SYSCTL("sysrq", "kernel/sysrq", "ends the host"),
	SYSCTL("panic", "kernel/panic", "ends the host"),
	SYSCTL("randomize", "kernel/randomize_va_space", "addresses that can be guessed"),
	SYSCTL("kptr_restrict", "kernel/kptr_restrict", "kernel addresses"),
	SYSCTL("dmesg_restrict", "kernel/dmesg_restrict", "the kernel's log"),
	SYSCTL("bpf", "kernel/unprivileged_bpf_disabled", "programs in the kernel"),
	SYSCTL("perf", "kernel/perf_event_paranoid", "watches the kernel"),
	SYSCTL("ptrace_scope", "kernel/yama/ptrace_scope", "holds other processes"),
	SYSCTL("pid_max", "kernel/pid_max", "processes of the host"),
	SYSCTL("threads_max", "kernel/threads-max", "processes of the host"),
	SYSCTL("hostname", "kernel/hostname", "a name of the host's"),
	SYSCTL("shmmax", "kernel/shmmax", "memory"),
	SYSCTL("overcommit", "vm/overcommit_memory", "memory of the host"),
	SYSCTL("mmap_min_addr", "vm/mmap_min_addr", "null pointers of the kernel"),
	SYSCTL("max_map_count", "vm/max_map_count", "memory of the kernel"),
	SYSCTL("memfd_noexec", "vm/memfd_noexec", "executes from memory"),
	FILE_OPEN("sysctl_drop_caches", "/proc/sys/vm/drop_caches", "slows the host"),
	SYSCTL("suid_dumpable", "fs/suid_dumpable", "memory of programs with privileges"),
	SYSCTL("protected_links", "fs/protected_symlinks", "files of others"),
	SYSCTL("file_max", "fs/file-max", "descriptors of the host"),
	SYSCTL("inotify", "fs/inotify/max_user_watches", "memory of the kernel"),
	SYSCTL("max_userns", "user/max_user_namespaces", "user namespaces"),
	SYSCTL("ip_forward", "net/ipv4/ip_forward", "the network"),
	SYSCTL("low_ports", "net/ipv4/ip_unprivileged_port_start", "the network"),
	SYSCTL("somaxconn", "net/core/somaxconn", "the network"),
	FILE_OPEN("sysrq_trigger", "/proc/sysrq-trigger", "ends the host"),
	FILE_OPEN("binfmt_register", "/proc/sys/fs/binfmt_misc/register",
		  "what the host's programs run by"),
	FILE_OPEN("uevent_helper", "/sys/kernel/uevent_helper", "a program that the host runs"),
	FILE_OPEN("proc_mtrr", "/proc/mtrr", "how memory is cached"),
	FILE_OPEN("proc_irq", "/proc/irq/default_smp_affinity", "where interrupts go"),
	FILE_OPEN("proc_acpi", "/proc/acpi/wakeup", "how the host sleeps"),
	FILE_OPEN("proc_scsi", "/proc/scsi/scsi", "takes disks away (CVE-2017-16539)"),
	{ "proc_bus_pci", open_any, "devices' registers", "/proc/bus/pci/*/*" },
	FILE_OPEN("proc_timerslack_1", "/proc/1/timerslack_ns", "how others sleep"),
	FILE_OPEN("sys_power", "/sys/power/state", "the host sleeps"),
	FILE_OPEN("sys_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled",
		  "memory of the host"),
	FILE_OPEN("sys_ksm", "/sys/kernel/mm/ksm/run", "memory of the host"),
	FILE_OPEN("sys_profiling", "/sys/kernel/profiling", "watches the kernel"),
	FILE_OPEN("sys_rcu", "/sys/kernel/rcu_expedited", "slows the host"),
	FILE_OPEN("sys_cpu_online", "/sys/devices/system/cpu/cpu1/online", "takes CPUs away"),
	{ "sys_block", open_any, "the host's disks", "/sys/block/*/queue/scheduler" },
	{ "sys_module", open_any, "drivers' settings", "/sys/module/*/parameters/*" },
	{ "sys_uevent", open_any, "the host's udev", "/sys/class/net/lo/uevent" },
	{ "sys_pci_remove", open_any, "takes devices away", "/sys/bus/pci/devices/*/remove" },
	{ "sys_drivers_bind", open_any, "takes devices away", "/sys/bus/*/drivers/*/unbind" },
	FILE_OPEN("sys_selinux_load", "/sys/fs/selinux/load", "the security module"),
	FILE_OPEN("sys_apparmor_load", "/sys/kernel/security/apparmor/.load",
		  "the security module"),
	FILE_OPEN("sys_tracing", "/sys/kernel/tracing/tracing_on", "watches the kernel"),
	FILE_OPEN("sys_debug", "/sys/kernel/debug/tracing/tracing_on", "watches the kernel"),
	{ "sys_efi", open_any, "what the host starts from", "/sys/firmware/efi/efivars/*" },
	{ "sys_fs_features", open_any, "the host's filesystems",
	  "/sys/fs/ext4/*/trigger_fs_error" },
};

const struct probe_table table_files = PROBE_TABLE("kernel", probes);
