/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1, RULE_NET_PORT = 2 };

struct ruleset {
	uint64_t fs, net, scoped;
};
struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));
struct net_port {
	uint64_t allowed, port;
};

enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_BLOCK = 1 << 11,
	FS_REFER = 1 << 13,
	FS_ABI1 = (1 << 13) - 1, /* execute to make_sym */
	FS_TRUNCATE = 1 << 14,	 /* ABI 3 */
	FS_IOCTL_DEV = 1 << 15,	 /* ABI 5 */
	NET_BIND = 1 << 0,	 /* ABI 4: of TCP */
	NET_CONNECT = 1 << 1,
	SCOPE_SOCKETS = 1 << 0, /* ABI 6: abstract unix sockets */
	SCOPE_SIGNALS = 1 << 1,
};

static struct ruleset handled(unsigned abi, const struct landlock_scope *s)
{
	struct ruleset r = { .fs = FS_ABI1 };

	r.fs &= s->read ? UINT64_MAX : ~(uint64_t)(FS_READ_FILE | FS_READ_DIR);
	r.fs |= abi >= 2 ? FS_REFER : 0;
	r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
	r.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
	if (abi >= 4)
		r.net = (s->bind ? NET_BIND : 0) | (s->connect ? NET_CONNECT : 0);
	if (abi >= 6)
		r.scoped = (s->sockets ? SCOPE_SOCKETS : 0) | (s->signals ? SCOPE_SIGNALS : 0);
	return r;
}

/* How much of struct ruleset this ABI knows: longer is refused. */
static size_t ruleset_size(unsigned abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset);
	return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

unsigned landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 1 ? 0 : (unsigned)abi;
}

int landlock_begin_scope(struct landlock *ret, const struct landlock_scope *s)
{
	const unsigned abi = landlock_abi();
	struct ruleset all;

	*ret = (struct landlock){ .rules = -1 };
	if (!abi)
		return 0;
	all = handled(abi, s);
	ret->fs = all.fs;
	ret->net = all.net;
	ret->rules = (int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);
	return ret->rules < 0 ? -1 : 0;
}

int landlock_begin(struct landlock *ret, bool connect)
{
	const struct landlock_scope all = { true, true, !connect, true, true };

	return landlock_begin_scope(ret, &all);
}

int landlock_allow_port(const struct landlock *l, uint16_t port, bool bind)
{
	struct net_port rule = { .allowed = l->net & (bind ? NET_BIND : NET_CONNECT),
				 .port = port };

	if (l->rules < 0 || !rule.allowed)
		return 0;
	return (int)syscall(SYS_landlock_add_rule, l->rules, RULE_NET_PORT, &rule, 0);
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
	rule.allowed |= access & LANDLOCK_DEVICE ? FS_WRITE_FILE | FS_IOCTL_DEV : 0;
	if (access & LANDLOCK_OWN)
		rule.allowed |= ~(uint64_t)(FS_EXECUTE | FS_IOCTL_DEV);
	if (access & LANDLOCK_FILES)
		rule.allowed |=
			~(uint64_t)(FS_EXECUTE | FS_IOCTL_DEV | FS_MAKE_CHAR | FS_MAKE_BLOCK);
	/* A right of folders makes a rule for a file invalid. */
	if (!S_ISDIR(st.st_mode))
		rule.allowed &=
			FS_EXECUTE | FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
	rule.allowed &= l->fs;
	if (!rule.allowed)
		return 0;
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
