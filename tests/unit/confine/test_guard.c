/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard reads and writes: a process's status, control groups, its notes. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "confine/guard/guard.h"
#include "confine/guard/joining.h"
#include "confine/guard/task.h"
#include "tap.h"

TAP_MAIN()

TEST(a_status_is_read)
{
	struct task t = { 0 };

	CHECK(task_parse("Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n"
			 "CapEff:\t0000000000002001\n",
			 &t));
	CHECK(t.uid[0] == 1 && t.uid[3] == 4 && t.gid[1] == 6);
	CHECK(t.groups_n == 2 && t.groups[1] == 10);
	CHECK(task_has(&t, CAP_CHOWN) && task_has(&t, CAP_NET_RAW) && !task_has(&t, CAP_KILL));
}

TEST(a_state_names_the_first_process)
{
	CHECK(joining_pid("{\"ociVersion\":\"1.0.2\",\"id\":\"x\",\"pid\":42,\"bundle\":\"/b\"}") ==
	      42);
	CHECK(joining_pid("{ \"pid\" : 4194303 }") == 4194303);
	/* Never everybody (0, which is the writer, or less), nor the first of all. */
	CHECK(joining_pid("") == 0 && joining_pid("{}") == 0 && joining_pid("{\"pid\"") == 0);
	CHECK(joining_pid("{\"pid\":0}") == 0 && joining_pid("{\"pid\":-5}") == 0 &&
	      joining_pid("{\"pid\":1}") == 0 && joining_pid("{\"pid\":\"7\"}") == 0);
}

TEST(what_is_no_status_is_not)
{
	struct task t = { 0 };

	CHECK(!task_parse("", &t));
	CHECK(!task_parse("\nUid:\t1\t2\n\nGid:\t1\t2\t3\t4\n\nCapEff:\t0\n", &t));
	CHECK(!task_parse("\nUid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\n", &t));
}

TEST(owner_group_and_others_are_told_apart)
{
	const struct task t = {
		.uid = { 1, 1, 1, 1 }, .gid = { 1, 1, 1, 1 }, .groups = { 7 }, .groups_n = 1
	};
	struct stat st = { .st_uid = 1, .st_gid = 9, .st_mode = 0077 };

	CHECK(task_denied(&t, &st, 2));
	st.st_uid = 2;
	CHECK(!task_denied(&t, &st, 3));
	st.st_gid = 7;
	st.st_mode = 0707;
	CHECK(task_denied(&t, &st, 2));
}

TEST(parents_of_paths)
{
	char path[TASK_PATH] = "/a/b//c/";

	CHECK(task_parent(path) && strcmp(path, "/a/b/") == 0);
	CHECK(task_parent(path) && strcmp(path, "/a") == 0);
	CHECK(task_parent(path) && strcmp(path, "/") == 0);
	CHECK(!task_parent((char[TASK_PATH]){ "x" }));
}

TEST(our_own_strings_and_paths_are_found)
{
	char path[TASK_PATH];

	CHECK(task_path(getpid(), -100, (uint64_t)(uintptr_t)"/abc", path));
	CHECK(strcmp(path, "/abc") == 0);
	CHECK(!task_path(getpid(), -100, 0, path));
	CHECK(!task_path(getpid(), -100, 8, path));
	CHECK(!task_path(getpid(), -100, UINT64_MAX - 3, path));
}

TEST(values_of_groups)
{
	CHECK(groups_value("low 0\noom 1\noom_kill 12\n", "oom_kill") == 12);
	CHECK(groups_value("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "oom_kill") == 3);
	CHECK(groups_value("", "max") == 0 && groups_value("max", "max") == 0);
}

static size_t lines(int fd, char *text, size_t size)
{
	const ssize_t n = pread(fd, text, size - 1, 0);
	size_t found = 0;

	text[n < 0 ? 0 : n] = '\0';
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		found++;
	return found;
}

TEST(notes_are_kept_once_counted_and_bounded)
{
	static char text[1 << 20];
	const int fd = memfd_create("notes", 0);
	struct guard_note n = { .count = 1, .nr = 101, .error = EPERM, .detail = "a\"\n\\\x80" };

	for (int i = 0; i < 1234; i++)
		note_add(fd, &n);
	CHECK(lines(fd, text, sizeof(text)) == 1);
	note_flush(fd);
	CHECK(lines(fd, text, sizeof(text)) == 1);
	CHECK(strncmp(text, "{\"n\":        1234,\"rule\":\"seccomp\",\"nr\":101", 40) == 0);
	CHECK(strstr(text, "\"path\":\"a\\\"?\\\\?\""));
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(n.detail, sizeof(n.detail), "%0200d", i);
		note_add(fd, &n);
	}
	note_flush(fd);
	CHECK(lines(fd, text, sizeof(text)) == GUARD_NOTES);
	CHECK(strstr(text, "{\"n\":         874,\"rule\":\"others\""));
	(void)close(fd);
}

TEST(a_number_without_bound_is_still_json)
{
	const struct guard_note n = {
		.rule = GUARD_RLIMIT, .count = 1, .a0 = UINT64_MAX - 1, .a1 = UINT64_MAX
	};
	char line[1024];

	CHECK(note_line(&n, line, sizeof(line)) > 0);
	CHECK(strstr(line, "\"a0\":9223372036854775807,\"a1\":9223372036854775807,"));
}
