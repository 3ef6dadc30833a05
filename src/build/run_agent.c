/* SPDX-License-Identifier: Apache-2.0 */
#include "build/run_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	AGENT_FAILURE = 5,
	AGENTC_REQUEST_IDENTITIES = 11,
	AGENTC_SIGN_REQUEST = 13,
	AGENTC_EXTENSION = 27,
	HEAD = 4, /* a message is its length, 32 bits big-endian, then as many bytes */
};

bool run_agent_allows(unsigned char type)
{
	return type == AGENTC_REQUEST_IDENTITIES || type == AGENTC_SIGN_REQUEST ||
	       type == AGENTC_EXTENSION;
}

/* One side's bytes until a message is whole. */
struct inbox {
	unsigned char *p; /* HEAD + LIMIT_AGENT_MESSAGE */
	size_t n;
};

struct client {
	int step, agent;
	struct inbox from_step;
};

static int unix_socket(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path) >=
	    (int)sizeof(ret->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool send_all(int fd, const void *p, size_t n)
{
	for (const char *at = p; n;) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

static void client_close(struct client *c)
{
	close_release(&c->step);
	close_release(&c->agent);
	free(c->from_step.p);
	*c = (struct client){ -1, -1, { NULL, 0 } };
}

static bool client_open(struct client *c, int listener, const char *agent)
{
	struct sockaddr_un address;
	const struct timeval patience = { .tv_sec = 60 };

	c->step = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (c->step < 0)
		return false;
	/* A step that does not read holds up nobody but itself, and not for ever. */
	(void)setsockopt(c->step, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	c->agent = unix_socket(agent, &address);
	c->from_step.p = malloc(HEAD + LIMIT_AGENT_MESSAGE);
	return c->agent >= 0 && c->from_step.p &&
	       connect(c->agent, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Hands on what is whole. False when the client is to be closed. */
static bool hand_on(struct client *c)
{
	static const unsigned char failure[HEAD + 1] = { 0, 0, 0, 1, AGENT_FAILURE };
	struct inbox *in = &c->from_step;

	while (in->n > HEAD) {
		uint32_t size = (uint32_t)in->p[0] << 24 | (uint32_t)in->p[1] << 16 |
				(uint32_t)in->p[2] << 8 | in->p[3];

		if (size == 0 || size > LIMIT_AGENT_MESSAGE)
			return false;
		if (in->n < HEAD + size)
			return true;
		if (!(run_agent_allows(in->p[HEAD]) ? send_all(c->agent, in->p, HEAD + size)
						    : send_all(c->step, failure, sizeof(failure))))
			return false;
		in->n -= HEAD + size;
		memmove(in->p, in->p + HEAD + size, in->n);
	}
	return true;
}

static bool from_step(struct client *c)
{
	struct inbox *in = &c->from_step;
	ssize_t n = recv(c->step, in->p + in->n, HEAD + LIMIT_AGENT_MESSAGE - in->n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	in->n += (size_t)n;
	return hand_on(c);
}

static bool from_agent(const struct client *c)
{
	char chunk[16384];
	ssize_t n = recv(c->agent, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	return n > 0 && send_all(c->step, chunk, (size_t)n);
}

static void add_client(struct client *clients, int listener, const char *agent)
{
	for (size_t i = 0; i < LIMIT_AGENT_CLIENTS; i++) {
		if (clients[i].step >= 0)
			continue;
		if (!client_open(&clients[i], listener, agent))
			client_close(&clients[i]);
		return;
	}
}

static void serve(int listener, const char *agent)
{
	static struct client clients[LIMIT_AGENT_CLIENTS];
	struct pollfd fds[1 + 2 * LIMIT_AGENT_CLIENTS];
	const short wanted = POLLIN;

	for (size_t i = 0; i < LIMIT_AGENT_CLIENTS; i++)
		clients[i] = (struct client){ -1, -1, { NULL, 0 } };
	for (;;) {
		bool full = true;

		for (size_t i = 0; i < LIMIT_AGENT_CLIENTS; i++) {
			full &= clients[i].step >= 0;
			fds[1 + 2 * i] = (struct pollfd){ clients[i].step, wanted, 0 };
			fds[2 + 2 * i] = (struct pollfd){ clients[i].agent, wanted, 0 };
		}
		fds[0] = (struct pollfd){ full ? -1 : listener, wanted, 0 };
		if (poll(fds, 1 + 2 * LIMIT_AGENT_CLIENTS, -1) < 0)
			continue;
		for (size_t i = 0; i < LIMIT_AGENT_CLIENTS; i++)
			if ((fds[1 + 2 * i].revents && !from_step(&clients[i])) ||
			    (fds[2 + 2 * i].revents && !from_agent(&clients[i])))
				client_close(&clients[i]);
		if (fds[0].revents)
			add_client(clients, listener, agent);
	}
}

/* Descriptor by folder, as a path may be longer than a socket's address holds. */
static int listen_at(const char *path, const struct run_mount *m, struct err *e)
{
	auto_free char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
	auto_close int dir = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct sockaddr_un address;
	char name[96];

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d%s", dir, strrchr(path, '/'));

	auto_close int fd = dir < 0 ? -1 : unix_socket(name, &address);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, LIMIT_AGENT_CLIENTS) < 0)
		return FAIL_SYS(e, "make a socket for SSH");
	if (chown(path, m->uid, m->gid) < 0 || chmod(path, m->mode) < 0)
		return FAIL_SYS(e, "set owner and mode of a socket");
	return TAKE_FD(fd);
}

static int try_agent(const char *agent, struct err *e)
{
	struct sockaddr_un address;
	auto_close int fd = unix_socket(agent, &address);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_hint(e, FAIL_SYS(e, "the SSH agent at '%.200s'", agent),
				"eval \"$(ssh-agent)\" and ssh-add");
	return 0;
}

int run_agent_start(const char *path, const struct run_mount *m, const char *agent, pid_t *ret,
		    struct err *e)
{
	pid_t parent = getpid(), pid;
	int r = try_agent(agent, e);

	if (r < 0)
		return r;

	auto_close int listener = listen_at(path, m, e);

	if (listener < 0)
		return listener;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, "plimsoll-agent");
		if (getppid() != parent)
			_exit(0);
		/* What the build has open, locks and folders, is not kept from it by us. */
		if (listener > STDERR_FILENO + 1)
			(void)close_range(STDERR_FILENO + 1, (unsigned)listener - 1, 0);
		(void)close_range((unsigned)listener + 1, ~0U, 0);
		serve(listener, agent);
		_exit(0);
	}
	*ret = pid;
	return 0;
}
