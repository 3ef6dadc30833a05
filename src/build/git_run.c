/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/proc.h"
#include "build/git.h"
#include "sandbox/program.h"

enum { LIMIT_WORDS_OF_GIT = 64 * 1024 };

/* Set for every command, before its own words. */
static const char *const settings[] = {
	"git",
	"-C",
	GIT_TREE,
	"-c",
	"core.hooksPath=/dev/null",
	"-c",
	"core.fsmonitor=false",
	"-c",
	"core.logAllRefUpdates=false",
	"-c",
	"core.attributesFile=/dev/null",
	"-c",
	"core.protectHFS=true",
	"-c",
	"core.protectNTFS=true",
	"-c",
	"transfer.fsckObjects=true",
	"-c",
	"fetch.recurseSubmodules=false",
	"-c",
	"http.lowSpeedLimit=1",
	"-c",
	"http.lowSpeedTime=30",
	"-c",
	"http.followRedirects=initial",
	"-c",
	"credential.helper=",
	"-c",
	"gc.auto=0",
	"-c",
	"maintenance.auto=false",
	"-c",
	"advice.detachedHead=false",
};
enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

/* curl's own names for proxies; git reads them. */
static int add_proxies(struct strv *env, struct err *e)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
					     "all_proxy",  "ALL_PROXY",	  "no_proxy",
					     "NO_PROXY" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]))
			r = strv_addf(env, e, "%s=%s", names[i], getenv(names[i]));
	return r;
}

/* Credentials by the environment, for the URL's own origin: they are in no file and no list of
 * processes. */
static int add_auth(const struct remote *at, struct strv *env, struct err *e)
{
	const char *host = strstr(at->url, "://");
	size_t n = host ? (size_t)(host - at->url) + 3 : 0;
	auto_buf value = BUF_INIT(16384);
	int r;

	if (!at->auth || !host)
		return 0;
	n += strcspn(at->url + n, "/");
	b64_put(&value, B64_STD, at->auth, strlen(at->auth));
	r = buf_check(&value, "credentials", e);
	if (r == 0)
		r = strv_add(env, "GIT_CONFIG_COUNT=1", e);
	if (r == 0)
		r = strv_addf(env, e, "GIT_CONFIG_KEY_0=http.%.*s/.extraHeader", (int)n, at->url);
	if (r == 0)
		r = strv_addf(env, e, "GIT_CONFIG_VALUE_0=Authorization: Basic %s",
			      buf_str(&value));
	if (value.p)
		explicit_bzero(value.p, value.n);
	return r;
}

static int make_env(const struct git_room *room, struct strv *env, struct err *e)
{
	static const char *const fixed[] = { "PATH=/usr/local/bin:/usr/bin:/bin",
					     "LC_ALL=C",
					     "HOME=/nonexistent",
					     "GIT_CONFIG_NOSYSTEM=1",
					     "GIT_CONFIG_GLOBAL=/dev/null",
					     "GIT_ATTR_NOSYSTEM=1",
					     "GIT_TERMINAL_PROMPT=0",
					     "GIT_ASKPASS=/bin/false",
					     "GIT_ALLOW_PROTOCOL=http:https:git",
					     "GIT_OPTIONAL_LOCKS=0",
					     "GIT_CEILING_DIRECTORIES=/",
					     "GIT_LFS_SKIP_SMUDGE=1",
					     "TMPDIR=.." };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		r = strv_add(env, fixed[i], e);
	if (r == 0 && room->has_ca) {
		char cwd[32];
		auto_free char *path = NULL;

		/* As the program sees its folder. */
		if (room->other_user)
			path = strdup("/tmp/ca.pem");
		else if ((path = realpath(fs_fd_path(room->dir, cwd), NULL)))
			r = strv_addf(env, e, "GIT_SSL_CAINFO=%s/ca.pem", path);
		if (!path)
			r = FAIL_NOMEM(e);
		else if (room->other_user)
			r = strv_addf(env, e, "GIT_SSL_CAINFO=%s", path);
	}
	if (r == 0)
		r = add_proxies(env, e);
	return r == 0 ? add_auth(room->at, env, e) : r;
}

/* Reads both pipes until they end; over the cap of out, too long or interrupted is an error. */
static int listen_to(int fds[2], struct buf *bufs[2], struct err *e)
{
	struct pollfd p[2] = { { .fd = fds[0], .events = POLLIN },
			       { .fd = fds[1], .events = POLLIN } };
	uint64_t end = clock_mono_ms() + (uint64_t)GIT_SECONDS * 1000;
	char chunk[16384];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		int r = proc_interrupted(e), ready;

		if (r < 0)
			return r;
		if (clock_mono_ms() > end)
			return FAIL(e, E_REMOTE, "git took more than %d s", GIT_SECONDS);
		ready = poll(p, 2, 200);
		if (ready < 0 && errno != EINTR)
			return FAIL_SYS(e, "poll");
		for (int i = 0; ready > 0 && i < 2; i++) {
			ssize_t n;

			if (p[i].fd < 0 || !p[i].revents)
				continue;
			n = read(p[i].fd, chunk, sizeof(chunk));
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				p[i].fd = -1;
			else
				buf_put(bufs[i], chunk, (size_t)n);
			if (i == 0 && bufs[0]->failed)
				return FAIL(e, E_FORMAT, "git says more than %zu bytes",
					    bufs[0]->cap);
		}
	}
	return 0;
}

/* git's complaint in one line, without what stands before it. */
static int complain(const char *verb, int status, struct buf *words, struct err *e)
{
	char last[600];
	struct str s = str_trim((struct str){ buf_str(words), words->n }), line, best = s;

	while (str_line(&s, &line))
		if (str_starts(line, "fatal: ") || str_starts(line, "error: ")) {
			best = (struct str){ line.p + 7, line.n - 7 };
			break;
		}
	(void)snprintf(last, sizeof(last), "%.*s", (int)(best.n < 500 ? best.n : 500), best.p);
	remote_hide(last);
	text_sanitize(last);
	return FAIL(e, E_REMOTE, "git %s: %s (status %d)", verb, *last ? last : "it failed",
		    status);
}

/* Starts it, and waits until it and all that it started are gone. */
static int run(const struct proc *p, int from[2], struct buf *bufs[2], int *ret_status,
	       int close_after[2], struct err *e)
{
	pid_t pid;
	int r = proc_start(p, &pid, e), w;

	(void)close(close_after[0]);
	(void)close(close_after[1]);
	if (r < 0)
		return r;
	r = listen_to(from, bufs, e);
	(void)kill(-pid, SIGKILL); /* the group: helpers that outlive git, or all of it */
	w = proc_wait(pid, 5000, ret_status, r < 0 ? NULL : e);
	return r < 0 ? r : w;
}

int git_run(const struct git_room *room, const char *const *words, struct buf *ret, struct err *e)
{
	const char *argv[SETTINGS + LIMIT_GIT_WORDS + 1] = { NULL };
	auto_buf out = BUF_INIT(LIMIT_GIT_OUTPUT), err = BUF_INIT(LIMIT_WORDS_OF_GIT);
	struct buf *bufs[2] = { &out, &err };
	struct program_box box = { .dir = room->dir,
				   .other_user = room->other_user,
				   .file_max = LIMIT_GIT_BYTES,
				   .cpu_seconds = GIT_CPU_SECONDS,
				   .parent = getpid() };
	auto_strv env = { 0 };
	int o[2], x[2], status = 0, r = make_env(room, &env, e);
	size_t n = SETTINGS;

	memcpy(argv, settings, sizeof(settings));
	for (size_t i = 0; words[i]; i++) {
		if (i == LIMIT_GIT_WORDS)
			return FAIL(e, E_INTERNAL, "git %s: too many words", words[0]);
		argv[n++] = words[i];
	}
	if (r < 0)
		return r;
	if (pipe2(o, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	if (pipe2(x, O_CLOEXEC) < 0) {
		r = FAIL_SYS(e, "pipe");
		(void)close(o[0]);
		(void)close(o[1]);
		return r;
	}

	auto_close int from_out = o[0];
	auto_close int from_err = x[0];
	const struct proc p = { .argv = argv,
				.env = (const char *const *)env.v,
				.in = -1,
				.out = o[1],
				.err = x[1],
				.die_with_parent = true,
				.new_group = true,
				.prepare = program_confine,
				.prepare_arg = &box };
	int from[2] = { from_out, from_err }, ends[2] = { o[1], x[1] };

	r = run(&p, from, bufs, &status, ends, e);
	if (r < 0)
		return r;
	if (status)
		return complain(words[0], status, &err, e);
	if (ret) {
		*ret = out;
		out = BUF_INIT(0);
	}
	return 0;
}
