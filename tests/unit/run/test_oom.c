/* SPDX-License-Identifier: Apache-2.0 */
/* Who was killed for memory, in records of the kernel's log. */
#include <stdio.h>
#include <string.h>

#include "run/life/oom.h"
#include "tap.h"

TAP_MAIN()

#define ID "89363ffe38c03876f4454a3a1879bc2fb034a74acf30167d854380ab0b943432"
#define HEAD "6,1207,44952379809,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"

static bool told(const char *text, uint64_t since, char name[static OOM_NAME])
{
	char record[1024];

	(void)snprintf(record, sizeof(record), "%s", text);
	return oom_record(record, ID, since, name);
}

TEST(a_kill_in_the_group_has_a_name)
{
	char name[OOM_NAME];

	CHECK(told(HEAD "oom_memcg=/plimsoll-" ID ",task_memcg=/plimsoll-" ID
			",task=perl,pid=31635,uid=1994784768\n",
		   0, name));
	CHECK(strcmp(name, "perl") == 0);
	CHECK(told(HEAD "oom_memcg=/plimsoll-users/1002/plimsoll-" ID
			",task_memcg=/x,task=a b,pid=1,"
			"uid=1\n",
		   44952379809, name));
	CHECK(strcmp(name, "a b") == 0);
}

TEST(of_other_groups_and_earlier_runs_it_is_not)
{
	char name[OOM_NAME];

	CHECK(!told(HEAD "oom_memcg=/plimsoll-1,task_memcg=/plimsoll-1,task=perl,pid=3,uid=1\n", 0,
		    name));
	/* What a process calls itself is its own choice. */
	CHECK(!told(HEAD "oom_memcg=/plimsoll-1,task_memcg=/plimsoll-" ID ",task=" ID
			 ",pid=3,uid=1\n",
		    0, name));
	CHECK(!told(HEAD "oom_memcg=/plimsoll-" ID ",task_memcg=/x,task=perl,pid=3,uid=1\n",
		    44952379810, name));
	CHECK(!told("6,1,2,-;Killed oom_memcg=/" ID ",task=a,pid=1\n", 0, name));
	CHECK(!told("", 0, name) && !told(";oom-kill:oom_memcg=" ID, 0, name));
}

TEST(names_are_bounded_and_printable)
{
	char name[OOM_NAME];

	CHECK(told(HEAD "oom_memcg=/plimsoll-" ID ",task_memcg=/x,task=a,pid=7,pid=31635,uid=1\n",
		   0, name));
	CHECK(strcmp(name, "a,pid=7") == 0);
	CHECK(told(HEAD "oom_memcg=/plimsoll-" ID ",task_memcg=/x,task=\033[2Jx,pid=1,uid=1\n", 0,
		   name));
	CHECK(strchr(name, '\033') == NULL);
	CHECK(told(HEAD "oom_memcg=/plimsoll-" ID ",task_memcg=/x,task=" ID ID ",pid=1,uid=1\n", 0,
		   name));
	CHECK(strlen(name) == OOM_NAME - 1);
}

TEST(a_process_that_could_not_be_made)
{
	static const char record[] =
		"6,1234,63086416469,-;cgroup: fork rejected by pids controller in /plimsoll-" ID
		"\n";

	CHECK(oom_forks_record(record, ID, 63086416469));
	CHECK(!oom_forks_record(record, ID, 63086416470));
	CHECK(!oom_forks_record(record, "0" ID, 0));
	CHECK(!oom_forks_record("6,1234", ID, 0));
	/* What a program writes to the log by itself does not begin so. */
	CHECK(!oom_forks_record("12,1,2,-;x ;cgroup: fork rejected by pids controller in /y\n", ID,
				0));
}
