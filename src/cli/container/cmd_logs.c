/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/container/containers.h"
#include "run/life/when.h"
#include "run/run.h"

struct logs_opts {
	bool follow, timestamps, names, latest, details;
	const char *tail, *since, *until;
};

struct printing {
	struct cli *c;
	bool timestamps, part[2]; /* part: a line of that stream is not over */
	const char *name;	  /* to be said before each line; NULL: not */
};

/* How many bytes at the front are a change of colour: ESC [ 1;31 m. */
static size_t colour(const char *line, size_t n)
{
	size_t i = 2;

	if (n < 3 || line[0] != '\033' || line[1] != '[')
		return 0;
	while (i < n && (line[i] == ';' || (line[i] >= '0' && line[i] <= '9')))
		i++;
	return i < n && line[i] == 'm' ? i + 1 : 0;
}

static bool put_clean(FILE *f, const char *text, size_t n)
{
	auto_free char *copy = malloc(n + 1);

	if (!copy)
		return false;
	for (size_t i = 0; i < n; i++)
		copy[i] = text[i] ? text[i] : '?';
	copy[n] = '\0';
	text_sanitize(copy);
	return fwrite(copy, 1, n, f) == n;
}

/* What a container wrote may colour a terminal, and do nothing else to it: no titles, no answers
 * typed, no lines that are not seen. */
static bool put_line(FILE *f, const char *line, size_t n)
{
	bool ok = true;

	if (!isatty(fileno(f)))
		return fwrite(line, 1, n, f) == n;
	if (n && line[n - 1] == '\r') /* it had a terminal of its own */
		n--;
	while (ok && n) {
		const char *escape = memchr(line + 1, '\033', n - 1);
		const size_t shown = colour(line, n);
		const size_t done = shown ? shown : escape ? (size_t)(escape - line) : n;

		ok = shown ? fwrite(line, 1, done, f) == done : put_clean(f, line, done);
		line += done;
		n -= done;
	}
	return ok;
}

static int emit(void *arg, bool is_stderr, int64_t when, const char *line, size_t n, bool whole,
		struct err *e)
{
	struct printing *p = arg;
	/* The container's two streams stay apart, as they were. */
	FILE *f = is_stderr ? stderr : p->c->out;
	char text[WHEN_MAX] = "";
	bool ok = true;

	if (p->name && !p->part[is_stderr])
		ok = fprintf(f, "%s ", p->name) > 0;
	p->part[is_stderr] = !whole;
	if (p->timestamps) {
		when_print(when, text);
		ok = ok && fputs(text, f) >= 0 && fputc(' ', f) != EOF;
	}
	ok = ok && put_line(f, line, n) && (!whole || fputc('\n', f) != EOF);
	if (is_stderr)
		return ok ? 0 : FAIL_SYS(e, "write to standard error");
	return cli_flush(p->c, e);
}

static int parse(const struct logs_opts *o, struct log_opts *ret, struct err *e)
{
	const int64_t now = when_now();
	uint64_t tail = 0;
	int r = 0;

	*ret = (struct log_opts){ .tail = -1, .follow = o->follow };
	if (o->tail && strcmp(o->tail, "all") != 0 && strcmp(o->tail, "-1") != 0) {
		if (str_u64(str_of(o->tail), INT32_MAX, &tail, NULL) < 0)
			return FAIL(e, E_USAGE, "--tail '%s': want a number or all", o->tail);
		ret->tail = (int64_t)tail;
	}
	if (o->since)
		r = when_parse(o->since, now, &ret->since, e);
	if (r == 0 && o->until)
		r = when_parse(o->until, now, &ret->until, e);
	return r;
}

/* In a child: one of several. What went wrong is printed there. */
static void follow_one(struct cli *c, const struct logs_opts *o, const struct state *state,
		       const char *name, const struct log_opts *lo)
{
	struct printing p = { .c = c, .timestamps = o->timestamps, .name = o->names ? name : NULL };
	const struct log_sink sink = { emit, &p };
	struct err e = ERR_INIT;
	int r;

	(void)setvbuf(stderr, NULL, _IOLBF, 0);
	r = run_logs(state, name, lo, &sink, &e);
	if (r < 0 && r != E_SIGNAL) {
		text_sanitize(e.msg);
		(void)fprintf(stderr, "plimsoll: logs: %s\n", e.msg);
	}
	_exit(r < 0 ? err_exit_status(r) : 0);
}

/* Several at once, a process each, which end with us. Lines stay whole. */
static int follow_all(struct cli *c, const struct logs_opts *o, const struct state *state, int argc,
		      char **argv, const struct log_opts *lo, struct err *e)
{
	const pid_t we = getpid();
	int status, r = cli_flush(c, e), failed = 0;

	for (int i = 0; r == 0 && i < argc; i++) {
		pid_t pid = fork();

		if (pid < 0)
			r = FAIL_SYS(e, "fork");
		if (pid != 0)
			continue;
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != we)
			_exit(1);
		follow_one(c, o, state, argv[i], lo);
	}
	for (;;) {
		pid_t done = wait(&status);

		if (done < 0 && errno == EINTR)
			return FAIL(e, E_SIGNAL, "interrupted");
		if (done < 0)
			break;
		if (WIFEXITED(status) && WEXITSTATUS(status))
			failed = WEXITSTATUS(status);
	}
	return r < 0 ? r : failed;
}

static int run_logs_command(struct cli *c, void *opts, int argc, char **argv, struct err *e)
{
	const struct logs_opts *o = opts;
	struct printing p = { .c = c, .timestamps = o->timestamps };
	const struct log_sink sink = { emit, &p };
	char newest[CONTAINER_ID + 1], *id = newest;
	const struct state *state;
	struct log_opts lo;
	int r = parse(o, &lo, e);

	if (r == 0 && o->latest && argc)
		r = FAIL(e, E_USAGE, "--latest and a name do not go together");
	if (r == 0 && !o->latest && argc == 0)
		r = FAIL(e, E_USAGE, "want the name of a container");
	if (r == 0)
		r = cli_state(c, &state, e);
	if (r == 0 && o->latest) {
		r = cli_latest(c, newest, e);
		argc = 1;
		argv = &id;
	}
	if (r == 0 && o->follow && argc > 1)
		return follow_all(c, o, state, argc, argv, &lo, e);
	for (int i = 0; r == 0 && i < argc; i++) {
		p.name = o->names ? argv[i] : NULL;
		p.part[0] = p.part[1] = false;
		r = run_logs(state, argv[i], &lo, &sink, e);
	}
	return r;
}

static const struct opt logs_table[] = {
	OPT_AT(struct logs_opts, follow, "follow", 'f', OPT_FLAG, NULL,
	       "go on until the container ends"),
	OPT_ALWAYS(struct logs_opts, details, "details", 0,
		   "what the log driver adds; the one that there is adds nothing"),
	OPT_AT(struct logs_opts, latest, "latest", 'l', OPT_FLAG, NULL, "of the newest container"),
	OPT_AT(struct logs_opts, names, "names", 0, OPT_FLAG, NULL,
	       "the container's name before each line"),
	OPT_AT(struct logs_opts, since, "since", 0, OPT_STRING, "TIME",
	       "from then on: 10m, 2026-11-27T10:00:00Z, seconds since 1970"),
	OPT_AT(struct logs_opts, tail, "tail", 'n', OPT_STRING, "N", "only the last N lines"),
	OPT_AT(struct logs_opts, timestamps, "timestamps", 't', OPT_FLAG, NULL,
	       "when each line was written, before it"),
	OPT_AT(struct logs_opts, until, "until", 0, OPT_STRING, "TIME", "up to then"),
	OPT_END,
};

const struct command cmd_logs = {
	.name = "logs",
	.group = "Containers",
	.args = "CONTAINER...",
	.brief = "Show what containers printed",
	.example = "plimsoll logs --follow --tail 20 web\nplimsoll logs --since 10m -t web",
	.opts = logs_table,
	.opts_size = sizeof(struct logs_opts),
	.min_args = 0,
	.max_args = -1,
	.run = run_logs_command,
};
