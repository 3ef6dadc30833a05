/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/landlock.h"

/* Bytes of address space in use: what we were forked with does not count against the child. */
static uint64_t address_space(void)
{
	auto_close int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128] = "";
	unsigned long long pages = 0;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		pages = pages * 10 + (unsigned long long)(*p - '0');
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int limit(int what, const char *name, uint64_t soft, uint64_t hard, struct err *e)
{
	struct rlimit had, l = { .rlim_cur = soft, .rlim_max = hard };

	/* Never above what we were given. */
	if (getrlimit((__rlimit_resource_t)what, &had) == 0 && had.rlim_max < l.rlim_max) {
		l.rlim_max = had.rlim_max;
		l.rlim_cur = l.rlim_cur < l.rlim_max ? l.rlim_cur : l.rlim_max;
	}
	if (setrlimit((__rlimit_resource_t)what, &l) < 0)
		return FAIL_SYS(e, "set limit %s", name);
	return 0;
}

int lockdown_limits(const struct sandbox *s, struct err *e)
{
	uint64_t memory = address_space() + (s->memory_max ? s->memory_max : SANDBOX_MEMORY);
	uint64_t cpu = s->cpu_seconds ? s->cpu_seconds : 600;
	int r = limit(RLIMIT_CORE, "core", 0, 0, e);

	r = r < 0 ? r : limit(RLIMIT_NOFILE, "nofile", SANDBOX_NOFILE, SANDBOX_NOFILE, e);
	/* SIGXCPU at the soft limit tells the reason; SIGKILL a second later cannot be caught. */
	r = r < 0 ? r : limit(RLIMIT_CPU, "cpu", cpu, cpu + 1, e);
	if (r == 0 && !s->threads && !s->module)
		r = limit(RLIMIT_NPROC, "nproc", 0, 0, e);
	if (r == 0 && !SANDBOX_ASAN && !s->module)
		r = limit(RLIMIT_AS, "as", memory, memory, e);
	return r;
}

void lockdown_memory(const struct sandbox *s)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (!s->secrets || SANDBOX_ASAN) /* its shadow is terabytes */
		return;
	/* What is mapped later counts against the limit, when the capability is gone: a limit that
	 * cannot be raised would let every allocation fail. */
	if (setrlimit(RLIMIT_MEMLOCK, &all) == 0)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

int lockdown_root(const struct sandbox *s, struct err *e)
{
	if (s->write_dir < 0)
		return 0;
	if (fchdir(s->write_dir) < 0)
		return FAIL_SYS(e, "enter the folder to write to");
	if (chroot(".") == 0)
		return 0;
	if (errno != EPERM || s->keep_caps)
		return FAIL_SYS(e, "make the folder to write to the root folder");
	/* Not root: a user namespace, where there are any, gives the right to. */
	if (unshare(CLONE_NEWUSER) == 0 && chroot(".") < 0)
		return FAIL_SYS(e, "make the folder to write to the root folder");
	return 0;
}

/* What an unpacking child keeps: to give files their owner, mode, devices and attributes. */
static const unsigned kept_caps[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, CAP_SYS_ADMIN,
};

static bool kept(const struct sandbox *s, unsigned cap)
{
	for (size_t i = 0; s->keep_caps && i < sizeof(kept_caps) / sizeof(*kept_caps); i++)
		if (kept_caps[i] == cap)
			return true;
	return false;
}

int lockdown_caps(const struct sandbox *s, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	/* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it meaningless then. */
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!kept(s, cap))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		return FAIL_SYS(e, "read capabilities");
	for (unsigned cap = 0; cap < 64; cap++)
		if (!kept(s, cap))
			data[cap / 32].permitted &= ~(1U << cap % 32);
	for (int i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return FAIL_SYS(e, "drop capabilities");
	return 0;
}

int lockdown_landlock(const struct sandbox *s, struct err *e)
{
	auto_landlock l = { .rules = -1 };

	if (landlock_begin(&l, false) < 0)
		return FAIL_SYS(e, "Landlock: make rule set");
	if (s->write_dir >= 0 && landlock_allow_fd(&l, s->write_dir, LANDLOCK_OWN) < 0)
		return FAIL_SYS(e, "Landlock: allow the folder to write to");
	return landlock_restrict(&l) < 0 ? FAIL_SYS(e, "Landlock: restrict") : 0;
}
