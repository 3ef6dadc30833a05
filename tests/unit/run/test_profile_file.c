/* SPDX-License-Identifier: Apache-2.0 */
#include "run/options/profile_file.h"

#include <string.h>

#include "base/buf.h"
#include "tap.h"

TAP_MAIN()

static int parse(const char *text, struct profile_file *ret, struct err *e)
{
	return profile_file_parse(text, strlen(text), "p.yaml", ret, e);
}

static const char *options_of(const struct profile_file *f, const char *target)
{
	for (const struct profile_mount *m = f->p.mounts; m->target; m++)
		if (strcmp(m->target, target) == 0)
			return m->options;
	return "";
}

TEST(every_key_is_read)
{
	auto_profile_file f = { 0 };
	struct err e = ERR_INIT;
	const char *needs[PROFILE_NEEDS];
	const int r = parse("name: nginx\n"
			    "capabilities: [service, NET_RAW]\n"
			    "syscalls: [ptrace]\n"
			    "write: [/var/lib/nginx, \"/var/cache:size=1m\"]\n"
			    "exec: [/tmp]\n"
			    "bind: [80, 443]\n"
			    "connect: []\n"
			    "limits: {memory: 256m, pids: 64, cpus: 0.5, nofile: 100}\n"
			    "read-only: false\n",
			    &f, &e);

	CHECK(r == 0);
	CHECK_STR(f.p.name, "nginx");
	CHECK(f.caps.n == 2);
	CHECK(f.write.n == 2);
	CHECK(f.p.bind.restricted && f.p.bind.n == 2 && f.p.bind.v[1] == 443);
	CHECK(f.p.connect.restricted && f.p.connect.n == 0);
	CHECK(f.memory == (uint64_t)256 << 20);
	CHECK(f.pids == 64);
	CHECK(f.cpu_milli == 500);
	CHECK(f.p.limits.nofile == 100);
	CHECK(f.writable);
	/* Of one mount only. */
	CHECK(!strstr(options_of(&f, "/tmp"), "noexec"));
	CHECK(strstr(options_of(&f, "/tmp"), "nosuid"));
	CHECK(strstr(options_of(&f, "/dev/shm"), "noexec"));
	profile_file_needs(&f, needs);
	CHECK_STR(needs[0], "syscalls");
	CHECK(needs[1] == NULL);
}

TEST(an_empty_file_is_the_default)
{
	auto_profile_file f = { 0 };
	struct err e = ERR_INIT;
	const char *needs[PROFILE_NEEDS];

	CHECK(parse("", &f, &e) == 0);
	CHECK(!f.p.bind.restricted && !f.writable && !f.memory);
	profile_file_needs(&f, needs);
	CHECK(needs[0] == NULL);
}

TEST(what_takes_protections_away_needs_policy)
{
	auto_profile_file f = { 0 };
	struct err e = ERR_INIT;
	const char *needs[PROFILE_NEEDS];

	CHECK(parse("{proc: writable, seccomp: off, landlock: off, apparmor: off}", &f, &e) == 0);
	CHECK(f.p.proc_writable && f.p.no_seccomp && f.p.no_landlock && f.p.no_apparmor);
	CHECK(!strstr(options_of(&f, "/proc"), ",ro"));
	profile_file_needs(&f, needs);
	CHECK_STR(needs[0], "seccomp-unconfined");
	CHECK_STR(needs[3], "proc-writable");
	CHECK(needs[4] == NULL);
}

TEST(what_is_not_a_profile_is_refused)
{
	static const char *const bad[] = {
		"[1]",
		"unknown: 1",
		"name: [x]",
		"capabilities: CHOWN",
		"capabilities: [1]",
		"syscalls: [read]", /* allowed anyway: a mistake */
		"syscalls: [nosuch]",
		"write: [var/lib]",
		"write: [/var/../etc]",
		"exec: [tmp]",
		"bind: [0]",
		"bind: [65536]",
		"bind: [http]",
		"bind: 80",
		"limits: [1]",
		"limits: {memory: much}",
		"limits: {swap: 1g}",
		"limits: {pids: -1}",
		"read-only: yes please",
		"proc: rw",
		"seccomp: maybe",
		"name: a\nname: b",
		"a: &x 1\nb: *x",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_profile_file f = { 0 };
		struct err e = ERR_INIT;

		CHECK(parse(bad[i], &f, &e) == E_FORMAT);
		CHECK(strstr(e.msg, "p.yaml"));
	}

	auto_profile_file f = { 0 };
	struct err e = ERR_INIT;

	CHECK(parse("capabilties: [CHOWN]", &f, &e) == E_FORMAT);
	CHECK(e.code == E_FORMAT && strstr(e.msg, "capabilties"));
}

TEST(a_list_at_its_limit_and_one_past)
{
	auto_buf b = BUF_INIT(1 << 20);
	struct err e = ERR_INIT;

	for (int n = LIMIT_PROFILE_ENTRIES; n <= LIMIT_PROFILE_ENTRIES + 1; n++) {
		auto_profile_file f = { 0 };

		b.n = 0;
		buf_puts(&b, "bind: [");
		for (int i = 0; i < n; i++)
			buf_printf(&b, "%s%d", i ? "," : "", i + 1);
		buf_puts(&b, "]");
		CHECK(parse(buf_str(&b), &f, &e) == (n > LIMIT_PROFILE_ENTRIES ? E_FORMAT : 0));
	}
}
