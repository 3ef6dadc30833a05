/* SPDX-License-Identifier: Apache-2.0 */
#include "run/life/health_check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "run/file.h"
#include "run/life/events.h"
#include "run/life/when.h"
#include "run/run.h"

enum {
	LIMIT_HEALTH_JSON = 256 * 1024,
	LOG_KEPT = 5, /* as docker keeps */
	EXIT_TIMEOUT = -1,
	CHILDREN_MAX = 64,
	LOCK_MS = 10000,
};

void health_watch_release(struct health_watch *w)
{
	json_decref(w->j);
	strv_free(&w->argv);
	if (w->pidfd >= 0)
		(void)close(w->pidfd);
}

uint64_t health_setting(const struct health_watch *w, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(json_object_get(w->j, "config"), key));
}

static int load_json(struct health_watch *w, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_HEALTH_JSON);
	json_t *j = NULL;
	int r = fs_read(w->c->fd, "health.json", LIMIT_HEALTH_JSON, &text, e);

	if (r == 0)
		r = json_parse(buf_str(&text), text.n, "health.json", &j, e);
	if (r < 0)
		return r;
	json_decref(w->j);
	w->j = j;
	return 0;
}

int health_load(struct health_watch *w, struct err *e)
{
	const json_t *test, *word;
	size_t i;
	int r = load_json(w, e);

	if (r < 0)
		return r;
	test = json_object_get(json_object_get(w->j, "config"), "Test");
	if (strcmp(json_string_value(json_array_get(test, 0)) ?: "", "CMD-SHELL") == 0) {
		r = strv_add(&w->argv, "/bin/sh", e);
		if (r == 0)
			r = strv_add(&w->argv, "-c", e);
	}
	json_array_foreach(test, i, word)
	{
		if (r == 0 && i > 0)
			r = strv_add(&w->argv, json_string_value(word) ?: "", e);
	}
	return r;
}

static int save(const struct health_watch *w, struct err *e)
{
	auto_buf text = BUF_INIT(LIMIT_HEALTH_JSON);
	int r = json_pretty(w->j, &text, e);

	return r < 0 ? r : file_put(w->c->fd, "health.json", buf_str(&text), text.n, e);
}

/* The check, the runtime that waits for it, and us who wait for that: last first, since each would
 * let go of the next. */
static void kill_tree(pid_t pid, unsigned depth)
{
	char path[64];
	auto_buf text = BUF_INIT(LIMIT_HEALTH_OUTPUT);
	struct str words, word;
	uint64_t child;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (depth < CHILDREN_MAX && fs_read_user(path, LIMIT_HEALTH_OUTPUT, &text, NULL) == 0) {
		words = (struct str){ buf_str(&text), text.n };
		while (str_cut(&words, ' ', &word))
			if (str_u64(str_trim(word), INT32_MAX, &child, NULL) == 0 && child > 1)
				kill_tree((pid_t)child, depth + 1);
	}
	(void)kill(pid, SIGKILL);
}

static _Noreturn void check_in_child(const struct health_watch *w, int said)
{
	const struct exec_opts o = { .argv = (const char *const *)w->argv.v };
	struct err e = ERR_INIT;
	int status = STATUS_FAILED, r;

	if (dup2(said, STDOUT_FILENO) < 0 || dup2(said, STDERR_FILENO) < 0)
		_exit(STATUS_FAILED);
	r = run_exec(w->state, w->c->id, &o, &status, &e);
	if (r < 0)
		(void)dprintf(STDOUT_FILENO, "%s\n", e.msg);
	_exit(r < 0 && status == 0 ? STATUS_FAILED : status);
}

/* Waits for the child; *ret_exit EXIT_TIMEOUT when it took too long. */
static void await_check(const struct health_watch *w, pid_t pid, int *ret_exit)
{
	auto_close int child = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = child, .events = POLLIN };
	const uint64_t ms = health_setting(w, "Timeout");
	bool late = poll(&p, 1, (int)(ms > INT32_MAX ? INT32_MAX : ms)) == 0;
	int status = 0;

	if (late)
		kill_tree(pid, 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_exit = late		  ? EXIT_TIMEOUT
		    : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					  : WEXITSTATUS(status);
}

int health_ask(const struct health_watch *w, int *ret_exit, struct buf *ret_output, struct err *e)
{
	auto_close int said = memfd_create("health", MFD_CLOEXEC);
	char output[LIMIT_HEALTH_OUTPUT + 1] = { 0 };
	pid_t pid;

	if (said < 0)
		return FAIL_SYS(e, "memfd_create");
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0)
		check_in_child(w, said);
	await_check(w, pid, ret_exit);
	if (*ret_exit == EXIT_TIMEOUT)
		buf_printf(ret_output, "Health check exceeded timeout (%llu ms)",
			   (unsigned long long)health_setting(w, "Timeout"));
	else if (pread(said, output, LIMIT_HEALTH_OUTPUT, 0) > 0) {
		/* Lines stay lines; what else is not text does not reach a terminal. */
		for (char *at = output, *end; *at; at = end) {
			char was;

			end = at + strcspn(at, "\n");
			was = *end;
			*end = '\0';
			text_sanitize(at);
			*end = was;
			end += was != '\0';
		}
		buf_puts(ret_output, output);
	}
	return buf_check(ret_output, "output", e);
}

static int add(struct health_watch *w, int64_t start_ns, int exit_code, const char *output,
	       struct err *e)
{
	json_t *log = json_object_get(w->j, "Log");
	const char *before = json_string_or_null(w->j, "Status") ?: "";
	const bool early = clock_mono_ms() - w->began_ms < health_setting(w, "StartPeriod");
	uint64_t streak = (uint64_t)json_integer_value(json_object_get(w->j, "FailingStreak"));
	const char *after = before;
	char start[WHEN_MAX], end[WHEN_MAX];
	int r;

	when_print(start_ns, start);
	when_print(when_now(), end);
	while (json_array_size(log) >= LOG_KEPT)
		(void)json_array_remove(log, 0);
	r = json_push(log,
		      json_pack("{s:s, s:s, s:i, s:s}", "Start", start, "End", end, "ExitCode",
				exit_code, "Output", output),
		      e);
	if (exit_code == 0) {
		streak = 0;
		after = "healthy";
	} else if (!early || strcmp(before, "starting") != 0) {
		after = ++streak >= health_setting(w, "Retries") ? "unhealthy" : before;
	}
	if (strcmp(before, after) != 0)
		(void)event_note(w->c, "health_status", json_pack("{s:s}", "health_status", after),
				 NULL);
	if (r == 0)
		r = json_put_u64(w->j, "FailingStreak", streak, e);
	if (r == 0) /* a word of ours, or the old one's own */
		r = json_put(w->j, "Status", json_string(after), e);
	return r == 0 ? save(w, e) : r;
}

int health_note(struct health_watch *w, int64_t start_ns, int exit_code, const char *output,
		struct err *e)
{
	auto_close int lock = fs_lock(w->c->fd, "health.lock", LOCK_MS, e);
	int r = lock < 0 ? lock : load_json(w, e);

	return r == 0 ? add(w, start_ns, exit_code, output, e) : r;
}
