/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/needs.h"
#include "base/userns.h"
#include "run/launch/guard.h"
#include "run/lsm.h"
#include "run/root/disk.h"

#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *lacks, *mend;
	bool by_default;
} needs[NEEDS] = {
	[NEED_SECCOMP] = { "this kernel has no seccomp filters: every system call could be made",
			   "boot a kernel with CONFIG_SECCOMP_FILTER", true },
	[NEED_LANDLOCK] = { "this kernel has no Landlock: where a container writes and executes "
			    "is left to its mounts",
			    "boot with lsm=landlock,... (Linux 5.13 or newer)", true },
	[NEED_MEMORY] = { "no memory limit can be set: a container could take all of it",
			  "boot with cgroup_enable=memory, or have that controller delegated "
			  "(plimsoll doctor)",
			  true },
	[NEED_PIDS] = { "no limit of processes can be set: a fork bomb would reach the host",
			"mount the pids controller, or have it delegated", true },
	[NEED_CPU] = { "no limit of CPU time can be set: a container could take all cores",
		       "mount the cpu controller, or have it delegated", true },
	[NEED_DISK] = { "what a container writes to the disk cannot be bounded: there are no loop "
			"devices, or no mke2fs",
			"modprobe loop; apt-get install e2fsprogs", false },
	[NEED_APPARMOR] = { "AppArmor is not enabled in this kernel",
			    "boot with lsm=...,apparmor and install apparmor", false },
	[NEED_MEMFD_NOEXEC] = { "this kernel cannot forbid executable memfds (vm.memfd_noexec)",
				"boot Linux 6.3 or newer", false },
};

const char *need_lacks(enum need n)
{
	return needs[n].lacks;
}

const char *need_mend(enum need n)
{
	return needs[n].mend;
}

static bool has_seccomp(void)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

unsigned needs_lacking(const struct machine *m)
{
	const bool groups =
		m->cgroups != CGROUP_NONE && (m->cgroups != CGROUP_DENIED || m->delegated);
	const bool has[NEEDS] = {
		[NEED_SECCOMP] = has_seccomp(),
		[NEED_LANDLOCK] = syscall(SYS_landlock_create_ruleset, NULL, 0,
					  LANDLOCK_CREATE_RULESET_VERSION) > 0,
		[NEED_MEMORY] = groups && m->memory,
		[NEED_PIDS] = (groups || m->cgroups == CGROUP_DENIED) && m->pids,
		[NEED_CPU] = groups && m->cpu,
		[NEED_DISK] = geteuid() != 0 || userns_inside() || disk_possible(),
		[NEED_APPARMOR] = lsm_apparmor(),
		[NEED_MEMFD_NOEXEC] = guard_available(), /* makes them without */
	};
	unsigned lacking = 0;

	for (unsigned n = 0; n < NEEDS; n++)
		lacking |= has[n] ? 0 : 1U << n;
	return lacking;
}

unsigned needs_unexcused(unsigned lacking, const struct run_policy *p)
{
	unsigned wanted = p ? p->require : 0;

	for (unsigned n = 0; n < NEEDS; n++)
		wanted |= needs[n].by_default ? 1U << n : 0;
	return lacking & wanted & ~(p ? p->without : 0);
}

int needs_check(const struct machine *m, const struct run_policy *p, struct profile_limits *l,
		struct err *e)
{
	const unsigned limits = 1U << NEED_MEMORY | 1U << NEED_PIDS | 1U << NEED_CPU;
	const unsigned lacking = needs_lacking(m), unexcused = needs_unexcused(lacking, p);
	const unsigned excused = lacking & ~unexcused;
	unsigned n = 0;
	int r;

	if (excused & 1U << NEED_MEMORY)
		l->memory = 0;
	if (excused & 1U << NEED_PIDS)
		l->pids = 0;
	if (excused & 1U << NEED_CPU)
		l->cpu_milli = 0;
	if ((lacking & 1U << NEED_DISK && p && p->without & 1U << NEED_DISK) || geteuid() != 0 ||
	    userns_inside())
		l->disk = 0;
	/* It knows more of what is wrong with the control groups. */
	if ((excused & limits) != limits) {
		r = machine_check(m, l, e);
		if (r < 0)
			return r;
	}
	while (n < NEEDS && !(unexcused & 1U << n))
		n++;
	if (n == NEEDS)
		return 0;
	r = FAIL(e, E_POLICY, "%s", needs[n].lacks);
	return err_hint(e, r, "%s; or run: {without: [%s]} in plimsoll.yaml", needs[n].mend,
			need_name((enum need)n));
}
