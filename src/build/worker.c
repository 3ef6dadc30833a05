/* SPDX-License-Identifier: Apache-2.0 */
#include "build/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "oci/overlay.h"

/* --- in the worker --- */

enum kind {
	MSG_BEGIN,
	MSG_ADVANCE,
	MSG_END,
	MSG_END_NOTE,
	MSG_LINE,
	MSG_DROP,
	MSG_STATE,
	MSG_ERROR
};

struct head {
	uint32_t kind, n; /* bytes that follow */
	uint64_t number;  /* of MSG_BEGIN and MSG_ADVANCE */
};

/* Progress that is told to the first process. */
struct teller {
	struct progress base; /* first: the callbacks get a pointer to it */
	int fd;
	uint64_t told_ms;
};

static int teller_fd(struct progress *p)
{
	union {
		struct progress *base;
		const struct teller *teller;
	} u = { .base = p };

	return u.teller->fd;
}

/* A failure means that the first process is gone; then we are ended, too. */
static void send_message(int fd, enum kind kind, uint64_t number, const void *p, size_t n)
{
	const struct head h = { kind, (uint32_t)n, number };

	if (fs_write_all(fd, &h, sizeof(h), NULL) == 0 && n)
		(void)fs_write_all(fd, p, n, NULL);
}

static void send_text(struct progress *p, enum kind kind, uint64_t number, const char *s)
{
	size_t n = strlen(s);

	send_message(teller_fd(p), kind, number, s, n < LIMIT_WORKER_LINE ? n : LIMIT_WORKER_LINE);
}

static void tell_begin(struct progress *p, const char *text, uint64_t total)
{
	send_text(p, MSG_BEGIN, total, text);
}

/* Advances come thousands a second; what nobody would see drawn is not sent. */
static void tell_advance(struct progress *p, uint64_t done)
{
	union {
		struct progress *base;
		struct teller *teller;
	} u = { .base = p };
	uint64_t now = clock_mono_ms();

	if (now - u.teller->told_ms < 50)
		return;
	u.teller->told_ms = now;
	send_message(u.teller->fd, MSG_ADVANCE, done, NULL, 0);
}

static void tell_end(struct progress *p, const char *note)
{
	send_text(p, note ? MSG_END_NOTE : MSG_END, 0, note ? note : "");
}

static void tell_line(struct progress *p, const char *text)
{
	send_text(p, MSG_LINE, 0, text);
}

static void tell_drop(struct progress *p)
{
	send_message(teller_fd(p), MSG_DROP, 0, NULL, 0);
}

static void carry_on(struct stage_work *s, int fd)
{
	struct teller teller = { .base = { .begin = tell_begin,
					   .advance = tell_advance,
					   .end = tell_end,
					   .line = tell_line,
					   .drop = tell_drop },
				 .fd = fd };
	auto_buf state = BUF_INIT(LIMIT_STAGE_STATE);
	struct err err = ERR_INIT;
	struct work *w = s->w;
	int r = mounts_private(&err);

	w->forked = true;
	w->only_known = false;
	w->res.stages = w->res.steps = w->res.cached = 0;
	strv_free(&w->args_used);
	if (s->progress)
		s->progress = &teller.base;
	if (r == 0)
		r = stage_advance(s, &err);
	if (w->o->hooks.finish)
		w->o->hooks.finish(w->o->hooks.arg);
	if (r >= 0)
		r = stage_state_write(s, &state, &err);
	if (r < 0)
		send_message(fd, MSG_ERROR, 0, &err, sizeof(err));
	else
		send_message(fd, MSG_STATE, 0, state.p, state.n);
}

/* --- in the first process --- */

static void worker_free(struct worker *w)
{
	if (!w)
		return;
	close_release(&w->fd);
	buf_free(&w->in);
	free(w);
}
DEFINE_RELEASE_VOID(struct worker, worker_free)

int worker_start(struct stage_work *s, struct worker **ret, struct err *e)
{
	auto_release(worker_free) struct worker *w = calloc(1, sizeof(*w));
	pid_t parent = getpid();
	unsigned lane;
	int pipes[2];

	if (!w)
		return FAIL_NOMEM(e);
	*w = (struct worker){ .s = s, .fd = -1, .err = ERR_INIT };
	w->in = BUF_INIT(LIMIT_STAGE_STATE + sizeof(struct head) + 1);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return FAIL_SYS(e, "pipe");
	w->fd = pipes[0];
	lane = ++s->w->area.lanes;
	(void)fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		(void)prctl(PR_SET_NAME, "plimsoll-stage");
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		s->w->area.lane = lane;
		if (getppid() == parent)
			carry_on(s, pipes[1]);
		_exit(0);
	}
	(void)close(pipes[1]);
	if (w->pid < 0)
		return FAIL_SYS(e, "fork");
	if (fcntl(w->fd, F_SETFL, O_NONBLOCK) < 0) {
		(void)kill(w->pid, SIGKILL);
		(void)waitpid(w->pid, NULL, 0);
		return FAIL_SYS(e, "pipe");
	}
	s->state = STAGE_RUNS;
	*ret = TAKE(w);
	return 0;
}

static int take(struct worker *w, const struct head *h, const char *p, struct err *e)
{
	struct progress *shown = w->s->progress;
	auto_free char *text = NULL;

	if (h->kind == MSG_STATE) {
		w->told = true;
		return stage_state_read(w->s, (struct str){ p, h->n }, e);
	}
	if (h->kind == MSG_ERROR && h->n == sizeof(w->err)) {
		w->told = true;
		memcpy(&w->err, p, sizeof(w->err));
		w->s->state = STAGE_FAILED;
		return 0;
	}
	text = strndup(p, h->n);
	if (!text)
		return FAIL_NOMEM(e);
	switch (h->kind) {
	case MSG_BEGIN: progress_begin(shown, text, h->number); return 0;
	case MSG_ADVANCE: progress_advance(shown, h->number); return 0;
	case MSG_END: progress_end(shown, NULL); return 0;
	case MSG_END_NOTE: progress_end(shown, text); return 0;
	case MSG_LINE: progress_line(shown, text); return 0;
	case MSG_DROP: progress_drop(shown); return 0;
	default: return FAIL(e, E_INTERNAL, "a worker sent a message of no known kind");
	}
}

static int take_all(struct worker *w, struct err *e)
{
	size_t at = 0;
	int r = buf_check(&w->in, "message of a worker", e);

	while (r == 0 && w->in.n - at >= sizeof(struct head)) {
		struct head h;

		memcpy(&h, w->in.p + at, sizeof(h));
		if (h.n > LIMIT_STAGE_STATE)
			return FAIL(e, E_INTERNAL, "a worker sent too long a message");
		if (w->in.n - at - sizeof(h) < h.n)
			break;
		r = take(w, &h, w->in.p + at + sizeof(h), e);
		at += sizeof(h) + h.n;
	}
	if (at) {
		memmove(w->in.p, w->in.p + at, w->in.n - at);
		w->in.n -= at;
	}
	return r;
}

int worker_read(struct worker *w, struct err *e)
{
	char chunk[65536];
	ssize_t n = read(w->fd, chunk, sizeof(chunk));
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		buf_put(&w->in, chunk, (size_t)n);
		r = take_all(w, e);
		return r < 0 ? r : w->told;
	}
	if (!w->told) {
		w->s->state = STAGE_FAILED;
		(void)FAIL(&w->err, E_SYSTEM, "the process that built the stage was killed");
	}
	return 1;
}

void worker_end(struct worker *w)
{
	enum { PATIENCE_MS = 10000 };
	int status;

	(void)proc_wait(w->pid, PATIENCE_MS, &status, NULL);
	worker_free(w);
}
