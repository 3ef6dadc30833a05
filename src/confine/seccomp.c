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

#include "confine/seccomp_rules.h"
#include "confine/syscalls.h"

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

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
	return strcmp(name, "memfd_create") == 0 || strcmp(name, "io_setup") == 0;
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

/* Terminal injection and namespaces, which fall through the rules that allow. */
static int notify_arguments(json_t *rules, struct err *e)
{
	const uint32_t *commands;
	const size_t commands_n = rules_ioctls(&commands);
	static const uint64_t namespaces[] = { CLONE_NEWNS,    CLONE_NEWUTS, CLONE_NEWIPC,
					       CLONE_NEWUSER,  CLONE_NEWPID, CLONE_NEWNET,
					       CLONE_NEWCGROUP };
	int r = 0;

	for (size_t i = 0; r == 0 && i < commands_n; i++) {
		const struct compare c = { 1, commands[i], UINT32_MAX };

		r = rule_notify(rules, "ioctl", &c, 1, e);
	}
	for (size_t i = 0; r == 0 && i < sizeof(namespaces) / sizeof(*namespaces); i++) {
		const struct compare c = { 0, namespaces[i], namespaces[i] };

		r = rule_notify(rules, "clone", &c, 1, e);
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
	int r = rule_allow(rules, "memfd_create", &sealed, 1, e);

	if (r == 0)
		r = rule_notify(rules, "memfd_create", &plain, 1, e);
	return r == 0 ? rule_notify(rules, "memfd_create", &asked, 1, e) : r;
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
	int r = rule_allow(rules, name, &reads, 1, e);

	for (size_t i = 0; r == 0 && i < sizeof(bits) / sizeof(*bits); i++) {
		const struct compare c = { flags_at, bits[i], bits[i] };

		r = rule_notify(rules, name, &c, 1, e);
	}
	return r;
}

/* Only the question whether it may be written. */
static int notify_access(json_t *rules, const char *name, unsigned mode_at, struct err *e)
{
	const struct compare reads = { mode_at, 0, W_OK }, writes = { mode_at, W_OK, W_OK };
	int r = rule_allow(rules, name, &reads, 1, e);

	return r == 0 ? rule_notify(rules, name, &writes, 1, e) : r;
}

/* Only code of files, which no compiler in memory makes. */
static int notify_mmap(json_t *rules, struct err *e)
{
	const struct compare code[] = { { 2, PROT_EXEC, PROT_EXEC }, { 3, 0, MAP_ANONYMOUS } };
	const struct compare data = { 2, 0, PROT_EXEC }, none = { 3, MAP_ANONYMOUS, MAP_ANONYMOUS };
	int r = rule_allow(rules, "mmap", &data, 1, e);

	if (r == 0)
		r = rule_allow(rules, "mmap", &none, 1, e);
	return r == 0 ? rule_notify(rules, "mmap", code, 2, e) : r;
}

/* Only what sets one: its address is not 0. */
static int notify_prlimit(json_t *rules, struct err *e)
{
	const struct compare asks = { .index = 2 }, sets = { .index = 2, .differs = true };
	int r = rule_allow(rules, "prlimit64", &asks, 1, e);

	return r == 0 ? rule_notify(rules, "prlimit64", &sets, 1, e) : r;
}

static int notify_one(json_t *rules, const char *name, bool reads, struct err *e)
{
	if (reads && (strcmp(name, "open") == 0 || strcmp(name, "openat") == 0))
		return rule_notify(rules, name, NULL, 0, e);
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
	return rule_notify(rules, name, NULL, 0, e);
}

static int notify_looked(json_t *rules, const struct profile *p, const struct seccomp_guard *g,
			 struct err *e)
{
	int r = 0;

	for (const char *const *s = syscalls_looked; r == 0 && *s; s++)
		if (guarded(p, g, *s))
			r = notify_one(rules, *s, g->reads, e);
	return r;
}

static int add_guard(json_t *rules, const struct profile *p, const struct seccomp_guard *g,
		     struct err *e)
{
	int r = notify_arguments(rules, e);

	if (r == 0)
		r = guard_memfd(rules, e);
	if (r == 0)
		r = rule_notify(rules, "io_setup", NULL, 0, e);
	return r == 0 && g->look ? notify_looked(rules, p, g, e) : r;
}

static int allow_with_arguments(json_t *rules, const struct seccomp_guard *g, struct err *e)
{
	const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
				    CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
	const struct compare clone_plain = { 0, 0, namespaces };
	/* PER_LINUX, PER_LINUX32, the same with UNAME26, and the question what is set. */
	static const uint64_t personalities[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
	int r = rule_allow(rules, "clone", &clone_plain, 1, e);

	for (size_t i = 0; r == 0 && i < sizeof(personalities) / sizeof(*personalities); i++) {
		const struct compare c = { 0, personalities[i], 0 };

		r = rule_allow(rules, "personality", &c, 1, e);
	}
	/* Its flags lie in memory, where no filter can look: the C library falls back to clone. */
	if (r == 0)
		r = rule_refuse(rules, json_pack("[s]", "clone3"), ENOSYS, e);
	if (r == 0)
		r = rules_allow_ioctl(rules, e);
	if (r == 0)
		r = rules_allow_sockets(rules, g, e);
	return r == 0 ? rules_refuse_sockets(rules, g, e) : r;
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
		 : rule_refuse(rules, names, EPERM, e);
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
			r = rule_allow(rules, d->name, NULL, 0, e);
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
