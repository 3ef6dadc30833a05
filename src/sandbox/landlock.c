/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/lockdown.h"

/*
 * By its system calls: the structures and bits are written out here, since the headers of the build
 * machine may be older than the kernel that runs us. Each ABI handles what it knows, and what is
 * handled is denied.
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
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REFER = 1 << 13,
	FS_ABI1 = (1 << 13) - 1, /* execute to make_sym */
	FS_TRUNCATE = 1 << 14,	 /* ABI 3 */
	FS_IOCTL_DEV = 1 << 15,	 /* ABI 5 */
	NET_BIND = 1 << 0,	 /* ABI 4: of TCP */
	NET_CONNECT = 1 << 1,
	SCOPE_ALL = 3, /* ABI 6: abstract unix sockets, signals */
};

static struct ruleset handled(long abi, bool connect)
{
	struct ruleset r = { .fs = FS_ABI1 };

	r.fs |= abi >= 2 ? FS_REFER : 0;
	r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
	r.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
	r.net = abi < 4 ? 0 : connect ? NET_BIND : NET_BIND | NET_CONNECT;
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

int landlock_begin(struct landlock *ret, bool connect)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	struct ruleset all;

	*ret = (struct landlock){ .rules = -1 };
	if (abi < 1)
		return 0;
	all = handled(abi, connect);
	ret->fs = all.fs;
	ret->rules = (int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);
	return ret->rules < 0 ? -1 : 0;
}

int landlock_allow_fd(const struct landlock *l, int fd, unsigned access)
{
	struct path_beneath rule = { .parent_fd = fd };
	struct stat st;

	if (l->rules < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -1;
	rule.allowed |=
		access & (LANDLOCK_READ | LANDLOCK_EXECUTE) ? FS_READ_FILE | FS_READ_DIR : 0;
	rule.allowed |= access & LANDLOCK_EXECUTE ? FS_EXECUTE : 0;
	rule.allowed |= access & LANDLOCK_WRITE ? FS_WRITE_FILE : 0;
	if (access & LANDLOCK_OWN)
		rule.allowed |= l->fs & ~(uint64_t)(FS_EXECUTE | FS_IOCTL_DEV);
	/* A right of folders makes a rule for a file invalid. */
	if (!S_ISDIR(st.st_mode))
		rule.allowed &= ~(uint64_t)FS_READ_DIR;
	return (int)syscall(SYS_landlock_add_rule, l->rules, RULE_PATH_BENEATH, &rule, 0);
}

int landlock_allow(const struct landlock *l, const char *path, unsigned access)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? 0 : landlock_allow_fd(l, fd, access);
}

int landlock_restrict(const struct landlock *l)
{
	return l->rules < 0 ? 0 : (int)syscall(SYS_landlock_restrict_self, l->rules, 0);
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
