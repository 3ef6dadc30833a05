/* SPDX-License-Identifier: Apache-2.0 */
#include "run/exec/exec_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"

enum { HANDED, TERMINAL, OUTPUT, INPUT };

/* By the folder's descriptor: the path of a state folder may be longer than an address. */
static int listen_at(const struct container *c, const char *name, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return FAIL_SYS(e, "socket");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", c->fd, name);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1) < 0)
		return FAIL_SYS(e, "listen for the terminal");
	return TAKE_FD(fd);
}

/* What is typed reaches the process as it is. */
static void make_raw(struct exec_terminal *t)
{
	struct termios raw;

	if (!t->input || tcgetattr(STDIN_FILENO, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

int exec_terminal_begin(const struct container *c, const char *name, bool input, uid_t owner,
			struct exec_terminal *ret, struct err *e)
{
	struct exec_terminal t = {
		.listener = -1, .master = -1, .c = c, .name = name, .owner = owner
	};

	t.listener = listen_at(c, name, e);
	if (t.listener < 0)
		return t.listener;
	t.input = input;
	make_raw(&t);
	*ret = t;
	return 0;
}

static int receive(int socket)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char words[256];
	struct iovec data = { words, sizeof(words) };
	struct msghdr m = { .msg_iov = &data,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	const struct cmsghdr *h;
	int fd = -1;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

static void close_listener(struct exec_terminal *t)
{
	if (t->listener < 0)
		return;
	(void)close(t->listener);
	t->listener = -1;
	(void)unlinkat(t->c->fd, t->name, 0);
}

static void close_master(struct exec_terminal *t)
{
	if (t->master >= 0)
		(void)close(t->master);
	t->master = -1;
	t->input = false;
}

/* crun 1.8.1 gives it to the first process's user, whoever this one's is. Its process has it open
 * by now, so that our closing it is no hang-up. */
static void give_to_owner(const struct exec_terminal *t)
{
	auto_close int end = t->owner == (uid_t)-1 || t->master < 0
				     ? -1
				     : ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (end >= 0 && fchown(end, t->owner, (gid_t)-1) < 0)
		return; /* it still is its standard input */
}

static void take_over(struct exec_terminal *t)
{
	auto_close int socket = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);

	if (socket < 0)
		return;
	t->master = receive(socket);
	close_listener(t);
	give_to_owner(t);
	if (t->master >= 0 && fcntl(t->master, F_SETFL, O_NONBLOCK) < 0)
		close_master(t);
}

void exec_terminal_wants(const struct exec_terminal *t, struct pollfd p[static EXEC_TERMINAL_FDS])
{
	const bool there = t->master >= 0;

	p[HANDED] = (struct pollfd){ .fd = t->listener, .events = POLLIN };
	p[TERMINAL] = (struct pollfd){ .fd = there ? t->master : -1,
				       .events = (short)((t->out.n ? 0 : POLLIN) |
							 (t->in.n ? POLLOUT : 0)) };
	/* Nothing to ask of it now; its hanging up would wake us again and again. */
	if (!p[TERMINAL].events)
		p[TERMINAL].fd = -1;
	p[OUTPUT] = (struct pollfd){ .fd = t->out.n ? STDOUT_FILENO : -1, .events = POLLOUT };
	p[INPUT] = (struct pollfd){ .fd = there && t->input && !t->in.n ? STDIN_FILENO : -1,
				    .events = POLLIN };
}

/* False at the end. */
static bool fill(struct exec_terminal_way *w, int fd)
{
	ssize_t n = read(fd, w->held, sizeof(w->held));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	w->n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static bool empty(struct exec_terminal_way *w, int fd)
{
	ssize_t n = write(fd, w->held, w->n);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	w->n -= (size_t)n;
	memmove(w->held, w->held + n, w->n);
	return true;
}

void exec_terminal_attend(struct exec_terminal *t, const struct pollfd p[static EXEC_TERMINAL_FDS])
{
	if (p[HANDED].revents)
		take_over(t);
	/* Nobody hears it any more, so its terminal goes, as ours would. */
	if (p[OUTPUT].revents && !empty(&t->out, STDOUT_FILENO)) {
		t->out.n = 0;
		close_master(t);
	}
	if (p[INPUT].revents && !fill(&t->in, STDIN_FILENO))
		t->input = false;
	if (p[TERMINAL].fd < 0 || t->master < 0 || !p[TERMINAL].revents)
		return;
	if (t->in.n && !empty(&t->in, t->master))
		t->in.n = 0;
	/* At its end every process that had it is gone. */
	if (!t->out.n && !fill(&t->out, t->master))
		close_master(t);
}

void exec_terminal_end(struct exec_terminal *t)
{
	/* It may be over before we looked for the first time. */
	if (t->listener >= 0)
		take_over(t);
	close_listener(t);
	if (t->out.n)
		(void)fs_write_all(STDOUT_FILENO, t->out.held, t->out.n, NULL);
	t->out.n = 0;
	/* What others may still write is not waited for: EAGAIN. */
	while (t->master >= 0 && fill(&t->out, t->master) && t->out.n) {
		if (fs_write_all(STDOUT_FILENO, t->out.held, t->out.n, NULL) < 0)
			break;
		t->out.n = 0;
	}
	close_master(t);
	if (t->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	t->raw = false;
}
