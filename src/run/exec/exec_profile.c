/* SPDX-License-Identifier: Apache-2.0 */
#include "run/exec/exec_profile.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "run/file.h"

enum { SHIM_END = 3, PATIENCE_MS = 10000, LIMIT_COPY = 8 * 1024 * 1024 };

int exec_profile_forget(const struct container *c, const struct runtime *rt, struct err *e)
{
	const struct runtime_copy copy = runtime_profile_copy(rt);
	auto_free char *path = NULL;
	auto_buf text = BUF_INIT(LIMIT_COPY);
	auto_json *j = NULL;
	json_t *object;
	int r;

	if (asprintf(&path, RUNTIME_STATE "/%s/%s", c->id, copy.file) < 0)
		return FAIL_NOMEM(e);
	r = fs_read(c->fd, path, LIMIT_COPY, &text, e);
	if (r == 0)
		r = json_parse(buf_str(&text), text.n, path, &j, e);
	if (r == 0)
		r = json_get_object(j, copy.object, &object, path, e);
	if (r < 0 || json_object_del(object, copy.key) < 0)
		return r;
	buf_reset(&text);
	r = json_pretty(j, &text, e);
	return r == 0 ? file_put(c->fd, path, buf_str(&text), text.n, e) : r;
}

int exec_profile_begin(struct exec_profile *p, bool file, const struct groups *g, struct err *e)
{
	const int on = 1;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return FAIL_SYS(e, "socketpair");
	*p = (struct exec_profile){ ends[0], ends[1], file, false, g };
	/* The kernel tells with each message who sent it. */
	if (setsockopt(p->ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return FAIL_SYS(e, "ask for a socket's senders");
	return 0;
}

int exec_profile_child(const struct exec_profile *p)
{
	if (p->theirs < 0)
		return 0;
	return p->theirs == SHIM_END ? fcntl(SHIM_END, F_SETFD, 0) : dup2(p->theirs, SHIM_END);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void exec_profile_started(struct exec_profile *p)
{
	shut(&p->theirs);
}

void exec_profile_end(struct exec_profile *p)
{
	shut(&p->ours);
	shut(&p->theirs);
}

/* 0: nobody. */
static pid_t who_asks(int fd)
{
	char word, control[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
	struct iovec v = { &word, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	const struct cmsghdr *c = NULL;
	struct ucred who = { 0 };

	if (recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1)
		c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
	    c->cmsg_len == CMSG_LEN(sizeof(who)))
		memcpy(&who, CMSG_DATA(c), sizeof(who));
	return who.pid;
}

/* Before Linux 5.1 there was one file for all security modules. */
static int open_of(pid_t pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/attr/apparmor/exec", (int)pid);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	(void)snprintf(path, sizeof(path), "/proc/%d/attr/exec", (int)pid);
	return open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
}

static bool hand_over(int to, int fd)
{
	char word = 'p', control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec v = { &word, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (fd < 0)
		return send(to, &word, 1, MSG_NOSIGNAL) == 1;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &m, MSG_NOSIGNAL) == 1;
}

/* Once: what comes behind it is not the shim's. */
void exec_profile_answer(struct exec_profile *p)
{
	const pid_t pid = who_asks(p->ours);
	auto_close int fd = p->file && pid > 0 ? open_of(pid) : -1;
	bool ok = pid > 0 && (!p->file || fd >= 0);

	if (ok && p->groups->n)
		ok = groups_move(p->groups, pid, NULL) == 0;
	p->given = ok && hand_over(p->ours, fd);
	shut(&p->ours);
}

int exec_profile_await(struct exec_profile *p, struct err *e)
{
	struct pollfd readable = { .fd = p->ours, .events = POLLIN };

	if (p->ours >= 0 && poll(&readable, 1, PATIENCE_MS) == 1)
		exec_profile_answer(p);
	if (p->given)
		return 0;
	return FAIL(e, E_SYSTEM,
		    "the process did not take its place in the container, and is not run");
}
