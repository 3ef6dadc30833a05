/* SPDX-License-Identifier: Apache-2.0 */
#include "run/launch/conmon.h"
#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "run/launch/launch_helpers.h"

enum { LIMIT_SYNC = 16 * 1024, START_TIMEOUT_MS = 60000 };

static int add_runtime_options(const struct conmon_opts *o, struct strv *argv, struct err *e)
{
	auto_strv words = { 0 };
	int r = runtime_argv(o->runtime, o->folder, RUNTIME_LOG, o->cgroups, &words, e);

	for (size_t i = 1; r == 0 && i < words.n; i++)
		r = strv_addf(argv, e, "--runtime-arg=%s", words.v[i]);
	return r;
}

static int add_exit_command(const struct conmon_opts *o, struct strv *argv, struct err *e)
{
	int r;

	if (!o->exit_command)
		return 0;
	r = strv_addf(argv, e, "--exit-command=%s", o->exit_command[0]);
	for (size_t i = 1; r == 0 && o->exit_command[i]; i++)
		r = strv_addf(argv, e, "--exit-command-arg=%s", o->exit_command[i]);
	return r == 0 ? strv_addf(argv, e, "--exit-command-arg=%s", o->id) : r;
}

int conmon_argv(const struct conmon_opts *o, struct strv *argv, struct err *e)
{
	char log_max[24];
	int r = strv_add(argv, "conmon", e);

	(void)snprintf(log_max, sizeof(log_max), "%llu",
		       (unsigned long long)(o->log_max ?: LOG_MAX_DEFAULT));

	const struct {
		const char *option, *value, *suffix;
	} words[] = {
		{ "--api-version=", "1", "" },
		{ "--cid=", o->id, "" },
		{ "--cuuid=", o->id, "" },
		{ "--name=", o->name, "" },
		{ "--runtime=", o->runtime->path, "" },
		{ "--bundle=", o->folder, "" },
		{ "--persist-dir=", o->folder, "" },
		{ "--container-pidfile=", o->folder, "/pidfile" },
		{ "--conmon-pidfile=", o->folder, "/conmon.pid" },
		{ "--log-path=k8s-file:", o->folder, "/ctr.log" },
		{ "--log-size-max=", log_max, "" },
		{ "--log-level=", "error", "" },
		{ "--full-attach", "", "" },
	};

	for (size_t i = 0; r == 0 && i < sizeof(words) / sizeof(*words); i++)
		r = strv_addf(argv, e, "%s%s%s", words[i].option, words[i].value, words[i].suffix);
	if (r == 0 && o->timeout)
		r = strv_addf(argv, e, "--timeout=%llu", (unsigned long long)o->timeout);
	if (r == 0 && o->tty)
		r = strv_add(argv, "--terminal", e);
	if (r == 0 && o->interactive)
		r = strv_add(argv, "--stdin", e);
	if (r == 0)
		r = add_runtime_options(o, argv, e);
	return r == 0 ? add_exit_command(o, argv, e) : r;
}

/* One line of JSON: {"data": PID}, or a PID that is none and a message. */
static int read_sync(int fd, struct err *e)
{
	char text[LIMIT_SYNC];
	size_t n = 0;
	auto_json *j = NULL;
	int r;

	while (n < sizeof(text) && !memchr(text, '\n', n)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, START_TIMEOUT_MS) == 0)
			return FAIL(e, E_SYSTEM, "conmon: no answer");
		got = read(fd, text + n, sizeof(text) - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n == 0)
		return FAIL(e, E_SYSTEM, "conmon: ended without an answer");
	r = json_parse(text, n, "conmon's answer", &j, e);
	if (r < 0)
		return r;
	if (json_integer_value(json_object_get(j, "data")) <= 0)
		return FAIL(e, E_SYSTEM, "conmon: %s",
			    json_string_or_null(j, "message") ?: "the container was not made");
	return 0;
}

/* Its standard error stays open in the background, so it is a file, never a pipe. */
static int start_conmon(const struct launch *l, int sync_write, struct err *e)
{
	auto_close int said = memfd_create("conmon", MFD_CLOEXEC);
	auto_buf text = BUF_INIT(LIMIT_SYNC);
	char number[16];
	pid_t pid;
	int r, status = 0;

	if (said < 0)
		return FAIL_SYS(e, "memfd_create");
	(void)snprintf(number, sizeof(number), "%d", sync_write);
	if (setenv("_OCI_SYNCPIPE", number, 1) < 0)
		return FAIL_NOMEM(e);

	const struct proc p = { .argv = l->conmon,
				.in = -1,
				.out = -1,
				.err = said,
				.keep = &sync_write,
				.keep_n = 1 };

	r = proc_start(&p, &pid, e);
	if (r == 0)
		r = proc_wait(pid, START_TIMEOUT_MS, &status, e);
	if (r < 0 || status == 0)
		return r;
	if (lseek(said, 0, SEEK_SET) == 0)
		(void)fs_read_fd(said, "conmon", LIMIT_SYNC, &text, NULL);
	return FAIL(e, E_SYSTEM, "conmon: exit status %d: %.500s", status, buf_str(&text));
}

static int note_conmon(const struct launch *l, struct err *e)
{
	auto_free char *path = NULL;
	auto_buf text = BUF_INIT(64);
	uint64_t pid = 0;
	int r;

	if (!l->started)
		return 0;
	if (asprintf(&path, "%s/conmon.pid", l->folder) < 0)
		return FAIL_NOMEM(e);
	r = fs_read_user(path, 32, &text, e);
	if (r == 0)
		r = str_u64(str_trim(str_of(buf_str(&text))), INT32_MAX, &pid, e);
	if (r == 0)
		r = launch_helpers_conmon(l, (pid_t)pid, e);
	return r == 0 ? l->started(l->arg, (pid_t)pid, e) : r;
}

int launch_conmon(const struct launch *l, struct gate *g, struct err *e)
{
	auto_close int sync_read = -1;
	int pipes[2], r;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	sync_read = pipes[0];
	r = start_conmon(l, pipes[1], e);
	(void)close(pipes[1]);
	if (r == 0)
		r = read_sync(sync_read, e);
	if (r == 0)
		r = note_conmon(l, e);
	/* What is made by now executes nothing until it is started. */
	if (r == 0 && g->go >= 0)
		r = gate_pass(g, e);
	if (r == 0)
		r = launch_helpers(l, g, NULL, e);
	if (r == 0)
		r = runtime_start(l->runtime, l->folder, l->id,
				  l->machine->cgroups != CGROUP_DENIED, e);
	return r;
}
