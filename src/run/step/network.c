/* SPDX-License-Identifier: Apache-2.0 */
#include "run/step/network.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/container.h"
#include "run/launch/launch.h"
#include "run/network/closed.h"
#include "run/step/packets.h"

/* What the holder tells, once. */
struct report {
	int r;
	struct err e;
};

static int enter_namespace(const char *netns, struct err *e)
{
	auto_close int fd = open(netns, O_RDONLY | O_CLOEXEC);

	return fd < 0 || setns(fd, CLONE_NEWNET) < 0 ? FAIL_SYS(e, "enter '%s'", netns) : 0;
}

/* Of what the host may reach: not the host itself, nor a metadata server. In the host's network
 * still, whose addresses those are; closed_routes() is the namespace's. */
static int close_host(const char *netns, const char *pid_file, struct closed *ret, struct err *e)
{
	closed_collect(ret);
	return closed_attach(netns, pid_file, NULL, e);
}

/* In the namespace: what policy does not allow is out of reach from here on. */
static int confine(const struct reach *reach, const char *netns, const char *pid_file,
		   struct err *e)
{
	pid_t server;
	int r = network_server(netns, pid_file, &server, e);

	if (r == 0)
		r = reach_attach(reach, server, e);
	return r < 0 ? r : reach_routes(reach, e);
}

/* Its own namespace is the one that pasta serves: so /proc/PID/ns/net leads others to it. */
static int bring_up(const struct container *c, const struct machine *machine,
		    const struct reach *reach, struct step_packets *packets, int records,
		    struct err *e)
{
	auto_free char *netns = NULL, *pid_file = NULL;
	struct pasta pasta = { 0, -1 };
	struct closed closed;
	int r;

	if (asprintf(&netns, "%s/" LAUNCH_NETNS, c->folder) < 0 ||
	    asprintf(&pid_file, "%s/" LAUNCH_PASTA_PID, c->folder) < 0)
		return FAIL_NOMEM(e);
	r = machine_private_mounts(machine, e);
	if (r == 0)
		r = network_make(netns, e);
	if (r == 0)
		r = step_packets_open(packets, c->folder, e);
	if (r < 0)
		return r;

	const struct network_opts o = { .packets = packets->fifo,
					.device = reach ? REACH_DEVICE : NULL };

	r = network_start(netns, &o, pid_file, &pasta, e);
	if (r < 0)
		return r;
	r = network_started(&pasta, e);
	if (r == 0 && !reach)
		r = close_host(netns, pid_file, &closed, e);
	if (r == 0)
		r = enter_namespace(netns, e);
	if (r == 0 && reach)
		r = confine(reach, netns, pid_file, e);
	else if (r == 0 && closed_routes(&closed) < 0)
		r = FAIL_SYS(e, "close routes of the step's network");
	return r < 0 ? r : step_packets_start(packets, records, e);
}

/* Only the end of its parent, which closes the pipe, ends it: the terminal's signals do not. */
static void become_holder(const int *keep, size_t n)
{
	proc_close_others(keep, n);
	for (int s = 1; s < 32; s++)
		(void)signal(s, s == SIGCHLD ? SIG_DFL : SIG_IGN);
	(void)setsid();
	(void)prctl(PR_SET_NAME, "plimsoll-net");
}

/* Puts in the markers that are asked for, until nobody needs the network any more. */
static void serve(const struct step_packets *packets, int alive)
{
	uint64_t number;

	for (;;) {
		ssize_t n = read(alive, &number, sizeof(number));

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(number))
			return;
		/* One that is lost is asked for again. */
		(void)step_packets_mark(packets, number, NULL);
	}
}

/* In the child. Returns when nobody needs the network any more. */
static void hold(struct container *c, const struct machine *machine, const struct reach *reach,
		 int report, int alive, int records)
{
	static struct report out; /* large for a stack */
	struct step_packets packets = STEP_PACKETS_NONE;
	struct err ignored = ERR_INIT;

	out.r = process_identify(getpid(), &c->monitor, &out.e);
	if (out.r == 0)
		out.r = container_save(c, &out.e);
	if (out.r == 0)
		out.r = bring_up(c, machine, reach, &packets, records, &out.e);
	/* The reader's alone: its end is seen when the reader has ended. */
	(void)close(records);
	(void)fs_write_all(report, &out, sizeof(out), NULL);
	if (out.r == 0)
		serve(&packets, alive);
	(void)container_remove(c, &ignored);
	step_packets_close(&packets);
}

/* The descriptors between us and the holder: ours, then the holder's. */
struct links {
	int report[2], alive[2], records[2];
};
#define LINKS_NONE ((struct links){ { -1, -1 }, { -1, -1 }, { -1, -1 } })

static void links_close(struct links *l)
{
	for (int i = 0; i < 2; i++) {
		close_release(&l->report[i]);
		close_release(&l->alive[i]);
		close_release(&l->records[i]);
	}
}
#define auto_links __attribute__((cleanup(links_close))) struct links

static int links_open(struct links *l, struct err *e)
{
	/* A socket: one that died must not end us by SIGPIPE. */
	if (pipe2(l->report, O_CLOEXEC) < 0 || pipe2(l->records, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->alive) < 0)
		return FAIL_SYS(e, "pipe");
	return 0;
}

static int fork_holder(struct step_network *n, struct container *c, const struct machine *machine,
		       struct err *e)
{
	auto_links l = LINKS_NONE;
	pid_t parent = getpid(), pid;
	int r = links_open(&l, e);

	if (r < 0)
		return r;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return FAIL_SYS(e, "fork");
	if (pid == 0) {
		const int keep[] = { l.report[1], l.alive[1], l.records[1], c->fd };

		become_holder(keep, sizeof(keep) / sizeof(*keep));
		hold(c, machine, n->reach, l.report[1], l.alive[1], l.records[1]);
		_exit(0);
	}
	n->owner = parent;
	n->holder = pid;
	n->report = TAKE_FD(l.report[0]);
	n->alive = TAKE_FD(l.alive[0]);
	n->records = TAKE_FD(l.records[0]);
	n->number = 0;
	n->up = false;
	(void)snprintf(n->netns, sizeof(n->netns), "/proc/%d/ns/net", (int)pid);
	return 0;
}

/* What it may reach, anew in each process that builds. */
static int find_reach(struct step_network *n, struct err *e)
{
	int r = 0;

	if (!n->allow || n->reach)
		return 0;
	n->reach = calloc(1, sizeof(*n->reach));
	if (!n->reach)
		return FAIL_NOMEM(e);
	for (size_t i = 0; r == 0 && i < n->allow->n; i++)
		r = reach_parse(n->allow->v[i], n->reach, e);
	return r < 0 ? r : reach_resolve(n->reach, e);
}

int step_network_start(struct step_network *n, const struct state *state, struct err *e)
{
	auto_container c = CONTAINER_INIT;
	struct machine machine;
	int r;

	if (n->owner == getpid())
		return 0;
	r = machine_detect(&machine, e);
	if (r == 0)
		r = find_reach(n, e);
	if (r < 0)
		return r;
	c.kind = CONTAINER_STEP;
	r = container_create(state, &c, e);
	if (r == 0)
		r = fork_holder(n, &c, &machine, e);
	if (r < 0 && c.folder)
		(void)container_remove(&c, NULL);
	return r;
}

int step_network_wait(struct step_network *n, struct err *e)
{
	struct report in;
	size_t have = 0;

	if (n->up)
		return 0;
	while (have < sizeof(in)) {
		ssize_t got = read(n->report, (char *)&in + have, sizeof(in) - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL(e, E_SYSTEM, "the process that holds the network was killed");
		have += (size_t)got;
	}
	if (in.r < 0 && e)
		*e = in.e;
	n->up = in.r == 0;
	return in.r;
}

/* Asks for the end of the step's record, again where the answer is late: 0 when it comes. */
static int await_record(const struct step_network *n, struct err *e)
{
	enum { ASK_AGAIN_MS = 200, PATIENCE = 300 /* times */ };

	for (int i = 0; i < PATIENCE; i++) {
		struct pollfd p = { .fd = n->records, .events = POLLIN };
		int r = proc_interrupted(e), ready;

		if (r < 0)
			return r;
		if (send(n->alive, &n->number, sizeof(n->number), MSG_NOSIGNAL | MSG_DONTWAIT) <
			    0 &&
		    errno != EAGAIN && errno != EINTR)
			return FAIL_SYS(e, "ask the process that holds the network");
		ready = poll(&p, 1, ASK_AGAIN_MS);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return FAIL_SYS(e, "poll");
	}
	return FAIL(e, E_SYSTEM, "the record does not come");
}

static int read_whole(int fd, void *p, size_t n, struct err *e)
{
	for (size_t have = 0; have < n;) {
		ssize_t got = read(fd, (char *)p + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FAIL(e, E_FORMAT, "the process that reads its packets was ended");
		have += (size_t)got;
	}
	return 0;
}

static int take_record(struct step_network *n, struct buf *ret, struct err *e)
{
	struct step_packets_head head;
	auto_free char *text = NULL;
	int r;

	n->number++;
	r = await_record(n, e);
	if (r == 0)
		r = read_whole(n->records, &head, sizeof(head), e);
	if (r < 0)
		return r;
	if (head.number != n->number || head.n > LIMIT_RECORD_JSON)
		return FAIL(e, E_FORMAT, "the process that reads its packets told nonsense");
	text = malloc(head.n + 1);
	if (!text)
		return FAIL_NOMEM(e);
	r = read_whole(n->records, text, head.n, e);
	if (r < 0)
		return r;
	buf_put(ret, text, head.n);
	return buf_check(ret, "record", e);
}

int step_network_record(struct step_network *n, struct buf *ret, struct err *e)
{
	int r = take_record(n, ret, e);

	return r < 0 ? WRAP(e, r, "record what the step fetched") : 0;
}

void step_network_stop(struct step_network *n)
{
	if (n->owner == getpid()) {
		(void)close(n->alive);
		(void)close(n->report);
		(void)close(n->records);
		while (waitpid(n->holder, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (n->reach)
		reach_free(n->reach);
	free(n->reach);
	*n = STEP_NETWORK_NONE;
}
