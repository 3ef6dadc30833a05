/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that change the kernel, or are the larger part of its attack surface. Arguments are
 * such that an error behind the check of privilege is what success looks like. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

static int load_program(const struct probe *p)
{
	static const struct bpf_insn code[] = { { 0xb7, 0, 0, 0, 0 }, { 0x95, 0, 0, 0, 0 } };
	union bpf_attr a = { .prog_type = (uint32_t)p->args[0],
			     .insn_cnt = 2,
			     .insns = (uint64_t)(uintptr_t)code,
			     .license = (uint64_t)(uintptr_t)"GPL" };

	return result(syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a)));
}

static int make_map(const struct probe *p)
{
	union bpf_attr a = {
		.map_type = (uint32_t)p->args[0], .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return result(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}

static int next_program(const struct probe *p)
{
	union bpf_attr a = { .start_id = 0 };
	const int r = result(syscall(SYS_bpf, p->args[0], &a, sizeof(a)));

	return r == -ENOENT ? 0 : r;
}

static int perf(const struct probe *p)
{
	struct perf_event_attr a = { .type = (uint32_t)p->args[0],
				     .size = sizeof(a),
				     .config = (uint64_t)p->args[1],
				     .exclude_kernel = 1,
				     .exclude_hv = 1 };
	const int r = result(syscall(SYS_perf_event_open, &a, p->args[2], -1L, -1L, 0UL));

	return r == -EOPNOTSUPP ? ABSENT : r;
}

static int ring(const struct probe *p)
{
	unsigned char params[120] = { 0 };

	(void)p;
	return result(syscall(SYS_io_uring_setup, 4, params));
}

/* A time before the machine was started: refused with EINVAL, but behind the check. */
static int set_time(const struct probe *p)
{
	struct timespec zero = { 0, 0 };
	const int r = result(p->call == SYS_clock_settime ? syscall(p->call, CLOCK_REALTIME, &zero)
							  : syscall(p->call, &zero, NULL));

	return r == -EINVAL ? 0 : r;
}

/* The status bits as they are. */
static int adjust_time(const struct probe *p)
{
	struct timex t = { .modes = 0 };

	if (syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t) < 0)
		return -errno;
	t.modes = ADJ_STATUS;
	return result(p->call == SYS_adjtimex ? syscall(p->call, &t)
					      : syscall(p->call, CLOCK_REALTIME, &t));
}

static int same_name(const struct probe *p)
{
	struct utsname u;
	const char *name = p->call == SYS_sethostname ? u.nodename : u.domainname;

	(void)uname(&u);
	return result(syscall(p->call, name, strlen(name)));
}

static int hang_up(const struct probe *p)
{
	(void)p;
	(void)setsid(); /* no terminal, so nothing is hung up */
	return result(syscall(SYS_vhangup));
}

static int persona(const struct probe *p)
{
	return result(syscall(SYS_personality, (unsigned long)p->args[0]));
}

/* getpid() by the entry for 32-bit programs. */
static int foreign_call(const struct probe *p)
{
#ifdef __x86_64__
	long r;

	if (p->args[0]) {
		r = syscall(SYS_getpid | 0x40000000);
		return r < 0 ? -errno : 0;
	}
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return r < 0 ? (int)r : 0;
#else
	(void)p;
	return ABSENT;
#endif
}

#define CALL(n, meaning, number, ...) { n, probe_call, meaning, .call = number, __VA_ARGS__ }

static const struct probe probes[] = {
	CALL("init_module", "code in the kernel", SYS_init_module, .args = { 0, 0, (long)"" },
	     .past = { ENOEXEC, EFAULT }),
	CALL("finit_module", "code in the kernel", SYS_finit_module, .args = { -1, (long)"", 0 },
	     .past = { EBADF, ENOEXEC }),
	CALL("delete_module", "takes a driver away", SYS_delete_module,
	     .args = { (long)"lockdown_none", O_NONBLOCK }, .past = { ENOENT }),
	CALL("kexec_load", "another kernel", SYS_kexec_load, .args = { 0, 17, 0, 0xff00 },
	     .past = { EINVAL }),
	CALL("kexec_file_load", "another kernel", SYS_kexec_file_load,
	     .args = { -1, -1, 0, 0, 0xff00 }, .past = { EINVAL, EBADF }),
	CALL("reboot", "ends the host", SYS_reboot,
	     .args = { (long)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0x12345 },
	     .past = { EINVAL }),
	{ "clock_settime", set_time, "certificates that have expired", .call = SYS_clock_settime },
	{ "settimeofday", set_time, "certificates that have expired", .call = SYS_settimeofday },
	{ "adjtimex", adjust_time, "the host's clock", .call = SYS_adjtimex },
	{ "clock_adjtime", adjust_time, "the host's clock", .call = SYS_clock_adjtime },
	{ "sethostname", same_name, "a name of the host's", .call = SYS_sethostname },
	{ "setdomainname", same_name, "a name of the host's", .call = SYS_setdomainname },
	{ "vhangup", hang_up, "terminals of others" },
	CALL("swapon", "memory on a disk", SYS_swapon, .args = { (long)"/lockdown-none", 0 },
	     .past = { ENOENT }),
	CALL("swapoff", "the host's memory", SYS_swapoff, .args = { (long)"/lockdown-none" },
	     .past = { ENOENT }),
	CALL("acct", "writes what every process does", SYS_acct, .args = { (long)"/lockdown-none" },
	     .past = { ENOENT }),
	CALL("quotactl", "the host's quotas", SYS_quotactl,
	     .args = { 0x80000700, (long)"/lockdown-none", 0, 0 }, .past = { ENOENT, ENOTBLK }),
	CALL("quotactl_fd", "the host's quotas", SYS_quotactl_fd, .args = { -1, 0x80000700, 0, 0 },
	     .past = { EBADF }),
#ifdef __x86_64__
	CALL("iopl", "ports of devices", SYS_iopl, .args = { 3 }),
	CALL("ioperm", "ports of devices", SYS_ioperm, .args = { 0x80, 1, 1 }),
	CALL("modify_ldt", "segments that bugs hid in", SYS_modify_ldt, .args = { 0, 0, 0 }),
	CALL("uselib", "loads a library in the kernel", SYS_uselib, .args = { (long)"/none" },
	     .past = { ENOENT }),
	CALL("sysfs", "lists drivers", SYS_sysfs, .args = { 3 }),
	CALL("ustat", "the host's disks", SYS_ustat, .args = { 0, 0 }, .past = { EINVAL, EFAULT }),
	CALL("lookup_dcookie", "paths of the host", SYS_lookup_dcookie, .past = { EINVAL }),
#endif
	CALL("syslog_read", "the kernel's log", SYS_syslog, .args = { 10, 0, 0 }),
	CALL("syslog_console_level", "what the console shows", SYS_syslog,
	     .args = { 8, (long)"", 99 }, .past = { EINVAL }),
	{ "bpf_socket_filter", load_program, "programs in the kernel",
	  .args = { BPF_PROG_TYPE_SOCKET_FILTER } },
	{ "bpf_tracepoint", load_program, "watches all processes",
	  .args = { BPF_PROG_TYPE_RAW_TRACEPOINT } },
	{ "bpf_map", make_map, "memory of the kernel", .args = { BPF_MAP_TYPE_ARRAY } },
	{ "bpf_next_id", next_program, "programs of others", .args = { BPF_PROG_GET_NEXT_ID } },
	{ "perf_software", perf, "CVE-2013-2094 and its kin", .args = { PERF_TYPE_SOFTWARE } },
	{ "perf_hardware", perf, "times what others compute", .args = { PERF_TYPE_HARDWARE } },
	{ "perf_breakpoint_all", perf, "watches all processes",
	  .args = { PERF_TYPE_SOFTWARE, 0, -1 } },
	{ "io_uring_setup", ring, "calls that no filter sees" },
	CALL("io_uring_register", "calls that no filter sees", SYS_io_uring_register,
	     .args = { -1, 0, 0, 0 }, .past = { EBADF, EINVAL }),
	CALL("io_uring_enter", "calls that no filter sees", SYS_io_uring_enter, .args = { -1 },
	     .past = { EBADF }),
	CALL("userfaultfd", "stops the kernel within a copy", SYS_userfaultfd,
	     .args = { O_CLOEXEC }),
	CALL("userfaultfd_user", "stops what copies in user mode", SYS_userfaultfd,
	     .args = { O_CLOEXEC | 1 }),
	CALL("keyctl_keyring", "keys of others", SYS_keyctl, .args = { 0, -3, 1 }),
	CALL("keyctl_join", "keys of others, CVE-2016-0728", SYS_keyctl, .args = { 1, 0 }),
	CALL("add_key", "memory of the kernel", SYS_add_key,
	     .args = { (long)"user", (long)"lockdown", (long)"x", 1, -1 }),
	CALL("request_key", "starts a program of the host", SYS_request_key,
	     .args = { (long)"user", (long)"lockdown-none", 0, 0 }, .past = { ENOKEY }),
	CALL("fanotify_content", "holds all opens of the host", SYS_fanotify_init,
	     .args = { 0x4 | 1, O_RDONLY }),
	CALL("fanotify_fid", "watches the host's files", SYS_fanotify_init,
	     .args = { 0x200 | 1, O_RDONLY }),
	CALL("fanotify_mark", "watches the host's files", SYS_fanotify_mark,
	     .args = { -1, 1, 1, AT_FDCWD, (long)"/" }, .past = { EBADF }),
	CALL("memfd_secret", "memory that the host cannot see", SYS_memfd_secret, .flags = MAY),
	CALL("get_mempolicy", "where memory lies", SYS_get_mempolicy, .flags = MAY),
	CALL("set_mempolicy", "where memory lies", SYS_set_mempolicy, .flags = MAY),
	CALL("move_pages", "where memory lies", SYS_move_pages, .flags = MAY),
	CALL("migrate_pages", "where memory lies", SYS_migrate_pages, .flags = MAY),
	CALL("remap_file_pages", "a call that nobody needs", SYS_remap_file_pages,
	     .args = { 0, 4096, 0, 0, 0 }, .past = { EINVAL }, .flags = MAY),
	{ "abi_int80", foreign_call, "calls that a 64-bit filter does not see" },
	{ "abi_x32", foreign_call, "calls that a 64-bit filter does not see", .args = { 1 } },
	{ "personality_fixed", persona, "addresses that can be guessed",
	  .args = { ADDR_NO_RANDOMIZE } },
	{ "personality_read_exec", persona, "everything readable is code",
	  .args = { READ_IMPLIES_EXEC } },
	{ "personality_page_zero", persona, "null pointers of the kernel",
	  .args = { MMAP_PAGE_ZERO } },
	{ "personality_svr4", persona, "code that nobody tests", .args = { PER_SVR4 } },
};

const struct probe_table table_calls = PROBE_TABLE("kernel", probes);
