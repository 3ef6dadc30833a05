/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "confine/guard/guard.h"
#include "confine/guard/joining.h"

/* The runtime is in the container's control group by then, and may have a tenth of a processor. */
enum { OTHERS = 3, FLUSH_MS = 500, STATE_BYTES = 4096, STATE_DESCRIPTORS = 8, RUNTIME_MS = 60000 };

/* The runtime's message (runtime-spec config-linux.md, "ContainerProcessState") is not read: it
 * tells nothing that we need, and the descriptor is checked by what the kernel says of it. */
static int receive_filter(int connection)
{
	static char state[STATE_BYTES];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(STATE_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec iov = { state, sizeof(state) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct pollfd p = { .fd = connection, .events = POLLIN };
	int found = -1;

	if (poll(&p, 1, RUNTIME_MS) <= 0 || recvmsg(connection, &m, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			uint64_t none = 0;
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			/* ENOENT: a filter, without such a notification. */
			if (found < 0 && ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) < 0 &&
			    errno == ENOENT)
				found = fd;
			else
				(void)close(fd);
		}
	}
	return found;
}

static void accept_filter(struct guard *g)
{
	const int connection = accept4(g->listen, NULL, NULL, SOCK_CLOEXEC);
	int filter;

	if (connection < 0)
		return;
	filter = receive_filter(connection);
	(void)close(connection);
	if (filter >= 0 && g->filters_n == GUARD_FILTERS)
		(void)close(filter); /* its calls answer ENOSYS */
	else if (filter >= 0)
		g->filters[g->filters_n++] = filter;
	if (filter >= 0 && !g->began) {
		samples_begin(g);
		g->forks = groups_watch_forks(g);
	}
	g->began |= filter >= 0;
}

/* Never 0. */
static time_t seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + 1;
}

/* Not with every call of a busy container. */
static void sample(const struct guard *g)
{
	static struct timespec last;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (!g->began ||
	    (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < FLUSH_MS)
		return;
	last = now;
	samples_take(g);
	groups_look(g);
}

static void drop_filter(struct guard *g, size_t i)
{
	(void)close(g->filters[i]);
	g->filters[i] = g->filters[--g->filters_n];
}

/* At the end of life: with a word before it the runtime was started and is yet to come, as one that
 * leaves its container in the background. */
static bool still_comes(struct guard *g)
{
	char word;

	if (read(g->life, &word, 1) != 1)
		return false;
	g->coming = seconds_now();
	return true;
}

/* One round; false at the end. */
static bool attend(struct guard *g)
{
	struct pollfd p[OTHERS + GUARD_FILTERS] = {
		{ .fd = g->listen, .events = POLLIN },
		{ .fd = g->began || g->coming ? -1 : g->life, .events = POLLIN },
		{ .fd = g->forks, .events = POLLPRI },
	};
	const size_t n = g->filters_n;

	for (size_t i = 0; i < n; i++)
		p[OTHERS + i] = (struct pollfd){ .fd = g->filters[i], .events = POLLIN };
	if (poll(p, OTHERS + n, FLUSH_MS) == 0)
		note_flush(g->out);
	sample(g);
	for (size_t i = n; i-- > 0;) {
		if (p[OTHERS + i].revents & POLLIN) {
			guard_answer(g, g->filters[i]);
			pace_keep();
		}
		if (p[OTHERS + i].revents & (POLLHUP | POLLERR)) {
			groups_look(g);
			samples_take(g);
			drop_filter(g, i);
		}
	}
	/* The group may be gone soon. */
	if (p[2].revents) {
		groups_look(g);
		(void)close(g->forks);
		g->forks = -1;
	}
	if (p[0].revents)
		accept_filter(g);
	if (g->began)
		return g->filters_n > 0;
	if (g->coming)
		return seconds_now() - g->coming < RUNTIME_MS / 1000;
	return !p[1].revents || still_comes(g);
}

static int number(const char *text)
{
	return text ? (int)strtol(text, NULL, 10) : -1;
}

/* LISTEN OUT LIFE USERNS NETWORK CGROUP [GROUP...]: descriptors, whether there is a network (0, 1),
 * and the name of the control group. Or --join FILE... (joining.h). */
int main(int argc, char **argv)
{
	static struct guard g;
	struct seccomp_notif_sizes sizes = { 0 };

	if (argc > 2 && strcmp(argv[1], "--join") == 0)
		return joining_main(argc - 2, argv + 2);
	if (argc < 7)
		return 2;
	g.forks = -1;
	g.listen = number(argv[1]);
	g.out = number(argv[2]);
	g.life = number(argv[3]);
	g.userns = number(argv[4]);
	g.no_network = number(argv[5]) == 0;
	g.cgroup = argv[6];
	for (int i = 7; i < argc && g.groups_n < GUARD_GROUPS; i++)
		g.groups[g.groups_n++] = number(argv[i]);
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0 ||
	    sizes.seccomp_notif > sizeof(g.call) || sizes.seccomp_notif_resp > sizeof(g.answer))
		return 3;
	g.call_size = sizes.seccomp_notif;
	g.answer_size = sizes.seccomp_notif_resp;
	for (int s = 1; s < 32; s++)
		(void)signal(s, s == SIGINT || s == SIGQUIT || s == SIGHUP || s == SIGPIPE ||
						s == SIGXFSZ || s == SIGTERM
					? SIG_IGN
					: SIG_DFL);
	(void)prctl(PR_SET_NAME, "plimsoll-guard");
	if (guard_confine(&g) < 0)
		return 4;
	while (attend(&g))
		;
	note_flush(g.out);
	return 0;
}
