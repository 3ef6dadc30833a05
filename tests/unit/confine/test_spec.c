/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>

#include "confine/spec.h"
#include "confine/syscalls.h"
#include "tap.h"

TAP_MAIN()

static const char *const argv[] = { "/bin/true", NULL };
static const char *const env[] = { "PATH=/bin", NULL };

static json_t *make(const struct profile *p, struct spec *ret)
{
	static const struct user root = { .home = "/" };
	struct spec s = { .profile = p,
			  .root = "/r",
			  .root_readonly = p->root_readonly,
			  .hostname = "h",
			  .cgroup = "/plimsoll-x",
			  .argv = argv,
			  .env = env,
			  .cwd = "/",
			  .user = &root,
			  .caps = caps_of(p->caps),
			  .limits = p->limits };
	json_t *j = NULL;
	struct err e = ERR_INIT;

	CHECK(spec_json(&s, &j, &e) == 0);
	if (ret)
		*ret = s;
	return j;
}

static void each_resolves(const struct syscall_rule *t)
{
	for (; t->name; t++)
		if (seccomp_syscall_resolve_name(t->name) == __NR_SCMP_ERROR) {
			(void)printf("# unknown to libseccomp: %s\n", t->name);
			CHECK(!"known");
		}
}

TEST(every_system_call_name_is_known)
{
	each_resolves(syscalls_allowed);
	each_resolves(syscalls_denied);
}

TEST(no_system_call_stands_in_both_tables)
{
	for (const struct syscall_rule *d = syscalls_denied; d->name; d++) {
		CHECK(d->why != NULL);
		for (const struct syscall_rule *a = syscalls_allowed; a->name; a++)
			CHECK(strcmp(a->name, d->name) != 0);
	}
}

TEST(what_must_never_be_allowed_is_not)
{
	static const char *const never[] = {
		"ptrace",	   "bpf",
		"mount",	   "unshare",
		"setns",	   "keyctl",
		"add_key",	   "io_uring_setup",
		"userfaultfd",	   "open_by_handle_at",
		"kexec_load",	   "reboot",
		"init_module",	   "finit_module",
		"perf_event_open", "clone3",
		"clone",	   "ioctl",
		"socket",	   "process_vm_writev",
		"personality",	   "fsopen",
		"chroot",	   "name_to_handle_at",
		"umount2",
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		for (const struct syscall_rule *a = syscalls_allowed; a->name; a++)
			CHECK(strcmp(a->name, never[i]) != 0);
}

/* What the rules of one call say of its argument, as libseccomp would join them: by OR. */
/* The rule of this action that takes the call; NULL when none does. */
static const json_t *rule_for(const json_t *seccomp, const char *action, const char *call,
			      const uint64_t args[3])
{
	const json_t *rule, *arg, *rules = json_object_get(seccomp, "syscalls");
	size_t i, k;

	json_array_foreach(rules, i, rule)
	{
		const json_t *names = json_object_get(rule, "names");
		bool all = true, named = false;

		for (size_t n = 0; n < json_array_size(names); n++)
			named |= strcmp(json_string_value(json_array_get(names, n)), call) == 0;
		if (!named || strcmp(json_string_or_null(rule, "action"), action) != 0)
			continue;
		json_array_foreach(json_object_get(rule, "args"), k, arg)
		{
			uint64_t a = args[json_integer_value(json_object_get(arg, "index"))];
			uint64_t v = (uint64_t)json_integer_value(json_object_get(arg, "value"));
			uint64_t w = (uint64_t)json_integer_value(json_object_get(arg, "valueTwo"));

			if (strcmp(json_string_or_null(arg, "op"), "SCMP_CMP_EQ") == 0)
				all &= a == v;
			else
				all &= (a & v) == w;
		}
		if (all)
			return rule;
	}
	return NULL;
}

static bool allows(const json_t *seccomp, const char *call, const uint64_t args[3])
{
	return rule_for(seccomp, "SCMP_ACT_ALLOW", call, args) != NULL;
}

/* The errno of a call that has a rule for it; 0 when it falls through to the default. */
static int answer(const json_t *seccomp, const char *call, const uint64_t args[3])
{
	const json_t *rule = rule_for(seccomp, "SCMP_ACT_ERRNO", call, args);

	return (int)json_integer_value(json_object_get(rule, "errnoRet"));
}

TEST(terminal_injection_is_refused_whatever_the_upper_half_says)
{
	json_t *j = make(&profile_default, NULL);
	const json_t *f = json_object_get(json_object_get(j, "linux"), "seccomp");

	for (uint64_t n = 0; n < 0x10000; n++) {
		const bool bad = n == 0x5412 || n == 0x541C || n == 0x5423;

		if (allows(f, "ioctl", (const uint64_t[]){ 0, n, 0 }) == bad ||
		    allows(f, "ioctl", (const uint64_t[]){ 0, n | 1ULL << 32, 0 }) == bad)
			CHECK(!"ioctl rule");
	}
	json_decref(j);
}

TEST(drivers_above_a_connection_are_refused_whatever_the_upper_half_says)
{
	json_t *j = make(&profile_default, NULL);
	const json_t *f = json_object_get(json_object_get(j, "linux"), "seccomp");

	for (uint64_t level = 0; level < 256; level++)
		for (uint64_t option = 0; option < 256; option++) {
			const bool bad = (level == 6 && (option == 31 || option == 100)) ||
					 (level == 17 && (option == 31 || option == 100));
			const uint64_t high[] = { 0, level | 1ULL << 40, option | 1ULL << 32 };

			if (allows(f, "setsockopt", (const uint64_t[]){ 0, level, option }) ==
				    bad ||
			    allows(f, "setsockopt", high) == bad)
				CHECK(!"setsockopt rule");
		}
	CHECK(answer(f, "setsockopt", (const uint64_t[]){ 3, 6, 31 }) == ENOPROTOOPT);
	json_decref(j);
}

TEST(sockets_and_clone_go_by_their_arguments)
{
	json_t *j = make(&profile_default, NULL);
	const json_t *f = json_object_get(json_object_get(j, "linux"), "seccomp");

	CHECK(allows(f, "socket", (const uint64_t[]){ 1, 1, 0 }));
	CHECK(allows(f, "socket", (const uint64_t[]){ 2, 1, 6 }));
	CHECK(allows(f, "socket", (const uint64_t[]){ 10, 2, 17 }));
	CHECK(allows(f, "socket", (const uint64_t[]){ 16, 3, 0 }));
	CHECK(!allows(f, "socket", (const uint64_t[]){ 16, 3, 12 })); /* nftables */
	CHECK(!allows(f, "socket", (const uint64_t[]){ 2, 1, 132 })); /* SCTP */
	CHECK(!allows(f, "socket", (const uint64_t[]){ 38, 5, 0 }));  /* AF_ALG */
	CHECK(!allows(f, "socket", (const uint64_t[]){ 17, 3, 0 }));  /* AF_PACKET */
	CHECK(!allows(f, "socket", (const uint64_t[]){ 40, 1, 0 }));  /* AF_VSOCK */
	/* libaudit, in groupadd and useradd: no audit in this kernel, not a broken one. */
	CHECK(answer(f, "socket", (const uint64_t[]){ 16, 3, 9 }) == EPROTONOSUPPORT);
	CHECK(answer(f, "socket", (const uint64_t[]){ 16, 3, 15 }) == EPROTONOSUPPORT);
	CHECK(answer(f, "socket", (const uint64_t[]){ 16, 3, 0 }) == 0);
	CHECK(answer(f, "socket", (const uint64_t[]){ 38, 5, 0 }) == EAFNOSUPPORT);
	CHECK(allows(f, "clone", (const uint64_t[]){ 17, 0, 0 }));
	CHECK(!allows(f, "clone", (const uint64_t[]){ 0x10000000 | 17, 0, 0 }));
	CHECK(!allows(f, "chroot", (const uint64_t[]){ 0, 0, 0 }));
	json_decref(j);
	j = make(&profile_build, NULL);
	CHECK(allows(json_object_get(json_object_get(j, "linux"), "seccomp"), "chroot",
		     (const uint64_t[]){ 0, 0, 0 }));
	json_decref(j);
}

TEST(the_default_configuration_is_locked_down)
{
	json_t *j = make(&profile_default, NULL);
	const json_t *p = json_object_get(j, "process");
	const json_t *caps = json_object_get(json_object_get(p, "capabilities"), "bounding");

	CHECK_STR(json_string_or_null(j, "ociVersion"), "1.0.2");
	CHECK(json_is_true(json_object_get(p, "noNewPrivileges")));
	CHECK(json_is_true(json_object_get(json_object_get(j, "root"), "readonly")));
	CHECK(json_array_size(caps) == 0);
	CHECK(json_array_size(json_object_get(json_object_get(p, "capabilities"), "ambient")) == 0);
	CHECK(json_array_size(json_object_get(json_object_get(j, "linux"), "namespaces")) == 5);
	json_decref(j);
}

static const char *ping_range(const json_t *os)
{
	return json_string_value(
		json_object_get(json_object_get(os, "sysctl"), "net.ipv4.ping_group_range"));
}

TEST(without_a_cgroup_nothing_asks_for_one)
{
	static const struct user root = { .home = "/" };
	const struct spec s = { .profile = &profile_build,
				.root = "/r",
				.hostname = "h",
				.ids = 65537,
				.argv = argv,
				.env = env,
				.cwd = "/",
				.user = &root };
	json_t *without = NULL, *with = make(&profile_build, NULL), *os, *m;
	size_t i;

	CHECK(spec_json(&s, &without, NULL) == 0);
	os = json_object_get(without, "linux");
	CHECK(!json_object_get(os, "cgroupsPath") && !json_object_get(os, "resources"));
	CHECK_STR(ping_range(os), "0 65536");
	json_array_foreach(json_object_get(without, "mounts"), i, m)
		CHECK(strcmp(json_string_value(json_object_get(m, "type")), "cgroup") != 0);
	os = json_object_get(with, "linux");
	CHECK(json_object_get(os, "cgroupsPath") && json_object_get(os, "resources"));
	CHECK_STR(ping_range(os), "0 2147483647");
	json_decref(without);
	json_decref(with);
}

TEST(capability_names_in_every_spelling)
{
	unsigned n = 99;
	struct err e = ERR_INIT;

	CHECK(cap_parse("chown", &n, &e) == 0 && n == 0);
	CHECK(cap_parse("CAP_checkpoint_RESTORE", &n, &e) == 0 && n == 40);
	CHECK(cap_parse("ALL", &n, &e) == E_USAGE);
	CHECK(cap_parse("", &n, &e) == E_USAGE);
}
