/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of itself and of the host: addresses, logs, serial numbers, and counters
 * that are moved by what others do. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

/* Whether the text has a kernel address: ffff8... to ffffffff..., but for the vsyscall page, which
 * is at the same place everywhere. */
static bool has_address(const char *text)
{
	for (const char *at = text; (at = strstr(at, "ffff")); at++) {
		const size_t n = strspn(at, "0123456789abcdef");

		if (n == 16 && at[4] >= '8' && strncmp(at, "ffffffffff600", 13) != 0 &&
		    strncmp(at, "ffffffffffffffff", 16) != 0) {
			detail("%.16s", at);
			return true;
		}
	}
	return false;
}

static int address(const struct probe *p)
{
	static char text[1 << 16];
	glob_t found = { 0 };
	int r = ABSENT;

	if (glob(p->path, 0, NULL, &found) != 0)
		return ABSENT;
	for (size_t i = 0; r != 0 && i < found.gl_pathc && i < 16; i++) {
		const ssize_t n = slurp(found.gl_pathv[i], text, sizeof(text));

		r = n < 0 ? (int)n : has_address(text) ? 0 : -ENODATA;
	}
	globfree(&found);
	return r;
}

/* Frame numbers of our own memory: what Rowhammer begins with. */
static int frames(const struct probe *p)
{
	uint64_t entry = 0;
	const int fd = open(p->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)&entry / 4096 * 8)) < 0)
		return -errno;
	return entry & ((1ULL << 55) - 1) ? 0 : -ENODATA;
}

/* Physical addresses: all zeroes to who may not see them. */
static int ranges(const struct probe *p)
{
	static char text[1 << 16];
	const ssize_t n = slurp(p->path, text, sizeof(text));

	if (n <= 0)
		return n < 0 ? (int)n : -ENODATA;
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, "\n ");
		if (strspn(line, "0123456789abcdef") &&
		    strncmp(line, "00000000-00000000", 17) != 0 &&
		    strncmp(line, "0000-0000", 9) != 0 && *line)
			return 0;
	}
	return -EPERM;
}

static int read_any(const struct probe *p)
{
	glob_t found = { 0 };
	struct probe one = *p;
	int r = ABSENT;

	if (glob(p->path, 0, NULL, &found) == 0) {
		one.path = found.gl_pathv[0];
		r = probe_read(&one);
		detail("%s", one.path);
	}
	globfree(&found);
	return r;
}

#define READ(name, file, means) { name, probe_read, means, file }
#define MAY_READ(name, file, means) { name, probe_read, means, file, MAY }

static const struct probe probes[] = {
	{ "kallsyms", address, "kernel addresses", "/proc/kallsyms" },
	{ "modules", address, "kernel addresses", "/proc/modules" },
	{ "net_addresses", address, "kernel addresses", "/proc/net/[u-tr]*" },
	{ "timer_addresses", address, "kernel addresses", "/proc/timer_list" },
	{ "stack", address, "kernel addresses", "/proc/self/stack" },
	{ "syscall_addresses", address, "kernel addresses", "/proc/[1-9]*/syscall" },
	{ "module_sections", address, "kernel addresses", "/sys/module/*/sections/.text" },
	{ "debug_addresses", address, "kernel addresses", "/sys/kernel/debug/sleep_time" },
	READ("kernel_notes", "/sys/kernel/notes", "the kernel's build (CVE-2024-26816)"),
	READ("vmcoreinfo", "/sys/kernel/vmcoreinfo", "where the kernel lies"),
	{ "kcore", probe_read, "all memory", "/proc/kcore", UNREAD },
	{ "kmsg", probe_read, "the kernel's log", "/proc/kmsg", UNREAD },
	{ "iomem", ranges, "physical addresses", "/proc/iomem" },
	{ "ioports", ranges, "ports of devices", "/proc/ioports" },
	{ "pagemap", frames, "physical addresses", "/proc/self/pagemap" },
	READ("kpagecount", "/proc/kpagecount", "who shares memory"),
	READ("kpageflags", "/proc/kpageflags", "who shares memory"),
	READ("kpagecgroup", "/proc/kpagecgroup", "whose memory it is"),
	READ("slabinfo", "/proc/slabinfo", "how the kernel's heap lies"),
	{ "slab", read_any, "how the kernel's heap lies", "/sys/kernel/slab/*/objects" },
	READ("vmallocinfo", "/proc/vmallocinfo", "where the kernel lies"),
	READ("timer_list", "/proc/timer_list", "timers of the host"),
	READ("sched_debug", "/proc/sched_debug", "processes of the host"),
	READ("keys", "/proc/keys", "keys of others"),
	READ("key_users", "/proc/key-users", "keys of others"),
	READ("interrupts", "/proc/interrupts", "keystrokes of others"),
	READ("softirqs", "/proc/softirqs", "keystrokes of others"),
	READ("latency_stats", "/proc/latency_stats", "what others wait for"),
	READ("acpi_tables", "/sys/firmware/acpi/tables/DSDT", "the host's firmware"),
	READ("dmi", "/sys/firmware/dmi/tables/DMI", "serial numbers of the host"),
	{ "dmi_id", read_any, "serial numbers of the host",
	  "/sys/devices/virtual/dmi/id/product_serial" },
	{ "rapl", read_any, "keys by power (CVE-2020-8694)",
	  "/sys/devices/virtual/powercap/intel-rapl/*/energy_uj" },
	{ "rapl_class", read_any, "keys by power (CVE-2020-8694)",
	  "/sys/class/powercap/*/energy_uj" },
	{ "thermal", read_any, "what others compute", "/sys/class/thermal/thermal_zone*/temp" },
	{ "pstore", read_any, "logs of crashes", "/sys/fs/pstore/*" },
	{ "efivars", read_any, "what the host starts from", "/sys/firmware/efi/efivars/*" },
	{ "tracing", read_any, "watches the kernel", "/sys/kernel/tracing/trace*" },
	{ "debugfs", read_any, "watches the kernel", "/sys/kernel/debug/*" },
	{ "securityfs", read_any, "the security modules", "/sys/kernel/security/*" },
	{ "bpffs", read_any, "pinned programs", "/sys/fs/bpf/*" },
	{ "btf", read_any, "how the kernel's structures lie", "/sys/kernel/btf/vmlinux" },
	{ "irq_counts", read_any, "keystrokes of others", "/sys/kernel/irq/*/per_cpu_count" },
	READ("boot_params", "/sys/kernel/boot_params/data", "where the kernel lies"),
	READ("pci", "/proc/bus/pci/devices", "physical addresses"),
	{ "filesystems", read_any, "the host's disks", "/proc/fs/*/*/options" },
	{ "journal_info", read_any, "what others write", "/proc/fs/jbd2/*/info" },
	{ "memory_map", read_any, "physical addresses", "/sys/firmware/memmap/*/start" },
	{ "hypervisor", read_any, "which machine it is", "/sys/hypervisor/uuid" },
	READ("allocinfo", "/proc/allocinfo", "what the kernel allocates"),
	{ "irq_affinity", read_any, "where interrupts go", "/proc/irq/*/smp_affinity" },
	{ "block_devices", read_any, "the host's disks", "/sys/dev/block/*/stat" },
	MAY_READ("config", "/proc/config.gz", "how the kernel was built"),
	MAY_READ("cmdline", "/proc/cmdline", "how the host was started"),
	MAY_READ("zoneinfo", "/proc/zoneinfo", "memory of the host"),
	MAY_READ("buddyinfo", "/proc/buddyinfo", "memory of the host"),
	MAY_READ("loadavg", "/proc/loadavg", "what others compute"),
	MAY_READ("stat", "/proc/stat", "what others compute"),
	MAY_READ("boot_id", "/proc/sys/kernel/random/boot_id", "which host it is"),
	MAY_READ("vulnerabilities", "/sys/devices/system/cpu/vulnerabilities/meltdown",
		 "which bugs to try"),
	MAY_READ("partitions", "/proc/partitions", "the host's disks"),
	MAY_READ("diskstats", "/proc/diskstats", "what others write"),
};

const struct probe_table table_info = PROBE_TABLE("info", probes);
