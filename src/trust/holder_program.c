/* SPDX-License-Identifier: Apache-2.0 */
/* Running the program of a key: bounds on its time and on what it says. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "trust/holder_internal.h"
#include "trust/internal.h"

/* Who may change the program may sign. */
int program_check(const char *path, struct err *e)
{
	auto_close int fd = path[0] == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;
	struct stat st;

	if (path[0] != '/')
		return FAIL(e, E_USAGE, "'%.200s': want the absolute path of a program", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return FAIL_SYS(e, "key program '%.200s'", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return FAIL(e, E_USAGE, "key program '%.200s': not a program", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
		return FAIL(e, E_USAGE, "key program '%.200s': others may change it", path);
	return 0;
}

/* In the child, before the program. */
static int prepare(void *arg)
{
	const struct rlimit none = { 0, 0 };

	(void)arg;
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Our environment, since that is where key services keep what they log in with; without what is
 * meant for us. */
static int environment(struct strv *ret, struct err *e)
{
	int r = 0;

	for (char **p = environ; r == 0 && *p; p++)
		if (!starts_with(*p, "PLIMSOLL_") && !starts_with(*p, "COSIGN_"))
			r = strv_add(ret, *p, e);
	return r;
}

static int request_file(const json_t *request, struct err *e)
{
	auto_buf text = BUF_INIT(2 * (size_t)LIMIT_HOLDER_MESSAGE);
	auto_close int fd = memfd_create("request", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return FAIL_SYS(e, "make request");
	if ((r = json_canonical(request, &text, e)) < 0 ||
	    (r = fs_write_all(fd, text.p, text.n, e)) < 0)
		return r;
	return lseek(fd, 0, SEEK_SET) < 0 ? FAIL_SYS(e, "make request") : TAKE_FD(fd);
}

struct talk {
	int out, err; /* our ends, -1 when over */
	struct buf said, complained;
};

static void talk_free(struct talk *t)
{
	close_release(&t->out);
	close_release(&t->err);
	buf_free(&t->said);
	buf_free(&t->complained);
}

/* One read; *fd becomes -1 at the end. What does not fit into standard error's part is dropped. */
static int take(int *fd, struct buf *to, bool drop, struct err *e)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));
	size_t room = to->cap - to->n;

	if (n < 0)
		return errno == EINTR ? 0 : FAIL_SYS(e, "read");
	if (n == 0) {
		close_release(fd);
		return 0;
	}
	if ((size_t)n > room && !drop)
		return FAIL(e, E_REMOTE, "it says more than %d bytes", LIMIT_PROGRAM_OUT);
	buf_put(to, chunk, (size_t)n < room ? (size_t)n : room);
	return 0;
}

static int listen_to(struct talk *t, uint64_t until, struct err *e)
{
	int r = 0;

	while (r == 0 && (t->out >= 0 || t->err >= 0)) {
		struct pollfd p[] = { { .fd = t->out, .events = POLLIN },
				      { .fd = t->err, .events = POLLIN } };

		if (clock_mono_ms() >= until)
			return FAIL(e, E_REMOTE, "it took more than %d s", LIMIT_PROGRAM_MS / 1000);
		r = proc_interrupted(e);
		if (r < 0 || poll(p, 2, 200) <= 0)
			continue;
		if (p[0].revents)
			r = take(&t->out, &t->said, false, e);
		if (r == 0 && p[1].revents)
			r = take(&t->err, &t->complained, true, e);
	}
	return r;
}

/* notation's form is {"errorCode":..,"errorMessage":..}; else the beginning of what it wrote. */
static int complain(const struct talk *t, int status, struct err *e)
{
	auto_json *j = NULL;
	char text[301];
	const char *code = NULL, *message = NULL;

	if (json_parse(buf_str(&t->complained), t->complained.n, "error", &j, NULL) == 0) {
		code = json_string_or_null(j, "errorCode");
		message = json_string_or_null(j, "errorMessage");
	}
	(void)snprintf(text, sizeof(text), "%s%s%s", code ? code : "", code ? ": " : "",
		       message ? message
		       : j     ? ""
			       : buf_str(&t->complained));
	text_sanitize(text);
	return FAIL(e, E_REMOTE, "exit status %d%s%s", status, text[0] ? ": " : "", text);
}

static int start(const char *path, const char *command, int in, struct talk *t, pid_t *ret,
		 struct err *e)
{
	const char *const argv[] = { path, command, NULL };
	auto_strv env = { 0 };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	int r = environment(&env, e);

	if (r < 0)
		return r;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) {
		r = FAIL_SYS(e, "pipe");
		close_release(&out[0]);
		close_release(&out[1]);
		return r;
	}
	t->out = out[0];
	t->err = err[0];

	const struct proc p = { .argv = argv,
				.env = (const char *const *)env.v,
				.in = in,
				.out = out[1],
				.err = err[1],
				.die_with_parent = true,
				.new_group = true,
				.prepare = prepare };

	r = proc_start(&p, ret, e);
	(void)close(out[1]);
	(void)close(err[1]);
	return r;
}

static int run(const char *path, const char *command, int in, json_t **ret, struct err *e)
{
	__attribute__((cleanup(talk_free))) struct talk t = {
		.out = -1,
		.err = -1,
		.said = BUF_INIT(LIMIT_PROGRAM_OUT),
		.complained = BUF_INIT(LIMIT_PROGRAM_ERR),
	};
	const uint64_t until = clock_mono_ms() + LIMIT_PROGRAM_MS;
	pid_t pid;
	int status = 0, r = start(path, command, in, &t, &pid, e), w;

	if (r < 0)
		return r;
	r = listen_to(&t, until, e);
	if (r < 0)
		(void)kill(-pid, SIGKILL);
	w = proc_wait(pid, LIMIT_PROGRAM_MS, &status, r < 0 ? NULL : e);
	/* What it left behind has no business any more. */
	(void)kill(-pid, SIGKILL);
	r = r < 0 ? r : w;
	if (r == 0 && status != 0)
		return complain(&t, status, e);
	r = r < 0 ? r : json_parse(buf_str(&t.said), t.said.n, "its answer", ret, e);
	return r == E_FORMAT ? WRAP(e, r, "no answer of the protocol") : r;
}

int program_ask(const char *path, const char *command, const json_t *request, json_t **ret,
		struct err *e)
{
	auto_close int in = request_file(request, e);
	int r = in < 0 ? in : run(path, command, in, ret, e);

	return r < 0 ? WRAP(e, r, "%.200s %s", path, command) : 0;
}
