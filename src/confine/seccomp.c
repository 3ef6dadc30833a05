/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confine/syscalls.h"

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

/* Comparisons of one rule; all must hold. */
struct compare {
	unsigned index;
	uint64_t value;
	uint64_t mask; /* 0: the whole argument equals value; else (arg & mask) == value */
};

static json_t *compare_json(const struct compare *c)
{
	json_int_t value = (json_int_t)c->value, mask = (json_int_t)c->mask;

	if (!c->mask)
		return json_pack("{s:i, s:I, s:s}", "index", (int)c->index, "value", value, "op",
				 "SCMP_CMP_EQ");
	return json_pack("{s:i, s:I, s:I, s:s}", "index", (int)c->index, "value", mask, "valueTwo",
			 value, "op", "SCMP_CMP_MASKED_EQ");
}

static int act_if(json_t *rules, const char *action, const char *name, const struct compare *c,
		  size_t n, struct err *e)
{
	auto_json *args = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(args, compare_json(&c[i])) < 0)
			return FAIL_NOMEM(e);
	return json_push(
		rules,
		json_pack("{s:[s], s:s, s:O}", "names", name, "action", action, "args", args), e);
}

/* Adds {"names": [name], "action": allow, "args": [...]}. */
static int allow_if(json_t *rules, const char *name, const struct compare *c, size_t n,
		    struct err *e)
{
	return act_if(rules, "SCMP_ACT_ALLOW", name, c, n, e);
}

static int notify_if(json_t *rules, const char *name, const struct compare *c, size_t n,
		     struct err *e)
{
	return act_if(rules, "SCMP_ACT_NOTIFY", name, c, n, e);
}

static int refuse(json_t *rules, json_t *names, int error, struct err *e)
{
	return json_push(rules,
			 json_pack("{s:o, s:s, s:i}", "names", names, "action", "SCMP_ACT_ERRNO",
				   "errnoRet", error),
			 e);
}

/* What a profile moves from the denied to the allowed table; and what a capability is for, which
 * the kernel asks for by itself. */
static bool profile_allows(const struct profile *p, const struct seccomp_guard *g, const char *name)
{
	if (g && strcmp(name, "chroot") == 0 && g->caps & 1ULL << CAP_SYS_CHROOT)
		return true;
	for (const char *const *s = p->syscalls; s && *s; s++)
		if (strcmp(*s, name) == 0)
			return true;
	return false;
}

/* Some are frequent, and are refused in few containers only: connections where none or not all are
 * allowed; signals where there can be processes of several users. */
static bool worth_a_look(const struct profile *p, const struct seccomp_guard *g, const char *name)
{
	if (strcmp(name, "connect") == 0)
		return p->connect.restricted || g->no_network;
	if (strcmp(name, "kill") == 0)
		return g->caps & 1ULL << CAP_SETUID && !(g->caps & 1ULL << CAP_KILL);
	return true;
}

/* Has rules of its own where there is a guard. */
static bool guarded(const struct profile *p, const struct seccomp_guard *g, const char *name)
{
	if (!g)
		return false;
	for (const char *const *s = syscalls_looked; g->look && *s; s++)
		if (strcmp(*s, name) == 0)
			return worth_a_look(p, g, name);
	return strcmp(name, "memfd_create") == 0;
}

static json_t *names_json(const struct syscall_rule *table, const struct profile *p,
			  const struct seccomp_guard *g)
{
	json_t *names = json_array();

	for (; table->name; table++) {
		if (table->why ? profile_allows(p, g, table->name) : guarded(p, g, table->name))
			continue;
		if (json_array_append_new(names, json_string(table->name)) < 0) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

/*
 * Everything but two ioctl numbers, both of which write into a terminal as if typed. The number is
 * 32 bits to the kernel while the filter compares 64, so "not equal" would let 0x100005412 pass,
 * and several "not equal" rules of one call would be joined by OR. So: allow when any of the low 32
 * bits tells the number apart from both.
 */
static int allow_ioctl(json_t *rules, struct err *e)
{
	const uint64_t a = TIOCSTI, b = TIOCLINUX, differ = a ^ b;

	for (unsigned bit = 0; bit < 32; bit++) {
		const uint64_t mask = 1ULL << bit;
		const struct compare c = { 1, ~a & mask, mask };
		int r = differ & mask ? 0 : allow_if(rules, "ioctl", &c, 1, e);

		if (r < 0)
			return r;
	}
	/* The bits in which the two differ, in every combination but their own. */
	for (uint64_t v = differ;; v = (v - 1) & differ) {
		const struct compare c = { 1, v, differ };
		int r = v == (a & differ) || v == (b & differ) ? 0
							       : allow_if(rules, "ioctl", &c, 1, e);

		if (r < 0)
			return r;
		if (v == 0)
			return 0;
	}
}

/* socket(2): the families a service needs, and no protocol beyond TCP, UDP and ping: SCTP, DCCP and
 * the rest are reached through the same families. */
static int allow_sockets(json_t *rules, const struct seccomp_guard *g, struct err *e)
{
	enum { TYPE = 0xf }; /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
	static const uint64_t types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const struct {
		uint64_t family, protocol;
	} table[] = {
		{ AF_INET, 0 },
		{ AF_INET, IPPROTO_TCP },
		{ AF_INET, IPPROTO_UDP },
		{ AF_INET, IPPROTO_ICMP },
		{ AF_INET6, 0 },
		{ AF_INET6, IPPROTO_TCP },
		{ AF_INET6, IPPROTO_UDP },
		{ AF_INET6, IPPROTO_ICMPV6 },
		{ AF_NETLINK, 0 /* NETLINK_ROUTE */ },
	};
	const struct compare local = { 0, AF_UNIX, 0 };
	int r = allow_if(rules, "socket", &local, 1, e);

	if (r == 0)
		r = allow_if(rules, "socketpair", &local, 1, e);
	for (size_t i = 0; r == 0 && i < sizeof(table) / sizeof(*table); i++) {
		const bool inet = table[i].family != AF_NETLINK;
		struct compare c[] = { { 0, table[i].family, 0 },
				       { 2, table[i].protocol, 0 },
				       { 1, SOCK_RAW, TYPE } };

		if (!inet || !g || g->caps & 1ULL << CAP_NET_RAW) {
			r = allow_if(rules, "socket", c, 2, e);
			continue;
		}
		/* The kernel would refuse a raw one: the guard does, and says why. */
		r = notify_if(rules, "socket", c, 3, e);
		for (size_t t = 0; r == 0 && t < sizeof(types) / sizeof(*types); t++) {
			c[2].value = types[t];
			r = allow_if(rules, "socket", c, 3, e);
		}
	}
	return r;
}

/* Adds {"names": ["socket"], "action": errno, ...}: what a program that asks politely takes for a
 * kernel without that family or protocol. */
static int answer_socket(json_t *rules, const struct compare *c, size_t n, int error, struct err *e)
{
	json_t *rule;
	int r = allow_if(rules, "socket", c, n, e);

	if (r < 0)
		return r;
	rule = json_array_get(rules, json_array_size(rules) - 1);
	r = json_put_string(rule, "action", "SCMP_ACT_ERRNO", e);
	return r < 0 ? r : json_put_u64(rule, "errnoRet", (uint64_t)error, e);
}

/*
 * Sockets that are not given. ENOSYS would do for the filter, but not for the programs: libaudit,
 * within groupadd and useradd, goes on without an audit log only for these errors, and ends the
 * program for any other.
 */
static int refuse_sockets(json_t *rules, const struct seccomp_guard *g, struct err *e)
{
	enum { NETLINK_BITS = 5 }; /* MAX_LINKS is 32 */
	static const uint64_t families[] = { AF_ALG, AF_PACKET, AF_VSOCK, AF_KEY, AF_BLUETOOTH };
	int r = 0;

	for (unsigned bit = 0; r == 0 && bit < NETLINK_BITS; bit++) {
		const struct compare c[] = { { 0, AF_NETLINK, 0 }, { 2, 1U << bit, 1U << bit } };

		r = answer_socket(rules, c, 2, EPROTONOSUPPORT, e);
	}
	for (size_t i = 0; r == 0 && i < sizeof(families) / sizeof(*families); i++) {
		const struct compare c = { 0, families[i], 0 };

		r = g ? notify_if(rules, "socket", &c, 1, e)
		      : answer_socket(rules, &c, 1, EAFNOSUPPORT, e);
	}
	return r;
}

/* Terminal injection and namespaces, which fall through the rules that allow. */
static int notify_arguments(json_t *rules, struct err *e)
{
	static const uint64_t commands[] = { TIOCSTI, TIOCLINUX };
	static const uint64_t namespaces[] = { CLONE_NEWNS,    CLONE_NEWUTS, CLONE_NEWIPC,
					       CLONE_NEWUSER,  CLONE_NEWPID, CLONE_NEWNET,
					       CLONE_NEWCGROUP };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(commands) / sizeof(*commands); i++) {
		const struct compare c = { 1, commands[i], UINT32_MAX };

		r = notify_if(rules, "ioctl", &c, 1, e);
	}
	for (size_t i = 0; r == 0 && i < sizeof(namespaces) / sizeof(*namespaces); i++) {
		const struct compare c = { 0, namespaces[i], namespaces[i] };

		r = notify_if(rules, "clone", &c, 1, e);
	}
	return r;
}

/* Memory files that can never be executed are allowed; others the guard makes as such, or refuses.
 */
static int guard_memfd(json_t *rules, struct err *e)
{
	const uint64_t noexec = 8, exec = 16; /* MFD_NOEXEC_SEAL, MFD_EXEC */
	const struct compare sealed = { 1, noexec, noexec | exec }, plain = { 1, 0, noexec | exec },
			     asked = { 1, exec, exec };
	int r = allow_if(rules, "memfd_create", &sealed, 1, e);

	if (r == 0)
		r = notify_if(rules, "memfd_create", &plain, 1, e);
	return r == 0 ? notify_if(rules, "memfd_create", &asked, 1, e) : r;
}

const char *const syscalls_looked[] = {
	"open",
	"openat",
	"creat",
	"mkdir",
	"mkdirat",
	"mknod",
	"mknodat",
	"unlink",
	"unlinkat",
	"rmdir",
	"rename",
	"renameat",
	"renameat2",
	"link",
	"linkat",
	"symlink",
	"symlinkat",
	"chmod",
	"fchmodat",
	"chown",
	"fchownat",
	"lchown",
	"fchown",
	"truncate",
	"setuid",
	"setgid",
	"setgroups",
	"setresuid",
	"setresgid",
	"setreuid",
	"setregid",
	"execve",
	"execveat",
	"access",
	"faccessat",
	"faccessat2",
	"utime",
	"utimes",
	"utimensat",
	"setxattr",
	"lsetxattr",
	"fchmod",
	"fallocate",
	"mmap",
	"kill",
	"setpriority",
	"sched_setscheduler",
	"sched_setattr",
	"setrlimit",
	"prlimit64",
	"mlock",
	"mlock2",
	"mlockall",
	"capset",
	"bind",
	"connect",
	NULL,
};

/* Only what opens to write. */
static int notify_open(json_t *rules, const char *name, unsigned flags_at, struct err *e)
{
	static const uint64_t bits[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC };
	const struct compare reads = { flags_at, 0, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC };
	int r = allow_if(rules, name, &reads, 1, e);

	for (size_t i = 0; r == 0 && i < sizeof(bits) / sizeof(*bits); i++) {
		const struct compare c = { flags_at, bits[i], bits[i] };

		r = notify_if(rules, name, &c, 1, e);
	}
	return r;
}

/* Only the question whether it may be written. */
static int notify_access(json_t *rules, const char *name, unsigned mode_at, struct err *e)
{
	const struct compare reads = { mode_at, 0, W_OK }, writes = { mode_at, W_OK, W_OK };
	int r = allow_if(rules, name, &reads, 1, e);

	return r == 0 ? notify_if(rules, name, &writes, 1, e) : r;
}

/* Only code of files, which no compiler in memory makes. */
static int notify_mmap(json_t *rules, struct err *e)
{
	const struct compare code[] = { { 2, PROT_EXEC, PROT_EXEC }, { 3, 0, MAP_ANONYMOUS } };
	const struct compare data = { 2, 0, PROT_EXEC }, none = { 3, MAP_ANONYMOUS, MAP_ANONYMOUS };
	int r = allow_if(rules, "mmap", &data, 1, e);

	if (r == 0)
		r = allow_if(rules, "mmap", &none, 1, e);
	return r == 0 ? notify_if(rules, "mmap", code, 2, e) : r;
}

/* Only what sets one: its address is not 0, so one of these bits is set. */
static int notify_prlimit(json_t *rules, struct err *e)
{
	enum { LOWEST = 3, HIGHEST = 56 };
	const struct compare asks = { 2, 0, 0 };
	int r = allow_if(rules, "prlimit64", &asks, 1, e);

	for (unsigned bit = LOWEST; r == 0 && bit <= HIGHEST; bit++) {
		const struct compare sets = { 2, 1ULL << bit, 1ULL << bit };

		r = notify_if(rules, "prlimit64", &sets, 1, e);
	}
	return r;
}

static int notify_one(json_t *rules, const char *name, struct err *e)
{
	if (strcmp(name, "open") == 0)
		return notify_open(rules, name, 1, e);
	if (strcmp(name, "openat") == 0)
		return notify_open(rules, name, 2, e);
	if (strcmp(name, "access") == 0)
		return notify_access(rules, name, 1, e);
	if (strcmp(name, "faccessat") == 0 || strcmp(name, "faccessat2") == 0)
		return notify_access(rules, name, 2, e);
	if (strcmp(name, "mmap") == 0)
		return notify_mmap(rules, e);
	if (strcmp(name, "prlimit64") == 0)
		return notify_prlimit(rules, e);
	return notify_if(rules, name, NULL, 0, e);
}

static int notify_looked(json_t *rules, const struct profile *p, const struct seccomp_guard *g,
			 struct err *e)
{
	int r = 0;

	for (const char *const *s = syscalls_looked; r == 0 && *s; s++)
		if (guarded(p, g, *s))
			r = notify_one(rules, *s, e);
	return r;
}

static int add_guard(json_t *rules, const struct profile *p, const struct seccomp_guard *g,
		     struct err *e)
{
	int r = notify_arguments(rules, e);

	if (r == 0)
		r = guard_memfd(rules, e);
	return r == 0 && g->look ? notify_looked(rules, p, g, e) : r;
}

static int allow_with_arguments(json_t *rules, const struct seccomp_guard *g, struct err *e)
{
	const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
				    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
	const struct compare clone_plain = { 0, 0, namespaces };
	/* PER_LINUX, PER_LINUX32, the same with UNAME26, and the question what is set. */
	static const uint64_t personalities[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
	int r = allow_if(rules, "clone", &clone_plain, 1, e);

	for (size_t i = 0; r == 0 && i < sizeof(personalities) / sizeof(*personalities); i++) {
		const struct compare c = { 0, personalities[i], 0 };

		r = allow_if(rules, "personality", &c, 1, e);
	}
	/* Its flags lie in memory, where no filter can look: the C library falls back to clone. */
	if (r == 0)
		r = refuse(rules, json_pack("[s]", "clone3"), ENOSYS, e);
	if (r == 0)
		r = allow_ioctl(rules, e);
	if (r == 0)
		r = allow_sockets(rules, g, e);
	return r == 0 ? refuse_sockets(rules, g, e) : r;
}

static const char *native_architecture(void)
{
#if defined(__x86_64__)
	return "SCMP_ARCH_X86_64";
#elif defined(__aarch64__)
	return "SCMP_ARCH_AARCH64";
#elif defined(__riscv)
	return "SCMP_ARCH_RISCV64";
#else
#error "confine: name this architecture for libseccomp"
#endif
}

/* By the filter itself, or by the guard, which answers the same. */
static int deny(json_t *rules, json_t *names, const struct seccomp_guard *g, struct err *e)
{
	return g ? json_push(rules,
			     json_pack("{s:o, s:s}", "names", names, "action", "SCMP_ACT_NOTIFY"),
			     e)
		 : refuse(rules, names, EPERM, e);
}

int seccomp_json(const struct profile *p, const struct seccomp_guard *g, json_t **ret,
		 struct err *e)
{
	auto_json *rules = json_array();
	json_t *out;
	int r = json_push(rules,
			  json_pack("{s:o, s:s}", "names", names_json(syscalls_allowed, p, g),
				    "action", "SCMP_ACT_ALLOW"),
			  e);

	for (const struct syscall_rule *d = syscalls_denied; r == 0 && d->name; d++)
		if (profile_allows(p, g, d->name))
			r = allow_if(rules, d->name, NULL, 0, e);
	if (r == 0)
		r = deny(rules, names_json(syscalls_denied, p, g), g, e);
	if (r == 0)
		r = allow_with_arguments(rules, g, e);
	if (r == 0 && g)
		r = add_guard(rules, p, g, e);
	if (r < 0)
		return WRAP(e, r, "seccomp filter");
	out = json_pack("{s:s, s:i, s:[s], s:O, s:s*}", "defaultAction", "SCMP_ACT_ERRNO",
			"defaultErrnoRet", ENOSYS, "architectures", native_architecture(),
			"syscalls", rules, "listenerPath", g ? g->listener : NULL);
	if (!out)
		return FAIL_NOMEM(e);
	*ret = out;
	return 0;
}
