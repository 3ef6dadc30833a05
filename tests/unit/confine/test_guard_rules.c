/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard takes from the shim's command line and from /proc/PID/limits. */
#include <string.h>

#include "confine/guard/guard.h"
#include "tap.h"

TAP_MAIN()

static void nothing_is_said_while_nothing_is_known(void)
{
	CHECK(rules_may_add("/etc/x"));
	CHECK(rules_port(22, false) && rules_port(22, true));
}

static void only_the_shim_is_believed(void)
{
	static const char other[] = "/bin/sh\0--write=/tmp\0--";
	static const char cut[] = "/dev/shim\0--write=/tmp";

	rules_take(other, sizeof(other));
	CHECK(rules_may_add("/etc/x"));
	rules_take(cut, sizeof(cut) - 1); /* no NUL at its end */
	CHECK(rules_may_add("/etc/x"));
	rules_take("", 0);
	CHECK(rules_may_add("/etc/x"));
}

static void folders_and_ports_are_taken_up_to_the_command(void)
{
	static const char line[] = "/dev/shim\0--write=/tmp\0--write=/run/lock\0--bind=80\0"
				   "--bind=0\0--\0prog\0--write=/etc\0--bind=22";

	rules_take(line, sizeof(line));
	CHECK(rules_may_add("/tmp") && rules_may_add("/tmp/a/b") && rules_may_add("/run/lock/x"));
	CHECK(!rules_may_add("/tmpx") && !rules_may_add("/run") && !rules_may_add("/etc/x"));
	CHECK(rules_port(80, false) && !rules_port(22, false) && !rules_port(0, false));
	CHECK(rules_port(22, true)); /* no word was said of those */
}

static void what_comes_later_is_not_believed(void)
{
	static const char line[] = "/dev/shim\0--write=/\0--";

	rules_take(line, sizeof(line));
	CHECK(!rules_may_add("/etc/x"));
}

/* They are the process's own, once they are known. */
TEST(the_rules_of_the_shim)
{
	nothing_is_said_while_nothing_is_known();
	only_the_shim_is_believed();
	folders_and_ports_are_taken_up_to_the_command();
	what_comes_later_is_not_believed();
}

TEST(limits_are_read)
{
	static const char text[] =
		"Limit                     Soft Limit           Hard Limit\n"
		"Max open files            1024                 4096        files\n"
		"Max stack size            8388608              unlimited   bytes\n"
		"Max nice priority         0                    0\n"
		"Max odd                   x                    y\n";
	uint64_t soft = 1, hard = 1;

	CHECK(samples_limit(text, "Max open files", &soft, &hard) && soft == 1024 && hard == 4096);
	CHECK(samples_limit(text, "Max stack size", &soft, &hard) && soft == 8388608 &&
	      hard == UINT64_MAX);
	CHECK(samples_limit(text, "Max nice priority", &soft, &hard) && soft == 0 && hard == 0);
	CHECK(!samples_limit(text, "Max odd", &soft, &hard));
	CHECK(!samples_limit(text, "Max locks", &soft, &hard));
	CHECK(!samples_limit("Max open files", "Max open files", &soft, &hard));
}
