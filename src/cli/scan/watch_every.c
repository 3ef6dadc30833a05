/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"
#include "cli/scan/watch.h"
#include "cli/trust/signing.h"
#include "trust/trust.h"

enum { LOOK_MS = 1000, NAP_MS = 100, LIMIT_SEEN = 64 * 1024 };

static void add_file(int dir, const char *path, struct buf *ret)
{
	struct stat st;

	if (path && fstatat(dir, path, &st, 0) == 0)
		buf_printf(ret, "%s %llu %llu %lld.%09ld\n", path, (unsigned long long)st.st_ino,
			   (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec,
			   st.st_mtim.tv_nsec);
}

/* What decides and lies on this machine, so that it is known when it changed. */
static int look(const struct cli *c, const struct state *state, struct buf *ret)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	auto_free char *user = NULL;
	struct digest trust = { .s = "" };

	/* While it is being changed it may not be readable: then it is looked at again. */
	if (trust_digest(state, &trust, NULL) == E_NOMEM ||
	    asprintf(&user, "%s%s/plimsoll/plimsoll.yaml", xdg ?: home ?: "",
		     xdg ? "" : "/.config") < 0)
		return E_NOMEM;
	buf_printf(ret, "%s\n", trust.s);
	add_file(AT_FDCWD, "/etc/plimsoll/plimsoll.yaml", ret);
	add_file(AT_FDCWD, user, ret);
	add_file(AT_FDCWD, c->config_path, ret);
	add_file(state->fd, "advisories.db", ret);
	return 0;
}

/* By a process of its own, which reads the configuration anew. What it refuses it tells itself. */
static int run_child(const struct cli *c, const struct state *state, struct err *e)
{
	const char *argv[] = {
		"/proc/self/exe", "--state", state->path, NULL, NULL, NULL, NULL, NULL, NULL, NULL
	};
	const struct proc p = {
		.argv = argv, .in = -1, .out = PROC_INHERIT, .err = PROC_INHERIT, .new_group = true
	};
	char self[4096] = { 0 };
	size_t n = 3;
	pid_t pid;
	int status, r;

	if (readlink(argv[0], self, sizeof(self) - 1) < 0)
		return FAIL_SYS(e, "find our own program");
	argv[0] = self;
	if (c->config_path) {
		argv[n++] = "--config";
		argv[n++] = c->config_path;
	}
	if (c->json) {
		argv[n++] = "--format";
		argv[n++] = "json";
	}
	argv[n++] = "watch";
	argv[n] = "run";
	r = proc_start(&p, &pid, e);
	return r < 0 ? r : proc_wait(pid, -1, &status, e);
}

static int nap(struct err *e)
{
	const struct timespec step = { .tv_nsec = NAP_MS * 1000 * 1000L };
	int r = 0;

	for (int ms = 0; ms < LOOK_MS && r == 0; ms += NAP_MS) {
		(void)nanosleep(&step, NULL);
		r = proc_interrupted(e);
	}
	return r;
}

static int64_t now_monotonic(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

int cli_watch_every(struct cli *c, const char *every, struct err *e)
{
	auto_buf seen = BUF_INIT(LIMIT_SEEN);
	const struct state *state;
	int64_t seconds = 0, next = 0;
	int r = cli_duration(every, &seconds, e);

	if (r < 0)
		return WRAP(e, r, "--every");
	if (seconds < 1)
		return FAIL(e, E_USAGE, "--every: at least 1s");
	r = cli_state(c, &state, e);
	while (r == 0) {
		auto_buf here = BUF_INIT(LIMIT_SEEN);

		if (look(c, state, &here) < 0)
			return FAIL_NOMEM(e);
		if (now_monotonic() >= next || here.n != seen.n ||
		    memcmp(buf_str(&here), buf_str(&seen), here.n) != 0) {
			buf_reset(&seen);
			buf_put(&seen, buf_str(&here), here.n);
			next = now_monotonic() + seconds;
			r = run_child(c, state, e);
		}
		r = r < 0 ? r : nap(e);
	}
	/* To be ended is how it ends. */
	return r == E_SIGNAL ? 0 : r;
}
