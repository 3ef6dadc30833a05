/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/lockdown.h"

/*
 * Landlock by its system calls (kernel: Documentation/userspace-api/landlock.rst). The structures
 * and bits are written out here, since the headers of the build machine may be older than the
 * kernel that runs us: each ABI handles what it knows, and what is handled is denied.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

struct ruleset {
	uint64_t fs, net, scoped;
};
struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

enum {
	FS_EXECUTE = 1 << 0,
	FS_REFER = 1 << 13,
	FS_ABI1 = (1 << 13) - 1, /* execute to make_sym */
	FS_TRUNCATE = 1 << 14,	 /* ABI 3 */
	FS_IOCTL_DEV = 1 << 15,	 /* ABI 5 */
	NET_ALL = 3,		 /* ABI 4: bind and connect of TCP */
	SCOPE_ALL = 3,		 /* ABI 6: abstract unix sockets, signals */
};

static struct ruleset handled(long abi)
{
	struct ruleset r = { .fs = FS_ABI1 };

	r.fs |= abi >= 2 ? FS_REFER : 0;
	r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
	r.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
	r.net = abi >= 4 ? NET_ALL : 0;
	r.scoped = abi >= 6 ? SCOPE_ALL : 0;
	return r;
}

/* How much of struct ruleset this ABI knows: longer is refused. */
static size_t ruleset_size(long abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset);
	return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

int lockdown_landlock(const struct sandbox *s, struct err *e)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	struct ruleset all;

	if (abi < 1)
		return 0;
	all = handled(abi);

	auto_close int fd = (int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);

	if (fd < 0)
		return FAIL_SYS(e, "Landlock: make rule set");
	if (s->write_dir >= 0) {
		const struct path_beneath rule = {
			.allowed = all.fs & ~(uint64_t)(FS_EXECUTE | FS_IOCTL_DEV),
			.parent_fd = s->write_dir,
		};

		if (syscall(SYS_landlock_add_rule, fd, RULE_PATH_BENEATH, &rule, 0) < 0)
			return FAIL_SYS(e, "Landlock: allow the folder to write to");
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return FAIL_SYS(e, "Landlock: restrict");
	return 0;
}
