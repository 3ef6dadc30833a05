/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "confine/apparmor.h"
#include "confine/selinux.h"
#include "tap.h"

TAP_MAIN()

static const struct apparmor_kernel abi3 = { .abi4 = false };

static void make(const struct profile *p, const struct spec *like, struct buf *text,
		 char name[static APPARMOR_NAME + 1])
{
	struct spec s = like ? *like : (struct spec){ .root_readonly = true };
	struct err e = ERR_INIT;

	s.profile = p;
	buf_reset(text);
	CHECK(apparmor_text(&s, &abi3, text, name, &e) == 0);
}

static bool has(const struct buf *text, const char *line)
{
	return strstr(buf_str(text), line) != NULL;
}

TEST(both_ways_of_a_forced_write_are_denied)
{
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	char name[APPARMOR_NAME + 1];

	make(&profile_default, NULL, &text, name);
	CHECK(has(&text, "audit deny ptrace (trace, tracedby),\n"));
	CHECK(has(&text, "audit deny /proc/*/{,task/*/}mem wl,\n"));
	CHECK(has(&text, "audit deny mount,\n"));
	CHECK(has(&text, "audit deny pivot_root,\n"));
	CHECK(!has(&text, "network packet") && !has(&text, "raw,\n\tnetwork inet6 raw"));
	CHECK(!has(&text, "capability"));
}

TEST(what_can_be_written_cannot_be_executed)
{
	const struct spec_mount volume[] = { { "/data", "bind", "/x", "bind,nosuid,nodev,noexec" },
					     { "/ro", "bind", "/y", "bind,ro" } };
	const struct spec like = { .root_readonly = true, .mounts = volume, .mounts_n = 2 };
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	char name[APPARMOR_NAME + 1];

	make(&profile_default, &like, &text, name);
	CHECK(has(&text, "\taudit deny /tmp/** x,\n") && has(&text, "\t/tmp{,/**} rwlk,\n"));
	CHECK(has(&text, "\taudit deny /dev/shm/** x,\n"));
	CHECK(has(&text, "\taudit deny /data/** x,\n") && has(&text, "\t/data{,/**} rwlk,\n"));
	CHECK(!has(&text, "/ro{"));
	CHECK(!has(&text, "\t/** wl,\n"));
}

TEST(a_profile_is_named_by_its_text)
{
	const struct spec_mount volume[] = { { "/data", "bind", "/x", "bind" } };
	const struct spec like = { .root_readonly = true, .mounts = volume, .mounts_n = 1 };
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	char a[APPARMOR_NAME + 1], b[APPARMOR_NAME + 1], c[APPARMOR_NAME + 1];

	make(&profile_default, NULL, &text, a);
	make(&profile_default, NULL, &text, b);
	make(&profile_default, &like, &text, c);
	CHECK(strcmp(a, b) == 0);
	CHECK(strcmp(a, c) != 0);
	CHECK(strlen(a) == APPARMOR_NAME && starts_with(a, APPARMOR_PREFIX));
	CHECK(has(&text, c));
}

/* A path that tries to be rules. */
TEST(a_path_adds_no_rule)
{
	const struct spec_mount volume[] = {
		{ "/a b{x,y}*\",\n\tmount,\n\tcapability sys_admin,\n#", "bind", "/x", "bind" },
	};
	const struct spec like = { .root_readonly = true, .mounts = volume, .mounts_n = 1 };
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	char name[APPARMOR_NAME + 1];

	make(&profile_default, &like, &text, name);
	CHECK(!has(&text, "\n\tmount,") && !has(&text, "\n\tcapability"));
	CHECK(has(&text, "\t/a?b?x?y??????mount???capability?sys_admin???{,/**} rwlk,\n"));
}

TEST(capabilities_and_a_switch_show)
{
	const struct spec like = { .root_readonly = false, .caps = 1ULL << 0 | 1ULL << 13 };
	const char *const calls[] = { "ptrace", NULL };
	struct profile p = profile_default;
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	char name[APPARMOR_NAME + 1];

	p.syscalls = calls;
	make(&p, &like, &text, name);
	CHECK(has(&text, "\tcapability chown,\n") && has(&text, "\tcapability net_raw,\n"));
	CHECK(has(&text, "\tnetwork inet raw,\n"));
	CHECK(has(&text, "\t/** wl,\n") && has(&text, "audit deny /proc/** wl,\n"));
	CHECK(has(&text, "\tptrace (trace, tracedby) peer=@{profile_name},\n"));
	CHECK(!has(&text, "deny ptrace"));
}

/* Not loaded; with the features of a kernel, else the parser would drop what it cannot find here.
 */
TEST(the_parser_takes_it_and_every_rule_is_enforced)
{
	static const char abi[] = "/etc/apparmor.d/abi/3.0";
	const struct spec_mount volume[] = { { "/a b{x", "bind", "/x", "bind" } };
	const struct spec like = { .root_readonly = true,
				   .mounts = volume,
				   .mounts_n = 1,
				   .caps = 1ULL << 0 | 1ULL << 13 };
	char file[] = "/tmp/plimsoll-apparmor-XXXXXX", name[APPARMOR_NAME + 1];
	auto_buf text = BUF_INIT(LIMIT_APPARMOR_TEXT);
	auto_free char *parser = NULL;
	struct err e = ERR_INIT;
	const char *const argv[] = { "apparmor_parser",
				     "-QTK",
				     "--warn=rule-not-enforced",
				     "--Werror=rule-not-enforced",
				     "--kernel-features",
				     abi,
				     file,
				     NULL };
	auto_close int fd = -1;

	if (access(abi, R_OK) < 0 || proc_find("apparmor_parser", &parser, &e) < 0) {
		(void)printf("# skipped: no apparmor_parser here\n");
		return;
	}
	make(&profile_default, &like, &text, name);
	fd = mkstemp(file);
	CHECK(fd >= 0 && fs_write_all(fd, buf_str(&text), text.n, &e) == 0);
	CHECK(proc_run(argv, -1, NULL, &e) == 0);
	(void)unlink(file);
	if (e.code)
		(void)printf("# %s\n", e.msg);
}

TEST(selinux_labels_have_two_categories)
{
	struct selinux_labels a, b;
	unsigned x, y;

	selinux_labels("0123456789abcdef", &a);
	selinux_labels("0123456789abcdee", &b);
	CHECK(strcmp(a.process, b.process) != 0);
	CHECK(sscanf(a.process, "system_u:system_r:container_t:s0:c%u,c%u", &x, &y) == 2);
	CHECK(x < y && y < 1024);
	CHECK(sscanf(a.mount, "system_u:object_r:container_file_t:s0:c%u,c%u", &x, &y) == 2);
}
