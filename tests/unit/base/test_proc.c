/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"
#include "tap.h"

TAP_MAIN()

#define SH(script) ((const char *const[]){ "sh", "-c", script, NULL })

TEST(output_and_status)
{
	auto_buf out = BUF_INIT(1000);
	struct err e = ERR_INIT;

	CHECK(proc_run(SH("echo hello"), -1, &out, &e) == 0);
	CHECK_STR(buf_str(&out), "hello\n");
	CHECK(proc_run(SH("echo the reason >&2; exit 3"), -1, NULL, &e) == E_SYSTEM);
	CHECK_STR(e.msg, "sh: exit status 3: the reason");
	CHECK(proc_run(SH("kill -9 $$"), -1, NULL, &e) == E_SYSTEM && strstr(e.msg, "137"));
}

TEST(a_missing_program_has_a_hint)
{
	struct err e = ERR_INIT;
	const char *const argv[] = { "plimsoll-no-such-program", NULL };

	CHECK(proc_run(argv, -1, NULL, &e) == E_SYSTEM);
	CHECK(strstr(e.msg, "plimsoll-no-such-program") && strstr(e.hint, "apt-get install"));
}

TEST(much_output_on_both_does_not_block)
{
	auto_buf out = BUF_INIT(1000);
	struct err e = ERR_INIT;

	/* Far over both pipes and both caps. */
	CHECK(proc_run(SH("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero"), -1, &out,
		       &e) == E_FORMAT);
	CHECK(out.n <= 1000);
	CHECK(proc_run(SH("head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1"), -1, NULL, &e) ==
	      E_SYSTEM);
	CHECK(strlen(e.msg) < 800);
}

TEST(a_child_gets_three_descriptors_and_those_kept)
{
	auto_buf out = BUF_INIT(1000);
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	auto_close int leak = fcntl(null, F_DUPFD, 100); /* not close-on-exec, on purpose */
	auto_close int high = fcntl(leak, F_DUPFD, 200);
	int keep[] = { high }, pipes[2], status = 1;
	pid_t pid = -1;
	char text[256];
	ssize_t n;

	CHECK(leak >= 100 && high >= 200 && pipe2(pipes, O_CLOEXEC) == 0);

	/* Of the shell itself, listed by itself: 3 is the folder that it lists. */
	struct proc p = { .argv = SH("cd /proc/$$/fd && echo *"),
			  .in = -1,
			  .out = pipes[1],
			  .err = -1,
			  .keep = keep,
			  .keep_n = 1 };

	CHECK(proc_start(&p, &pid, NULL) == 0);
	(void)close(pipes[1]);
	n = read(pipes[0], text, sizeof(text) - 1);
	(void)close(pipes[0]);
	text[n > 0 ? n : 0] = '\0';
	CHECK(proc_wait(pid, -1, &status, NULL) == 0 && status == 0);
	buf_printf(&out, "0 1 2 %d 3\n", high);
	CHECK_STR(text, buf_str(&out));
}

TEST(signals_and_mask_are_reset)
{
	auto_buf out = BUF_INIT(4096);
	sigset_t all, old;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	(void)signal(SIGPIPE, SIG_IGN);
	CHECK(proc_run(SH("grep -E '^Sig(Blk|Ign)' /proc/self/status"), -1, &out, NULL) == 0);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_STR(buf_str(&out), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(environment_and_folder)
{
	const char *const env[] = { "ONLY=this", "PATH=/bin:/usr/bin", NULL };
	int pipes[2], status = 1;
	char text[256];
	pid_t pid = -1;
	ssize_t n;

	CHECK(pipe2(pipes, O_CLOEXEC) == 0);

	struct proc p = { .argv = SH("echo $ONLY $HOME; pwd"),
			  .env = env,
			  .in = -1,
			  .out = pipes[1],
			  .err = PROC_INHERIT,
			  .cwd = "/usr" };

	CHECK(proc_start(&p, &pid, NULL) == 0);
	(void)close(pipes[1]);
	n = read(pipes[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	CHECK(proc_wait(pid, -1, &status, NULL) == 0 && status == 0);
	n = n > 0 && !strchr(text, '/') ? read(pipes[0], text + n, sizeof(text) - 1 - (size_t)n)
					: 0;
	(void)close(pipes[0]);
	CHECK(starts_with(text, "this\n"));
}

TEST(a_program_is_found_in_absolute_folders_only)
{
	auto_free char *old = getenv("PATH") ? strdup(getenv("PATH")) : NULL, *found = NULL;
	struct err e = ERR_INIT;

	CHECK(setenv("PATH", ":.:bin:/nosuch:/etc:/bin", 1) == 0);
	CHECK(proc_find("sh", &found, NULL) == 0);
	CHECK_STR(found, "/bin/sh");
	free(TAKE(found));
	CHECK(chdir("/bin") == 0 && setenv("PATH", ":.:../bin::", 1) == 0);
	CHECK(proc_find("sh", &found, &e) == E_SYSTEM);
	CHECK(found == NULL && strstr(e.hint, "apt-get install sh"));
	CHECK(proc_find("./sh", &found, NULL) == 0);
	CHECK_STR(found, "./sh");
	CHECK(old ? setenv("PATH", old, 1) == 0 : unsetenv("PATH") == 0);
}

TEST(a_timeout_kills)
{
	const char *const argv[] = { "sleep", "60", NULL };
	struct proc p = { .argv = argv, .in = -1, .out = -1, .err = -1, .die_with_parent = true };
	struct err e = ERR_INIT;
	uint64_t began = clock_mono_ms();
	int status;
	pid_t pid = -1;

	CHECK(proc_start(&p, &pid, &e) == 0);
	CHECK(proc_wait(pid, 50, &status, &e) == E_SYSTEM && strstr(e.msg, "50 ms"));
	CHECK(clock_mono_ms() - began < 20000);
	CHECK(kill(pid, 0) < 0 && errno == ESRCH); /* gone and waited for */
	CHECK(proc_start(&p, &pid, &e) == 0 && kill(pid, SIGTERM) == 0);
	CHECK(proc_wait(pid, 20000, &status, &e) == 0 && status == 128 + SIGTERM);
}

TEST(standard_input)
{
	auto_buf out = BUF_INIT(100);
	int pipes[2];

	CHECK(pipe2(pipes, O_CLOEXEC) == 0 && write(pipes[1], "abc", 3) == 3);
	(void)close(pipes[1]);
	CHECK(proc_run(SH("cat"), pipes[0], &out, NULL) == 0);
	(void)close(pipes[0]);
	CHECK_STR(buf_str(&out), "abc");
	buf_reset(&out);
	CHECK(proc_run(SH("cat"), -1, &out, NULL) == 0 && out.n == 0);
}

/* In a child, since a signal that was caught stays caught. */
TEST(an_interrupt_is_told)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;

		proc_catch_signals();
		if (proc_interrupted(&e) != 0)
			_exit(1);
		(void)raise(SIGTERM);
		_exit(proc_interrupted(&e) == E_SIGNAL && e.msg[0] ? 0 : 2);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What came before the wait ends it, what comes in it too, and input is input. */
TEST(an_interrupt_ends_a_wait_for_input)
{
	int status, p[2];
	pid_t pid;

	CHECK(pipe(p) == 0);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct err e = ERR_INIT;

		proc_catch_signals();
		if (write(p[1], "x", 1) != 1 || proc_wait_input(p[0], &e) != 0)
			_exit(1);
		if (read(p[0], &status, 1) != 1)
			_exit(2);
		if (fork() == 0) {
			(void)usleep(50 * 1000);
			(void)kill(getppid(), SIGTERM);
			_exit(0);
		}
		if (proc_wait_input(p[0], &e) != E_SIGNAL)
			_exit(3);
		_exit(proc_wait_input(p[0], &e) == E_SIGNAL ? 0 : 4);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)close(p[0]);
	(void)close(p[1]);
}

TEST(nothing_is_left_open)
{
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;
	struct err e;

	(void)close(before);
	(void)proc_run(SH("true"), -1, NULL, &e);
	(void)proc_run(SH("false"), -1, NULL, &e);
	(void)proc_run((const char *const[]){ "plimsoll-no-such-program", NULL }, -1, NULL, &e);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)close(after);
	CHECK(before == after);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}
