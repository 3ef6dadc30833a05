/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled filter against libseccomp's, of the same rules, on calls that tell them apart. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "confine/filter.h"
#include "confine/guard/guard.h"
#include "confine/syscalls.h"
#include "tap.h"

TAP_MAIN()

enum { MAX_CODE = 8192, NUMBERS = 600, X32 = 0x40000000 };

struct program {
	struct sock_filter v[MAX_CODE];
	size_t n;
};

/* Classic BPF as seccomp has it; UINT32_MAX when it leaves the program. */
static uint32_t evaluate(const struct program *p, const struct seccomp_data *d, size_t *ret_steps)
{
	uint32_t a = 0;

	*ret_steps = 0;
	for (size_t pc = 0; pc < p->n; pc++, ++*ret_steps) {
		const struct sock_filter *i = &p->v[pc];
		bool yes = false;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, (const char *)d + i->k, 4); continue;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; continue;
		case BPF_RET | BPF_K: return i->k;
		case BPF_JMP | BPF_JA: pc += i->k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: yes = a == i->k; break;
		case BPF_JMP | BPF_JGE | BPF_K: yes = a >= i->k; break;
		case BPF_JMP | BPF_JGT | BPF_K: yes = a > i->k; break;
		case BPF_JMP | BPF_JSET | BPF_K: yes = a & i->k; break;
		default: return UINT32_MAX;
		}
		pc += yes ? i->jt : i->jf;
	}
	return UINT32_MAX;
}

static uint32_t action_of(const json_t *j, const char *name, const char *error)
{
	const char *s = json_string_value(json_object_get(j, name));

	if (strcmp(s, "SCMP_ACT_NOTIFY") == 0)
		return SCMP_ACT_NOTIFY;
	return strcmp(s, "SCMP_ACT_ALLOW") == 0
		       ? SCMP_ACT_ALLOW
		       : SCMP_ACT_ERRNO((uint32_t)json_integer_value(json_object_get(j, error)));
}

/* As crun hands the rules over. */
static void reference(const json_t *seccomp, struct program *ret)
{
	scmp_filter_ctx ctx = seccomp_init(action_of(seccomp, "defaultAction", "defaultErrnoRet"));
	auto_close int fd = memfd_create("bpf", MFD_CLOEXEC);
	const json_t *rule, *name, *arg;
	size_t i, k, m;
	ssize_t n;

	json_array_foreach(json_object_get(seccomp, "syscalls"), i, rule)
	{
		struct scmp_arg_cmp v[6];
		unsigned args = 0;

		json_array_foreach(json_object_get(rule, "args"), m, arg)
		{
			const char *op = json_string_value(json_object_get(arg, "op"));
			const bool masked = strcmp(op, "SCMP_CMP_MASKED_EQ") == 0;

			v[args++] = (struct scmp_arg_cmp){
				(unsigned)json_integer_value(json_object_get(arg, "index")),
				masked				 ? SCMP_CMP_MASKED_EQ
				: strcmp(op, "SCMP_CMP_NE") == 0 ? SCMP_CMP_NE
								 : SCMP_CMP_EQ,
				(uint64_t)json_integer_value(json_object_get(arg, "value")),
				(uint64_t)json_integer_value(json_object_get(arg, "valueTwo"))
			};
		}
		json_array_foreach(json_object_get(rule, "names"), k, name)
		{
			int number = seccomp_syscall_resolve_name(json_string_value(name));
			uint32_t action = action_of(rule, "action", "errnoRet");

			/* An action that is the default's is an error to libseccomp. */
			if (number >= 0 &&
			    action != action_of(seccomp, "defaultAction", "defaultErrnoRet"))
				CHECK(seccomp_rule_add_array(ctx, action, number, args, v) == 0);
		}
	}
	CHECK(seccomp_export_bpf(ctx, fd) == 0);
	n = pread(fd, ret->v, sizeof(ret->v), 0);
	CHECK(n > 0 && (size_t)n < sizeof(ret->v));
	ret->n = (size_t)n / sizeof(*ret->v);
	seccomp_release(ctx);
}

static void compiled(const json_t *seccomp, struct program *ret)
{
	auto_buf code = BUF_INIT(sizeof(ret->v));
	struct err e = ERR_INIT;

	CHECK(filter_compile(seccomp, &code, &e) == 0);
	memcpy(ret->v, code.p, code.n);
	ret->n = code.n / sizeof(*ret->v);
	CHECK(ret->n <= BPF_MAXINSNS);
}

/* Values that occur in rules, and their neighbours by one bit in either half. */
static uint64_t some_value(unsigned n)
{
	static const uint64_t from[] = { 0,	  1,	     2,		 6,	     8,
					 10,	  16,	     17,	 38,	     58,
					 0x5412,  0x541c,    0x5401,	 0x5413,     40,
					 0x20000, 0x20008,   0xffffffff, 0x7e020000, 0x02000000,
					 132,	  0x10000000 };
	const uint64_t v = from[n % (sizeof(from) / sizeof(*from))];

	n /= sizeof(from) / sizeof(*from);
	return n % 66 < 64 ? v ^ 1ULL << n % 66 : v;
}

static void compare(const struct profile *p, const struct seccomp_guard *g)
{
	auto_free struct program *a = calloc(1, sizeof(*a));
	auto_free struct program *b = calloc(1, sizeof(*b));
	auto_json *seccomp = NULL;
	struct err e = ERR_INIT;
	size_t steps, most = 0, calls = 0, differ = 0;

	CHECK(seccomp_json(p, g, &seccomp, &e) == 0);
	reference(seccomp, a);
	compiled(seccomp, b);
	for (int number = -1; number < NUMBERS; number++)
		for (unsigned n = 0; n < (g ? 800 : 4000); n++) {
			struct seccomp_data d = { .nr = number, .arch = AUDIT_ARCH_X86_64 };

			for (size_t i = 0; i < 6; i++)
				d.args[i] =
					some_value(n < (g ? 400 : 2000) ? n : (unsigned)random());
			differ += evaluate(a, &d, &steps) != evaluate(b, &d, &steps);
			most = steps > most ? steps : most;
			calls++;
		}
	CHECK(differ == 0);
	printf("# %zu instructions for libseccomp's %zu; at most %zu are passed; %zu calls\n", b->n,
	       a->n, most, calls);
}

#if defined(__x86_64__)
TEST(the_default_profiles_filter_is_libseccomps)
{
	compare(&profile_default, NULL);
}

TEST(the_build_profiles_filter_is_libseccomps)
{
	compare(&profile_build, NULL);
}

static const struct seccomp_guard guards[] = {
	{ .listener = "/x", .look = false },
	{ .listener = "/x", .look = true },
	{ .listener = "/x", .look = true, .caps = 1ULL << 13 /* CAP_NET_RAW */ },
};

TEST(the_filter_of_a_guard_is_libseccomps)
{
	for (size_t i = 0; i < sizeof(guards) / sizeof(*guards); i++)
		compare(&profile_default, &guards[i]);
}

/* What would become of a call: the guard lets go on by number, and refuses all else. */
TEST(a_guard_allows_nothing_that_the_filter_alone_refuses)
{
	auto_free struct program *alone = calloc(1, sizeof(*alone));
	auto_free struct program *with = calloc(1, sizeof(*with));
	auto_json *plain = NULL;
	struct err e = ERR_INIT;
	size_t steps, bad = 0, notified = 0;

	CHECK(seccomp_json(&profile_default, NULL, &plain, &e) == 0);
	compiled(plain, alone);
	for (size_t g = 0; g < sizeof(guards) / sizeof(*guards); g++) {
		auto_json *own = NULL;

		CHECK(seccomp_json(&profile_default, &guards[g], &own, &e) == 0);
		compiled(own, with);
		for (int number = -1; number < NUMBERS; number++)
			for (unsigned n = 0; n < 600; n++) {
				struct seccomp_data d = { .nr = number, .arch = AUDIT_ARCH_X86_64 };
				uint32_t action;

				for (size_t i = 0; i < 6; i++)
					d.args[i] = some_value((unsigned)random());
				action = evaluate(with, &d, &steps);
				notified += action == SECCOMP_RET_USER_NOTIF;
				if (action == SECCOMP_RET_ALLOW ||
				    (action == SECCOMP_RET_USER_NOTIF && look_goes_on(number)))
					bad += evaluate(alone, &d, &steps) != SECCOMP_RET_ALLOW;
			}
	}
	CHECK(bad == 0);
	CHECK(notified > 1000);
}

TEST(what_is_looked_at_is_in_the_list_and_goes_on)
{
	for (const char *const *s = syscalls_looked; *s; s++) {
		const int number = seccomp_syscall_resolve_name(*s);
		bool listed = false;

		for (const struct syscall_rule *a = syscalls_allowed; a->name; a++)
			listed |= strcmp(a->name, *s) == 0;
		CHECK(listed);
		CHECK(number < 0 || look_goes_on(number));
	}
	for (const struct syscall_rule *d = syscalls_denied; d->name; d++)
		CHECK(!look_goes_on(seccomp_syscall_resolve_name(d->name)));
	CHECK(!look_goes_on(SCMP_SYS(memfd_create)) && !look_goes_on(SCMP_SYS(socket)) &&
	      !look_goes_on(SCMP_SYS(ioctl)) && !look_goes_on(SCMP_SYS(clone)));
}

TEST(other_architectures_end_the_process)
{
	auto_free struct program *p = calloc(1, sizeof(*p));
	auto_json *seccomp = NULL;
	struct err e = ERR_INIT;
	size_t steps;

	CHECK(seccomp_json(&profile_default, NULL, &seccomp, &e) == 0);
	compiled(seccomp, p);
	for (int number = 0; number < NUMBERS; number++) {
		const struct seccomp_data i386 = { .nr = number, .arch = AUDIT_ARCH_I386 };
		const struct seccomp_data x32 = { .nr = number | X32, .arch = AUDIT_ARCH_X86_64 };

		CHECK(evaluate(p, &i386, &steps) == SECCOMP_RET_KILL_PROCESS);
		CHECK(evaluate(p, &x32, &steps) == SECCOMP_RET_KILL_PROCESS);
	}
}
#endif

static int try_rule(const char *rule)
{
	auto_buf code = BUF_INIT(65536);
	auto_json *j = json_pack("{s:s, s:i, s:[s], s:[o]}", "defaultAction", "SCMP_ACT_ERRNO",
				 "defaultErrnoRet", 38, "architectures", "SCMP_ARCH_X86_64",
				 "syscalls", json_loads(rule, 0, NULL));

	return filter_compile(j, &code, NULL);
}

TEST(what_is_not_known_is_left_to_the_runtime)
{
	CHECK(try_rule("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}") == 0);
	CHECK(try_rule("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}") == 0);
	CHECK(try_rule("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_TRACE\"}") == E_FORMAT);
	CHECK(try_rule("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
		       "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_NE\"}]}") == 0);
	CHECK(try_rule("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
		       "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_OTHER\"}]}") ==
	      E_FORMAT);
	CHECK(try_rule("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\","
		       "\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}") == E_FORMAT);
}
