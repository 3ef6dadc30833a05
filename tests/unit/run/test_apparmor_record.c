/* SPDX-License-Identifier: Apache-2.0 */
/* Records as Linux 6.1 writes them, in /dev/kmsg and in auditd's file. */
#include "run/denials/apparmor_record.h"

#include <string.h>

#include "run/denials/denials.h"
#include "tap.h"

TAP_MAIN()

#define KMSG "5,1207,44952379809,-;audit: type=1400 audit(1795780989.123:45): "
#define AUDITD "type=AVC msg=audit(1795780989.123:45): "
#define MINE "apparmor=\"DENIED\" "
#define BY "profile=\"plimsoll-0a1b\" "

static struct apparmor_record r;

TEST(a_file_its_rule_and_whose_it_was)
{
	CHECK(apparmor_record(KMSG MINE "operation=\"open\" " BY
					"name=\"/proc/1/mem\" pid=77 comm=\"lockdown\" "
					"requested_mask=\"wr\" denied_mask=\"w\" fsuid=1879048192 "
					"ouid=1879048192\n",
			      &r));
	CHECK(r.time_ms == 1795780989123);
	CHECK_STR(r.profile, "plimsoll-0a1b");
	CHECK_STR(r.what, "open /proc/1/mem");
	CHECK_STR(r.path, "/proc/1/mem");
	CHECK_STR(r.line, "/proc/1/mem w,");
	CHECK(r.has_uid && r.uid == 1879048192U);
}

TEST(auditd_writes_the_same_and_odd_names_are_digits)
{
	/* "/a b[1]" and what no rule may have: a line's end, a quote. */
	CHECK(apparmor_record(AUDITD MINE
			      "operation=\"mknod\" profile=\"/srv/mine\" "
			      "name=2F6120625B315D pid=7 comm=6120 requested_mask=\"c\" "
			      "denied_mask=\"c\" fsuid=0 ouid=0",
			      &r));
	CHECK_STR(r.line, "\"/a b\\[1\\]\" w,");
	CHECK(apparmor_record(AUDITD MINE "operation=\"exec\" profile=\"m\" name=2F0A22 pid=7 "
					  "comm=\"a\" requested_mask=\"x\" denied_mask=\"x\"",
			      &r));
	CHECK_STR(r.line, "/?? ix,");
	CHECK(!r.has_uid);
}

TEST(what_is_no_file)
{
	static const struct {
		const char *fields, *what, *line;
	} table[] = {
		{ "operation=\"capable\" class=\"cap\" " BY
		  "pid=1 comm=\"x\" capability=21  capname=\"sys_admin\"",
		  "using the capability SYS_ADMIN", "capability sys_admin," },
		{ "operation=\"create\" " BY "pid=1 comm=\"x\" family=\"inet\" sock_type=\"raw\" "
		  "protocol=1 requested_mask=\"create\" denied_mask=\"create\"",
		  "create of a socket: inet raw", "network inet raw," },
		{ "operation=\"signal\" " BY "pid=1 comm=\"x\" requested_mask=\"send\" "
		  "denied_mask=\"send\" signal=term peer=\"other\"",
		  "signal term (send) with other", "signal (send) set=(term) peer=other," },
		{ "operation=\"ptrace\" " BY "pid=1 comm=\"x\" requested_mask=\"trace\" "
		  "denied_mask=\"trace\" peer=\"plimsoll-0a1b\"",
		  "ptrace (trace) with plimsoll-0a1b", "ptrace (trace) peer=plimsoll-0a1b," },
		{ "operation=\"mount\" info=\"failed type match\" error=-13 " BY
		  "name=\"/mnt/\" pid=1 comm=\"x\" fstype=\"tmpfs\" srcname=\"none\"",
		  "mount /mnt/", "mount fstype=tmpfs none -> /mnt/," },
		{ "operation=\"umount\" " BY "name=\"/mnt/\" pid=1 comm=\"x\"", "umount /mnt/",
		  "umount /mnt/," },
		{ "operation=\"userns_create\" class=\"namespace\" " BY "pid=1 comm=\"x\" "
		  "requested=\"userns_create\" denied=\"userns_create\"",
		  "userns_create", "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char line[1024];

		(void)snprintf(line, sizeof(line), KMSG MINE "%s", table[i].fields);
		CHECK(apparmor_record(line, &r));
		CHECK_STR(r.what, table[i].what);
		CHECK_STR(r.line, table[i].line);
		CHECK(!r.has_uid);
	}
}

TEST(what_others_wrote_is_none)
{
	static const char *const lines[] = {
		"",
		KMSG,
		KMSG "apparmor=\"ALLOWED\" operation=\"open\" " BY,
		KMSG MINE,
		KMSG MINE BY "name=\"/x\"",
		KMSG MINE "operation=\"open\" name=\"/x\"",
		/* Of a program that may write there, or within a string. */
		"12,1,2,-;audit: type=1400 audit(1.0:4): " MINE "operation=\"open\" " BY,
		"5,1,2,-;x: audit(1.0:4): " MINE "operation=\"open\" " BY,
		KMSG "comm=\"a\" " MINE "operation=\"open\" " BY,
		"5,1,2,-;audit: type=1400 audit(99999999999999999999.0:4): " MINE
		"operation=\"open\" " BY,
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		CHECK(!apparmor_record(lines[i], &r));
}

/* One byte less than the limit is a record, with its values cut and no rule; the limit is none. */
TEST(the_limit_of_a_record)
{
	static char line[2 * LIMIT_RECORD];
	size_t head, begin;

	(void)snprintf(line, sizeof(line), KMSG MINE "operation=\"open\" " BY "name=\"/");
	begin = sizeof(KMSG MINE) - 1;
	head = strlen(line);
	memset(line + head, 'a', LIMIT_RECORD - 1 - (head - begin));
	CHECK(apparmor_record(line, &r));
	CHECK(strlen(r.path) == LIMIT_RECORD_VALUE - 1);
	line[begin + LIMIT_RECORD - 1] = 'a';
	CHECK(!apparmor_record(line, &r));
}

/* What is told of one: by options where the profile is ours, by a line where it is the user's. */
TEST(the_advice)
{
	static const char text[] =
		"{\"rule\":\"apparmor\",\"n\":2,\"nr\":-1,\"what\":\"open "
		"/etc/x\",\"path\":\"/etc/x\","
		"\"mask\":\"w\",\"cap\":\"\",\"profile\":\"mine\",\"line\":\"/etc/x "
		"w,\",\"shared\":false}\n"
		"{\"rule\":\"apparmor\",\"n\":1,\"nr\":-1,\"what\":\"using the capability "
		"NET_RAW\","
		"\"cap\":\"net_raw\",\"profile\":\"plimsoll-0\",\"line\":\"capability net_raw,\","
		"\"shared\":true}\n"
		"{\"rule\":\"apparmor\",\"n\":1,\"nr\":-1,\"what\":\"open /proc/1/mem\","
		"\"path\":\"/proc/1/mem\",\"mask\":\"w\",\"profile\":\"plimsoll-0\"}\n"
		"{\"rule\":\"apparmor\"}\n";
	auto_denials d = { 0 };
	auto_buf said = BUF_INIT(4096);

	CHECK(denials_parse(text, sizeof(text) - 1, &d, NULL) == 0);
	CHECK(d.n == 4);
	denial_what(&d.v[0], &said);
	CHECK_STR(buf_str(&said), "open /etc/x");
	buf_reset(&said);
	denial_why(&d.v[0], &said);
	CHECK_STR(buf_str(&said), "the AppArmor profile mine (w)");
	buf_reset(&said);
	denial_remedy(&d, &d.v[0], &said);
	CHECK_STR(buf_str(&said), "the line '/etc/x w,' in the profile mine");
	buf_reset(&said);
	denial_remedy(&d, &d.v[1], &said);
	CHECK_STR(buf_str(&said), "--cap-add NET_RAW");
	CHECK(denial_usual(&d.v[1]) && !denial_usual(&d.v[0]));
	buf_reset(&said);
	denial_remedy(&d, &d.v[2], &said);
	CHECK(strstr(buf_str(&said), "apparmor: off") && strstr(buf_str(&said), "--reason"));
	buf_reset(&said);
	denial_what(&d.v[3], &said);
	CHECK_STR(buf_str(&said), "something");
}
