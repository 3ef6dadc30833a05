/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "crypto/key.h"

/* What it writes, until it closes its output or its time is over. */
static int read_answer(int fd, struct buf *ret, struct err *e)
{
	uint64_t end = clock_mono_ms() + HELPER_SECONDS * 1000ULL;
	char chunk[4096];
	int r = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		r = proc_interrupted(e);
		if (r < 0)
			break;
		if (clock_mono_ms() > end) {
			r = FAIL(e, E_SYSTEM, "no answer in %d seconds", HELPER_SECONDS);
			break;
		}
		if (poll(&p, 1, 500) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_put(ret, chunk, (size_t)n);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return r < 0 ? r : buf_check(ret, "its answer", e);
}

static int run(const char *program, const char *verb, int in, struct buf *ret, int *ret_status,
	       struct err *e)
{
	const char *const argv[] = { program, verb, NULL };
	auto_close int from = -1;
	int out[2], r, w;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	from = out[0];

	const struct proc p = {
		.argv = argv, .in = in, .out = out[1], .err = -1, .die_with_parent = true
	};

	r = proc_start(&p, &pid, e);
	(void)close(out[1]);
	if (r < 0)
		return r;
	r = read_answer(from, ret, e);
	w = proc_wait(pid, r < 0 ? 0 : HELPER_SECONDS * 1000, ret_status, r < 0 ? NULL : e);
	return r < 0 ? r : w;
}

/* Runs docker-credential-NAME VERB. The text it is told lies in memory only. */
static int ask(const char *name, const char *verb, const struct buf *text, struct buf *ret,
	       struct err *e)
{
	auto_close int in = memfd_create("plimsoll-helper", MFD_CLOEXEC);
	char program[96];
	int status = 0, r;

	(void)snprintf(program, sizeof(program), "docker-credential-%.64s", name);
	r = in < 0 ? FAIL_SYS(e, "memfd") : fs_write_all(in, buf_str(text), text->n, e);
	if (r == 0 && lseek(in, 0, SEEK_SET) < 0)
		r = FAIL_SYS(e, "memfd");
	if (r == 0)
		r = run(program, verb, in, ret, &status, e);
	if (r < 0)
		return WRAP(e, r, "%s %s", program, verb);
	if (status == 0)
		return 0;
	/* The words that all helpers have in common when they hold nothing. */
	if (ret->n && strstr(buf_str(ret), "credentials not found"))
		return FAIL(e, E_NOTFOUND, "%s %s: it has none", program, verb);
	return FAIL(e, E_SYSTEM, "%s %s: exit status %d", program, verb, status);
}

int helper_parse(const char *p, size_t n, struct credential *ret, struct err *e)
{
	auto_credential c = { 0 };
	auto_json *doc = NULL;
	const char *user, *secret;
	/* A message of the parser's would show where in the answer it stopped, and what stood
	 * there. */
	int r = json_parse(p, n, "answer", &doc, NULL);

	if (r < 0 || !(user = json_string_or_null(doc, "Username")) ||
	    !(secret = json_string_or_null(doc, "Secret")))
		return FAIL(e, E_FORMAT, "its answer is not {\"Username\",\"Secret\"}");
	r = secret_check(str_of(user), "user", e);
	if (r == 0)
		r = secret_check(str_of(secret), "secret", e);
	if (r < 0)
		return r;
	if (!*user && !*secret)
		return FAIL(e, E_NOTFOUND, "it has none");
	if (strcmp(user, "<token>") == 0) {
		c.identity = strdup(secret);
	} else {
		c.user = strdup(user);
		c.secret = strdup(secret);
	}
	if (!c.identity && (!c.user || !c.secret))
		return FAIL_NOMEM(e);
	*ret = c;
	c = (struct credential){ 0 };
	return 0;
}

int helper_get(const char *name, const char *host, struct credential *ret, struct err *e)
{
	auto_secret answer = BUF_INIT(LIMIT_HELPER_ANSWER);
	auto_buf text = BUF_INIT(1024);
	int r;

	buf_puts(&text, host);
	r = ask(name, "get", &text, &answer, e);
	if (r == 0) {
		r = helper_parse(buf_str(&answer), answer.n, ret, e);
		if (r < 0)
			r = WRAP(e, r, "docker-credential-%s get", name);
		else
			(void)snprintf(ret->from, sizeof(ret->from), "docker-credential-%s", name);
	}
	return r;
}

int helper_store(const char *name, const char *host, const struct credential *c, struct err *e)
{
	auto_secret answer = BUF_INIT(LIMIT_HELPER_ANSWER), text = BUF_INIT(8 * LIMIT_SECRET);
	auto_json *doc = json_pack("{s:s, s:s, s:s}", "ServerURL", host, "Username",
				   c->identity ? "<token>" : c->user, "Secret",
				   c->identity ? c->identity : c->secret);
	int r = doc ? json_canonical(doc, &text, e) : FAIL_NOMEM(e);

	if (r == 0)
		r = ask(name, "store", &text, &answer, e);
	return r;
}

int helper_erase(const char *name, const char *host, struct err *e)
{
	auto_secret answer = BUF_INIT(LIMIT_HELPER_ANSWER);
	auto_buf text = BUF_INIT(1024);
	int r;

	buf_puts(&text, host);
	r = ask(name, "erase", &text, &answer, e);
	return r;
}
